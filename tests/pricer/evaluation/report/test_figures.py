"""What the figures are drawn from: running means, frames, classes of error, fronts, answers to drill into; and that SVGs stay small."""

from __future__ import annotations

import re
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import pstdev

import pytest

from pricer.evaluation.report.drill import drill
from pricer.evaluation.report.entries import entries
from pricer.evaluation.report.gallery import gallery
from pricer.evaluation.report.look import mark
from pricer.evaluation.report.running import running
from pricer.evaluation.report.scatter import frame, scatter
from pricer.evaluation.report.study import study
from pricer.evaluation.report.tradeoff import Point, cost, front, priced
from pricer.evaluation.report.wording import amount, dollars, seconds
from pricer.evaluation.run import Run
from pricer.products.items import Item
from pricer.products.pictures import style
from tests.pricer.evaluation.report.made import labelled, run_of
from tests.pricer.evaluation.toys import items


def of_truths(*truths: float) -> list[Item]:
    return [replace(item, target=truth) for item, truth in zip(items(len(truths)), truths, strict=True)]


def one(folder: Path, guesses: list[float], *truths: float) -> Run:
    return run_of(folder / "run", guesses, of=of_truths(*truths))


def test_the_running_error_is_the_mean_of_the_first_answers(tmp_path: Path) -> None:
    off = [1.0, 3.0] * 10
    run = one(tmp_path, [100 + error for error in off], *[100.0] * 20)
    found = running(run.outcomes, run.task)
    assert found is not None
    assert found.counts[0] == 10
    assert found.counts[-1] == 20
    assert found.means[-1] == pytest.approx((1 + 3) / 2)
    assert found.highs[-1] - found.means[-1] == pytest.approx(1.96 * pstdev(off) / sqrt(20 - 1))


def test_fewer_than_ten_answers_have_no_running_error(tmp_path: Path) -> None:
    short = one(tmp_path, [1.0] * 9, *[1.0] * 9)
    assert running(short.outcomes, short.task) is None


def test_skewed_positive_truths_are_drawn_on_logarithmic_axes(tmp_path: Path) -> None:
    assert frame(entries([one(tmp_path / "a", [5.0] * 4, 1, 2, 3, 1000)])).is_log
    assert not frame(entries([one(tmp_path / "b", [5.0] * 4, -1, 2, 3, 1000)])).is_log
    assert not frame(entries([one(tmp_path / "c", [5.0] * 4, 10, 11, 12, 13)])).is_log


def test_a_guess_far_beyond_the_truths_does_not_stretch_the_frame(tmp_path: Path) -> None:
    assert frame(entries([one(tmp_path, [5.0, 1e9], 10, 20)])).high < 40


def test_the_scatter_counts_guesses_by_how_far_they_are_off(tmp_path: Path) -> None:
    run = one(tmp_path, [120.0, 121.0, 150.0, 199.0, 201.0], *[100.0] * 5)
    (entry,) = entries([run])
    with style():
        alt = scatter("s", entry, run.task, frame([entry])).alt
    assert (
        "20.0\u00a0% within 20 %, 40.0\u00a0% 20–50 % off, 20.0\u00a0% 50–100 % off, 20.0\u00a0% over 100 % off" in alt
    )


def test_a_cloud_of_a_thousand_points_stays_small_and_takes_the_pages_colours(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", [15.0 * number + 9 for number in range(1_150)])
    (entry,) = entries([run])
    with style():
        svg = scatter("s", entry, run.task, frame([entry])).svg
    assert len(svg) < 70_000
    assert svg.count("<use") > 1_150
    assert not re.search('#[0-9a-f]{6}[;"]', svg.replace("#000000", ""))


def test_the_front_is_what_nothing_beats(tmp_path: Path) -> None:
    (entry,) = entries([one(tmp_path, [1.0] * 3, 1, 2, 3)])
    points = [
        Point(place, entry, paid, loss) for place, (paid, loss) in enumerate([(0, 9), (1, 5), (1, 6), (2, 5), (3, 4)])
    ]
    assert [point.place for point in front(points)] == [0, 1, 4]


def test_what_costs_an_unknown_sum_is_not_drawn_as_free(tmp_path: Path) -> None:
    runs = [
        run_of(tmp_path / "free", [10.0] * 6, usd="0", predictor="free"),
        run_of(tmp_path / "paid", [20.0] * 6, usd="0.01", predictor="paid"),
        run_of(tmp_path / "unknown", [30.0] * 6, usd=None, predictor="unknown"),
    ]
    found = study(runs)
    assert {point.entry.name: point.paid for point in priced(found)} == {"free": 0, "paid": pytest.approx(10)}
    with style():
        drawn = cost(found)
    assert drawn is not None
    assert "unknown" not in drawn.alt
    assert ">$0<" in drawn.svg


def test_the_drill_down_holds_the_worst_the_middle_and_the_failures(tmp_path: Path) -> None:
    truths = [100.0] * 101
    guesses: list[float | str] = [100.0 + number for number in range(101)]
    run = run_of(tmp_path / "run", [*guesses, *["refused: no"] * 60], of=of_truths(*truths, *[1.0] * 60))
    worst, middle, failed = drill(entries([run])[0])
    assert [case.loss for case in worst.shown] == [100.0 - place for place in range(30)]
    assert middle.shown[7].loss == 50  # the median of 0 to 100
    assert (len(failed.shown), failed.of) == (50, 60)


def test_of_labels_the_wrong_ones_come_first(tmp_path: Path) -> None:
    kinds = {cases.kind: cases.of for cases in drill(entries(labelled(tmp_path)[:1])[0])}
    assert kinds == {"wrong labels": 2, "right labels": 9, "failures": 1}


def test_two_runs_share_neither_colour_nor_shape() -> None:
    looks = [mark(place) for place in range(8)]
    assert len({look.colour for look in looks}) == len({look.shape for look in looks}) == 8
    assert len({mark(place) for place in range(88)}) == 88


@pytest.mark.parametrize(
    ("truths", "guesses"),
    [
        ([0.0] * 12, [0.0] * 12),
        ([5.0] * 12, [5.0] * 12),
        ([-3.0, 4.0] * 6, [1e300, -1e300] * 6),
        ([1e-9, 1e9] * 6, [0.0, -5.0] * 6),
        ([7.0], [8.0]),
    ],
    ids=["nothing", "constant", "huge", "wide", "single"],
)
def test_strange_numbers_are_drawn(tmp_path: Path, truths: list[float], guesses: list[float]) -> None:
    assert list(gallery(study([one(tmp_path, guesses, *truths)])).all())


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "not known"), (0, "$0"), (0.00004, "$0.000040"), (0.0999, "$0.10"), (1234.5, "$1,234.50")],
)
def test_money_is_written_with_what_matters(value: float | None, said: str) -> None:
    assert dollars(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (-0.5, "−$0.50"), (1234.567, "$1,234.57"), (-12345.6, "−$12,346")]
)
def test_amounts_carry_their_sign_before_their_unit(value: float | None, said: str) -> None:
    assert amount(value, "usd") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "–"), (0.0, "< 0.1 ms"), (0.0004, "0.4 ms"), (0.0123, "12 ms"), (0.9999, "1.0 s"), (75, "75.0 s")],
)
def test_times_are_written_in_the_unit_that_suits_them(value: float | None, said: str) -> None:
    assert seconds(value).replace("\u00a0", " ") == said
