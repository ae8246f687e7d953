from __future__ import annotations

import math

import pytest

from pricer.tuning.knobs import Knobs
from pricer.tuning.schedule import schedule
from pricer.tuning.watch.braille import drawn
from pricer.tuning.watch.curves import Curve, curve, planned_rate, smoothed, thinned
from tests.pricer.tuning.watch.jobs import STEPS, WARMUP, evaluated, plan, train


def test_curve_leaves_out_what_was_not_measured_and_what_is_no_number() -> None:
    points = [train(1, 2.0), train(2, None), train(3, math.nan), evaluated(3, 9.0), train(4, math.inf), train(5, 1.0)]
    assert curve(points, "train", "loss") == Curve((1, 5), (2.0, 1.0))


def test_short_curve_is_left_whole() -> None:
    whole = Curve(tuple(range(10)), tuple(map(float, range(10))))
    assert thinned(whole, 10) is whole


def test_thinned_curve_keeps_its_ends_and_every_spike() -> None:
    values = [1.0] * 5000
    values[1234], values[4321] = 9.0, -9.0
    made = thinned(Curve(tuple(range(5000)), tuple(values)), 100)
    assert len(made) <= 100
    assert (made.steps[0], made.steps[-1]) == (0, 4999)
    assert {1234, 4321} <= set(made.steps)
    assert list(made.steps) == sorted(made.steps)


def test_smoothed_constant_is_the_constant() -> None:
    assert smoothed(Curve(tuple(range(50)), (2.0,) * 50)).values == pytest.approx([2.0] * 50)


def test_few_points_are_not_smoothed() -> None:
    assert len(smoothed(Curve((1, 2), (1.0, 2.0)))) == 0


def test_planned_rate_is_that_of_the_schedule_to_its_last_step() -> None:
    made = schedule(Knobs(learning_rate=1e-4, epochs=2), 320)
    assert (made.steps, made.warmup_steps) == (STEPS, WARMUP)
    assert planned_rate(plan()).values == tuple(made.rate(step) for step in range(1, STEPS + 1))


def test_planned_rate_of_a_long_training_keeps_its_peak() -> None:
    long = {"steps": 100_000, "steps_per_epoch": 100_000, "effective_batch": 16, "warmup_steps": 777, "evaluate_at": []}
    made = planned_rate(plan(schedule=long), most=50)
    assert max(made.values) == 1e-4
    assert made.steps[-1] == 100_000


@pytest.mark.parametrize("told", [{}, {"schedule": None, "knobs": None}, plan(schedule={"steps": 3}), plan(knobs={})])
def test_rate_of_a_plan_that_tells_too_little_is_not_drawn(told: dict[str, object]) -> None:
    assert len(planned_rate(told)) == 0


def test_falling_line_goes_from_the_upper_left_to_the_lower_right() -> None:
    assert drawn([0.0, 1.0], [1.0, 0.0], width=2, height=1, low=0.0, high=1.0) == ["⠑⢄"]


def test_one_point_is_one_dot_and_a_curve_without_a_range_lies_in_the_middle() -> None:
    assert drawn([0.0], [5.0], width=1, height=1, low=5.0, high=5.0) == ["⠂"]


def test_values_beyond_the_scale_lie_on_its_edge() -> None:
    assert drawn([0.0, 1.0], [9.0, -9.0], width=1, height=1, low=0.0, high=1.0) == drawn(
        [0.0, 1.0], [1.0, 0.0], 1, 1, 0.0, 1.0
    )


def test_no_points_are_blank_lines_of_the_same_size() -> None:
    assert drawn([], [], width=3, height=2, low=0.0, high=1.0) == ["⠀⠀⠀", "⠀⠀⠀"]
