"""Error against what is paid for it: dollars, or time. What is not known is never drawn, least of all as nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pricer.evaluation.report.entries import Entry
from pricer.evaluation.report.look import Canvas, amount_axis, canvas, drawn, mark, unit_of_loss
from pricer.evaluation.report.study import Study
from pricer.evaluation.report.wording import dollars, loss_name, seconds, shower
from pricer.products.pictures import INK, QUIET, Picture, words


@dataclass(frozen=True, slots=True)
class Point:
    """One run in a trade-off: its place in the table, what is paid, and its error."""

    place: int
    entry: Entry
    paid: float
    loss: float


@dataclass(frozen=True, slots=True)
class _Price:
    """What is paid: the name of its picture and axis, how it is read and written, and what less of it is called."""

    name: str
    axis: str
    of: Callable[[Entry], float | None]
    show: Callable[[float], str]
    less: str


COST = _Price("cost", "dollars for 1,000 items", lambda entry: entry.bill.usd_per_1000, dollars, "cheaper")
TIME = _Price("latency", "median time of an answer", lambda entry: entry.bill.p50_s, seconds, "faster")


def cost(found: Study) -> Picture | None:
    """Error against dollars for a thousand items; None of one run, and where no cost is known."""
    return _tradeoff(found, COST)


def latency(found: Study) -> Picture | None:
    """Error against the median time of an answer; None of one run, and where no time is known."""
    return _tradeoff(found, TIME)


def front(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats: nothing for which less, or as much, is paid has less error. From the cheapest up."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point.paid, point.loss)):
        if not best or point.loss < best[-1].loss:
            best.append(point)
    return best


def priced(found: Study) -> list[Point]:
    """The runs with a known cost and an error."""
    return _points(found, COST)


def _points(found: Study, price: _Price) -> list[Point]:
    return [
        Point(place, entry, paid, entry.loss)
        for place, entry in enumerate(found.entries)
        if entry.loss is not None and (paid := price.of(entry)) is not None
    ]


def _tradeoff(found: Study, price: _Price) -> Picture | None:
    points = _points(found, price)
    if not points or len(found.entries) < 2:
        return None
    shown, best = canvas(3.1 + 0.15 * math.ceil(len(points) / 2)), front(points)
    across = _Across([point.paid for point in points])
    for point in points:
        _plot(shown, point, across.at(point.paid), is_best=point in best)
    shown.axes.step(
        [across.at(point.paid) for point in best], [point.loss for point in best], where="post", color=QUIET, linewidth=1,
        linestyle=(0, (4, 2)), zorder=1, label=f"front: nothing is both {price.less} and better",
    )  # fmt: skip
    across.ticks(shown, price.show)
    _finish(shown, found, price, points)
    return drawn(price.name, _alt(found, price, points, best), shown.figure)


def _finish(shown: Canvas, found: Study, price: _Price, points: Sequence[Point]) -> None:
    highest = max(point.entry.loss_ci.high if point.entry.loss_ci else point.loss for point in points)
    shown.axes.set_ylim(0, 1.12 * highest or 1)
    amount_axis(shown.axes.yaxis, unit_of_loss(found.task))
    shown.axes.set_xlabel(price.axis)
    shown.axes.set_ylabel(loss_name(found.task))
    shown.axes.legend(
        loc="upper left", bbox_to_anchor=(-0.12, -0.16), ncols=2, fontsize=7.5, handlelength=1.6, columnspacing=1.0, borderaxespad=0
    )  # fmt: skip


def _alt(found: Study, price: _Price, points: Sequence[Point], best: Sequence[Point]) -> str:
    write = shower(found.task)
    told = "; ".join(f"{point.entry.name}: {price.show(point.paid)}, {write(point.loss)}" for point in points)
    return f"{loss_name(found.task)} against {price.axis}. {told}. On the front: {', '.join(point.entry.name for point in best)}."


def _plot(shown: Canvas, point: Point, x: float, *, is_best: bool) -> None:
    """The run's mark with its number, its interval, and a ring where it is on the front."""
    look, interval, number = mark(point.place), point.entry.loss_ci, str(point.place + 1)
    if interval:
        shown.axes.plot([x, x], [interval.low, interval.high], color=look.colour, linewidth=1.1, alpha=0.7, zorder=2)
    label = f"{number}  {words(point.entry.name, 24)}"
    shown.axes.plot([x], [point.loss], look.shape, color=look.colour, markersize=6.5, zorder=4, label=label)
    if is_best:
        shown.axes.plot(
            [x], [point.loss], "o", markerfacecolor="none", markeredgecolor=INK, markersize=11, markeredgewidth=0.9, zorder=5
        )  # fmt: skip
    shown.axes.annotate(number, (x, point.loss), xytext=(8, 4), textcoords="offset points", fontsize=8, zorder=6)


class _Across:
    """A logarithmic axis with a place of its own for nothing at all: zero has no logarithm, and what is free must not look dear."""

    def __init__(self, values: Sequence[float]) -> None:
        positive = [math.log10(value) for value in values if value > 0]
        self.low, self.high = (min(positive), max(positive)) if positive else (0.0, 0.0)
        self.is_free = not positive
        self.has_zero = min(values) <= 0
        self.zero = self.low - max(0.6, 0.25 * (self.high - self.low))

    def at(self, value: float) -> float:
        """Where a value stands."""
        return math.log10(value) if value > 0 else self.zero

    def ticks(self, shown: Canvas, show: Callable[[float], str]) -> None:
        """Whole decades, with threes where there are few of them; zero apart, behind a dotted line."""
        places = [] if self.is_free else self._decades()
        names = [_short(show(10**place)) for place in places]
        if self.has_zero:
            places, names = [self.zero, *places], [_short(show(0.0)), *names]
        if self.has_zero and not self.is_free:
            shown.axes.axvline((self.zero + self.low) / 2 - 0.05, color=QUIET, linewidth=0.6, linestyle=(0, (1, 2)))
        shown.axes.set_xticks(places, names)
        right = self.zero if self.is_free else self.high
        shown.axes.set_xlim((self.zero if self.has_zero else self.low) - 0.35, right + 0.4)

    def _decades(self) -> list[float]:
        steps = (0.0,) if self.high - self.low > 2 else (0.0, math.log10(3))
        whole = range(math.floor(self.low - 0.3), math.ceil(self.high + 0.3) + 1)
        marks = [exponent + step for exponent in whole for step in steps]
        return [place for place in marks if self.low - 0.2 <= place <= self.high + 0.3]


def _short(text: str) -> str:
    """A figure without zeros at its end: $0.03, 1 s."""
    return re.sub(r"(\.\d*?)0+(?!\d)", lambda found: found[1].rstrip("."), text)
