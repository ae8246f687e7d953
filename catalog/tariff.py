"""Tariffs: what one provider charges for one model, found by the name under which it is called."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from catalog.cost import request_cost
from catalog.errors import UnknownModel
from catalog.lookup import find
from catalog.models import Catalog, Model, Offering, Rates
from catalog.status import live_offerings

# Where our name of a provider is not the catalogue's.
SPELLINGS = {
    "gemini": ("google", "google-ai-studio", "gemini"),
    "together": ("togetherai", "together"),
    "xai": ("xai", "x-ai"),
}


@dataclass(frozen=True, slots=True)
class Tariff:
    """Rates in US dollars per million tokens, who states them and of which day. `multiplier` is that of peak hours, charged always
    so that a bill is never understated; `model` is the catalogue's id, None for a price that the user gave."""

    rates: Rates
    source: str
    as_of: str | None = None
    model: str | None = None
    multiplier: Decimal = Decimal(1)

    def cost(
        self, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0, cache_write_tokens: int = 0, reasoning_tokens: int = 0
    ) -> Decimal:  # fmt: skip
        """One request in US dollars, exact."""
        usd = request_cost(
            self.rates, input_tokens=input_tokens, output_tokens=output_tokens, cached_tokens=cached_tokens,
            cache_write_tokens=cache_write_tokens, reasoning_tokens=reasoning_tokens,
        )  # fmt: skip
        assert usd is not None, "a tariff has a price for input and output"
        return usd * self.multiplier

    def at_most(self, input_tokens: int, output_tokens: int) -> Decimal:
        """The most that a request of at most so many tokens can cost, whatever part of it is cached, written to a cache or reasoned."""
        tiers = [self.rates, *(tier for _, tier in self.rates.above)]
        dearest_in = max(rate for tier in tiers for rate in (tier.input, tier.cache_write) if rate is not None)
        dearest_out = max(rate for tier in tiers for rate in (tier.output, tier.reasoning) if rate is not None)
        return (input_tokens * dearest_in + output_tokens * dearest_out) / Decimal(10**6) * self.multiplier


def given(input_usd_per_mtok: Decimal, output_usd_per_mtok: Decimal) -> Tariff:
    """A tariff that the user states."""
    return Tariff(Rates(input_usd_per_mtok, output_usd_per_mtok), "given by the user")


def tariff(catalog: Catalog, name: str, today: dt.date, *, batch: bool = False) -> Tariff | None:
    """What `provider/model` costs there; None where no source prices that model at that provider."""
    provider, _, called = name.partition("/")
    found = _called(catalog, provider, called, today) or _meant(catalog, name, provider, today)
    if found is None or found.offering.prices is None:
        return None
    model, sheet = found.model, found.offering.prices
    rates = sheet.tiers["batch"] if batch and _priced(sheet.tiers.get("batch")) else sheet.standard
    multiplier = sheet.peak.multiplier if sheet.peak and not batch else Decimal(1)
    return Tariff(rates, sheet.source, sheet.as_of, model.id, max(multiplier, Decimal(1)))


@dataclass(frozen=True, slots=True)
class _Found:
    model: Model
    offering: Offering


def _called(catalog: Catalog, provider: str, called: str, today: dt.date) -> _Found | None:
    """The offering that the provider itself calls so."""
    wanted = SPELLINGS.get(provider, (provider,))
    for model in catalog.models:
        if any(one.name == called and one.provider in wanted for one in model.offerings):
            for one in live_offerings(model, today):
                if one.name == called and one.provider in wanted and one.prices:
                    return _Found(model, one)
    return None


def _meant(catalog: Catalog, name: str, provider: str, today: dt.date) -> _Found | None:
    """The dearest of the provider's offerings of the model that the name means: a bill is rather too high than too low."""
    try:
        model = find(catalog, name).model
    except UnknownModel:
        return None
    wanted, live = SPELLINGS.get(provider, (provider,)), live_offerings(model, today)
    here = [one for one in live if one.prices and one.provider in wanted]
    here = here or [one for one in live if one.prices and one.first_party and model.maker in wanted]
    dearest = max(here, key=lambda one: _sum(one.prices.standard) if one.prices else Decimal(0), default=None)
    return _Found(model, dearest) if dearest else None


def _sum(rates: Rates) -> Decimal:
    return (rates.input or Decimal(0)) + (rates.output or Decimal(0))


def _priced(rates: Rates | None) -> bool:
    return rates is not None and rates.input is not None and rates.output is not None
