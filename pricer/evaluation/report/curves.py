"""The running error as a picture: whether this many items are enough to know the error of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricer.evaluation.report.entries import Entry
from pricer.evaluation.report.look import Mark, amount_axis, canvas, drawn, unit_of_loss
from pricer.evaluation.report.running import Running, running
from pricer.evaluation.report.wording import count, shower
from pricer.predictors.protocol import Task
from pricer.products.pictures import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curve(name: str, entry: Entry, task: Task, mark: Mark) -> Picture | None:
    """The running error of one run with its band; None of fewer than ten answers."""
    found = running(entry.outcomes, task)
    if found is None:
        return None
    shown = canvas(2.6)
    _draw(shown.axes, found, mark.colour)
    amount_axis(shown.axes.yaxis, unit_of_loss(task))
    shown.axes.set_xlabel("answers so far, in the order asked")
    shown.axes.set_ylabel("share wrong" if task.is_label else "mean error")
    shown.axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=2, borderaxespad=0.2, handlelength=1.2, fontsize=7.5
    )
    return drawn(name, f"Running error of {entry.name}. {firmness(entry, task)}", shown.figure)


def _draw(axes: Axes, found: Running, colour: str) -> None:
    """The line, its band, and a dotted line at where it ends; the band may leave the picture while answers are few."""
    from matplotlib.ticker import MaxNLocator

    axes.fill_between(found.counts, found.lows, found.highs, color=colour, alpha=0.18, linewidth=0, label="95 % band")
    axes.plot(found.counts, found.means, color=colour, linewidth=1.5, label="mean so far")
    axes.axhline(found.means[-1], color=colour, linewidth=0.7, linestyle=(0, (2, 2)))
    axes.set_xlim(found.counts[0] - 1, found.counts[-1] * 1.02)
    later = float(found.highs[len(found.highs) // 4 :].max())
    axes.set_ylim(0, max(1.35 * later, float(found.means.max())) or 1)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def firmness(entry: Entry, task: Task) -> str:
    """How sure the error is at the end, in words; empty of fewer than ten answers."""
    found = running(entry.outcomes, task)
    if found is None:
        return ""
    half, quarter = _half(found, -1), _at(found, found.counts[-1] / 4)
    show = shower(task)
    return (
        f"After {count(int(found.counts[quarter]))} answers the error was {show(float(found.means[quarter]))} ± {show(_half(found, quarter))}, "
        f"after all {count(int(found.counts[-1]))} it is {show(float(found.means[-1]))} ± {show(half)}."
    )


def _half(found: Running, place: int) -> float:
    return float(found.highs[place] - found.means[place])


def _at(found: Running, wanted: float) -> int:
    return int(abs(found.counts - wanted).argmin())
