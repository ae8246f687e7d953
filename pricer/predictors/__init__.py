"""Predictors: a listing in, a number or a label out. One protocol for constants, regressions, trees, networks, people and LLMs."""
