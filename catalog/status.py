"""Whether a model can still be had on a given day, where, and when it stops."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from catalog.models import Model, Offering

# Price logs kept for old invoices; a row there does not show that the model is still sold.
ARCHIVES = frozenset({"portkey", "llm-stats"})
NOTICE = dt.timedelta(days=120)


def live_offerings(model: Model, today: dt.date) -> tuple[Offering, ...]:
    """The offerings that can be bought on `today` at a price to believe.

    A closed model that its maker has withdrawn is gone everywhere, except where a provider states a later date.
    """
    listed = [offering for offering in model.offerings if {s.source for s in offering.sheets} - ARCHIVES]
    least = least_believed(model)
    listed = [offering for offering in listed if not too_cheap(model, offering, least)]
    live = [offering for offering in listed if not _over(offering.retires, today)]
    own = [offering for offering in listed if offering.first_party]
    withdrawn = _over(model.retires.value, today) or (own and not any(offering in live for offering in own))
    if model.open_weights.value is False and withdrawn:
        live = [offering for offering in live if offering.retires and not offering.first_party]
    return tuple(live)


def least_believed(model: Model) -> Decimal:
    """Half of the lowest price (input plus output) at which a closed model's maker sells it; 0 where that says nothing."""
    own = [o.prices.standard for o in model.offerings if o.first_party and o.prices and o.prices.source not in ARCHIVES]
    if model.open_weights.value or not own:
        return Decimal(0)
    return min((rates.input or 0) + (rates.output or 0) for rates in own) / Decimal(2)


def too_cheap(model: Model, offering: Offering, least: Decimal) -> bool:
    """Whether a reseller lists a closed model below `least_believed`: a mistake, or a promise to doubt."""
    sheet = offering.prices
    if not least or sheet is None or offering.provider.startswith(model.maker):
        return False
    return (sheet.standard.input or 0) + (sheet.standard.output or 0) < least


def is_current(model: Model, today: dt.date) -> bool:
    """Whether the model can be had on `today`: from a provider, or as weights to download."""
    downloadable = bool(model.open_weights.value and model.repo.known)
    return downloadable or bool(live_offerings(model, today))


def stops_on(model: Model, today: dt.date) -> dt.date | None:
    """The day a closed model stops, when it is known and within 120 days of `today`; None otherwise."""
    if model.open_weights.value:
        return None
    live = live_offerings(model, today)
    days = [_day(o.retires) for o in live if o.first_party and o.retires]
    if not days and model.retires.value and not _over(model.retires.value, today):
        days = [_day(model.retires.value)]
    days = days or [_day(o.retires) for o in live if o.retires]
    last = max(days, default=None)
    return last if last and today <= last <= today + NOTICE else None


def _over(date: str | None, today: dt.date) -> bool:
    return date is not None and _day(date) <= today


def _day(date: str) -> dt.date:
    """The date, reading a month or a year as its first day."""
    return dt.date.fromisoformat((date + "-01-01")[:10] if len(date) == 4 else (date + "-01")[:10])
