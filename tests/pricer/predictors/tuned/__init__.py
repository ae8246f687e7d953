"""Tuned models as predictors."""
