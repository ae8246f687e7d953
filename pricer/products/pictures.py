"""Pictures: one figure rendered as an SVG that stands in a page and as a PNG file, the same bytes for the same figure."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pricer.errors import MissingExtra
from pricer.products.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, QUIET, GRID = "#1d2330", "#5b6472", "#dfe3e8"
DOTS_PER_INCH = 200
# Fonts that draw what DejaVu Sans lacks, where one is installed; the last comes with matplotlib and has a box for everything.
FALLBACKS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo", "IPAexGothic", "Microsoft YaHei",
    "PingFang SC", "WenQuanYi Zen Hei", "Malgun Gothic", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
    "Last Resort High-Efficiency",
)  # fmt: skip
STYLE: dict[str, Any] = {
    "figure.constrained_layout.use": True, "figure.dpi": 100, "savefig.dpi": DOTS_PER_INCH, "svg.fonttype": "none",
    "text.parse_math": False, "axes.formatter.use_mathtext": False, "font.size": 8.5, "axes.labelsize": 8.5,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": QUIET, "ytick.color": QUIET, "xtick.labelcolor": INK,
    "ytick.labelcolor": INK, "axes.edgecolor": QUIET, "axes.linewidth": 0.7, "axes.spines.top": False, "axes.spines.right": False,
    "axes.axisbelow": True, "grid.color": GRID, "grid.linewidth": 0.6, "xtick.major.width": 0.7, "ytick.major.width": 0.7,
    "xtick.major.size": 3, "ytick.major.size": 3, "xtick.minor.size": 1.6, "legend.frameon": False, "legend.fontsize": 8.5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: its name, what it shows in words, and its two renderings."""

    name: str
    alt: str
    svg: str
    png: bytes


@contextmanager
def style() -> Iterator[None]:
    """The look of all figures, with fonts that leave no character without a shape; drawing goes inside."""
    try:
        import matplotlib as mpl
        from matplotlib import font_manager
    except ImportError:
        raise MissingExtra("matplotlib", "full") from None
    there = {font.name for font in font_manager.fontManager.ttflist}
    family = ["DejaVu Sans", *(name for name in FALLBACKS if name in there)]
    chosen: Any = STYLE | {"font.family": family}  # matplotlib's type for the keys is an enumeration
    with mpl.rc_context(chosen):
        yield


def picture(name: str, alt: str, figure: Figure) -> Picture:
    """The figure rendered twice; `alt` stands for it where it cannot be seen."""
    import matplotlib as mpl

    svg, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    figure.savefig(png, format="png", metadata={"Software": None})
    return Picture(name, alt, _inline(svg.getvalue().decode()), png.getvalue())


def words(text: str, most: int = 26) -> str:
    """Text from the data as a chart may show it: on one line, nothing that acts, cut to `most` characters."""
    shown = printable(" ".join(text.split())).encode("utf-8", "backslashreplace").decode()
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def _inline(svg: str) -> str:
    """The SVG as part of a page: no prologue, no addresses, no size or font of its own, no names but those it refers to."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r'^<svg[^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true" focusable="false">', svg)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg).replace("xlink:href", "href")
    return re.sub(r"\s*\n\s*", "\n", svg)
