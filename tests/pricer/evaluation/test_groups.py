"""Bands and categories."""

from __future__ import annotations

import json
from random import Random

import pytest

from pricer.errors import BadInput
from pricer.evaluation.groups import by_band, by_category
from pricer.predictors.protocol import Task
from tests.pricer.evaluation.guesses import KIND, USD, labelled, priced

KG = Task(name="weight", unit="kg")


def test_a_price_on_an_edge_belongs_to_the_band_above() -> None:
    assert [(group.name, group.n) for group in by_band(priced([9.99, 10, 24.99], [1, 1, 1]), USD)] == [
        ("under $10", 1),
        ("$10 to $25", 2),
    ]


def test_the_highest_prices_are_a_band_without_an_end() -> None:
    (group,) = by_band(priced([400, 9_000], [1, 1]), USD)
    assert (group.name, group.least, group.most, group.n) == ("$400 and more", 400, None, 2)


def test_other_numbers_are_cut_at_the_fifths_of_the_truths() -> None:
    found = by_band(priced(range(1, 101), [1] * 100), KG)
    assert [group.n for group in found] == [20] * 5
    assert [group.name for group in found][:2] == ["under 21 kg", "21 kg to 41 kg"]


def test_equal_truths_are_one_band() -> None:
    (group,) = by_band(priced([3, 3, 3], [1, 2, 3]), KG)
    assert (group.name, group.n) == ("all", 3)


def test_every_item_lies_in_exactly_one_band() -> None:
    draw = Random(1)
    truths = [draw.choice([1, 1, 2, 3, 50]) for _ in range(40)]
    assert sum(group.n for group in by_band(priced(truths, truths), KG)) == 40


def test_no_outcomes_have_no_bands() -> None:
    assert (by_band([], USD), by_band([], KG), by_category([], USD)) == ((), (), ())


def test_a_group_has_its_own_error_bias_and_failures() -> None:
    (group,) = by_band(priced([10, 20, 15], [13, 19, "timeout"]), USD)
    assert (group.mae, group.bias, group.failures, group.n) == ((3 + 1) / 2, (3 - 1) / 2, 1, 3)


def test_a_group_that_answered_nothing_has_no_error() -> None:
    (group,) = by_band(priced([10], ["timeout"]), USD)
    assert (group.mae, group.bias, group.mae_ci, group.is_small) == (None, None, None, True)


@pytest.mark.parametrize(("n", "is_small"), [(19, True), (20, False)])
def test_fewer_than_twenty_answers_are_marked(n: int, is_small: bool) -> None:
    (group,) = by_band(priced([10] * n, [11] * n), USD)
    assert group.is_small is is_small


def test_categories_stand_from_the_largest_with_their_unsorted_items() -> None:
    outcomes = [*priced([1, 2, 3], [1, 1, 1], "toys")[2:], *priced([1, 2], [1, 1])]
    assert [(group.name, group.n) for group in by_category(outcomes, USD)] == [("(no category)", 2), ("toys", 1)]


def test_categories_of_labels_have_an_accuracy() -> None:
    (group,) = by_category(labelled("aab", "ab-", "toys"), KIND)
    assert (group.accuracy, group.mae, group.failures) == (1 / 2, None, 1)


def test_the_order_of_the_items_changes_no_group() -> None:
    draw = Random(4)
    outcomes = priced([draw.uniform(1, 99) for _ in range(60)], [draw.uniform(1, 99) for _ in range(60)])
    assert by_band(draw.sample(outcomes, 60), USD) == by_band(outcomes, USD)


def test_what_is_told_is_json() -> None:
    told = [group.told() for group in by_band(priced([10] * 9, range(9)), USD)]
    assert json.loads(json.dumps(told)) == told


def test_bands_of_labels_are_refused() -> None:
    with pytest.raises(BadInput, match="numeric target"):
        by_band(labelled("a", "a"), KIND)
