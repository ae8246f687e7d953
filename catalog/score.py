"""How candidates that satisfy every constraint are ranked: a weighted mean of terms between 0 and 1, each shown."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal

from catalog.dates import span
from catalog.models import Model, Offering
from catalog.requirements import Requirements, Wishes

TERMS = ("quality", "cost", "speed", "recency", "context")
FORMULA = (
    "score = sum(weight x term) / sum(weight); quality = 2 / (1 + 10^((best rating on the board - rating) / 400)), "
    "the Elo chance to win against the board's best, doubled; cost = 1 - log10(cost / cheapest candidate's) / 3; "
    "speed = log10(tokens per second / 10) / 1.7; recency = 1 - age in days / 730; context = log2(tokens / 8192) / 7; "
    "each held between 0 and 1, and 0 when the fact is unknown"
)


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its value in [0, 1], and the fact behind it; `known` False means that it earned nothing."""

    name: str
    value: float
    known: bool


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What terms are measured against: the best rating on the board, and the cheapest candidate's cost."""

    best_rating: float
    cheapest: Decimal | None
    today: dt.date


def terms(
    model: Model, offering: Offering | None, price: Decimal | None, r: Requirements, by: Yardstick
) -> tuple[Term, ...]:
    """The five terms of one candidate. `price` is its monthly cost, or its blended price without a volume."""
    mine = model.rating_on(r.board)
    speed = offering.output_tokens_per_s.value if offering else None
    released = span(str(model.release_date.value)) if model.release_date.known else None
    context = model.context_tokens.value or model.max_input_tokens.value
    return (
        _term("quality", None if mine is None else 2 / (1 + 10 ** ((by.best_rating - mine.rating) / 400))),
        _term("cost", _cheapness(price, by.cheapest)),
        _term("speed", None if not speed else math.log10(speed / 10) / 1.7),
        _term("recency", None if released is None else 1 - (by.today - released.first).days / 730),
        _term("context", None if not context else math.log2(context / 8192) / 7),
    )


def score(found: tuple[Term, ...], wishes: Wishes) -> float:
    """The weighted mean of the terms, in [0, 1]; 0 when every weight is 0."""
    weights = {name: float(getattr(wishes, name)) for name in TERMS}
    total = sum(weights.values())
    return sum(weights[term.name] * term.value for term in found) / total if total else 0.0


def _term(name: str, value: float | None) -> Term:
    return Term(name, 0.0 if value is None else round(min(1.0, max(0.0, value)), 6), value is not None)


def _cheapness(price: Decimal | None, cheapest: Decimal | None) -> float | None:
    """1 for the cheapest, a third less for each tenfold. A free one among paid ones counts as a hundredth of a cent."""
    if price is None or cheapest is None:
        return None
    floor = Decimal("0.0001")
    return 1 - math.log10(float(max(price, floor) / max(cheapest, floor))) / 3
