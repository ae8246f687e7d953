"""A sighting: what one row of one source says about one model, before anything is merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError
from catalog.models import Benchmark, Offering, Rates, Rating, Source


class UnreadableSource(CatalogError):
    """A source's file does not have the shape its adapter was written for."""


@dataclass(frozen=True)
class Sighting:
    """One row. `path` is the model's name as spelled there (`Qwen/Qwen3-32B`), without the provider's own prefix.

    `facts` maps names of `FACT_FIELDS` to values; a missing key means that the row does not say.
    `seller` is the maker's slug when a lab lists the row on its own platform (a guest's model may be among them); `denotes` is
    the dated release that an alias stands for, `also` other spellings of the name; `listed` says that the source's editors
    chose the model.
    """

    source: str
    as_of: str
    path: str
    seller: str | None = None
    title: str | None = None
    family: str | None = None
    denotes: str | None = None
    also: tuple[str, ...] = ()
    listed: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    offering: Offering | None = None
    ratings: tuple[Rating, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()


@dataclass(frozen=True)
class Adapter:
    """A source and how to read it. `files` are relative to the folder of raw data, `live` the URL of each."""

    source: Source
    files: tuple[str, ...]
    live: tuple[str, ...]
    read: Callable[[Source, tuple[Path, ...]], list[Sighting]]


def usd_per_mtok(per_token: float | str | None, *, scale: int = 10**6) -> Decimal | None:
    """A price per token in dollars per million tokens, exact as printed by the source. Negative means unknown.

    Parsing goes through the shortest decimal text, because 1.25e-06 as a binary float is not 1.25e-06.
    """
    if per_token is None or isinstance(per_token, bool):
        return None
    value = Decimal(str(per_token)) * scale
    return plain(value) if value >= 0 else None


def plain(value: Decimal) -> Decimal:
    """The same number without exponent or trailing zeros, so that equal prices are written alike."""
    return Decimal(format(value.normalize(), "f"))


def unpriced(rates: Rates) -> bool:
    """Whether both prices are zero: in price lists that means free tier, subscription or unknown, not a price."""
    return not rates.input and not rates.output
