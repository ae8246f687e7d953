"""Statistics of counted numbers, by hand and against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.products.counted import Counted, binned, quantiles, smirnov, together, variation

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=40)


def counted(*numbers: float) -> Counted:
    values, counts = np.unique(np.array(numbers, np.float64), return_counts=True)
    return Counted(values, counts.astype(np.int64))


def test_quantiles_lie_between_the_numbers() -> None:
    at = quantiles(counted(1, 2, 2, 5))
    assert at is not None
    assert (at.count, at.least, at.median, at.most, at.mean) == (4, 1, 2, 5, 10 / 4)
    assert (at.p05, at.p25) == (1 + 0.05 * 3, 1 + 0.25 * 3)
    assert (at.p75, at.p95) == (2 + 0.25 * 3, round(2 + 0.85 * 3, 9))


def test_there_are_no_quantiles_of_nothing() -> None:
    assert quantiles(counted()) is None


@given(NUMBERS)
def test_quantiles_agree_with_numpy(numbers: list[int]) -> None:
    at = quantiles(counted(*numbers))
    assert at is not None
    found = [at.least, at.p05, at.p25, at.median, at.p75, at.p95, at.most]
    assert found == pytest.approx(np.quantile(numbers, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]))


def test_distance_of_two_samples_by_hand() -> None:
    found = smirnov(counted(1, 2, 3, 4), counted(3, 4, 5, 6))
    assert found is not None
    assert found.statistic == 2 / 4  # at 2, half of the first sample has passed and nothing of the second
    assert found.critical == pytest.approx(1.3581 * math.sqrt((4 + 4) / (4 * 4)), abs=1e-4)
    assert not found.is_beyond


def test_samples_that_do_not_overlap_are_beyond_chance() -> None:
    found = smirnov(counted(*range(10)), counted(*range(10, 20)))
    assert found is not None
    assert found.statistic == 1
    assert found.is_beyond


def test_nothing_has_no_distance() -> None:
    assert smirnov(counted(1), counted()) is None
    assert variation([1], [0]) is None


@given(NUMBERS, NUMBERS)
def test_distance_agrees_with_its_definition(one: list[int], other: list[int]) -> None:
    found = smirnov(counted(*one), counted(*other))
    assert found is not None
    passed = [
        abs(sum(x <= at for x in one) / len(one) - sum(x <= at for x in other) / len(other)) for at in (*one, *other)
    ]
    assert found.statistic == pytest.approx(max(passed))


def test_a_bin_begins_at_its_edge_and_the_last_is_open() -> None:
    assert binned(counted(-1, 0, 0.5, 0.99, 1, 7, 7), (0, 0.5, 1)) == (1, 2, 3)


def test_distributions_are_added_up() -> None:
    both = together([counted(1, 2), counted(2, 3)])
    assert (both.values.tolist(), both.counts.tolist()) == ([1, 2, 3], [1, 2, 1])


def test_variation_is_half_the_sum_of_differences_of_shares() -> None:
    found = variation([3, 1], [1, 1])
    assert found is not None
    assert found.distance == (abs(3 / 4 - 1 / 2) + abs(1 / 4 - 1 / 2)) / 2
    deviation = math.sqrt(4 / 6 * 2 / 6 * (1 / 4 + 1 / 2))  # the same for both groups
    assert found.by_chance == pytest.approx(math.sqrt(2 / math.pi) * (deviation + deviation) / 2)
