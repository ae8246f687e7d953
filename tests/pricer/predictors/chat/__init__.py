"""Chat models as predictors."""
