"""Scores of numbers, each by hand."""

from __future__ import annotations

import json
import math
from random import Random

import pytest

from pricer.errors import BadInput
from pricer.evaluation.arrays import failures_by_reason
from pricer.evaluation.metrics import Errors, score
from pricer.predictors.protocol import Task
from tests.pricer.evaluation.guesses import KIND, USD, priced

THREE = priced([10, 20, 30], [11, 18, 36])  # errors +1, -2, +6


def test_mae_is_the_mean_absolute_error() -> None:
    assert score(THREE, USD).raw.mae == (1 + 2 + 6) / 3


def test_median_ae_is_the_middle_absolute_error() -> None:
    assert score(THREE, USD).raw.median_ae == 2


def test_rmse_is_the_root_of_the_mean_square() -> None:
    assert score(THREE, USD).raw.rmse == pytest.approx(math.sqrt((1 + 4 + 36) / 3))


def test_bias_keeps_the_sign() -> None:
    assert score(THREE, USD).raw.bias == (1 - 2 + 6) / 3


def test_r2_is_against_the_mean_of_these_truths() -> None:
    assert score(THREE, USD).raw.r2 == pytest.approx(1 - (1 + 4 + 36) / (100 + 0 + 100))


def test_rmsle_takes_a_negative_guess_as_nothing() -> None:
    found = score(priced([0, math.e - 1], [-5, math.e**3 - 1]), USD).raw
    assert found.rmsle == pytest.approx(math.sqrt((0 + (3 - 1) ** 2) / 2))


def test_rmsle_of_a_negative_truth_is_unknown() -> None:
    assert score(priced([-1, 2], [1, 2]), USD).raw.rmsle is None


def test_an_error_of_exactly_20_percent_is_within() -> None:
    assert score(priced([10, 10, 0.1, 30], [12, 12.01, 0.12, 24]), USD).raw.within_20_percent == 3 / 4


def test_within_20_percent_of_nothing_is_only_nothing() -> None:
    assert score(priced([0, 0], [0, 0.001]), USD).raw.within_20_percent == 1 / 2


def test_clipped_errors_stand_beside_the_raw_ones() -> None:
    found = score(priced([10, 20], [-40, 80]), Task(least=1.0, most=50.0))
    assert (found.raw.mae, found.clipped and found.clipped.mae) == ((50 + 60) / 2, (9 + 30) / 2)


def test_a_task_without_bounds_has_no_clipped_errors() -> None:
    assert score(THREE, USD).clipped is None


def test_one_bound_is_enough_to_clip() -> None:
    found = score(priced([10], [-40]), Task(least=0.0)).clipped
    assert found is not None
    assert found.mae == 10


def test_failures_leave_the_errors_alone() -> None:
    failed = [*priced([10, 20, 30, 70], [11, 18, 36, "timeout"])]
    assert score(failed, USD).raw.mae == (1 + 2 + 6) / 3


def test_failures_are_counted_by_the_part_before_the_colon() -> None:
    found = score(priced([1, 2, 3, 4], ["timeout: 60 s", "timeout: 61 s", "unreadable: a lot", 4]), USD)
    assert (found.n, found.answered, found.failures) == (4, 1, 3)
    assert found.failures_by_reason == {"timeout": 2, "unreadable": 1}


def test_a_reason_without_a_colon_is_whole() -> None:
    assert failures_by_reason(priced([1], ["refused"])) == {"refused": 1}


def test_the_sensitivity_to_failures_uses_the_median_of_all_truths() -> None:
    failed = priced([10, 20, 90], [11, 18, "timeout"])
    assert score(failed, USD).mae_with_failures_as_median == (1 + 2 + (90 - 20)) / 3


def test_nothing_answered_leaves_every_figure_unknown() -> None:
    found = score(priced([1, 2], ["no", "no"]), Task(least=0.0))
    assert (found.raw, found.clipped, found.mae_with_failures_as_median) == (Errors(), Errors(), None)


def test_no_outcomes_at_all_leave_every_figure_unknown() -> None:
    assert score([], USD).raw == Errors()


def test_one_item_has_an_error_but_no_interval() -> None:
    found = score(priced([10], [13]), USD).raw
    assert (found.mae, found.mae_ci, found.median_ae_ci, found.r2) == (3, None, None, None)


def test_equal_truths_have_no_r2() -> None:
    assert score(priced([0.1] * 7, [0.2] * 7), USD).raw.r2 is None


@pytest.mark.parametrize("size", [1e-300, 1e150, 1e300])
def test_figures_grow_with_the_unit_whatever_its_size(size: float) -> None:
    found = score(priced([10 * size, 20 * size, 30 * size], [11 * size, 18 * size, 36 * size]), USD).raw
    assert [found.mae, found.rmse] == pytest.approx([3 * size, math.sqrt(41 / 3) * size])


def test_an_error_too_large_for_a_float_is_unknown_and_no_crash() -> None:
    found = score(priced([-1.7e308] * 9, [1.7e308] * 9), USD)
    assert (found.raw.mae, found.raw.mae_ci, found.mae_with_failures_as_median) == (None, None, None)


def test_the_order_of_the_items_changes_no_figure() -> None:
    draw = Random(5)
    outcomes = priced([draw.uniform(1, 99) for _ in range(60)], [draw.uniform(1, 99) for _ in range(58)] + ["a", "b"])
    shuffled = draw.sample(outcomes, len(outcomes))
    assert score(shuffled, USD, seed=3) == score(outcomes, USD, seed=3)


def test_a_seed_repeats_its_intervals_and_another_does_not() -> None:
    draw = Random(6)
    outcomes = priced([draw.uniform(1, 99) for _ in range(60)], [draw.uniform(1, 99) for _ in range(60)])
    one, again, other = (score(outcomes, USD, seed=seed).raw.mae_ci for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_what_is_told_is_json() -> None:
    told = json.loads(json.dumps(score(priced(range(1, 20), [5.0] * 19), Task(least=1.0)).told()))
    assert told["mae_ci"][0] < told["mae"] < told["mae_ci"][1]
    assert told["clipped"]["mae"] == told["mae"]


def test_a_missing_truth_is_refused_by_its_item() -> None:
    outcomes = priced([1, math.nan], [1, 2])
    with pytest.raises(BadInput, match="finite number as the truth of item 'item-0001', found nan"):
        score(outcomes, USD)


def test_a_repeated_item_is_refused() -> None:
    with pytest.raises(BadInput, match="each item once in a run, found 'item-0000' again"):
        score([*THREE[:1], *THREE[:1]], USD)


def test_a_task_of_labels_is_refused() -> None:
    with pytest.raises(BadInput, match="numeric target"):
        score(THREE, KIND)
