"""Chat models as predictors: one question for each listing, a careful reading of the reply, and its bill in tokens."""
