"""The stack, its trees, and the weights of its members."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pricer.predictors.answers import Scale
from pricer.predictors.best import Best, BestLearner, weigh
from pricer.predictors.grove import GOALS, Grove
from pricer.predictors.protocol import Examples, Task
from pricer.predictors.saved import Provenance, State, Trained, load, save
from pricer.predictors.stack import Base
from pricer.products.items import Listing
from tests.pricer.predictors.toys import LABELS, NUMBERS, labelled, listing, priced

MADE = Provenance("toys", "f" * 64, 1, "best", 120, 40)
NONE = Examples((), ())
PLAIN = Scale(False, -1000.0, 1000.0)


@cache
def trained() -> Trained:
    return BestLearner().fit(NUMBERS, priced(120), priced(40, seed=1), 3)


def bare(one: Listing) -> Listing:
    return replace(one, brand=None, category=None, details="", description="", features="")


def test_member_that_is_always_right_gets_all_weight() -> None:
    truth = np.array([1.0, 2, 3, 4])
    validation = Examples(tuple(map(listing, range(4))), tuple(truth.tolist()))
    assert weigh({"right": truth, "wrong": truth + 5}, PLAIN, validation) == {"right": 1.0}


def test_errors_that_cancel_are_weighed_alike() -> None:
    truth = np.array([1.0, 2, 3, 4])
    validation = Examples(tuple(map(listing, range(4))), tuple(truth.tolist()))
    assert weigh({"above": truth + 5, "below": truth - 5}, PLAIN, validation) == {"above": 0.5, "below": 0.5}


def test_start_is_kept_where_little_is_won() -> None:
    truth = np.array([100.0, 200, 300, 400])
    validation = Examples(tuple(map(listing, range(4))), tuple(truth.tolist()))
    values = {"one": truth + 10, "other": truth + 10.1, "little better": truth + 9.99}
    assert weigh(values, PLAIN, validation, ["one", "other"]) == {"one": 0.5, "other": 0.5}


def test_weights_sum_to_one() -> None:
    model = trained()
    assert isinstance(model, Best)
    assert sum(model.weights.values()) == pytest.approx(1)


def test_error_of_each_member_is_told() -> None:
    told = trained().state().told
    assert {"ridge", "neighbours", "mlp", "trees"} <= told["errors"].keys()
    assert told["blend_error"] < max(told["errors"].values())


def test_best_learns_more_than_the_median() -> None:
    new = priced(60, seed=2)
    truth = np.array(new.answers, dtype=float)
    found = np.array([guess.value for guess in trained().predict(new.listings)])
    assert np.abs(found - truth).mean() < np.abs(np.median(truth) - truth).mean() / 2


def test_the_same_seed_gives_the_same_guesses() -> None:
    new = priced(20, seed=2).listings
    again = BestLearner().fit(NUMBERS, priced(120), priced(40, seed=1), 3)
    assert again.predict(new) == trained().predict(new)


def test_guess_does_not_depend_on_other_listings() -> None:
    new = priced(8, seed=2).listings
    assert [trained().predict([one])[0] for one in new] == trained().predict(new)


def test_saved_model_guesses_the_same(tmp_path: Path) -> None:
    save(trained(), NUMBERS, tmp_path / "model", MADE)
    new = priced(20, seed=2).listings
    assert load(tmp_path / "model", NUMBERS).model.predict(new) == trained().predict(new)


def test_numbers_below_zero_without_brand_or_details_can_be_learned() -> None:
    train, validation = priced(50), priced(12, seed=1)
    below = Examples(tuple(map(bare, train.listings)), tuple(-float(one) for one in train.answers))
    chosen = Examples(tuple(map(bare, validation.listings)), tuple(-float(one) for one in validation.answers))
    model = BestLearner(again=False).fit(Task("change", "kelvin"), below, chosen, 1)
    assert all(guess.value is not None and guess.value < 0 for guess in model.predict(below.listings))


def test_trees_alone_guess_where_nothing_can_be_weighed() -> None:
    model = BestLearner().fit(NUMBERS, priced(50), NONE, 1)
    assert isinstance(model, Best)
    assert model.weights == {"trees": 1.0}


def test_two_examples_are_enough_to_guess() -> None:
    model = BestLearner(again=False).fit(NUMBERS, priced(2), priced(2, seed=1), 1)
    assert model.predict([listing(9)])[0].value is not None


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    BestLearner(again=False, report=lambda _, done, total: told.append((done, total))).fit(
        NUMBERS, priced(30), priced(10, seed=1), 1
    )
    assert told[-1] == (3, 3)


def test_training_values_do_not_come_from_the_own_family() -> None:
    listings = tuple(listing(number) for number in range(20) for _ in range(2))
    answers = tuple(1000.0 if number < 2 else 10.0 for number in range(40))
    _, columns = Base.learn(Examples(listings, answers, tuple(str(number // 2) for number in range(40))), 1)
    assert columns.simple["neighbours"][:2] == pytest.approx(np.log1p([10.0, 10.0]))


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: str(goal.name))
def test_goal_comes_back_to_the_scale(goal: object) -> None:
    values = np.log1p(np.array([0.0, 1, 999]))
    for one in GOALS:
        if one is goal:
            assert one.back(one.forward(values)) == pytest.approx(values)


def test_text_that_is_no_trees_is_refused() -> None:
    state = State({"trees_scale": [0.0, 1.0]}, {}, {"trees": "nonsense"})
    with pytest.raises(ValueError, match="LightGBM"):
        Grove.restore(GOALS[0], state)


def test_labels_are_answered_by_the_best_label_learner() -> None:
    new = labelled(60, seed=2)
    model = BestLearner().fit(LABELS, labelled(120), labelled(40, seed=1), 1)
    right = sum(guess.label == truth for guess, truth in zip(model.predict(new.listings), new.answers, strict=True))
    assert right > 60 / 2
