"""500 random requirements: the shortlist decides exactly as a second, brute-force reading of the specification does."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

import pytest

from catalog import snapshot
from catalog.cost import monthly_cost
from catalog.models import Catalog, Model, Offering
from catalog.requirements import Requirements, Workload
from catalog.shortlist import Shortlist, shortlist
from catalog.status import is_current, live_offerings
from tests.catalog.draws import DRAWS, drawn
from tests.catalog.oracle import Answer, bill, of_offering, verdict
from tests.conftest import TODAY

CASES = 500
SHUFFLES_ONE_IN = 5  # of so many cases one is judged a second time, on the catalogue in another order
WORKERS = 2
WORKLOADS = 40
CLASSES = ("qualified", "open question", "rejected")


@dataclass(frozen=True)
class Outcome:
    """What one requirement came to. A complaint says where the product and the specification part."""

    values: dict[str, Any]
    sizes: dict[str, int]
    complaints: tuple[str, ...]
    shuffle_complaints: tuple[str, ...]


@lru_cache(maxsize=1)
def catalogue() -> Catalog:
    """The catalogue that ships."""
    return snapshot.load(snapshot.EMBEDDED)


@lru_cache(maxsize=1)
def current() -> dict[str, tuple[Model, tuple[Offering, ...]]]:
    """Every model that can be had on the day, with the places where it can be bought."""
    return {m.id: (m, live_offerings(m, TODAY)) for m in catalogue().models if is_current(m, TODAY)}


@lru_cache(maxsize=1)
def shuffled() -> Catalog:
    """The same catalogue with its models in another order."""
    models = list(catalogue().models)
    Random(7).shuffle(models)
    return Catalog(catalogue().built, catalogue().sources, tuple(models))


def examined(seed: int) -> Outcome:
    """The case of one seed: to look at a failing one, call this with its number."""
    values, r = drawn(seed)
    found = shortlist(catalogue(), r, TODAY)
    other = shortlist(shuffled(), r, TODAY) if seed % SHUFFLES_ONE_IN == 0 else found
    sizes = dict(zip(CLASSES, (len(found.candidates), len(found.open_question), len(found.rejected)), strict=True))
    complaints = [*_classes(found, r), *_partition(found), *_bills(found, r)]
    shuffle = [f"{seed}: {values}: order, scores or costs move"] if _ranking(found) != _ranking(other) else []
    return Outcome(values, sizes, tuple(f"{seed}: {values}: {text}" for text in complaints), tuple(shuffle))


def _name(answer: Answer, r: Requirements) -> str:
    if answer is None:
        return "qualified" if r.keep_unknown else "open question"
    return "qualified" if answer else "rejected"


def _classes(found: Shortlist, r: Requirements) -> Iterator[str]:
    got = {c.model.id: "qualified" for c in found.candidates}
    got |= {j.model.id: "open question" for j in found.open_question}
    got |= {j.model.id: "rejected" for j in found.rejected}
    want = {name: _name(verdict(model, live, r), r) for name, (model, live) in current().items()}
    for name in sorted(got.keys() | want.keys()):
        if got.get(name) != want.get(name):
            yield f"{name} is {got.get(name)}, should be {want.get(name)}"


def _partition(found: Shortlist) -> Iterator[str]:
    named = [c.model.id for c in found.candidates] + [j.model.id for j in (*found.open_question, *found.rejected)]
    yield from (f"{name} stands in two classes" for name, times in Counter(named).items() if times > 1)
    if sum(found.by_reason.values()) != len(found.rejected):
        yield f"the reasons add up to {sum(found.by_reason.values())}, not to the {len(found.rejected)} rejected"


def _bills(found: Shortlist, r: Requirements) -> Iterator[str]:
    """A qualified model is priced at a place that passes: the maker's own, or else the one with the smallest bill."""
    for judged in (candidate.judged for candidate in found.candidates if not r.own_hardware):
        place, charged = judged.offering, judged.cost.monthly_usd if judged.cost else None
        if place is None:
            continue
        want = bill(place, r.workload)
        if not same(charged, want):
            yield f"{judged.model.id} at {place.name} costs {charged}, should cost {want}"
        passing = [o for o in current()[judged.model.id][1] if of_offering(o, r)]
        least = min((b for o in passing if (b := bill(o, r.workload)) is not None), default=None)
        if passing and place not in passing:
            yield f"{judged.model.id}: {place.name} does not pass, but {passing[0].name} does"
        elif passing and want != least and not place.first_party:
            yield f"{judged.model.id} costs {want} at {place.name}, but {least} elsewhere"


