"""Intervals: do they cover, and what do they do at the edges."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from pricer.evaluation.bootstrap import (
    Interval,
    mean_interval,
    mean_intervals,
    median_interval,
    share_interval,
    statistic_interval,
)

SETS, N = 1_000, 250


@pytest.mark.parametrize("noise", [0.5, 0.8])
def test_the_interval_of_the_mae_of_prices_covers_it_in_93_to_97_of_100_sets(noise: float) -> None:
    random = np.random.default_rng(7)
    # E|T (e^z - 1)| with ln T ~ N(3.5, 1) and z ~ N(0, noise²) = E T · e^(noise²/2) · (2 Φ(noise) - 1)
    true = math.exp(3.5 + 1 / 2) * math.exp(noise**2 / 2) * (2 * NormalDist().cdf(noise) - 1)
    truths = random.lognormal(3.5, 1, (SETS, N))
    errors = np.abs(truths * np.exp(random.normal(0, noise, (SETS, N))) - truths)
    found = [mean_interval(row, seed=place, resamples=600) for place, row in enumerate(errors)]
    covered = sum(interval is not None and interval.low <= true <= interval.high for interval in found)
    assert 0.93 <= covered / SETS <= 0.97


def test_the_interval_of_a_median_covers_it_in_at_least_95_of_100_sets() -> None:
    rows = np.random.default_rng(8).lognormal(0, 1, (2_000, 75))
    found = [median_interval(row) for row in rows]
    covered = sum(interval is not None and interval.low <= 1 <= interval.high for interval in found)
    assert 0.945 <= covered / 2_000 <= 0.98


def test_the_median_of_ten_lies_between_the_second_and_the_ninth() -> None:
    # of ten fair coins at most one shows heads with (1 + 10) / 1024 = 1.1 %, at most two with 5.5 %
    assert median_interval(np.arange(1.0, 11.0)) == Interval(2, 9)


def test_five_values_do_not_bound_their_median() -> None:
    assert median_interval(np.arange(5.0)) is None


def test_the_ranks_of_many_values_follow_those_of_few() -> None:
    few, many = median_interval(np.arange(1_000.0)), median_interval(np.arange(1_001.0))
    assert few is not None
    assert many is not None
    assert abs(many.low - few.low) <= 1


def test_half_of_one_hundred_has_the_interval_of_wilson() -> None:
    z = NormalDist().inv_cdf(0.975)
    half = math.sqrt(0.25 / 100 + z * z / 40_000) * z / (1 + z * z / 100)
    found = share_interval(50, 100)
    assert found is not None
    assert found.told() == pytest.approx([0.5 - half, 0.5 + half])


def test_none_of_ten_is_not_bounded_by_nothing() -> None:
    z = NormalDist().inv_cdf(0.975)
    found = share_interval(0, 10)
    assert found is not None
    assert found.told() == pytest.approx([0, z * z / (10 + z * z)])


def test_a_share_of_no_items_has_no_interval() -> None:
    assert share_interval(0, 0) is None


@pytest.mark.parametrize("n", [0, 1, 4])
def test_fewer_than_five_values_bound_no_mean(n: int) -> None:
    assert mean_interval(np.ones(n)) is None


def test_equal_values_have_an_interval_of_one_point() -> None:
    found = mean_interval(np.full(9, 0.1))
    assert found is not None
    assert found.told() == pytest.approx([0.1, 0.1])


def test_zeros_have_an_interval_of_one_point() -> None:
    assert mean_interval(np.zeros(9)) == Interval(0, 0)


def test_one_value_unlike_the_others_still_gives_a_finite_interval() -> None:
    values = np.zeros(40)
    values[7] = 1.0
    found = mean_interval(values)
    assert found is not None
    assert found.low <= 1 / 40 <= found.high <= 1


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_the_interval_grows_with_the_unit(size: float) -> None:
    values = np.random.default_rng(1).lognormal(0, 1, 40)
    small, large = mean_interval(values), mean_interval(values * size)
    assert small is not None
    assert large is not None
    assert large.told() == pytest.approx([small.low * size, small.high * size])


def test_rows_resampled_together_have_the_intervals_they_have_alone() -> None:
    rows = np.random.default_rng(2).normal(0, 1, (3, 30))
    assert mean_intervals(rows, seed=5) == [mean_interval(row, seed=5) for row in rows]


def test_a_statistic_is_bounded_by_the_percentiles_of_its_resamples() -> None:
    values = np.arange(100.0)
    found = statistic_interval(lambda index: values[index].max(axis=1), 100, seed=1)
    assert found is not None
    assert 90 < found.low <= found.high == 99


def test_a_higher_level_gives_a_wider_interval() -> None:
    values = np.random.default_rng(3).normal(0, 1, 60)
    usual, wide = mean_interval(values), mean_interval(values, level=0.99)
    assert usual is not None
    assert wide is not None
    assert wide.low < usual.low < usual.high < wide.high
