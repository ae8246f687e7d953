"""Errors of all runs with their intervals, in one picture."""

from __future__ import annotations

from pricer.evaluation.report.entries import Entry
from pricer.evaluation.report.look import PAPER, Canvas, amount_axis, canvas, drawn, mark, unit_of_loss
from pricer.evaluation.report.study import WORSE, Study
from pricer.evaluation.report.wording import loss_name, shower
from pricer.products.pictures import Picture, words


def errors(found: Study) -> Picture:
    """Each run's error with its 95 % interval, the least first; the mark of a run worse than the best is hollow."""
    rows = [(place, entry, entry.loss) for place, entry in enumerate(found.entries) if entry.loss is not None]
    shown = canvas(0.75 + 0.27 * max(1, len(rows)))
    for row, (place, entry, loss) in enumerate(rows):
        _dot(shown, row, place, entry, loss, is_full=found.standing(entry) != WORSE)
    shown.axes.set_yticks(range(len(rows)), [f"{place + 1}  {words(entry.name, 24)}" for place, entry, _ in rows])
    shown.axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    shown.axes.tick_params(axis="y", length=0)
    shown.axes.set_xlim(left=0)
    amount_axis(shown.axes.xaxis, unit_of_loss(found.task))
    shown.axes.set_xlabel(loss_name(found.task))
    show = shower(found.task)
    told = "; ".join(f"{entry.name} {show(loss)}, {found.standing(entry)}" for _, entry, loss in rows)
    return drawn("errors", f"{loss_name(found.task)} of each run with its 95 % interval: {told}.", shown.figure)


def _dot(shown: Canvas, row: int, place: int, entry: Entry, loss: float, *, is_full: bool) -> None:
    """A mark with its interval."""
    look, interval = mark(place), entry.loss_ci
    if interval:
        ends = [interval.low, interval.high]
        shown.axes.plot(ends, [row, row], color=look.colour, linewidth=1.6, solid_capstyle="butt", zorder=2)
    face = look.colour if is_full else PAPER
    shown.axes.plot([loss], [row], look.shape, color=look.colour, markerfacecolor=face, markersize=6, zorder=3)
