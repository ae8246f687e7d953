"""Which approach, with the arithmetic checked by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from catalog.approach import Advice, advise, task
from catalog.errors import BadRequirements

# 100,000 requests of 500 in and 5 out at $1 and $4
PLAIN = {
    "requests_per_month": 100_000,
    "input_tokens": 500,
    "output_tokens": 5,
    "input_usd_per_mtok": 1,
    "output_usd_per_mtok": 4,
}


def advised(**more: Any) -> Advice:
    return advise(task(**{**PLAIN, **more}))


def monthly(advice: Advice, name: str) -> Decimal | None:
    return next(option.monthly_usd for option in advice.options if option.name == name)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "prompt"),
        ({"labelled_examples": 5}, "few-shot"),
        ({"labelled_examples": 5000, "answer_is_number_or_label": True}, "baseline"),
        ({"knowledge_changes_per_month": 4}, "retrieval"),
        ({"needs_citations": True}, "retrieval"),
        ({"needs_citations": True, "labelled_examples": 500}, "fine-tune + retrieval"),
        ({"labelled_examples": 500, "training_usd_per_mtok": 3}, "fine-tune"),
        ({"labelled_examples": 500, "training_usd_per_mtok": 3, "requests_per_month": 10}, "few-shot"),
        ({"labelled_examples": 500}, "few-shot"),  # no training price is known, so nothing is promised of tuning
    ],
)
def test_the_first_rule_that_holds_decides(more: dict[str, Any], name: str) -> None:
    assert advised(**more).recommended == name


def test_a_prompt_costs_its_tokens() -> None:
    assert monthly(advised(), "prompt") == Decimal(100_000) * (500 * 1 + 5 * 4) / 10**6


def test_examples_in_the_prompt_cost_their_tokens_at_every_request() -> None:
    assert monthly(advised(example_tokens=800), "few-shot") == Decimal(100_000) * (1300 * 1 + 5 * 4) / 10**6


def test_hosting_by_the_hour_is_part_of_a_tuned_model() -> None:
    tuned = monthly(advised(labelled_examples=500, training_usd_per_mtok=3, hosting_usd_per_hour=2), "fine-tune")
    assert tuned == Decimal(100_000) * (500 * 1 + 5 * 4) / 10**6 + 2 * 730


def test_break_even_is_where_the_saved_example_tokens_pay_for_the_training() -> None:
    # training: 500 examples x 505 tokens x 3 epochs x $3 / 1e6 = $2.2725, over 12 months $0.189375 a month;
    # saved a request: 800 tokens x $1 / 1e6 = $0.0008, so 0.189375 / 0.0008 = 236.7 requests
    lines = advised(labelled_examples=500, training_usd_per_mtok=3).arithmetic
    assert any("237 requests a month" in line for line in lines)


def test_retraining_at_every_change_is_charged_to_fine_tuning() -> None:
    once = Decimal(500) * 505 * 3 * 3 / 10**6
    advice = advised(labelled_examples=500, training_usd_per_mtok=3, knowledge_changes_per_month=4)
    assert monthly(advice, "fine-tune") == (Decimal(52) + 4 * once).quantize(Decimal("0.01"))


def test_an_unknown_training_price_leaves_the_option_unpriced() -> None:
    option = next(o for o in advised(labelled_examples=500).options if o.name == "fine-tune")
    assert option.one_off_usd is None
    assert option.total_usd is None


def test_building_is_part_of_the_whole() -> None:
    option = next(o for o in advised(build_usd=1000, months=10).options if o.name == "prompt")
    assert option.total_usd == 1000 + 10 * Decimal(52)


def test_every_recommendation_says_what_would_flip_it() -> None:
    assert all(advised(**more).flips for more in ({}, {"labelled_examples": 5}, {"needs_citations": True}))


def test_offers_that_end_are_named_with_their_day() -> None:
    assert any("openai" in line and "2027-01-06" in line for line in advised().closing)


@pytest.mark.parametrize(
    "more",
    [
        {"requests_per_month": -1},
        {"months": 0},
        {"input_usd_per_mtok": "NaN"},
        {"colour": "red"},
        {"input_tokens": "many"},
    ],
)
def test_bad_values_are_refused_by_name(more: dict[str, Any]) -> None:
    with pytest.raises(BadRequirements, match=next(iter(more))):
        advised(**more)
