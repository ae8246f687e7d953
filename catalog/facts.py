"""A fact: what sources claim about one attribute, the most trusted claim first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim(Generic[T]):
    """One source's value. `source` is a key of `Catalog.sources`, `as_of` an ISO date."""

    value: T
    source: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """All claims about one attribute, by precedence; no claims means unknown, which is never a default."""

    claims: tuple[Claim[T], ...] = ()

    @property
    def value(self) -> T | None:
        """The most trusted value, or None when no source knows."""
        return self.claims[0].value if self.claims else None

    @property
    def known(self) -> bool:
        """Whether any source makes a claim."""
        return bool(self.claims)

    @property
    def values(self) -> tuple[T, ...]:
        """The distinct values claimed, most trusted first; more than one means the sources disagree."""
        return tuple(dict.fromkeys(claim.value for claim in self.claims))
