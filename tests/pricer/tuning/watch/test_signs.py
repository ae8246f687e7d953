from __future__ import annotations

import math

import pytest

from pricer.tuning.record import Point, Status
from pricer.tuning.watch.signs import Best, signs
from tests.pricer.tuning.watch.jobs import evaluated, falling, train

MAE = Status("running", steps=100, metric_name="MAE")
F1 = Status("running", steps=100, metric_name="macro-F1", lower_is_better=False)


def overfitted(rises: int, slope: float = -0.01) -> list[Point]:
    """A training loss with a slope by step; a validation loss that falls until step 30 and then rises so often."""
    points = [train(step, 1 + slope * step) for step in range(1, 31 + 10 * rises)]
    points += [evaluated(10, 0.9), evaluated(20, 0.8), evaluated(30, 0.7)]
    points += [evaluated(30 + 10 * rise, 0.7 + 0.05 * rise) for rise in range(1, rises + 1)]
    return sorted(points, key=lambda point: (point.step, point.split))


def test_nothing_is_said_before_anything_was_measured() -> None:
    found = signs([], MAE)
    assert (found.best, found.flags, found.examples_per_s, found.seconds_left) == (None, (), None, None)


def test_best_is_by_the_metric_and_not_by_the_loss() -> None:
    points = [evaluated(10, 0.5, 30.0), evaluated(20, 0.6, 20.0), evaluated(30, 0.7, 25.0)]
    assert signs(points, MAE).best == Best(20, 20.0, "MAE")


def test_best_is_the_highest_where_higher_is_better() -> None:
    points = [evaluated(10, 0.5, 0.3), evaluated(20, 0.6, 0.8), evaluated(30, 0.4, 0.7)]
    assert signs(points, F1).best == Best(20, 0.8, "macro-F1")


def test_best_is_by_the_lowest_loss_where_no_metric_was_measured_even_if_higher_metrics_are_better() -> None:
    assert signs([evaluated(10, 0.5), evaluated(20, 0.4), evaluated(30, 0.6)], F1).best == Best(20, 0.4, "loss")


def test_best_is_by_the_loss_where_the_loss_decides_though_the_last_checkpoint_was_asked_too() -> None:
    points = [evaluated(10, 0.8), evaluated(20, 0.7), evaluated(20, 0.7, 54.7)]
    assert signs(points, Status("done", steps=20, metric_name="loss")).best == Best(20, 0.7, "loss")


def test_only_evaluation_is_the_best() -> None:
    assert signs([train(1, 2.0), evaluated(7, 0.5, 30.0)], MAE).best == Best(7, 30.0, "MAE")


def test_earliest_of_equal_evaluations_is_the_best() -> None:
    assert signs([evaluated(10, 0.5, 30.0), evaluated(20, 0.4, 30.0)], MAE).best == Best(10, 30.0, "MAE")


def test_evaluation_that_is_not_a_number_is_never_the_best() -> None:
    assert signs([evaluated(10, 0.5, math.nan), evaluated(20, 0.9, 40.0)], MAE).best == Best(20, 40.0, "MAE")


def test_best_of_a_host_that_tells_no_evaluations_is_what_its_status_says() -> None:
    assert signs([], Status("done", best_step=5, best_metric=0.2)).best == Best(5, 0.2, "loss")


def test_three_rises_of_the_validation_loss_while_training_improves_are_overfitting_since_the_lowest() -> None:
    flag = signs(overfitted(rises=3), MAE).overfitting
    assert flag is not None
    assert (flag.kind, flag.since_step) == ("overfitting", 30)
    assert "3 evaluations" in flag.text


def test_two_rises_are_not_yet_overfitting() -> None:
    assert signs(overfitted(rises=2), MAE).overfitting is None


def test_rises_while_the_training_loss_rises_too_are_not_overfitting() -> None:
    assert signs(overfitted(rises=4, slope=0.01), MAE).overfitting is None


def test_rises_that_ended_are_not_overfitting() -> None:
    assert signs([*overfitted(rises=4), evaluated(80, 0.6)], MAE).overfitting is None


def test_rises_within_the_noise_are_not_overfitting() -> None:
    points = [train(step, 1 - step / 100) for step in range(1, 51)]
    points += [evaluated(10 * number, 0.7 + 0.0001 * number) for number in range(1, 6)]
    assert signs(points, MAE).overfitting is None


def test_overfitting_is_unknown_where_no_training_loss_is_told() -> None:
    assert signs([point for point in overfitted(rises=4) if point.split == "validation"], MAE).overfitting is None


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_loss_that_stays_no_number_is_divergence_since_the_first(broken: float) -> None:
    flag = signs([train(1, 1.0), train(2, broken), train(3, 0.9), train(4, broken), train(5, broken)], MAE).diverging
    assert flag is not None
    assert flag.since_step == 4


def test_loss_that_was_no_number_once_is_no_divergence() -> None:
    assert signs([train(1, 1.0), train(2, math.nan), train(3, 0.9)], MAE).diverging is None


def test_loss_far_above_that_of_the_start_is_divergence() -> None:
    flag = signs([train(step, 1.0 if step <= 10 else 4.0) for step in range(1, 21)], MAE).diverging
    assert flag is not None
    assert flag.since_step == 11


def test_four_evaluations_without_a_gain_are_a_plateau_since_the_best() -> None:
    metrics = [40.0, 30.0, 30.1, 29.99, 30.2, 30.0]
    flag = signs([evaluated(10 * place, 0.5, metric) for place, metric in enumerate(metrics, 1)], MAE).plateau
    assert flag is not None
    assert flag.since_step == 20


def test_gain_in_the_last_four_evaluations_is_no_plateau() -> None:
    metrics = [0.4, 0.5, 0.5, 0.5, 0.5, 0.52]
    points = [evaluated(10 * place, 0.5, metric) for place, metric in enumerate(metrics, 1)]
    assert signs(points, F1).plateau is None


def test_training_that_goes_well_has_no_flag() -> None:
    assert signs(falling(), MAE).flags == ()


def test_time_left_is_the_pace_so_far_over_the_steps_that_are_left() -> None:
    points = [
        train(1, 1.0, elapsed_s=30.0),
        train(11, 0.9, elapsed_s=50.0),
    ]  # loading took most of the first 30 seconds
    assert signs(points, MAE).seconds_left == (100 - 11) * (50 - 30) / (11 - 1)


def test_time_left_is_told_by_the_status_where_measurements_have_no_times() -> None:
    assert signs([], Status("running", step=20, steps=100, elapsed_s=10.0)).seconds_left == 80 * 10 / 20


@pytest.mark.parametrize("status", [Status("running"), Status("running", step=3, elapsed_s=1.0), MAE])
def test_time_left_is_unknown_without_a_pace_or_an_end(status: Status) -> None:
    assert signs([train(1, 1.0, elapsed_s=2.0)][: status.step], status).seconds_left is None


def test_no_time_is_left_after_the_end() -> None:
    assert signs([], Status("failed", step=3, steps=100, elapsed_s=1.0)).seconds_left == 0


def test_speed_is_the_median_of_the_last_five() -> None:
    points = [train(step, 1.0, examples_per_s=speed) for step, speed in enumerate([1.0, 9.0, 10.0, 11.0, 500.0, 12.0])]
    assert signs(points, MAE).examples_per_s == 11.0
