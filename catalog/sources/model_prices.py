"""The model-prices snapshot: first-party prices with history, batch and service tiers, peak hours, retirements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog.models import Offering, PeakHours, PriceSheet, Rates, Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource, plain, unpriced, usd_per_mtok

SOURCE = Source(
    "model-prices", "model-prices 0.0.5", "https://github.com/wakamex/model-prices", "MIT",
    "model-prices by its authors", "2026-10-26",
)  # fmt: skip

MAKERS = {"zai": "zhipuai", "stepfun-ai": "stepfun", "tencent-tokenhub": "tencent", "volcengine": "bytedance",
          "byteplus": "bytedance", "nova": "amazon", "amazon-bedrock": "amazon", "bailing": "inclusionai",
          "longcat": "meituan"}  # fmt: skip


# What was on sale before then has its release date from elsewhere; only for newer names the first day listed stands in.
FOLLOWED_SINCE = "2026-07-01"


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """The prices in force on the snapshot's day, one sighting a model; removed models carry their status."""
    data = json.loads(paths[0].read_text(encoding="utf-8"))
    found = data.get("schema") if isinstance(data, dict) else None
    if found != 1:
        raise UnreadableSource(f"{paths[0].name}: expected an object of schema 1, found {found!r}")
    return list(_sightings(source, data))


def _sightings(source: Source, data: Mapping[str, Any]) -> Iterator[Sighting]:
    today, targets = data["updated_at"], _targets(data)
    for provider, models in data["prices"].items():
        for name, tiers in models.items():
            status = data["status"].get(provider, {}).get(name)
            current = {tier: found for tier, periods in tiers.items() if (found := _in_force(periods, today))}
            sheet = _sheet(source, provider, name, current, data["schedules"]["schedule"], today)
            region = {"alibaba": "intl", "volcengine": "cn"}.get(provider)
            offering = Offering(
                provider, f"{provider}/{name}", region, (sheet,) if sheet else (),
                retires=source.as_of if status == "removed" else None,
            )  # fmt: skip
            facts = {"retires": source.as_of} if status == "removed" else {}
            if listed := _first_listed(tiers.get("standard", [])):
                yield Sighting(
                    "first-listed",
                    source.as_of,
                    name,
                    seller=MAKERS.get(provider, provider),
                    facts={"release_date": listed},
                )
            denotes = targets.get((provider, name)) or (current.get("standard") or {}).get("model")
            yield Sighting(
                source.id, source.as_of, name, seller=MAKERS.get(provider, provider), denotes=denotes,
                facts=facts, offering=offering,
            )  # fmt: skip


def _first_listed(periods: list[Mapping[str, Any]]) -> str | None:
    """The day the maker's price list first had the model, where the list was being followed by then."""
    first = next((period["rates"]["valid_from"] for period in periods if period["rates"]), None)
    return first[:10] if first and first[:10] >= FOLLOWED_SINCE else None


def _targets(data: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(provider, alias) -> the listed name that it stands for."""
    return {(provider, alias): name for provider, pairs in data["bases"].items() for alias, name in pairs.items()}


def _in_force(periods: list[Mapping[str, Any]], today: str) -> Mapping[str, Any] | None:
    """The last period that has begun; its rates, or None where the tier was withdrawn."""
    begun = [period for period in periods if period["start"] is None or period["start"] <= today]
    return begun[-1]["rates"] if begun else None


def _sheet(
    source: Source, provider: str, name: str, tiers: Mapping[str, Any], schedules: list[Mapping[str, Any]], today: str
) -> PriceSheet | None:
    if "standard" not in tiers or unpriced(standard := _rates(tiers["standard"])):
        return None
    others = {tier: _rates(rates) for tier, rates in tiers.items() if tier != "standard"}
    url = tiers["standard"].get("source")
    for schedule in schedules:
        if peak := _peak(schedule, provider, name, today):
            idle = (schedule.get("off_peak_multiplier") or {}).get(name, 1)
            standard = _scaled(standard, Decimal(str(idle)))
            return PriceSheet(source.id, source.as_of, url, standard, others, peak)
    return PriceSheet(source.id, source.as_of, url, standard, {k: v for k, v in others.items() if not unpriced(v)})


def _scaled(rates: Rates, factor: Decimal) -> Rates:
    prices = (rates.input, rates.output, rates.cache_read, rates.cache_write)
    above = tuple((at, _scaled(tier, factor)) for at, tier in rates.above)
    return Rates(*(None if price is None else plain(price * factor) for price in prices), above=above)


def _rates(rates: Mapping[str, Any]) -> Rates:
    def price(row: Mapping[str, Any], key: str) -> Decimal | None:
        return usd_per_mtok(row.get(key), scale=1)

    above = tuple(
        (int(tier["above"]), Rates(*(price(tier, key) for key in ("input", "output", "cache_read", "cache_write"))))
        for tier in rates.get("tiers", ())
    )
    plain_rates = (price(rates, key) for key in ("input", "output", "cache_read", "cache_write"))
    return Rates(*plain_rates, above=above)


def _peak(schedule: Mapping[str, Any], provider: str, name: str, today: str) -> PeakHours | None:
    """Peak hours in force. Where a schedule gives off-peak multipliers per model, what it leaves of the day is peak."""
    over = schedule.get("valid_until")
    if schedule["provider"] != provider or schedule["valid_from"] > today or (over and over <= today):
        return None
    weekdays = bool(schedule.get("weekdays_only"))
    if "peak_hours_utc" in schedule:
        hours = tuple((start, end) for start, end in schedule["peak_hours_utc"])
        return PeakHours(hours, Decimal(str(schedule["peak_multiplier"])), weekdays, schedule["source"])
    if name in (multipliers := schedule["off_peak_multiplier"]):
        ((start, end),) = schedule["off_peak_hours_utc"]
        return PeakHours(((end, start),), 1 / Decimal(str(multipliers[name])), weekdays, schedule["source"])
    return None


ADAPTER = Adapter(
    SOURCE, ("model_prices_0.0.5_snapshot.json",),
    ("https://raw.githubusercontent.com/wakamex/model-prices/main/src/model_prices/snapshot.json",), read,
)  # fmt: skip
