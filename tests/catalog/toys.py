"""Small made-up models and offerings: what a test names is set, everything else is unknown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

from catalog import snapshot
from catalog.facts import Claim, Fact
from catalog.models import FACT_FIELDS, Model, Offering, PeakHours, PriceSheet, Rates

T = TypeVar("T")
LIVE_LIST = "litellm"  # a source whose rows show that something is still sold
AS_OF = "2026-11-01"

dollars = Decimal


def known(*values: T, source: str = "toy") -> Fact[T]:
    """A fact with one claim a value, the first the most trusted."""
    return Fact(tuple(Claim(value, f"{source}-{n}" if n else source, AS_OF) for n, value in enumerate(values)))


def rates(
    per_input: str | None = "1",
    per_output: str | None = "2",
    cached: str | None = None,
    reasoning: str | None = None,
    above: tuple[tuple[int, Rates], ...] = (),
) -> Rates:
    """Dollars per million tokens, written as text."""
    numbers = [None if price is None else dollars(price) for price in (per_input, per_output, cached, None, reasoning)]
    return Rates(*numbers, above=above)


def peak(multiplier: str, *hours: tuple[str, str], weekdays_only: bool = False) -> PeakHours:
    """Hours of every day, or of working days, at `multiplier` times the price."""
    return PeakHours(hours, dollars(multiplier), weekdays_only, "https://example.com/hours")


def offering(
    standard: Rates | None = None,
    *,
    provider: str = "host",
    source: str = LIVE_LIST,
    tiers: dict[str, Rates] | None = None,
    peak_hours: PeakHours | None = None,
    **rest: Any,
) -> Offering:
    """A place with one price sheet: a dollar in and two dollars out unless said otherwise."""
    sheet = PriceSheet(source, AS_OF, None, standard or rates(), tiers or {}, peak_hours)
    return Offering(provider, f"{provider}/toy", rest.pop("region", None), (sheet,), **rest)


def unpriced_offering(**rest: Any) -> Offering:
    """A place that a live list names without a price."""
    return offering(rates(None, None), **rest)


def model(name: str = "toymaker/toy-1", *places: Offering, **facts: Any) -> Model:
    """A model sold at `places`; keywords named like facts become facts with one claim."""
    maker, slug = name.split("/")
    held: dict[str, Any] = {key: known(value) if key in FACT_FIELDS else value for key, value in facts.items()}
    return Model(name, maker, slug, offerings=places, **held)


def shipped(model_id: str, offering_name: str) -> Offering:
    """An offering of the embedded snapshot, by its model's id and its own name."""
    models = snapshot.load(snapshot.EMBEDDED).models
    found = [o for m in models if m.id == model_id for o in m.offerings if o.name == offering_name]
    assert len(found) == 1, f"{model_id} at {offering_name}: {len(found)} offerings"
    return found[0]
