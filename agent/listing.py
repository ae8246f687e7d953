"""Rows of the catalogue for the command line: models that can be had now, and the price of one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, NamedTuple

from catalog import snapshot
from catalog.answer import facts
from catalog.errors import BadInput
from catalog.legal import tunable
from catalog.lookup import find, matches
from catalog.requirements import Requirements
from catalog.shortlist import judge
from catalog.status import is_current
from catalog.verdict import Answer


class Listing(NamedTuple):
    """The rows that match, and how many current models there are."""

    rows: list[dict[str, Any]]
    total: int


class Price(NamedTuple):
    """Dollars per million tokens, and whether someone offers to tune the model (None: no offer is known)."""

    input: Decimal
    output: Decimal
    can_be_tuned: bool | None


def list_rows(text: str, today: dt.date) -> Listing:
    """Current models whose id or name contains every word of `text`, each with its cheapest price."""
    catalog = snapshot.load()
    current = [model for model in catalog.models if is_current(model, today)]
    chosen = [model for model in matches(catalog, text) if is_current(model, today)]
    anything = Requirements()
    rows = []
    for model in chosen:
        rated = model.rating_on("overall")
        place = judge(model, anything, today).offering
        rows.append({"model": model.id, "facts": facts(model, place), "overall": rated.rating if rated else None})
    return Listing(rows, len(current))


def price_of(name: str, today: dt.date) -> Price:
    """The cheapest believable price of a model. `BadInput` when nobody sells it."""
    model = find(snapshot.load(), name).model
    place = judge(model, Requirements(), today).offering
    sheet = place.prices if place else None
    if sheet is None or sheet.standard.input is None or sheet.standard.output is None:
        raise BadInput(f"{model.id} has no price in the catalogue; name a model that a provider sells")
    tuning = {Answer.YES: True, Answer.NO: False, Answer.UNKNOWN: None}[tunable(model).answer]
    return Price(sheet.standard.input, sheet.standard.output, tuning)
