"""The shelf, and what every learner of ours on it must do."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pricer.errors import BadInput
from pricer.predictors.boosting import BoostingLearner
from pricer.predictors.deep import DeepLearner, Shape
from pricer.predictors.forest import WordsForestLearner
from pricer.predictors.protocol import Examples, Learner, Predictor, Task
from pricer.predictors.saved import Provenance, Trained, load, save
from pricer.predictors.shelf import KINDS, SHELF, Entry, learner, names, restorer
from pricer.predictors.vectors import word2vec_forest, word2vec_linear, word2vec_svr
from tests.pricer.predictors.toys import LABELS, NUMBERS, examples

ELSEWHERE = {"neighbours", "mlp", "best", "similar", "blend"}  # they are held by tests of their own
MADE = Provenance("toys", "f" * 64, 1, "some", 120, 40)
CASES = [
    (entry.name, task)
    for entry in SHELF
    for task in (NUMBERS, LABELS)
    if ("label" if task.is_label else "number") in entry.kinds and entry.name not in ELSEWHERE
]
SMALLER: dict[str, Learner] = {
    "boosting": BoostingLearner(rounds=60),
    "deep": DeepLearner(shape=Shape(buckets=512, width=16, blocks=2, batch=32, epochs=4)),
    "words-forest": WordsForestLearner(trees=8),
    "word2vec-linear": replace(word2vec_linear(), width=12),
    "word2vec-svr": replace(word2vec_svr(), width=12),
    "word2vec-forest": replace(word2vec_forest(), width=12),
}
every = pytest.mark.parametrize(("name", "task"), CASES, ids=[f"{name}-{task.name}" for name, task in CASES])


@cache
def trained(name: str, task: Task, again: int = 0) -> Predictor:
    made = SMALLER.get(name) or learner(name, task)
    return made.fit(task, examples(task, 120), examples(task, 40, seed=1), 3)


def new(task: Task) -> Examples:
    return examples(task, 30, seed=2)


@every
def test_saved_model_guesses_the_same_bit_for_bit(name: str, task: Task, tmp_path: Path) -> None:
    model = trained(name, task)
    save(as_trained(model), task, tmp_path / "model", MADE)
    assert load(tmp_path / "model", task).model.predict(new(task).listings) == model.predict(new(task).listings)


@every
def test_guess_does_not_depend_on_order_or_neighbours(name: str, task: Task) -> None:
    model, listings = trained(name, task), new(task).listings
    together = model.predict(listings)
    assert model.predict(listings[::-1])[::-1] == together
    assert model.predict(listings[4:5]) == together[4:5]


@every
def test_same_seed_gives_the_same_guesses(name: str, task: Task) -> None:
    listings = new(task).listings
    assert trained(name, task, again=1).predict(listings) == trained(name, task).predict(listings)


@every
def test_guesses_are_finite_numbers_or_labels_of_the_task(name: str, task: Task) -> None:
    for guess in trained(name, task).predict(new(task).listings):
        assert guess.label in task.labels if task.is_label else math.isfinite(guess.value or 0.0)


@every
def test_learner_is_called_what_the_shelf_calls_it(name: str, task: Task) -> None:
    assert learner(name, task).name == name
    assert trained(name, task).name == name


@every
def test_no_listings_give_no_guesses(name: str, task: Task) -> None:
    assert trained(name, task).predict(()) == []


@pytest.mark.parametrize("task", [NUMBERS, LABELS], ids=["price", "size"])
def test_every_learner_trains_without_validation(task: Task) -> None:
    for name in ("tfidf-ridge", "boosting") if not task.is_label else ("tfidf-logistic", "boosting"):
        model = (SMALLER.get(name) or learner(name, task)).fit(task, examples(task, 60), Examples((), ()), 3)
        assert len(model.predict(new(task).listings)) == 30


def test_boosting_beats_the_median() -> None:
    assert error("boosting") < error("median") / 2


def test_ridge_beats_the_median() -> None:
    assert error("tfidf-ridge") < error("median") / 2


def test_unknown_name_is_refused_with_a_near_one() -> None:
    with pytest.raises(BadInput, match="'bosting'; did you mean boosting"):
        learner("bosting", NUMBERS)


def test_learner_of_numbers_is_refused_for_labels() -> None:
    with pytest.raises(BadInput, match="wanted a learner that answers with a label for 'size', found 'median'"):
        learner("median", LABELS)


def test_names_are_those_that_fit() -> None:
    assert "median" in names(NUMBERS)
    assert "median" not in names(LABELS)
    assert "majority" in names(LABELS)


def test_names_on_the_shelf_are_unique() -> None:
    assert len({entry.name for entry in SHELF}) == len(SHELF)


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(BadInput, match=r"found 'os\.system'"):
        restorer("os.system")


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - ELSEWHERE))
def test_every_kind_has_its_class(kind: str) -> None:
    assert restorer(kind).kind == kind


def test_entry_says_in_one_line_what_it_does() -> None:
    assert all(isinstance(entry, Entry) and entry.says and "\n" not in entry.says for entry in SHELF)


def error(name: str) -> float:
    held = new(NUMBERS)
    guesses = trained(name, NUMBERS).predict(held.listings)
    found = np.array([guess.value for guess in guesses], dtype=np.float64)
    return float(np.abs(found - np.array(held.answers, dtype=np.float64)).mean())


def as_trained(model: Predictor) -> Trained:
    assert hasattr(model, "state")
    return model  # type: ignore[return-value]
