"""What the charts share: figures of one width, scales with units, outlines of histograms before and after curation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH = 4.2  # inches; narrow, so that letters stay legible when a phone shows the chart smaller
BEFORE, BEFORE_EDGE, AFTER, GONE = "#d3d8df", "#8a93a0", "#1b5e9b", "#b4553a"
NUMBERS = 7  # points; the size of figures beside their marks


@dataclass(frozen=True, slots=True)
class Canvas:
    """A figure and its only axes."""

    figure: Figure
    axes: Axes


def canvas(height: float) -> Canvas:
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    return Canvas(figure, figure.subplots())


def outline(axes: Axes, heights: Sequence[float], edges: Sequence[float], label: str, *, is_after: bool) -> None:
    """A histogram: a grey area before curation, a blue line after it."""
    if is_after:
        axes.stairs(heights, edges, color=AFTER, linewidth=1.4, label=label)
    else:
        axes.stairs(heights, edges, fill=True, facecolor=BEFORE, edgecolor=BEFORE_EDGE, linewidth=0.7, label=label)


def legend(axes: Axes, columns: int = 2) -> None:
    """The legend above the axes, at the left."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2, handlelength=1.2, columnspacing=1.2
    )


def share_axis(axis: Axis) -> None:
    """Shares as whole percentages, with grid lines."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.grid(visible=True)


def count_axis(axis: Axis) -> None:
    """Counts with thousands separated."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.set_major_locator(MaxNLocator(4, integer=True))
    axis.grid(visible=True)


def log_axis(axes: Axes, low: float, high: float, *, usd: bool) -> None:
    """A logarithmic x axis from `low` to `high`, with a number at 1, 2 and 5, or only at 1 where that is too many."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_xlim(low, high)
    marks = (1.0,) if high > 300 * low else (1.0, 2.0, 5.0)
    axes.xaxis.set_major_locator(LogLocator(10, subs=marks, numticks=20))
    axes.xaxis.set_minor_locator(LogLocator(10, subs=tuple(range(1, 10)), numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{'$' if usd else ''}{value:,.10g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def rows_axis(axes: Axes, names: Sequence[str]) -> None:
    """Named rows from the top down."""
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)


def beside(
    axes: Axes, text: str, x: float, row: float, *, left: bool = False, color: str = "#1d2330", points: float = 4
) -> None:
    """A number to the right or left of a mark."""
    offset = (-points if left else points, 0)
    axes.annotate(
        text, (x, row), xytext=offset, textcoords="offset points", va="center_baseline", ha="right" if left else "left",
        color=color, fontsize=NUMBERS,
    )  # fmt: skip
