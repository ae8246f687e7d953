"""What the measurements of a fine-tuning say: the best checkpoint, what goes wrong, how fast it is and how long it will take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from pricer.tuning.record import ENDED, Point, Split, Status

RISES = 3  # evaluations in a row with a higher validation loss
LEAST_RISE = 0.01  # of the lowest: less is noise
FAR_ABOVE = 3.0  # times the loss of the start
STILL = 4  # evaluations without a better figure
LEAST_GAIN = 0.005  # of the best so far: less is no gain
RECENT = 5
WORDS: dict[Split, str] = {"train": "training", "validation": "validation"}


@dataclass(frozen=True, slots=True)
class Best:
    """The best checkpoint: the figure in `name`, measured on validation after `step` steps."""

    step: int
    value: float
    name: str


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that deserves a look: `kind` is one word, `since_step` where it began, `text` a sentence for a person."""

    kind: str
    since_step: int
    text: str


@dataclass(frozen=True, slots=True)
class Signs:
    """What can be said by now; None is not known, or not so."""

    best: Best | None
    overfitting: Flag | None
    diverging: Flag | None
    plateau: Flag | None
    examples_per_s: float | None
    seconds_left: float | None

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What deserves a look, the worst first."""
        return tuple(flag for flag in (self.diverging, self.overfitting, self.plateau) if flag)


def signs(points: Sequence[Point], status: Status) -> Signs:
    """The signs of a job; `points` by step, as `Record.points` gives them."""
    diverging, overfitting = _diverging(points), _overfitting(points)
    flat = None if diverging or overfitting else _plateau(points, status)
    return Signs(
        best(points, status), overfitting, diverging, flat, examples_per_s(points), seconds_left(points, status)
    )


def best(points: Sequence[Point], status: Status) -> Best | None:
    """The best evaluation, the earliest of equals; where none was written down, what the status says."""
    figures = _figures(points, status)
    if figures:
        return _lead(figures, status)
    if status.best_step is None or status.best_metric is None:
        return None
    return Best(status.best_step, status.best_metric, status.metric_name)


def examples_per_s(points: Sequence[Point]) -> float | None:
    """How many training examples a second went through lately: the median of the last five told."""
    told = [point.examples_per_s for point in points if point.split == "train" and point.examples_per_s is not None]
    return median(told[-RECENT:]) if told else None


def seconds_left(points: Sequence[Point], status: Status) -> float | None:
    """How long the steps that are left will take at the pace so far, evaluations included; None while nobody knows, 0 at the end."""
    if status.state in ENDED:
        return 0.0
    pace = _seconds_per_step(points, status)
    step = max([status.step, *(point.step for point in points)])
    return None if pace is None or status.steps < 1 else max(0, status.steps - step) * pace


def _figures(points: Sequence[Point], status: Status) -> list[Best]:
    """The figure of each evaluation that checkpoints are chosen by: the metric, or the loss where that decides or no metric was
    measured."""
    told = [point for point in points if point.split == "validation"]
    by_metric = [
        Best(point.step, point.metric, status.metric_name)
        for point in told
        if point.metric is not None and math.isfinite(point.metric) and status.metric_name != "loss"
    ]
    return by_metric or [Best(step, loss, "loss") for step, loss in _losses(points, "validation")]


def _lead(figures: Sequence[Best], status: Status) -> Best:
    sign = _sign(figures, status)
    return min(figures, key=lambda figure: sign * figure.value)


def _sign(figures: Sequence[Best], status: Status) -> int:
    """1 where lower is better, as it is of any loss; else -1."""
    return 1 if status.lower_is_better or figures[0].name == "loss" else -1


def _losses(points: Sequence[Point], split: Split) -> list[tuple[int, float]]:
    """Steps and finite losses."""
    return [
        (point.step, point.loss)
        for point in points
        if point.split == split and point.loss is not None and math.isfinite(point.loss)
    ]


def _overfitting(points: Sequence[Point]) -> Flag | None:
    """Whether the validation loss rose in each of the last three evaluations, or more, while the training loss fell."""
    told = _losses(points, "validation")
    start = len(told) - 1
    while start > 0 and told[start - 1][1] < told[start][1]:
        start -= 1
    rises = len(told) - 1 - start
    if rises < RISES or told[-1][1] - told[start][1] < LEAST_RISE * abs(told[start][1]):
        return None
    since = told[start][0]
    before, after = _trained(points, told, start), _trained(points, told, len(told) - 1)
    if before is None or after is None or after >= before:
        return None
    text = f"overfitting since step {since:,}: the validation loss rose in {rises} evaluations in a row while the training loss fell"
    return Flag("overfitting", since, text)


def _trained(points: Sequence[Point], told: Sequence[tuple[int, float]], place: int) -> float | None:
    """The mean training loss between one evaluation and the one before."""
    above, upto = told[place - 1][0] if place else -1, told[place][0]
    losses = [loss for step, loss in _losses(points, "train") if above < step <= upto]
    return fmean(losses) if losses else None


def _diverging(points: Sequence[Point]) -> Flag | None:
    """Whether a loss is not a number any more, or the training loss of late is far above that of the start."""
    for split, word in WORDS.items():
        if broken := _broken(points, split):
            return Flag("diverging", broken, f"diverging: since step {broken:,} the {word} loss is no finite number")
    told = _losses(points, "train")
    if len(told) < 2 * RECENT:
        return None
    start = fmean(loss for _, loss in told[:RECENT])
    if start <= 0 or fmean(loss for _, loss in told[-RECENT:]) <= FAR_ABOVE * start:
        return None
    since = _first_above(told, FAR_ABOVE * start)
    return Flag(
        "diverging",
        since,
        f"diverging since step {since:,}: the training loss is over {FAR_ABOVE:g} times that of the start",
    )


def _broken(points: Sequence[Point], split: str) -> int | None:
    """The step since which all losses of a split are NaN or infinite; None if the last is a number."""
    since = None
    for point in reversed([point for point in points if point.split == split and point.loss is not None]):
        if point.loss is None or math.isfinite(point.loss):
            break
        since = point.step
    return since


def _first_above(told: Sequence[tuple[int, float]], limit: float) -> int:
    """The first step of those at the end whose losses are all above the limit, or the last step."""
    since = told[-1][0]
    for step, loss in reversed(told):
        if loss <= limit:
            break
        since = step
    return since


def _plateau(points: Sequence[Point], status: Status) -> Flag | None:
    """Whether the last four evaluations brought nothing that is better by half a percent."""
    figures = _figures(points, status)
    if len(figures) <= STILL:
        return None
    before, after = _lead(figures[:-STILL], status), _lead(figures[-STILL:], status)
    if _sign(figures, status) * (before.value - after.value) >= LEAST_GAIN * abs(before.value):
        return None
    text = f"plateau since step {before.step:,}: the last {STILL} evaluations brought no {figures[0].name} better by {LEAST_GAIN:.1%}"
    return Flag("plateau", before.step, text)


def _seconds_per_step(points: Sequence[Point], status: Status) -> float | None:
    """The pace between the first and the last timed measurement, so that loading does not count; else that of the status."""
    timed = [(point.step, point.elapsed_s) for point in points if point.elapsed_s is not None]
    if timed:
        (first, began), (last, now) = timed[0], max(timed)
        if last > first and now > began:
            return (now - began) / (last - first)
    return status.elapsed_s / status.step if status.step > 0 and status.elapsed_s > 0 else None
