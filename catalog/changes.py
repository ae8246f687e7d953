"""What changed between two catalogues for some models: prices, licences, ends, cheaper places; each with its claims before and after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from catalog.errors import UnknownModel
from catalog.lookup import find
from catalog.models import Catalog, Model, Offering, PriceSheet
from catalog.status import is_current, live_offerings

Kind = Literal["price", "licence", "retirement", "gone", "cheaper"]
NEAR_DAYS = (90, 30, 7)  # before the end of a model
RATES = ("input", "output", "cache_read", "cache_write", "reasoning")
INPUT_SHARE = Decimal("0.75")  # of the tokens, where one figure stands for a price


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a change as a source claims it. `value` None: no source knew."""

    value: str | None
    source: str | None = None
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one model. `what` names the attribute, `where` the provider; `percent` how much dearer (below zero: cheaper) it is,
    None where that is no measure. `note` says what may mislead."""

    kind: Kind
    model: str
    what: str
    where: str | None
    before: Side | None
    after: Side | None
    percent: float | None = None
    note: str | None = None


def changes_between(old: Catalog, new: Catalog, ids: Iterable[str], today: dt.date) -> list[Change]:
    """Changes of the models with these ids, in their order. A model that only one catalogue holds is gone, or not yet watched."""
    before, after = ({model.id: model for model in catalog.models} for catalog in (old, new))
    found: list[Change] = []
    for name in ids:
        if name in before and name in after:
            found += [*_prices(before[name], after[name], new), *_licence(before[name], after[name], new)]
            found += [*_retirement(before[name], after[name], new), *_cheaper(before[name], after[name], new, today)]
            found += _no_longer_had(before[name], after[name], today, new)
        elif name in before:
            found.append(_gone(before[name], old, new))
    return found


def near_ends(catalog: Catalog, ids: Iterable[str], today: dt.date) -> list[Change]:
    """Ends that come near: those of the model and of its offerings within 90, 30 and 7 days, each named once with its nearest mark."""
    held = {model.id: model for model in catalog.models}
    return [change for name in ids if name in held for change in _near(held[name], catalog, today)]


def _prices(old: Model, new: Model, catalog: Catalog) -> Iterator[Change]:
    """Rates of the offerings that both hold, as the same source states them; of different sources where none is the same."""
    was = {_place(offering): offering for offering in old.offerings}
    for offering in new.offerings:
        earlier = was.get(_place(offering))
        sides = _same_source(earlier, offering) if earlier else None
        if sides:
            yield from _rate_changes(new, offering, *sides, catalog)


def _same_source(old: Offering, new: Offering) -> tuple[PriceSheet, PriceSheet] | None:
    by_source = {sheet.source: sheet for sheet in old.sheets}
    ranked = sorted(new.sheets, key=lambda sheet: sheet is not new.prices)  # the one that is believed comes first
    for sheet in ranked:
        if sheet.source in by_source:
            return by_source[sheet.source], sheet
    return (old.prices, new.prices) if old.prices and new.prices else None


def _rate_changes(
    model: Model, offering: Offering, old: PriceSheet, new: PriceSheet, catalog: Catalog
) -> Iterator[Change]:
    other = None if old.source == new.source else "the sources differ: this may be no change of the price"
    for rate in RATES:
        was, now = getattr(old.standard, rate), getattr(new.standard, rate)
        if was != now and was is not None and now is not None:
            percent = float((now / was - 1) * 100) if was else None
            yield Change(
                "price", model.id, f"{rate.replace('_', ' ')} price, $ per million tokens", offering.provider,
                _side(f"{was.normalize():f}", old.source, old.as_of, catalog), _side(f"{now.normalize():f}", new.source, new.as_of, catalog),
                percent, other,
            )  # fmt: skip


def _licence(old: Model, new: Model, catalog: Catalog) -> Iterator[Change]:
    if old.license.value == new.license.value:
        return
    before, after = _first(old, "license", catalog), _first(new, "license", catalog)
    note = None
    if (
        all(model.license.known for model in (old, new))
        and old.license.claims[0].source != new.license.claims[0].source
    ):
        note = "another source is believed now: this may be no change of the licence"
    yield Change("licence", new.id, "licence", None, before, after, note=note)


def _retirement(old: Model, new: Model, catalog: Catalog) -> Iterator[Change]:
    if new.retires.value != old.retires.value:
        before, after = _first(old, "retires", catalog), _first(new, "retires", catalog)
        yield Change("retirement", new.id, "date of its end", None, before, after)
    was = {_place(offering): offering for offering in old.offerings}
    for offering in new.offerings:
        earlier = was.get(_place(offering))
        if earlier and offering.retires != earlier.retires:
            yield Change(
                "retirement", new.id, "date of its end there", offering.provider,
                _of_offering(earlier, catalog), _of_offering(offering, catalog),
            )  # fmt: skip


def _near(model: Model, catalog: Catalog, today: dt.date) -> Iterator[Change]:
    dated: list[tuple[str | None, str | None, Side]] = []
    if model.retires.known:
        dated.append((None, model.retires.value, _first(model, "retires", catalog)))
    dated += [(one.provider, one.retires, _of_offering(one, catalog)) for one in model.offerings if one.retires]
    for where, date, side in dated:
        days = (_last_day(str(date)) - today).days
        mark = next((near for near in sorted(NEAR_DAYS) if 0 <= days <= near), None)
        if mark is not None:
            yield Change("retirement", model.id, f"ends within {mark} days", where, None, side, note=f"in {days} days")


def _cheaper(old: Model, new: Model, catalog: Catalog, today: dt.date) -> Iterator[Change]:
    """The cheapest place to buy the model, when it is one that was not there and undercuts all that were."""
    was = {_place(offering) for offering in old.offerings}
    least = _cheapest(live_offerings(old, today))
    now = _cheapest(live_offerings(new, today))
    if least and now and _place(now) not in was and _blend(now) < _blend(least):
        percent = float((_blend(now) / _blend(least) - 1) * 100) if _blend(least) else None
        yield Change(
            "cheaper", new.id, "cheapest offering, $ per million tokens (3 in : 1 out)", now.provider,
            _priced(least, catalog), _priced(now, catalog), percent,
        )  # fmt: skip


def _no_longer_had(old: Model, new: Model, today: dt.date, catalog: Catalog) -> list[Change]:
    if not is_current(old, today) or is_current(new, today):
        return []
    after = Side("no source lists a place that sells it", None, catalog.built)
    return [
        Change("gone", new.id, "places that sell it", None, Side(f"{len(live_offerings(old, today))} places"), after)
    ]


def _gone(model: Model, old: Catalog, new: Catalog) -> Change:
    try:
        note = f"its name now means {find(new, model.id).model.id}"
    except UnknownModel:
        note = None
    return Change(
        "gone",
        model.id,
        "in the catalogue",
        None,
        Side("listed", None, old.built),
        Side("not listed", None, new.built),
        note=note,
    )


def _place(offering: Offering) -> tuple[str, str, str | None]:
    return offering.provider, offering.name, offering.region


def _cheapest(offerings: Sequence[Offering]) -> Offering | None:
    priced = [offering for offering in offerings if offering.prices]
    return min(priced, key=_blend, default=None)


def _blend(offering: Offering) -> Decimal:
    """One price for a place, three tokens in for one out."""
    assert offering.prices is not None
    rates = offering.prices.standard
    assert rates.input is not None and rates.output is not None
    return rates.input * INPUT_SHARE + rates.output * (1 - INPUT_SHARE)


def _priced(offering: Offering, catalog: Catalog) -> Side:
    assert offering.prices is not None
    sheet = offering.prices
    return _side(f"{_blend(offering).normalize():f} at {offering.provider}", sheet.source, sheet.as_of, catalog)


def _of_offering(offering: Offering, catalog: Catalog) -> Side:
    sheet = offering.sheets[0]
    return _side(offering.retires, sheet.source, sheet.as_of, catalog)


def _first(model: Model, name: str, catalog: Catalog) -> Side:
    claims = getattr(model, name).claims
    return _side(str(claims[0].value), claims[0].source, claims[0].as_of, catalog) if claims else Side(None)


def _side(value: str | None, source: str, as_of: str, catalog: Catalog) -> Side:
    named = catalog.sources[source].name if source in catalog.sources else source
    return Side(value, named, as_of)


def _last_day(date: str) -> dt.date:
    """The date; a month or a year as its first day, as everywhere in the catalogue."""
    return dt.date.fromisoformat((date + "-01-01")[:10] if len(date) == 4 else (date + "-01")[:10])
