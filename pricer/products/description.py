"""What a data set holds, as figures: the shape of a description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricer.products.counted import Quantiles, Smirnov, Variation


@dataclass(frozen=True, slots=True)
class Split:
    """One split: its size and where its targets and token counts lie."""

    name: str
    items: int
    families: int
    target: Quantiles | None
    tokens: Quantiles | None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts from each edge to below the next, the last one open. Tokens before are those of every eighth record."""

    edges: tuple[float, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A category or label (None: not stated): records before curation, where they were counted, and items by split."""

    name: str | None
    before: int | None
    items: tuple[int, ...]

    @property
    def after(self) -> int:
        """Items in all splits."""
        return sum(self.items)


@dataclass(frozen=True, slots=True)
class Groups:
    """The largest groups, how many more there are, and those together."""

    rows: tuple[Group, ...]
    more: int
    rest: Group | None


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a split lies from training."""

    split: str
    target: Smirnov | None
    tokens: Smirnov | None
    groups: Variation | None


@dataclass(frozen=True, slots=True)
class Family:
    """One of the largest families, with a few of its titles."""

    id: str
    items: int
    split: str
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Families:
    """How many families, how many of one item, how many in more than one split (there should be none), the largest."""

    count: int
    singletons: int
    straddling: int
    largest: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """A reason for dropping, how many records it took, and what was found in them most often."""

    reason: str
    count: int
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """All figures of a data set. `rounded`: its targets have too many distinct values to be counted exactly."""

    manifest: Mapping[str, Any]
    whole: Split
    splits: tuple[Split, ...]
    target_bins: Histogram
    token_bins: Histogram
    categories: Groups
    labels: Groups | None
    drift: tuple[Drift, ...]
    families: Families
    drops: tuple[Drop, ...]
    titles: Mapping[str, str]
    rounded: bool

    @property
    def is_usd(self) -> bool:
        """Whether the target is a price in US dollars."""
        return bool(self.manifest["target"]["unit"] == "usd")

    @property
    def is_labelled(self) -> bool:
        """Whether a label is to be predicted instead of a number."""
        return bool(self.manifest["target"]["is_label"])
