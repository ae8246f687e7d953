"""The decision: every current model is qualified, one fact short of it, or rejected with a reason; the best five ranked."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches

from catalog import curated
from catalog.constraints import model_constraints
from catalog.cost import Cost, blended_usd_per_mtok, monthly_cost
from catalog.errors import BadRequirements
from catalog.identity import canonical_maker
from catalog.models import Catalog, Model, Offering
from catalog.places import offering_constraints, region_names
from catalog.requirements import Requirements, Wishes
from catalog.score import TERMS, Term, Yardstick, score, terms
from catalog.status import is_current, live_offerings, stops_on
from catalog.verdict import Answer, Constraint, OfferingConstraint

MOST = 5
CLEARLY_BETTER = 0.05


@dataclass(frozen=True, slots=True)
class Miss:
    """A constraint that a model does not surely satisfy: its field, what was wanted and what was found."""

    field: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A current model after the constraints. `failed` rules it out, `unknown` leaves it open; both empty: it qualifies.

    `offering` is the cheapest place that passes, for a closed model its maker's own where that passes too, and then
    `elsewhere` is a cheaper one; None for own hardware, or where nobody sells it. `alike` are the prices of all places that
    pass as well, in order.
    """

    model: Model
    offering: Offering | None
    cost: Cost | None
    failed: tuple[Miss, ...]
    unknown: tuple[Miss, ...]
    elsewhere: Judged | None = None
    alike: tuple[Decimal, ...] = ()

    @property
    def price(self) -> Decimal | None:
        """The monthly cost, or the blended price per million tokens where no volume is known."""
        if self.cost is not None:
            return self.cost.monthly_usd
        return None if self.offering is None else blended_usd_per_mtok(self.offering)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ranked model with the terms of its score and, when it stops within 120 days, the day."""

    judged: Judged
    terms: tuple[Term, ...]
    score: float
    stops: dt.date | None

    @property
    def model(self) -> Model:
        """The model itself."""
        return self.judged.model


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Lifting `miss` alone would bring in `candidate`, which is clearly better than the first (or anything at all)."""

    miss: Miss
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Firmness:
    """Whether the first stays first when each weight moves by 20 %: `rivals` maps a moved weight to who would lead."""

    rivals: tuple[tuple[str, str], ...]
    moves: int


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The whole decision. `qualified` and `open_question` hold every such model, best first; `rejected` the rest."""

    requirements: Requirements
    today: dt.date
    candidates: tuple[Candidate, ...]
    open_question: tuple[Judged, ...]
    rejected: tuple[Judged, ...]
    retired: int
    firmness: Firmness
    relaxations: tuple[Relaxation, ...]
    conflict: tuple[str, ...]

    @property
    def top(self) -> tuple[Candidate, ...]:
        """The best five at most."""
        return self.candidates[:MOST]

    @property
    def by_reason(self) -> dict[str, int]:
        """Rejected models by the first constraint each failed, most common first; they add up to all rejected."""
        counts = Counter(judged.failed[0].wanted for judged in self.rejected)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def shortlist(catalog: Catalog, r: Requirements, today: dt.date) -> Shortlist:
    """Judge every model that can be had on `today`, rank the qualified, and say how firm the order is.

    The result depends on the catalogue's content alone, not on the order of its models.
    """
    check_names(catalog, r)
    models = sorted((model for model in catalog.models if is_current(model, today)), key=lambda model: model.id)
    on_model, on_offering = model_constraints(r), offering_constraints(r)
    judged = [_judge(model, r, today, on_model, on_offering) for model in models]
    kept = [j for j in judged if not j.failed and (r.keep_unknown or not j.unknown)]
    waiting = [j for j in judged if not j.failed and j.unknown and not r.keep_unknown]
    rejected = tuple(j for j in judged if j.failed)
    best = best_rating(models, r.board)
    candidates = rank(kept, r, today, best)
    return Shortlist(
        r, today, candidates, tuple(c.judged for c in rank(waiting, r, today, best)), rejected,
        len(catalog.models) - len(models), firmness(candidates, r.wishes),
        relaxations(candidates, rejected, r, today, best), () if candidates else conflict(rejected),
    )  # fmt: skip


def check_names(catalog: Catalog, r: Requirements) -> None:
    """`BadRequirements` for a provider, maker, region or country that nothing here has: it would filter nothing, silently."""
    offerings = [offering for model in catalog.models for offering in model.offerings]
    known = {
        "providers": {offering.provider for offering in offerings},
        "regions": {name for offering in offerings if offering.region for name in region_names(offering.region)},
        "makers": {model.maker for model in catalog.models} | curated.countries().keys(),
        "maker_countries": set(curated.countries().values()) | {"ru"},
    }
    for field in (
        "providers_allow",
        "providers_deny",
        "regions_allow",
        "regions_deny",
        "makers_allow",
        "makers_deny",
        "maker_countries_deny",
    ):
        kind = field.rpartition("_")[0]
        for name in getattr(r, field):
            given = canonical_maker(name) if kind == "makers" else name.lower()
            if given not in known[kind]:
                near = get_close_matches(given, sorted(known[kind]), 3, cutoff=0.4) or sorted(known[kind])[:6]
                kinds = "ISO 3166 codes of two letters; " if kind == "maker_countries" else ""
                raise BadRequirements(f"{field}: nothing here is called {name!r}; {kinds}nearest: {', '.join(near)}")


def judge(model: Model, r: Requirements, today: dt.date) -> Judged:
    """One model against all constraints, at its maker's own place or else the cheapest that passes best."""
    return _judge(model, r, today, model_constraints(r), offering_constraints(r))


