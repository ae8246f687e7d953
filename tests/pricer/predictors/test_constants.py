"""Guesses that never read a text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pricer.errors import BadInput
from pricer.predictors.constants import category_majority, category_mean, majority, mean, median, random
from pricer.predictors.protocol import Examples, Predictor, Task
from pricer.products.items import Listing
from tests.pricer.predictors.toys import LABELS, NUMBERS, listing

NONE = Examples((), ())
PLAIN = replace(listing(0), category="plain")
RARE = replace(listing(1), category="rare")
STRANGE = replace(listing(2), category="strange")
COSTS = Examples((PLAIN,) * 4 + (RARE,), (1.0, 2.0, 3.0, 4.0, 100.0))


def value(model: Predictor, one: Listing) -> float | None:
    return model.predict([one])[0].value


def test_mean_is_the_mean() -> None:
    assert value(mean().fit(NUMBERS, COSTS, NONE, 0), PLAIN) == (1 + 2 + 3 + 4 + 100) / 5


def test_median_is_the_median() -> None:
    assert value(median().fit(NUMBERS, COSTS, NONE, 0), PLAIN) == 3


def test_small_category_is_drawn_to_the_overall_mean() -> None:
    model = category_mean().fit(NUMBERS, COSTS, NONE, 0)
    assert value(model, RARE) == pytest.approx((1 * 100 + 10 * 22) / 11)
    assert value(model, PLAIN) == pytest.approx((4 * 2.5 + 10 * 22) / 14)


def test_unknown_category_gets_the_overall_mean() -> None:
    assert value(category_mean().fit(NUMBERS, COSTS, NONE, 0), STRANGE) == 22


def test_majority_is_the_commonest_label() -> None:
    train = Examples((PLAIN, RARE, RARE), ("small", "large", "large"))
    assert majority().fit(LABELS, train, NONE, 0).predict([PLAIN])[0].label == "large"
    assert category_majority().fit(LABELS, train, NONE, 0).predict([PLAIN])[0].label == "small"


def test_random_guess_is_a_training_answer_kept_by_the_id() -> None:
    model = random().fit(NUMBERS, COSTS, NONE, 0)
    others = [listing(number) for number in range(50)]
    guesses = [guess.value for guess in model.predict(others)]
    assert set(guesses) == set(COSTS.answers)
    assert value(model, replace(others[7], title="another")) == guesses[7]


def test_another_seed_draws_otherwise() -> None:
    others = [listing(number) for number in range(50)]
    assert random().fit(NUMBERS, COSTS, NONE, 0).predict(others) != random().fit(NUMBERS, COSTS, NONE, 1).predict(
        others
    )


def test_no_training_examples_are_refused() -> None:
    with pytest.raises(BadInput, match="at least one training example"):
        mean().fit(NUMBERS, NONE, NONE, 0)


def test_label_that_the_task_lacks_is_refused() -> None:
    with pytest.raises(BadInput, match="found 'huge'"):
        majority().fit(Task("size", None, ("small",)), Examples((PLAIN,), ("huge",)), NONE, 0)
