"""The answer as a document: what is said of each model, and what is admitted."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from catalog import snapshot
from catalog.answer import answer, disagreements, unknowns
from catalog.compare import compare, sheet
from catalog.errors import BadInput
from catalog.models import Catalog, Rating, Source
from catalog.requirements import Workload, requirements
from catalog.shortlist import shortlist
from catalog.status import is_current
from tests.catalog.toys import known, model, offering, rates

TODAY = dt.date(2026, 11, 21)
SHIPPED = snapshot.load(snapshot.EMBEDDED)
TOY = Source("toy", "Toy list", "https://example.com", "MIT", "toys", "2026-11-01")
SOURCES = dict.fromkeys(("toy", "toy-1", "toy-2", "litellm"), TOY)


def catalog(*models: Any) -> Catalog:
    return Catalog(TODAY.isoformat(), SOURCES, tuple(models))


def rated(value: float) -> Rating:
    return Rating("overall", "Toy", value, value - 5, value + 5, 1000, 1, "toy", "2026-11-01")


def asked(found: Catalog, **values: Any) -> Any:
    return answer(found, shortlist(found, requirements(**values), TODAY))


def small(name: str, price: str, rating: float | None = None, **facts: Any) -> Any:
    ratings = (rated(rating),) if rating else ()
    return model(name, offering(rates(price, price)), open_weights=True, ratings=ratings, **facts)


def test_the_document_is_json_with_money_as_text_and_unknown_as_null() -> None:
    document = asked(SHIPPED, workload={"requests_per_month": 1000, "input_tokens": 100, "output_tokens": 10})
    again = json.loads(json.dumps(document))
    entry = again["shortlist"][0]
    assert isinstance(entry["monthly_cost_usd"], str)
    assert entry["facts"]["training_tokens_t"] is None


def test_counts_add_up_to_every_model_that_can_be_had() -> None:
    document = asked(SHIPPED, open_weights=True, min_context_tokens=200_000)
    current = sum(is_current(model, TODAY) for model in SHIPPED.models)
    assert document["qualified"] + document["unknown"] + document["rejected"]["total"] == current
    assert sum(document["rejected"]["by_reason"].values()) == document["rejected"]["total"]


def test_the_cheapest_and_the_best_rated_are_called_so() -> None:
    found = catalog(small("toymaker/cheap-1", "1", 1200), small("toymaker/good-1", "4", 1400))
    reasons = {entry["model"]: " ".join(entry["reasons"]) for entry in asked(found)["shortlist"]}
    assert "cheapest of the 2" in reasons["toymaker/cheap-1"]
    assert "best rated" in reasons["toymaker/good-1"]


def test_an_unrated_model_is_told_that_its_quality_counts_nothing() -> None:
    (entry,) = asked(catalog(small("toymaker/new-1", "1")))["shortlist"]
    assert any("quality term is 0" in said for said in entry["against"])
    assert "quality" not in entry["terms"]


def test_a_model_that_stops_soon_is_flagged_with_the_day() -> None:
    stopping = model("openai/toy-1", offering(first_party=True, retires="2026-12-24"), open_weights=False)
    (entry,) = asked(catalog(stopping))["shortlist"]
    assert "stops on 2026-12-24, in 33 days" in entry["against"]


def test_the_winner_that_changes_with_a_weight_is_admitted() -> None:
    found = catalog(small("toymaker/cheap-1", "1", 1250), small("toymaker/good-1", "10", 1400))
    # quality 5 x (1 - q) against cost 3 x 1/3: with weights this close one of twelve moves turns the order
    gap = {
        q: asked(found, wishes={"quality": q, "cost": 3, "recency": 0})["firm"]["changes"]
        for q in (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
    }
    assert any(gap.values())


def test_a_constraint_that_alone_keeps_out_something_clearly_better_is_named() -> None:
    found = catalog(small("toymaker/weak-1", "1", 1000), small("openai/strong-1", "1", 1500))
    (relaxed,) = asked(found, makers_deny=["openai"])["relax"]
    assert relaxed["brings_in"] == "openai/strong-1"
    assert relaxed["field"] == "makers_deny"


def test_the_pair_that_excludes_everything_is_named() -> None:
    found = catalog(
        small("toymaker/a-1", "1", tool_calling=True, reasoning=False),
        small("toymaker/b-1", "1", tool_calling=False, reasoning=True),
    )
    assert set(asked(found, tool_calling=True, reasoning=True)["conflict"]) == {"tool calling", "reasoning"}


def test_an_unknown_fact_is_a_condition_not_a_pass() -> None:
    document = asked(catalog(small("toymaker/quiet-1", "1")), tool_calling=True)
    assert document["shortlist"] == []
    assert document["would_qualify_if"][0]["model"] == "toymaker/quiet-1"


def test_on_request_an_unknown_is_kept_and_shown() -> None:
    (entry,) = asked(catalog(small("toymaker/quiet-1", "1")), tool_calling=True, keep_unknown=True)["shortlist"]
    assert any("tool calling" in said for said in entry["unknowns"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gpt-4o", "rejected: open weights"),
        ("o1", "can no longer be had"),
        ("gpt-4o-min", "nearest: openai/gpt-4o-mini"),
        ("qwen3-30b-a3b", "number "),
    ],
)
def test_every_model_asked_about_gets_one_line(name: str, said: str) -> None:
    (line,) = asked(SHIPPED, open_weights=True, ask_about=[name])["why_not"]
    assert said in line["why"]


def test_sources_that_disagree_are_both_quoted() -> None:
    disputed = model(knowledge_cutoff="2024-10", context_tokens=128_000)
    assert disagreements(disputed) == []
    from dataclasses import replace

    disputed = replace(disputed, context_tokens=known(400_000, 272_000))
    assert disagreements(disputed) == ["context: toy says 400,000, toy-1 says 272,000"]


def test_a_difference_of_rounding_is_no_disagreement() -> None:
    from dataclasses import replace

    near = replace(model(), context_tokens=known(131_072, 131_000), knowledge_cutoff=known("2024-10", "2024-10-01"))
    assert disagreements(near) == []


def test_what_a_closed_model_does_not_publish_is_not_called_missing() -> None:
    assert "parameters unknown" not in unknowns(model(open_weights=False))
    assert "parameters unknown" in unknowns(model(open_weights=True))


def test_a_comparison_keeps_the_order_asked_and_prices_the_workload() -> None:
    found = catalog(small("toymaker/a-1", "1"), small("toymaker/b-1", "2"))
    rows = compare(
        found,
        ["toymaker/b-1", "toymaker/a-1"],
        Workload(requests_per_month=10**6, input_tokens=1, output_tokens=1),
        TODAY,
    )["rows"]
    assert [(row["model"], row["monthly_cost_usd"]) for row in rows] == [
        ("toymaker/b-1", "4.00"),
        ("toymaker/a-1", "2.00"),
    ]


@pytest.mark.parametrize("names", [[], [f"m{n}" for n in range(9)]])
def test_a_comparison_takes_one_to_eight(names: list[str]) -> None:
    with pytest.raises(BadInput, match="1 to 8"):
        compare(SHIPPED, names, Workload(), TODAY)


def test_the_own_gpu_breaks_even_where_its_hire_equals_the_requests_it_replaces() -> None:
    found = catalog(
        model(
            "toymaker/own-1", offering(rates("1", "1")), open_weights=True, parameters_b=8.0, kv_bytes_per_token=131_072
        )
    )
    (row,) = compare(
        found, ["toymaker/own-1"], Workload(requests_per_month=1000, input_tokens=900, output_tokens=100), TODAY
    )["rows"]
    each = 1000 / 10**6  # a thousand tokens at a dollar a million
    own = row["own_gpu"]
    assert own["cheaper_than_api_from_requests_per_month"] == round(float(own["usd_per_month"]) / each)


def test_a_sheet_carries_every_claim_with_source_and_date() -> None:
    document = sheet(SHIPPED, "gpt-4o", TODAY)
    claims = [claim for claims in document["facts"].values() for claim in claims]
    assert all(claim["source"] and claim["as_of"] for claim in claims)
    assert len(document["facts"]["knowledge_cutoff"]) > 1


def test_the_same_question_gives_the_same_document() -> None:
    values: dict[str, Any] = {
        "open_weights": True,
        "workload": {"requests_per_month": 5000, "input_tokens": 300, "output_tokens": 30},
    }
    assert asked(SHIPPED, **values) == asked(SHIPPED, **values)