def rank(kept: Iterable[Judged], r: Requirements, today: dt.date, best: float) -> tuple[Candidate, ...]:
    """Candidates best first; equal scores by price, then id. `best` is the highest rating on the board."""
    kept = list(kept)
    prices = [judged.price for judged in kept if judged.price is not None]
    by = Yardstick(best, min(prices, default=None), today)
    found = []
    for judged in kept:
        its = terms(judged.model, judged.offering, judged.price, r, by)
        found.append(Candidate(judged, its, score(its, r.wishes), stops_on(judged.model, today)))
    return tuple(sorted(found, key=_order))


def best_rating(models: Iterable[Model], board: str) -> float:
    """The highest rating that one of `models` holds on `board`; 0 for an empty board."""
    return max((rating.rating for model in models for rating in model.ratings if rating.board == board), default=0.0)


def firmness(candidates: tuple[Candidate, ...], wishes: Wishes) -> Firmness:
    """Move every non-zero weight by 20 % down and up, one at a time, and see who leads."""
    rivals, moves = [], 0
    for name in TERMS:
        weight = float(getattr(wishes, name))
        for factor in (0.8, 1.2) if weight else ():
            moves += 1
            moved = wishes.model_copy(update={name: weight * factor})
            leader = min((replace(c, score=score(c.terms, moved)) for c in candidates), key=_order, default=None)
            if leader and leader.model.id != candidates[0].model.id:
                rivals.append((f"{name} {factor - 1:+.0%}", leader.model.id))
    return Firmness(tuple(rivals), moves)


def relaxations(
    candidates: tuple[Candidate, ...], rejected: tuple[Judged, ...], r: Requirements, today: dt.date, best: float
) -> tuple[Relaxation, ...]:
    """For each constraint the best model that it alone keeps out, where that model is clearly better than the first.

    A limit in numbers counts only where twice the limit (half, for a minimum) would do. With no candidate at all, every such
    model is worth naming.
    """
    alone = [judged for judged in rejected if len(judged.failed) == 1 and not judged.unknown]
    near = [judged for judged in alone if not candidates or _within_reach(judged, r, today)]
    leader = candidates[0] if candidates else None
    field = rank([*(c.judged for c in candidates), *near], r, today, best)
    base = next((c.score for c in field if leader and c.model.id == leader.model.id), 0.0)
    found: dict[str, Relaxation] = {}
    for candidate in field:
        if candidate.judged.failed and (leader is None or candidate.score > base + CLEARLY_BETTER):
            miss = candidate.judged.failed[0]
            found.setdefault(miss.wanted, Relaxation(miss, candidate))
    return tuple(found.values())[:3]


