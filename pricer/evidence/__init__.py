"""What was measured, for advice: runs by approach, the best of each compared, and what that says."""
