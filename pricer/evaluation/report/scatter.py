"""Truth against guess: where a run's guesses lie beside what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from pricer.evaluation.report.entries import Entry
from pricer.evaluation.report.look import (
    BAND,
    ERROR_COLOURS,
    ERROR_SHAPES,
    Canvas,
    amount_axis,
    canvas,
    drawn,
    log_amount_axis,
)
from pricer.evaluation.report.wording import count, share
from pricer.predictors.protocol import Task
from pricer.products.pictures import INK, QUIET, Picture, words

LIMITS = (0.2, 0.5, 1.0)
CLASSES = ("within 20 %", "20–50 % off", "50–100 % off", "over 100 % off")
SKEWED = 1.15  # a mean so many times the median is that of a long right tail


@dataclass(frozen=True, slots=True)
class Frame:
    """Both axes of the scatter: from `low` to `high`, logarithmic or not."""

    low: float
    high: float
    is_log: bool

    def held(self, value: float) -> float:
        """The value, or the edge nearest to it."""
        return min(max(value, self.low), self.high)


def scatter(name: str, entry: Entry, task: Task, frame: Frame) -> Picture:
    """The scatter of one run. Guesses beyond the frame stand at its edge; failures are ticks at the foot."""
    shown = canvas(4.3)
    _ground(shown, frame)
    kinds = _by_class(entry)
    total = sum(len(points) for points in kinds)
    for place, points in enumerate(kinds):
        _cloud(shown, place, points, frame, len(points) / total if total else 0)
    failed = [
        outcome.truth for outcome in entry.outcomes if outcome.guess.failure is not None and outcome.truth is not None
    ]
    if failed:
        shown.axes.plot([frame.held(truth) for truth in failed], [0.012] * len(failed), "|", transform=shown.axes.get_xaxis_transform(),
                        color=INK, markersize=7, markeredgewidth=0.9, label=f"failed, at its truth: {count(len(failed))}", clip_on=False)  # fmt: skip
    _finish(shown, task, frame)
    return drawn(name, _alt(entry, kinds, len(failed)), shown.figure)


def frame(entries: Sequence[Entry]) -> Frame:
    """One frame for all runs, so that their pictures can be compared; logarithmic when truths are positive and skewed."""
    truths = [outcome.truth for entry in entries for outcome in entry.outcomes if outcome.truth is not None]
    guesses = [value for entry in entries for outcome in entry.outcomes if (value := outcome.guess.value) is not None]
    if not truths:
        return Frame(0, 1, is_log=False)
    low, high = min(truths), max(truths)
    if low > 0 and fmean(truths) > SKEWED * median(truths):
        usual = [value for value in guesses if low / 4 <= value <= high * 4]
        return Frame(min([low, *usual]) / 1.15, max([high, *usual]) * 1.15, is_log=True)
    room = (high - low) or abs(high) or 1.0
    usual = [value for value in guesses if low - room / 2 <= value <= high + room / 2]
    return Frame(min([low, *usual]) - room * 0.03, max([high, *usual]) + room * 0.03, is_log=False)


def _ground(shown: Canvas, frame: Frame) -> None:
    """The identity line and the band of 20 % about it."""
    import numpy as np

    at = (np.geomspace if frame.is_log else np.linspace)(frame.low, frame.high, 60)
    shown.axes.fill_between(at, at * 0.8, at * 1.2, color=BAND, linewidth=0, label="±20 % of the truth")
    shown.axes.plot([frame.low, frame.high], [frame.low, frame.high], color=QUIET, linewidth=1, label="guess = truth")


def _by_class(entry: Entry) -> list[list[tuple[float, float]]]:
    """Truth and guess of the answered items, by how far the guess is off relative to the truth."""
    kinds: list[list[tuple[float, float]]] = [[] for _ in CLASSES]
    for outcome in entry.outcomes:
        truth, value = outcome.truth, outcome.guess.value
        if truth is not None and value is not None:
            off = abs(value - truth)
            place = sum(off > limit * abs(truth) * (1 + 1e-9) for limit in LIMITS)
            kinds[place].append((truth, value))
    return kinds


def _cloud(shown: Canvas, place: int, points: Sequence[tuple[float, float]], frame: Frame, part: float) -> None:
    shown.axes.plot(
        [frame.held(truth) for truth, _ in points], [frame.held(value) for _, value in points], ERROR_SHAPES[place],
        markersize=(3.2, 3.4, 3.2, 3.8)[place], markerfacecolor=ERROR_COLOURS[place], markeredgecolor="none",
        alpha=0.75, label=f"{CLASSES[place]}: {count(len(points))} ({share(part)})", zorder=3,
    )  # fmt: skip


def _finish(shown: Canvas, task: Task, frame: Frame) -> None:
    from math import log10

    axes = shown.axes
    if frame.is_log:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlim(frame.low, frame.high)
    axes.set_ylim(frame.low, frame.high)
    for axis in (axes.xaxis, axes.yaxis):
        if frame.is_log:
            log_amount_axis(axis, task.unit, decades=log10(frame.high / frame.low))
        else:
            amount_axis(axis, task.unit)
    axes.set_aspect("equal")
    axes.set_xlabel(f"true {words(task.name)}")
    axes.set_ylabel(f"guessed {words(task.name)}")
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1),
        ncols=2,
        borderaxespad=0.2,
        handlelength=1.2,
        columnspacing=1.0,
        fontsize=7.5,
    )


def _alt(entry: Entry, kinds: Sequence[Sequence[tuple[float, float]]], failed: int) -> str:
    total = sum(map(len, kinds)) or 1
    told = ", ".join(f"{share(len(points) / total)} {name}" for name, points in zip(CLASSES, kinds, strict=True))
    values = [value - truth for points in kinds for truth, value in points]
    over = sum(value > 0 for value in values)
    return (
        f"Truth against guess of {entry.name}, {count(len(values))} answers: {told}. {share(over / total)} of the guesses are too high. "
        f"{count(failed)} failures."
    )
