"""The small tables reviewed by hand: licence obligations, makers, subscriptions, rate limits, GPUs, fine-tuning offers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

TABLES = Path(__file__).parent / "tables"

Cap = int | Literal["none"] | None


@dataclass(frozen=True, slots=True)
class License:
    """What a licence or a maker's API terms oblige to. None is unknown; a cap of "none" is known to be absent.

    `cap_binds` names the kind of business that a cap is for, where it is not for everyone; `basis` says when a summary of
    the text was read rather than the text. Our reading, not legal advice: `source` is the text itself.
    """

    tag: str
    name: str
    source: str
    checked: str
    commercial_use: bool | None = None
    commercial_note: str | None = None
    derivatives: bool | None = None
    monthly_active_users_cap: Cap = None
    annual_revenue_usd_cap: Cap = None
    cap_binds: str | None = None
    attribution: str | None = None
    acceptable_use: bool | None = None
    share_alike: bool | None = None
    note: str | None = None
    basis: str | None = None
    as_of: str | None = None

    @property
    def duties(self) -> str:
        """The obligations in one line, for an answer."""
        caps = (
            f"above {self.monthly_active_users_cap:,} monthly users ask for another licence"
            if isinstance(self.monthly_active_users_cap, int) else None,
            f"above ${self.annual_revenue_usd_cap:,} revenue a year ask for another licence"
            if isinstance(self.annual_revenue_usd_cap, int) else None,
        )  # fmt: skip
        use = "carries a use policy" if self.acceptable_use else None
        attribution = None if self.attribution in (None, "none") else self.attribution.rstrip(".")
        parts = [self.commercial_note, *caps, attribution, use, "share alike" if self.share_alike else None]
        return "; ".join(part.rstrip(".") for part in parts if part) or "no duties recorded"


@dataclass(frozen=True, slots=True)
class GpuHire:
    """An hourly price of an instance with `gpus` cards of `memory_gb` each."""

    provider: str
    gpu: str
    memory_gb: int
    gpus: int
    usd_per_hour: Decimal
    term: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True)
class FineTuning:
    """A provider's offer to fine-tune `model`. Prices in dollars per million tokens, as text in the table."""

    provider: str
    model: str
    source: str
    checked: str
    method: str | None = None
    training_usd_per_mtok: Decimal | None = None
    input_usd_per_mtok: Decimal | None = None
    output_usd_per_mtok: Decimal | None = None
    hosting_usd_per_hour: Decimal | None = None
    status: str | None = None
    closes: str | None = None


def rows(table: str) -> list[dict[str, Any]]:
    """The rows of `tables/<table>.toml` as they stand there, dates as ISO text. An absent key is unknown."""
    return [dict(row) for row in _read(table)]


@lru_cache(maxsize=1)
def licenses() -> dict[str, License]:
    """Licences by tag and by every alias, lower case."""
    found: dict[str, License] = {}
    for row in _read("licenses"):
        known = License(**{name: value for name, value in row.items() if name in License.__dataclass_fields__})
        for tag in (row["tag"], *row.get("aliases", ())):
            found.setdefault(tag.lower(), known)
    return found


def canonical_tag(tag: str) -> str:
    """The licence's own tag for any spelling of it; an unknown one as it stands, lower case."""
    known = licenses().get(tag.lower())
    return known.tag if known else tag.lower()


@lru_cache(maxsize=1)
def countries() -> dict[str, str]:
    """Maker slug to the country of its head office (ISO 3166 alpha-2), where sourced."""
    return {row["slug"]: row["country"] for row in _read("makers") if "country" in row}


@lru_cache(maxsize=1)
def gpu_hire() -> tuple[GpuHire, ...]:
    """On-demand instances, cheapest hour first."""
    names = GpuHire.__dataclass_fields__
    found = (
        GpuHire(**{**_only(row, names), "usd_per_hour": Decimal(row["usd_per_hour"])}) for row in _read("gpu_hire")
    )
    on_demand = (row for row in found if row.term == "on-demand")
    return tuple(sorted(on_demand, key=lambda row: (row.usd_per_hour, row.provider, row.gpu)))


@lru_cache(maxsize=1)
def fine_tuning() -> tuple[FineTuning, ...]:
    """Offers to fine-tune, open and closing."""
    names = FineTuning.__dataclass_fields__
    return tuple(FineTuning(**_priced(_only(row, names))) for row in _read("fine_tuning"))


def _priced(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its prices as `Decimal`."""
    return {name: Decimal(str(value)) if "usd_per" in name else value for name, value in row.items()}


def _only(row: dict[str, Any], names: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in names}


@lru_cache(maxsize=16)
def _read(table: str) -> tuple[dict[str, Any], ...]:
    data = tomllib.loads((TABLES / f"{table}.toml").read_text(encoding="utf-8"))
    (found,) = data.values() if data else ((),)
    return tuple({k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()} for row in found)
