"""Products: raw records in, a leak-free data set out that can be described and queried."""
