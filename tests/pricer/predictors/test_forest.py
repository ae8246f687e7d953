"""Forests as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from pricer.predictors.forest import COLUMNS, LEAF, Forest, grow

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(200, 12)).astype(np.float32)
GOAL = ROWS[:, 0].astype(np.float64) * 2.0 + (ROWS[:, 1] > 0)


def test_arrays_guess_what_scikit_learn_guesses() -> None:
    twin = RandomForestRegressor(5, max_features=COLUMNS, min_samples_leaf=LEAF, random_state=4)
    twin.fit(ROWS[np.arange(200)], GOAL)
    assert grow(ROWS, GOAL, 4, trees=5).values(ROWS) == pytest.approx(twin.predict(ROWS))


def test_forest_comes_back_from_its_arrays() -> None:
    forest = grow(ROWS, GOAL, 4, trees=5)
    assert (Forest.restore(forest.arrays()).values(ROWS) == forest.values(ROWS)).all()


def test_forest_of_circles_is_refused() -> None:
    arrays = grow(ROWS, GOAL, 4, trees=2).arrays()
    arrays["forest_left"] = np.zeros_like(arrays["forest_left"])
    with pytest.raises(ValueError, match="do not make trees"):
        Forest.restore(arrays)


def test_no_rows_have_no_values() -> None:
    assert grow(ROWS, GOAL, 4, trees=2).values(ROWS[:0]).shape == (0,)
