"""The nearest listings and what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pricer.predictors.neighbours import (
    VIEW,
    Index,
    Nearest,
    NeighboursLearner,
    votes,
    weighted_mean,
    weighted_median,
)
from pricer.predictors.protocol import Examples, Task
from pricer.predictors.saved import Provenance, load, save
from pricer.predictors.sparse import Vocabularies
from tests.pricer.predictors.toys import LABELS, NUMBERS, examples, priced

MADE = Provenance("toys", "f" * 64, 1, "neighbours", 60, 20)
NEAREST = Nearest(np.array([[0, 1, 2]]), np.array([[1.0, 0.5, 0.5]], dtype=np.float32))
NONE = Examples((), ())
both = pytest.mark.parametrize("task", [NUMBERS, LABELS], ids=["numbers", "labels"])


def test_mean_is_weighted_by_the_power_of_the_cosine() -> None:
    expected = (1 * 10 + 0.25 * 20 + 0.25 * 40) / (1 + 0.25 + 0.25)
    assert weighted_mean(NEAREST, np.array([10.0, 20, 40]), 3, 2.0)[0] == pytest.approx(expected)


def test_median_is_where_half_of_the_weight_is_reached() -> None:
    assert weighted_median(NEAREST, np.array([40.0, 10, 20]), 3, 1.0)[0] == 20


def test_votes_are_weights_of_labels() -> None:
    assert votes(NEAREST, np.array([1, 0, 0]), 3, 3, 1.0).tolist() == [[1.0, 1.0, 0.0]]


def test_a_listing_is_nearest_to_itself() -> None:
    train = priced(30)
    rows = Vocabularies.learn(train.listings).rows(train.listings)
    found = Index.of(VIEW, rows).nearest(rows, 3)
    assert found.cosines[:, 0] == pytest.approx(np.ones(30), rel=1e-5)


def test_own_family_is_no_stranger() -> None:
    train = priced(30)
    families = np.arange(30) // 2
    index = Index.of(VIEW, Vocabularies.learn(train.listings).rows(train.listings))
    found = index.nearest_strangers(families, 5)
    assert not (families[found.places] == families[:, None]).any()


def test_more_neighbours_than_there_are_gives_all() -> None:
    train = priced(4)
    rows = Vocabularies.learn(train.listings).rows(train.listings)
    assert Index.of(VIEW, rows).nearest(rows, 30).places.shape == (4, 4)


def test_training_listing_gets_about_its_own_price() -> None:
    train = priced(60)
    model = NeighboursLearner().fit(NUMBERS, train, train, 1)
    truth = np.array(train.answers, dtype=float)
    found = np.array([guess.value for guess in model.predict(train.listings)])
    assert np.abs(found - truth).mean() < truth.std() / 4


@both
def test_guess_does_not_depend_on_other_listings(task: Task) -> None:
    model = NeighboursLearner().fit(task, examples(task, 60), examples(task, 20, seed=1), 1)
    new = examples(task, 10, seed=2).listings
    assert [model.predict([one])[0] for one in new] == model.predict(new)


@both
def test_saved_model_guesses_the_same(task: Task, tmp_path: Path) -> None:
    model = NeighboursLearner().fit(task, examples(task, 60), examples(task, 20, seed=1), 1)
    save(model, task, tmp_path / "model", MADE)
    new = examples(task, 10, seed=2).listings
    assert load(tmp_path / "model", task).model.predict(new) == model.predict(new)


def test_nothing_is_chosen_without_validation() -> None:
    model = NeighboursLearner().fit(NUMBERS, priced(30), NONE, 1)
    assert (model.count, model.power) == (20, 4.0)


def test_no_listings_give_no_guesses() -> None:
    assert NeighboursLearner().fit(NUMBERS, priced(30), NONE, 1).predict([]) == []
