"""Evaluation: runs that can be stopped and resumed, their metrics, paired comparisons and reports. Knows no concrete predictor."""
