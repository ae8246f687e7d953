"""The product store: curated products as vectors and words on disk, kept in step with their data set, and the search over them."""
