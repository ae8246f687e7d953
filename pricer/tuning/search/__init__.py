"""What a sweep is made of: the space, the budget, the trials, the finals, the ruling."""