def _ranking(found: Shortlist) -> list[tuple[Any, ...]]:
    return [
        (c.model.id, c.score, c.judged.price, c.judged.cost, c.judged.offering and c.judged.offering.name)
        for c in found.candidates
    ]


@pytest.mark.parametrize("seed", range(WORKLOADS))
def test_every_place_on_the_market_bills_a_random_workload_as_the_specification_says(seed: int) -> None:
    _, r = drawn(seed, also=("workload",))
    places = [place for _, live in current().values() for place in live]
    found = {place.name: monthly_usd(place, r.workload) for place in places}
    want = {place.name: bill(place, r.workload) for place in places}
    assert {name: (found[name], want[name]) for name in want if not same(found[name], want[name])} == {}, r.workload


def monthly_usd(place: Offering, workload: Workload) -> Decimal | None:
    """What the product bills."""
    cost = monthly_cost(place, workload)
    return cost.monthly_usd if cost else None


def same(found: Decimal | None, want: Decimal | None) -> bool:
    """Equal but for the last of the digits that a share such as 35/168 leaves."""
    if found is None or want is None:
        return found is want
    return abs(found - want) <= abs(want) * Decimal("1e-24")


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """All cases, on as many processes as the smallest machine has cores."""
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(examined, range(CASES), chunksize=10))


def test_every_current_model_is_judged_as_the_specification_says(outcomes: list[Outcome]) -> None:
    complaints = [text for outcome in outcomes for text in outcome.complaints]
    assert not complaints, f"{len(complaints)} complaints, first:\n" + "\n".join(complaints[:20])


def test_ids_in_order_scores_and_costs_do_not_depend_on_the_order_of_the_catalogue(outcomes: list[Outcome]) -> None:
    assert [text for outcome in outcomes for text in outcome.shuffle_complaints] == []


def test_the_three_classes_partition_the_current_models(outcomes: list[Outcome]) -> None:
    assert {sum(outcome.sizes.values()) for outcome in outcomes} == {len(current())}


@pytest.mark.parametrize("name", CLASSES)
def test_the_cases_put_many_models_into_each_class(outcomes: list[Outcome], name: str) -> None:
    judged = CASES * len(current())
    assert sum(outcome.sizes[name] for outcome in outcomes) > judged / 20
    assert sum(outcome.sizes[name] > 0 for outcome in outcomes) > CASES / 2


def test_most_cases_leave_a_choice_after_rejecting_something(outcomes: list[Outcome]) -> None:
    choices = [o for o in outcomes if o.sizes["qualified"] > 1 and o.sizes["rejected"] > 0]
    assert len(choices) > CASES / 3


@pytest.mark.parametrize("field", sorted(Requirements.model_fields))
def test_the_cases_set_every_requirement_often(outcomes: list[Outcome], field: str) -> None:
    assert field in DRAWS
    assert sum(field in outcome.values for outcome in outcomes) >= CASES / 50


@pytest.mark.parametrize("field", sorted(Workload.model_fields))
def test_the_cases_set_every_part_of_the_workload_often(outcomes: list[Outcome], field: str) -> None:
    assert sum(field in outcome.values.get("workload", {}) for outcome in outcomes) >= CASES / 50


def test_most_cases_set_several_requirements_at_once(outcomes: list[Outcome]) -> None:
    assert sum(len(outcome.values) >= 2 for outcome in outcomes) > CASES / 2


def test_a_case_is_the_same_whenever_it_is_drawn() -> None:
    assert [drawn(seed) for seed in range(20)] == [drawn(seed) for seed in range(20)]
