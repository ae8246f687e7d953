"""The proving ground: text in, number or label out. Its worked example is product prices."""
