"""One adapter per source: a live format in, `Sighting`s out. An adapter reads; it never merges or prefers."""
