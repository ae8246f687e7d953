"""Where runs err: their errors by band of the truth and by category, side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pricer.evaluation.bootstrap import Interval
from pricer.evaluation.groups import Group
from pricer.evaluation.report.entries import Entry
from pricer.evaluation.report.look import Canvas, amount_axis, canvas, drawn, log_amount_axis, mark, unit_of_loss
from pricer.evaluation.report.study import Study
from pricer.products.pictures import GRID, Picture, words

MOST_GROUPS = 12
MOST_RUNS = 6
WIDE = 15


@dataclass(frozen=True, slots=True)
class Cell:
    """The error of one run in one group; None where it answered nothing there."""

    n: int
    loss: float | None
    interval: Interval | None
    is_small: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A group with a cell for each run, in the order of the study; None where a run has no item in it."""

    name: str
    cells: tuple[Cell | None, ...]

    @property
    def n(self) -> int:
        """The most items that a run has here."""
        return max((cell.n for cell in self.cells if cell), default=0)


def bands(found: Study) -> tuple[Row, ...]:
    """The bands of the truth, ascending."""
    least = {
        group.name: -1e999 if group.least is None else group.least for entry in found.entries for group in entry.bands
    }
    rows = _rows(found.entries, lambda entry: entry.bands)
    return tuple(sorted(rows, key=lambda row: least[row.name]))


def categories(found: Study) -> tuple[Row, ...]:
    """The categories, the largest first; none where there is only one."""
    rows = _rows(found.entries, lambda entry: entry.categories)
    return tuple(sorted(rows, key=lambda row: (-row.n, row.name))) if len(rows) > 1 else ()


def chart(name: str, what: str, rows: Sequence[Row], found: Study) -> Picture:
    """A row for each group (the largest twelve), in it a mark for each of the six best runs with its 95 % interval."""
    shown_rows, runs = rows[:MOST_GROUPS], found.entries[:MOST_RUNS]
    shown = canvas(0.9 + len(shown_rows) * (0.2 + 0.115 * len(runs)) + 0.16 * ((len(runs) + 1) // 2))
    for place, entry in enumerate(runs):
        _run(shown, place, entry, shown_rows, 0.72 * (place + 0.5) / len(runs) - 0.36)
    for line in range(1, len(shown_rows)):
        shown.axes.axhline(line - 0.5, color=GRID, linewidth=0.6)
    shown.axes.set_yticks(range(len(shown_rows)), [f"{words(row.name, 24)}\nn = {row.n:,}" for row in shown_rows])
    shown.axes.set_ylim(len(shown_rows) - 0.5, -0.5)
    shown.axes.tick_params(axis="y", length=0)
    _scale(shown, _cells(shown_rows, len(runs)), unit_of_loss(found.task))
    shown.axes.set_xlabel("share of wrong labels" if found.task.is_label else "mean absolute error")
    shown.axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=2,
        borderaxespad=0.3,
        handlelength=1.2,
        columnspacing=1.0,
        fontsize=7.5,
    )
    told = f"{len(shown_rows)} {what}, {len(runs)} runs; the table below the picture holds the numbers"
    return drawn(name, f"Error by {what} with 95 % intervals: {told}.", shown.figure)


def _rows(entries: Sequence[Entry], groups: Callable[[Entry], Sequence[Group]]) -> list[Row]:
    tables = [{group.name: _cell(group) for group in groups(entry)} for entry in entries]
    names = dict.fromkeys(name for table in tables for name in table)
    return [Row(name, tuple(table.get(name) for table in tables)) for name in names]


def _cell(group: Group) -> Cell:
    if group.mae is not None:
        return Cell(group.n, group.mae, group.mae_ci, group.is_small)
    if group.accuracy is None:
        return Cell(group.n, None, None, group.is_small)
    found = group.accuracy_ci
    return Cell(group.n, 1 - group.accuracy, found and Interval(1 - found.high, 1 - found.low), group.is_small)


def _run(shown: Canvas, place: int, entry: Entry, rows: Sequence[Row], offset: float) -> None:
    """The marks of one run, hollow where a group is small."""
    look, label = mark(place), f"{place + 1}  {words(entry.name, 22)}"
    shown.axes.plot([], [], look.shape, color=look.colour, markersize=4.5, label=label)
    for line, row in enumerate(rows):
        cell = row.cells[place]
        if cell is None or cell.loss is None:
            continue
        if cell.interval:
            ends = [cell.interval.low, cell.interval.high]
            shown.axes.plot(ends, [line + offset] * 2, color=look.colour, linewidth=1.1, zorder=2)
        face = "#ffffff" if cell.is_small else look.colour
        shown.axes.plot(
            [cell.loss], [line + offset], look.shape, color=look.colour, markerfacecolor=face, markersize=4.5, zorder=3
        )


def _cells(rows: Sequence[Row], runs: int) -> list[Cell]:
    return [cell for row in rows for cell in row.cells[:runs] if cell and cell.loss is not None]


def _scale(shown: Canvas, cells: Sequence[Cell], unit: str | None) -> None:
    """Logarithmic where errors differ so much that the small ones would lie on the axis, else from 0.

    The axis holds all marks, and intervals as far as half as much again as the farthest of them.
    """
    marks = [cell.loss or 0.0 for cell in cells]
    least, most = min(marks, default=0.0), max(marks, default=0.0)
    ends = max((cell.interval.high for cell in cells if cell.interval), default=0.0)
    reach = 1.05 * max(most, min(ends, 1.5 * most)) or 1.0
    if least > 0 and most > WIDE * least:
        shown.axes.set_xscale("log")
        shown.axes.set_xlim(least / 1.6, reach)
        log_amount_axis(shown.axes.xaxis, unit, decades=math.log10(reach / least))
    else:
        shown.axes.set_xlim(0, reach)
        amount_axis(shown.axes.xaxis, unit)
