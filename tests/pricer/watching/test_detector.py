"""The detector on series whose answer is known."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.watching.detector import Rule, lifted, lowered, scale_of, sigma_of
from pricer.watching.series import Series, Step, advance, read, told


def steps(values: list[float], rule: Rule | None = None, *, weekdays: bool = False) -> list[Step]:
    series, found = Series(), []
    for place, value in enumerate(values):
        step = advance(series, f"{place:04d}", value, place % 7 if weekdays else None, rule or Rule())
        series = step.series
        found.append(step)
    return found


def alerts(values: list[float], rule: Rule | None = None, *, weekdays: bool = False) -> list[int]:
    return [place for place, step in enumerate(steps(values, rule, weekdays=weekdays)) if step.alert]


def settled(values: list[float]) -> list[tuple[str, str]]:
    return [step.settled for step in steps(values) if step.settled]


def noise(count: int = 60, level: float = 100.0, sigma: float = 2.0, seed: int = 1) -> list[float]:
    draw = random.Random(seed)
    return [level + draw.gauss(0, sigma) for _ in range(count)]


def test_ordinary_noise_makes_no_alert() -> None:
    assert alerts(noise(200)) == []


def test_a_spike_makes_one_alert_where_it_is() -> None:
    values = noise()
    values[50] = 140.0
    assert alerts(values) == [50]


def test_a_drop_is_as_unusual_as_a_rise() -> None:
    values = noise()
    values[50] = 60.0
    assert alerts(values) == [50]


def test_one_side_alone_can_be_watched() -> None:
    values = noise()
    values[50] = 60.0
    assert alerts(values, Rule(side="up")) == []


def test_a_zero_among_positive_values_is_seen() -> None:
    values = noise()
    values[50] = 0.0
    assert alerts(values) == [50]


def test_too_few_points_make_no_alert_and_no_expectation() -> None:
    step = steps([*noise(10), 900.0])[-1]
    assert (step.alert, step.judgement.expected, step.judgement.sigmas) == (False, None, None)


def test_a_flat_series_that_moves_is_seen() -> None:
    assert alerts([5.5] * 30 + [5.9]) == [30]


def test_a_flat_series_that_moves_by_less_than_a_percent_is_not() -> None:
    assert alerts([100.5] * 30 + [100.9]) == []


def test_counts_vary_by_chance_without_an_alert() -> None:
    assert alerts([2.0] * 30 + [5.0]) == []  # a Poisson of mean 2 gives 5 or more in one of 19 points


def test_a_count_far_beyond_chance_is_seen() -> None:
    assert alerts([2.0] * 30 + [40.0]) == [30]


def test_a_trend_is_not_unusual() -> None:
    assert alerts([value + 2 * n for n, value in enumerate(noise(150))]) == []


def test_a_weekend_that_is_low_every_week_is_not_unusual() -> None:
    low = [value * (0.3 if n % 7 >= 5 else 1.0) for n, value in enumerate(noise(140))]
    assert [place for place in alerts(low, weekdays=True) if place > 35] == []


def test_a_weekend_that_is_not_low_is_unusual_where_it_always_was() -> None:
    low = [value * (0.3 if n % 7 >= 5 else 1.0) for n, value in enumerate(noise(140))]
    low[138] = 100.0
    assert 138 in alerts(low, weekdays=True)


def test_a_spike_that_goes_back_is_settled_as_a_spike() -> None:
    values = noise()
    values[50] = 140.0
    assert settled(values) == [("0050", "spike")]


def test_a_jump_that_stays_is_settled_as_a_level_shift() -> None:
    values = noise()
    assert settled(values[:50] + [value + 40 for value in values[50:]]) == [("0050", "level shift")]


def test_a_new_level_makes_one_alert_and_then_is_ordinary() -> None:
    values = noise(120)
    assert alerts(values[:50] + [value + 40 for value in values[50:]]) == [50]


def test_a_way_back_to_the_old_level_is_an_alert_again() -> None:
    values = noise(120)
    assert alerts(values[:50] + [value + 40 for value in values[50:80]] + values[80:]) == [50, 80]


def test_within_the_cool_down_nothing_is_repeated() -> None:
    values = noise()
    values[50] = values[53] = values[55] = 140.0
    assert alerts(values) == [50]


def test_after_the_cool_down_the_next_spike_is_an_alert() -> None:
    values = noise()
    values[40] = values[49] = 140.0
    assert alerts(values) == [40, 49]


def test_a_spike_does_not_blunt_the_detector() -> None:
    values = noise(100)
    for place in (40, 55, 70):
        values[place] = 1000.0
    values[85] = 130.0
    assert alerts(values) == [40, 55, 70, 85]


def test_the_interval_holds_what_is_expected() -> None:
    judgement = steps(noise())[-1].judgement
    assert judgement.expected is not None
    assert judgement.low is not None
    assert judgement.high is not None
    assert judgement.low < judgement.expected < judgement.high


def test_a_series_reads_back_as_it_was_kept() -> None:
    values = noise()
    values[-2] = 140.0
    series = steps(values)[-1].series
    assert read(told(series)) == series


def test_looking_twice_at_two_halves_ends_as_one_look_at_all() -> None:
    values = noise(90)
    values[60] = 140.0
    series = read(told(steps(values[:61])[-1].series))
    for place, value in enumerate(values[61:], 61):
        series = advance(series, f"{place:04d}", value, None, Rule()).series
    assert series == steps(values)[-1].series


def test_sigma_is_that_of_the_mad() -> None:
    assert sigma_of([-1.0, 0.0, 1.0] * 20) == pytest.approx(1.4826)


def test_where_most_errors_are_zero_their_mean_counts() -> None:
    assert sigma_of([0.0] * 39 + [4.0]) == pytest.approx(1.2533 * 4 / 40)


@pytest.mark.parametrize(
    ("values", "scale"),
    [([1.0, 2.0, 0.0], "count"), ([1.5, 2.5], "ratio"), ([-1.0, 2.0], "value"), ([100.0, 2000.0], "ratio")],
)
def test_the_scale_follows_from_the_values(values: list[float], scale: str) -> None:
    assert scale_of(values) == scale


@given(st.floats(0.01, 1e9))
def test_a_value_comes_back_from_every_scale(value: float) -> None:
    assert math.isclose(lowered(lifted(value, "ratio"), "ratio"), value, rel_tol=1e-9)
    assert math.isclose(lowered(lifted(value, "count"), "count"), value, rel_tol=1e-6)


@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
def test_no_series_of_finite_numbers_breaks_it(values: list[float]) -> None:
    assert all(step.judgement.sigmas is None or math.isfinite(step.judgement.sigmas) for step in steps(values))
