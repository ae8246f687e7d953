"""Charts of groups, a row for each: categories before and after, labels and targets by split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pricer.products.axes import (
    AFTER,
    BEFORE,
    BEFORE_EDGE,
    NUMBERS,
    beside,
    canvas,
    legend,
    log_axis,
    rows_axis,
    share_axis,
)
from pricer.products.description import Description, Group, Groups
from pricer.products.figures import number, spread
from pricer.products.items import SPLITS
from pricer.products.pictures import Picture, picture, words

OF_SPLIT = {"train": (AFTER, "o", AFTER), "validation": ("#a8690f", "s", "none"), "test": ("#7b3f98", "^", "none")}
ROWS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a chart: a category or label, or several of the smallest together."""

    name: str
    before: int
    items: tuple[int, ...]

    @property
    def after(self) -> int:
        """Items in all splits."""
        return sum(self.items)


def rows_of(groups: Groups, chars: int = 26) -> list[Row]:
    """The largest groups, their names cut to so many characters, and a row for all others."""
    rows = [
        Row("(not stated)" if group.name is None else words(group.name, chars), group.before or 0, group.items)
        for group in groups.rows[:ROWS]
    ]
    others = [*groups.rows[ROWS:], *([groups.rest] if groups.rest else [])]
    if others:
        rows.append(_together(others, f"({len(groups.rows[ROWS:]) + groups.more} others)"))
    return rows


def categories(description: Description) -> Picture:
    """Shares of categories, before above after."""
    rows = rows_of(description.categories)
    drawn = canvas(0.75 + 0.3 * len(rows))
    sides = (
        ("before", -0.19, (BEFORE, BEFORE_EDGE), [row.before for row in rows]),
        ("after", 0.19, (AFTER, AFTER), [row.after for row in rows]),
    )
    for side, offset, (face, edge), counts in sides:
        total = sum(counts)
        shares = [count / max(1, total) for count in counts]
        places = [place + offset for place in range(len(rows))]
        drawn.axes.barh(
            places, shares, height=0.36, color=face, edgecolor=edge, linewidth=0.6, label=f"{side} ({total:,})"
        )
        for place, share in zip(places, shares, strict=True):
            beside(drawn.axes, f"{100 * share:.1f} %", share, place, points=3)
    rows_axis(drawn.axes, [row.name for row in rows])
    drawn.axes.margins(x=0.16, y=0.02)
    share_axis(drawn.axes.xaxis)
    drawn.axes.set_xlabel("share of records, of items")
    legend(drawn.axes)
    top = ", ".join(f"{row.name} {row.after:,}" for row in rows[:5])
    return picture(
        "categories", f"Shares of categories before and after curation. Items of the largest: {top}.", drawn.figure
    )


def splits(description: Description) -> Picture:
    """Where the targets of each split lie: 5th to 95th percentile, middle half, median."""
    usd, rows = description.is_usd, [(split.name, split.target) for split in description.splits if split.target]
    drawn = canvas(0.6 + 0.32 * max(1, len(rows)))
    for row, (name, at) in enumerate(rows):
        colour = OF_SPLIT[name][0]
        line = partial(drawn.axes.plot, color=colour, solid_capstyle="butt")
        line([at.p05, at.p95], [row, row], linewidth=1)
        line([at.p25, at.p75], [row, row], linewidth=5)
        line([at.median], [row], marker="o", markersize=4.5, markerfacecolor="white", markeredgewidth=1.2)
        drawn.axes.annotate(
            number(at.median, usd=usd),
            (at.median, row),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=NUMBERS,
        )
    low, high = min((at.p05 for _, at in rows), default=0), max((at.p95 for _, at in rows), default=1)
    if 0 < low < high:
        log_axis(drawn.axes, low / 1.15, high * 1.15, usd=usd)
    rows_axis(drawn.axes, [name for name, _ in rows])
    drawn.axes.set_ylim(len(rows) - 0.6, -0.75)
    drawn.axes.set_xlabel("price, US dollars" if usd else words(str(description.manifest["target"]["name"])))
    where = "; ".join(f"{name}: {spread(at, usd=usd)}" for name, at in rows)
    return picture("splits", f"Where the targets of each split lie. {where}.", drawn.figure)


def labels(description: Description) -> Picture:
    """The share of each label in each split, as three marks on a line."""
    assert description.labels is not None, "a labelled set has labels"
    rows = rows_of(description.labels)
    drawn = canvas(0.75 + 0.22 * len(rows))
    for place, split in enumerate(description.splits):
        colour, marker, face = OF_SPLIT[split.name]
        shares = [row.items[place] / max(1, split.items) for row in rows]
        drawn.axes.plot(
            shares, range(len(rows)), marker, label=f"{split.name} ({split.items:,})",
            color=colour, markerfacecolor=face, markersize=4.5, clip_on=False,
        )  # fmt: skip
    rows_axis(drawn.axes, [row.name for row in rows])
    drawn.axes.yaxis.grid(visible=True)
    drawn.axes.set_ylim(len(rows) - 0.4, -0.6)
    drawn.axes.set_xlim(left=0)
    share_axis(drawn.axes.xaxis)
    drawn.axes.set_xlabel("share of the split's items")
    legend(drawn.axes, columns=len(SPLITS))
    top = ", ".join(f"{row.name} {row.after:,}" for row in rows[:5])
    return picture("labels", f"Shares of labels in each split. Items of the most frequent: {top}.", drawn.figure)


def _together(groups: Sequence[Group], name: str) -> Row:
    return Row(
        name,
        sum(group.before or 0 for group in groups),
        tuple(sum(group.items[place] for group in groups) for place in range(len(SPLITS))),
    )
