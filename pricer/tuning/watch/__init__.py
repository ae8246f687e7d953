"""Watching a fine-tuning: what its measurements say, drawn on a terminal or on a local page that follows them."""
