"""Word vectors."""

from __future__ import annotations

import numpy as np
import pytest

from pricer.predictors.vectors import Vectors

TEXTS = ["red car fast", "blue car slow", "red bike fast"] * 5


def test_row_is_the_mean_of_the_words_vectors() -> None:
    vectors = Vectors(("red", "car"), np.array([[1, 2], [3, 6]], dtype=np.float32))
    assert vectors.rows(["Red car, unknown", "nothing"]).tolist() == [[2, 4], [0, 0]]


def test_same_seed_learns_the_same_vectors() -> None:
    first, second = (Vectors.learn(TEXTS, 3, width=6) for _ in range(2))
    assert first.words == second.words
    assert (first.table == second.table).all()


def test_texts_without_words_have_rows_of_zeros() -> None:
    assert Vectors.learn(["", ""], 3, width=6).rows(["car"]) == pytest.approx(np.zeros((1, 6)))
