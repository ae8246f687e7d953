"""Models that were fine-tuned here, as predictors."""
