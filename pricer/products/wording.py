"""The words and numbers of the report: bins, samples, and what a rule struck out of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from itertools import groupby, pairwise, takewhile
from operator import itemgetter
from typing import Any

from pricer.products.description import Description, Histogram
from pricer.products.families import TEXT_WORDS, TITLE_WORDS
from pricer.products.figures import number
from pricer.products.group_charts import rows_of
from pricer.products.verdicts import verdicts

# Words of ASCII, whitespace, and every other character by itself: what the rules take out is made of such pieces.
PIECE = re.compile(r"[A-Za-z0-9]+|\s+|[^\sA-Za-z0-9]")
# What the page says of a source in its own words.
SOURCE = frozenset({"name", "kind", "synthetic", "files", "columns", "repository", "revision", "licence"})
NAME = 60  # characters of a category
CUT = 160  # characters; samples are cut to that


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a text, and whether a rule took it out."""

    text: str
    is_struck: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """A row of a histogram in words."""

    name: str
    before: int
    after: int


def told(description: Description) -> dict[str, Any]:
    """What the page says beyond the plain figures."""
    show = number_of(description)
    return {
        "usd": description.is_usd,
        "labelled": description.is_labelled,
        "target_bins": bins(description.target_bins, show if description.is_usd else lambda edge: f"{edge:,g}"),
        "token_bins": bins(description.token_bins, lambda edge: f"{edge:,.0f}"),
        "categories": rows_of(description.categories, NAME),
        "labels": rows_of(description.labels, NAME) if description.labels else [],
        **verdicts(description),
        "plain": lambda value: show(value).removeprefix("$"),
        "tenth": lambda value: f"{value:,.1f}".removesuffix(".0"),
        "source": source(description),
        "title_words": TITLE_WORDS,
        "text_words": TEXT_WORDS,
    }


def number_of(description: Description) -> Callable[[float], str]:
    """How targets are written."""
    return partial(number, usd=description.is_usd)


def bins(histogram: Histogram, show: Callable[[float], str]) -> list[Bin]:
    """The bins that hold anything."""
    names = [f"{show(low)} to below {show(high)}" for low, high in pairwise(histogram.edges)]
    names.append(f"{show(histogram.edges[-1])} and more")
    rows = map(Bin, names, histogram.before, histogram.after)
    return [row for row in rows if row.before or row.after]


def source(description: Description) -> list[tuple[str, str]]:
    """What else the manifest says of the source; what it leaves open is said to be so."""
    manifest = description.manifest["source"]
    rows = [(name, manifest[name]) for name in ("repository", "revision") if manifest.get(name)]
    rows += [
        ("licence", manifest.get("licence")),
        *((name, value) for name, value in manifest.items() if name not in SOURCE),
    ]
    return [(name, "not stated" if value is None else str(value)) for name, value in rows]


def samples(rule: Mapping[str, Any]) -> list[list[Stretch]]:
    """What a rule did to the first few texts, each kind of change once."""
    once = {tuple(sample): struck(*sample) for sample in rule["samples"]}
    return list(once.values())


def struck(before: str, after: str) -> list[Stretch]:
    """The text before, cut into what stayed and what a rule took out. Both texts are cut to the same 160 characters."""
    old, new = PIECE.findall(before), PIECE.findall(after)
    # A text that was cut may end inside a word, which then stands whole in the other: it shares the fate of what is before it.
    last = old.pop() if len(before) >= CUT and len(old) > 1 else ""
    same = _shared(old, new)
    gone = [False] * same
    for kind, start, stop, *_ in SequenceMatcher(None, old[same:], new[same:], autojunk=False).get_opcodes():
        gone += [kind != "equal"] * (stop - start)
    stretches = _stretches(old, gone)
    if last:
        stretches[-1] = Stretch(f"{stretches[-1].text}{last}…", stretches[-1].is_struck)
    if _shared(before, after) == CUT // 4:
        stretches.insert(0, Stretch("…", is_struck=False))
    return stretches


def _stretches(pieces: list[str], gone: list[bool]) -> list[Stretch]:
    """Pieces joined where they share a fate. A space goes with what is on both of its sides, else it stays."""
    last = len(pieces) - 1
    fates = [
        0 < place < last and gone[place - 1] and gone[place + 1] if piece.isspace() else is_gone
        for place, (piece, is_gone) in enumerate(zip(pieces, gone, strict=True))
    ]
    joined = groupby(zip(pieces, fates, strict=True), key=itemgetter(1))
    return [Stretch("".join(piece for piece, _ in run), is_struck) for is_struck, run in joined]


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many elements two sequences begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
