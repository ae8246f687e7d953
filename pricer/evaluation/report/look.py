"""How the figures look: one colour and one shape for each run, colours that follow the page into the dark, and small SVGs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pricer.predictors.protocol import Task
from pricer.products.axes import WIDTH
from pricer.products.pictures import GRID, INK, QUIET, Picture, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe and Ito (2008), darkened where they fall short of 3:1 against white; the page lightens them in the dark.
RUN_COLOURS = ("#0072b2", "#d55e00", "#00855f", "#b8578f", "#9a6a00", "#2b86bd", "#5b4fb3", "#6d6d6d")
RUN_SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p")
ERROR_COLOURS = ("#0173b2", "#3b8f9e", "#b97a00", "#c44a01")
ERROR_SHAPES = ("o", "^", "s", "X")
SHARE = "share"
BAND, PAPER = "#dce5ef", "#ffffff"

THEME = {
    **{colour: f"run{place}" for place, colour in enumerate(RUN_COLOURS)},
    **{colour: f"err{place}" for place, colour in enumerate(ERROR_COLOURS)},
    INK: "ink", QUIET: "quiet", GRID: "line", BAND: "band", PAPER: "panel",
}  # fmt: skip
USES = re.compile(
    r'<g((?: clip-path="[^"]*")?)>\n((?:<use href="#[^"]+" x="[^"]+" y="[^"]+" style="[^"]*"/>\n){3,})</g>'
)
USE = re.compile(r'<use href="(#[^"]+)" x="([^"]+)" y="([^"]+)" style="([^"]*)"/>\n')


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands for a run in every figure: a colour and a shape, so that neither is needed alone."""

    colour: str
    shape: str


def mark(place: int) -> Mark:
    """The mark of the run at this place. Eight colours and eleven shapes: 88 runs before two look alike."""
    return Mark(RUN_COLOURS[place % len(RUN_COLOURS)], RUN_SHAPES[place % len(RUN_SHAPES)])


@dataclass(frozen=True, slots=True)
class Canvas:
    """A figure and its only axes."""

    figure: Figure
    axes: Axes


def canvas(height: float, width: float = WIDTH) -> Canvas:
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    return Canvas(figure, figure.subplots())


def drawn(name: str, alt: str, figure: Figure) -> Picture:
    """The figure as a PNG in the colours of daylight, and as an SVG whose colours are the page's own."""
    made = picture(name, alt, figure)
    return replace(made, svg=_themed(_compact(made.svg)))


def amount_axis(axis: Axis, unit: str | None) -> None:
    """Few numbers with their unit, and grid lines."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(_in(unit)))
    axis.grid(visible=True)


def log_amount_axis(axis: Axis, unit: str | None, *, decades: float) -> None:
    """A logarithmic axis with a number at 1, 2 and 5, or only at 1 where that is too many."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(10, subs=(1.0,) if decades > 2.2 else (1.0, 2.0, 5.0), numticks=20))
    axis.set_minor_locator(LogLocator(10, subs=tuple(range(1, 10)), numticks=20))
    axis.set_major_formatter(FuncFormatter(_in(unit)))
    axis.set_minor_formatter(NullFormatter())
    axis.grid(visible=True)


def unit_of_loss(task: Task) -> str | None:
    """The unit of a task's errors: its own, or shares for labels."""
    return SHARE if task.is_label else task.unit


def _in(unit: str | None) -> Callable[[float, int], str]:
    if unit == SHARE:
        return lambda value, _: f"{100 * value:.4g} %"
    sign = "$" if unit == "usd" else ""
    return lambda value, _: f"{'−' if value < 0 else ''}{sign}{abs(value):,.10g}"


def _compact(svg: str) -> str:
    """Points of a cloud with what they share said once, and every coordinate to a tenth of a point."""
    svg = USES.sub(_hoisted, svg)
    svg = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", svg)
    return re.sub(r"<[^>]+>", lambda tag: re.sub(r"(?<![#\w.])(-?\d+\.\d)\d+", r"\1", tag[0]), svg)


def _hoisted(found: re.Match[str]) -> str:
    """A group of marks; its style moves to the group where all have the same."""
    uses = USE.findall(found[2])
    styles = {style for *_, style in uses}
    if len(styles) > 1:
        return found[0]
    points = "".join(f'<use href="{name}" x="{x}" y="{y}"/>\n' for name, x, y, _ in uses)
    return f'<g{found[1]} style="{styles.pop()}">\n{points}</g>'


def _themed(svg: str) -> str:
    return re.sub(r"#[0-9a-f]{6}(?=[;\"])", lambda found: _variable(found[0]), svg)


def _variable(colour: str) -> str:
    name = THEME.get(colour)
    return f"var(--{name})" if name else colour
