"""Portkey's price lists: a cross-check of prices, with batch and service tiers. Their unit is US cents per token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalog.models import Offering, PriceSheet, Rates, Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource, unpriced, usd_per_mtok

SOURCE = Source("portkey", "Portkey model prices", "https://github.com/Portkey-AI/models", "MIT",
                "Portkey-AI/models by Portkey and contributors", "2026-08-21")  # fmt: skip

SELLERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "mistral-ai": "mistral",
    "deepseek": "deepseek",
}
PROVIDERS = {"mistral-ai": "mistral", "together-ai": "togetherai"}
DOLLARS_PER_MTOK = 10**4  # cents per token -> dollars per million tokens
NAMES = tuple(f"portkey/portkey_pricing_{name}.json" for name in (*SELLERS, "together-ai"))


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """Text models of six providers. Rows split by prompt length (`…-gt-128k`) are left to other sources."""
    found: list[Sighting] = []
    for path in paths:
        rows = json.loads(path.read_text(encoding="utf-8"))
        if "default" not in rows:
            raise UnreadableSource(f"{path.name}: expected an object with a 'default' row")
        found += _provider(source, path.stem.removeprefix("portkey_pricing_"), rows)
    return found


def _provider(source: Source, name: str, rows: Mapping[str, Any]) -> Iterator[Sighting]:
    provider = PROVIDERS.get(name, name)
    for model, row in rows.items():
        pricing = row.get("pricing_config") or {}
        if (
            model == "default"
            or model.startswith(("ft:", "ft-"))
            or re.search(r"-(gt|lte)-\d+k$", model)
            or "pay_as_you_go" not in pricing
        ):
            continue
        standard, batch = _rates(pricing["pay_as_you_go"]), _rates(pricing.get("batch_config") or {})
        if not unpriced(standard):
            sheet = PriceSheet(source.id, source.as_of, None, standard, {} if unpriced(batch) else {"batch": batch})
            offering = Offering(provider, f"{provider}/{model}", None, (sheet,))
            yield Sighting(source.id, source.as_of, model, seller=SELLERS.get(name), offering=offering)


def _rates(units: Mapping[str, Any]) -> Rates:
    """A zero in a cache column means that the list does not price it."""
    names = ("request_token", "response_token", "cache_read_input_token", "cache_write_input_token")
    prices = [usd_per_mtok((units.get(name) or {}).get("price"), scale=DOLLARS_PER_MTOK) for name in names]
    return Rates(prices[0], prices[1], prices[2] or None, prices[3] or None)


ADAPTER = Adapter(
    SOURCE, NAMES,
    tuple(f"https://raw.githubusercontent.com/Portkey-AI/models/main/pricing/{n}.json" for n in (*SELLERS, "together-ai")),
    read,
)  # fmt: skip
