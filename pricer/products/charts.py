"""Charts of a data set: where the records went, what prices and token counts look like, and those of its groups."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pricer.products.axes import (
    AFTER,
    BEFORE,
    GONE,
    beside,
    canvas,
    count_axis,
    legend,
    log_axis,
    outline,
    rows_axis,
    share_axis,
)
from pricer.products.description import Description
from pricer.products.figures import spread
from pricer.products.group_charts import categories, labels, splits
from pricer.products.pictures import INK, Picture, picture, style, words

RARE = 500  # bins of token counts at either end with less than one text in so many are not drawn


def pictures(description: Description) -> tuple[Picture, ...]:
    """The charts of a description, in the order of the page."""
    numeric = (_funnel, _target, _tokens, categories, splits)
    charts = (_funnel, _tokens, categories, labels) if description.is_labelled else numeric
    with style():
        return tuple(chart(description) for chart in charts)


# --- the charts


def _funnel(description: Description) -> Picture:
    """A bar for what came in, one hanging from it for each loss, one for what stayed."""
    funnel = description.manifest["funnel"]
    raw, kept, dropped = funnel["raw"], funnel["kept"], funnel["dropped"]
    drawn = canvas(0.8 + 0.24 * len(dropped))
    left = raw
    for row, count in enumerate(dropped.values(), 1):
        left -= count
        drawn.axes.barh(row, count, left=left, height=0.62, color=GONE, edgecolor=GONE, linewidth=0.6)
        beside(drawn.axes, f"−{count:,}", left, row, left=True)
    for row, count, colour in ((0, raw, BEFORE), (len(dropped) + 1, kept, AFTER)):
        drawn.axes.barh(row, count, height=0.62, color=colour, edgecolor=colour, linewidth=0.6)
        beside(drawn.axes, f"{count:,}", 0, row, color="white" if colour == AFTER else INK)
    rows_axis(drawn.axes, ["records read", *(words(reason, 36) for reason in dropped), "items kept"])
    drawn.axes.set_xlim(0, raw or 1)
    count_axis(drawn.axes.xaxis)
    drawn.axes.set_xlabel("records")
    losses = "".join(f", minus {count:,} ({words(reason, 60)})" for reason, count in dropped.items())
    return picture("funnel", f"{raw:,} records read{losses}, equals {kept:,} items kept.", drawn.figure)


def _target(description: Description) -> Picture:
    """Targets on a log axis, as a density: the bins are of different widths."""
    bins, usd = description.target_bins, description.is_usd
    name = "price" if usd else words(str(description.manifest["target"]["name"]))
    shown = _filled(bins.before[1:-1], bins.after[1:-1])
    edges = [bins.edges[place + 1] for place in (*shown, shown[-1] + 1)]
    drawn = canvas(2.5)
    for counts, side in ((bins.before, "before"), (bins.after, "after")):
        total, inner = sum(counts), counts[1:-1]
        heights = [
            inner[place] / max(1, total) / math.log2(high / low)
            for place, low, high in zip(shown, edges, edges[1:], strict=False)
        ]
        outline(drawn.axes, heights, edges, f"{side} ({total:,})", is_after=side == "after")
    log_axis(drawn.axes, edges[0], edges[-1], usd=usd)
    share_axis(drawn.axes.yaxis)
    drawn.axes.set_xlabel("price, US dollars" if usd else name)
    drawn.axes.set_ylabel("share per doubling of price" if usd else "share per doubling")
    legend(drawn.axes)
    where = "; ".join(f"{split.name}: {spread(split.target, usd=usd)}" for split in description.splits if split.target)
    return picture(
        "price" if usd else "target", f"Histogram of {name} before and after curation. {where}.", drawn.figure
    )


def _tokens(description: Description) -> Picture:
    """Token counts in bins drawn equally wide: of interest are both the stretch up to the budget and how far texts went beyond it."""
    bins = description.token_bins
    shown = _filled(
        *([count if count * RARE >= sum(side) else 0 for count in side] for side in (bins.before, bins.after))
    )
    places = [*shown, shown[-1] + 1]
    drawn = canvas(2.5)
    for counts, label in ((bins.before, "before, of a sample"), (bins.after, "after")):
        total = sum(counts)
        heights = [counts[place] / max(1, total) for place in shown]
        outline(drawn.axes, heights, places, f"{label} ({total:,})", is_after=label == "after")
    step = 1 + len(shown) // 9
    names = [f"{edge:,.0f}" for edge in bins.edges] + [""]
    drawn.axes.set_xticks(places[::step], [names[place] for place in places[::step]])
    drawn.axes.set_xlim(places[0], places[-1])
    share_axis(drawn.axes.yaxis)
    drawn.axes.set_xlabel("tokens of the text")
    drawn.axes.set_ylabel("share of texts")
    legend(drawn.axes)
    budget = description.manifest["settings"]["text_tokens"]
    longest = max((split.tokens.most for split in description.splits if split.tokens), default=0)
    alt = f"Histogram of token counts before texts are cut and after. Afterwards the longest has {longest:,.0f}; the budget is {budget}."
    return picture("tokens", alt, drawn.figure)


# --- small shapes


def _filled(one: Sequence[int], other: Sequence[int]) -> range:
    """The places from the first to the last that holds anything; the first where nothing does."""
    filled = [place for place, pair in enumerate(zip(one, other, strict=True)) if any(pair)] or [0]
    return range(filled[0], filled[-1] + 1)