def _within_reach(judged: Judged, r: Requirements, today: dt.date) -> bool:
    """Whether the model would qualify with twice the limit that it misses, or half the minimum."""
    field = judged.failed[0].field
    limit = getattr(r, field, None)
    if isinstance(limit, bool) or not isinstance(limit, int | float | Decimal):
        return True
    eased = limit / 2 if field.startswith("min_") else limit * 2
    whole = int(eased) if isinstance(limit, int) else eased
    return not judge(judged.model, r.model_copy(update={field: whole}), today).failed


def conflict(rejected: tuple[Judged, ...]) -> tuple[str, ...]:
    """The one constraint, or the pair, that by itself excludes every model; empty when it takes more than two."""
    sets = [frozenset(miss.wanted for miss in judged.failed) for judged in rejected]
    wanted = sorted({name for found in sets for name in found})
    alone = [(name,) for name in wanted if all(name in found for found in sets)]
    pairs = [(a, b) for i, a in enumerate(wanted) for b in wanted[i + 1 :] if all(a in s or b in s for s in sets)]
    return min(alone or pairs, key=lambda names: (-sum(set(names) <= s for s in sets), names), default=())


def _judge(
    model: Model,
    r: Requirements,
    today: dt.date,
    on_model: tuple[Constraint, ...],
    on_offering: tuple[OfferingConstraint, ...],
) -> Judged:
    verdicts = [(c, c.judge(model)) for c in on_model]
    failed = tuple(_miss(c, v.found) for c, v in verdicts if v.answer is Answer.NO)
    unknown = tuple(_miss(c, v.found) for c, v in verdicts if v.answer is Answer.UNKNOWN)
    if r.own_hardware:
        return Judged(model, None, None, failed, unknown)
    places = [_place(model, offering, r, on_offering) for offering in live_offerings(model, today)]
    if not places:
        nobody = (Miss(c.field, c.wanted, "no provider listed") for c in on_offering if c.field != "workload")
        return Judged(model, None, None, failed, (*unknown, *nobody))
    best = _chosen(places)
    return replace(best, failed=(*failed, *best.failed), unknown=(*unknown, *best.unknown))


def _miss(constraint: Constraint | OfferingConstraint, found: str) -> Miss:
    return Miss(constraint.field, constraint.wanted, found)


def _place(model: Model, offering: Offering, r: Requirements, on_offering: tuple[OfferingConstraint, ...]) -> Judged:
    verdicts = [(c, c.judge(model, offering)) for c in on_offering]
    return Judged(
        model, offering, monthly_cost(offering, r.workload),
        tuple(_miss(c, v.found) for c, v in verdicts if v.answer is Answer.NO),
        tuple(_miss(c, v.found) for c, v in verdicts if v.answer is Answer.UNKNOWN),
    )  # fmt: skip


def _preference(place: Judged) -> tuple[int, int, bool, Decimal, bool, str]:
    """Fewest failures, fewest unknowns, priced before unpriced, cheapest, the maker's own, then by name."""
    assert place.offering is not None
    price = place.price
    own = place.offering.first_party
    return (len(place.failed), len(place.unknown), price is None, price or Decimal(0), not own, place.offering.name)


def _chosen(places: list[Judged]) -> Judged:
    """The cheapest of the places that pass best; for a closed model its maker's own where that is among them."""
    best = min(places, key=_preference)
    alike = [place for place in places if _preference(place)[:3] == _preference(best)[:3]]
    own = [place for place in alike if place.offering and place.offering.first_party]
    prices = tuple(sorted(place.price for place in alike if place.price is not None))
    if best.model.open_weights.value or not own:
        return replace(best, alike=prices)
    mine = min(own, key=_preference)
    cheaper = best if (best.price or 0) < (mine.price or 0) else None
    return replace(mine, alike=prices, elsewhere=cheaper)


def _order(candidate: Candidate) -> tuple[float, bool, Decimal, str]:
    price = candidate.judged.price
    return (-round(candidate.score, 9), price is None, price or Decimal(0), candidate.model.id)
