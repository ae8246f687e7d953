"""What fine-tuning costs, to the cent, what is closing, and when it pays."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from catalog import curated
from pricer.errors import BadInput
from pricer.tuning.break_even import BreakEven, Request, break_even
from pricer.tuning.prices import TrainingPrice, billions, offers, training_price

TODAY = dt.date(2026, 11, 21)
REQUEST = Request(300, 800, 5, Decimal("0.15"), Decimal("0.60"))


def price(provider: str, model: str, tokens: int = 1_000_000, epochs: float = 3, **more: int | str) -> TrainingPrice:
    return training_price(provider, model, tokens, epochs, TODAY, **more)  # type: ignore[arg-type]


def dollars(amount: str) -> Decimal:
    return Decimal(amount)


@pytest.mark.parametrize(
    ("provider", "model", "tokens", "epochs", "expected"),
    [
        ("openai", "gpt-4o-mini-2024-07-18", 1_234_567, 3, "11.11"),  # 1.234567 x 3 x 3 = 11.111103
        ("openai", "gpt-4.1-2025-04-14", 333_333, 2, "16.67"),  # 0.333333 x 2 x 25 = 16.66665
        ("together", "Llama-3.1-8B-Instruct", 10_000_000, 4, "19.20"),  # 10 x 4 x 0.48
        ("together", "Llama-3.3-70B", 2_500_000, 1, "7.25"),  # 2.5 x 2.90
        ("fireworks", "Qwen3-30B-A3B", 10_000_000, 3, "90.00"),  # 10 x 3 x 3.00
        ("fireworks", "DeepSeek-671B", 1_000_000, 1.5, "15.00"),  # 1 x 1.5 x 10.00
        ("google-vertex", "gemini-2.5-flash", 2_000_000, 3, "30.00"),  # 2 x 3 x 5
    ],
)
def test_a_training_costs_tokens_times_epochs_times_the_rate(
    provider: str, model: str, tokens: int, epochs: float, expected: str
) -> None:
    assert price(provider, model, tokens, epochs).cents == dollars(expected)


def test_ori_s_own_worked_example_comes_out() -> None:
    """docs.ori.co/fine-tuning/billing: 5M tokens x 3 epochs and 1M validation tokens of an 8B model cost $7.36."""
    assert price("ori", "Llama-8B", 5_000_000, 3, validation_tokens=1_000_000, evaluations=9).cents == dollars("7.36")


def test_validation_tokens_are_billed_at_each_evaluation_where_the_host_does_so() -> None:
    found = price("together", "Llama-8B", 10_000_000, 1, validation_tokens=1_000_000, evaluations=5)
    assert found.cents == dollars("4.80") + 5 * dollars("0.48")


def test_validation_tokens_cost_nothing_where_the_host_bills_training_alone() -> None:
    with_validation = price("openai", "gpt-4o-mini", validation_tokens=10**9)
    assert with_validation.cents == price("openai", "gpt-4o-mini").cents == dollars("9.00")


def test_a_small_job_costs_the_least_charge_and_says_so() -> None:
    found = price("together", "Llama-3.2-1B", 500_000, 2)  # 0.5 x 2 x 0.48 = 0.48
    assert found.cents == dollars("4.00")
    assert "the least that a job is billed: $4.00" in found.lines


def test_the_arithmetic_is_shown_with_its_source() -> None:
    lines = price("openai", "gpt-4o-mini").lines
    assert lines[0] == "1,000,000 tokens x 3 epochs x $3 / 1e6 = $9.00"
    assert "https://developers.openai.com/api/docs/pricing, as of 2026-08-21" in lines[1]


def test_another_method_has_its_own_rate() -> None:
    assert price("together", "Llama-8B", 10_000_000, 1, method="dpo-full").cents == dollars("13.50")


@pytest.mark.parametrize(
    ("provider", "model", "method", "why"),
    [
        ("acme", "x", None, "no fine-tuning offer of 'acme' is known"),
        ("openai", "gpt-9", None, "openai has no known offer for gpt-9"),
        ("together", "Mixtral-8x7B", None, "prices by size, and the name says none that fits"),
        ("ori", "Llama-70B", None, "prices by size, and the name says none that fits"),
        ("ori", "Llama-8B", "dpo-lora", "ori has no 'dpo-lora' for Llama-8B; it has sft-lora"),
        ("openai", "o4-mini", None, "billed by the hour of training, $100, not by tokens"),
        ("cohere", "command-r", None, "no price is known"),
    ],
)
def test_an_unknown_price_is_none_with_the_reason(provider: str, model: str, method: str | None, why: str) -> None:
    found = training_price(provider, model, 10**6, 3, TODAY, method=method)
    assert found.usd is None
    assert found.why is not None and why in found.why


def test_a_price_of_nothing_is_known_and_not_unknown() -> None:
    assert price("fireworks", "Llama-8B", method="rft").usd == 0


@pytest.mark.parametrize(("tokens", "epochs"), [(-1, 3), (1, 0), (1, float("nan")), (1, float("inf"))])
def test_senseless_amounts_are_refused(tokens: int, epochs: float) -> None:
    with pytest.raises(BadInput, match="epochs above 0"):
        price("openai", "gpt-4o-mini", tokens, epochs)


def test_openai_s_end_of_job_creation_is_told_with_its_date_and_what_to_do_instead() -> None:
    found = price("openai", "gpt-4o-mini")
    days = (dt.date(2027, 1, 6) - TODAY).days
    assert found.standing == "closing"
    assert "closed to new organisations" in found.words
    assert f"nobody can start a job from 2027-01-06 on, {days} days after 2026-11-21" in found.words
    assert "shut down on 2027-01-14" in found.words
    assert "train an open-weight model on your own machine" in found.words
    assert "ori ($0.46), together ($0.48), fireworks ($0.50)" in found.words


@pytest.mark.parametrize(("day", "standing"), [(dt.date(2027, 1, 5), "closing"), (dt.date(2027, 1, 6), "closed")])
def test_an_offer_is_closed_from_its_day_on(day: dt.date, standing: str) -> None:
    assert training_price("openai", "gpt-4o-mini", 1, 1, day).standing == standing


def test_a_closed_offer_says_since_when() -> None:
    found = price("openai", "gpt-4.1-nano")
    assert (found.standing, "closed since 2026-10-23; no job can be started" in found.words) == ("closed", True)


def test_all_offers_are_listed_with_the_open_ones_first() -> None:
    listed = offers(TODAY)
    order = ["open", "closing", "unknown", "closed"]
    assert len(listed) == len(curated.rows("fine_tuning"))
    assert [one.standing for one in listed] == sorted((one.standing for one in listed), key=order.index)


def test_what_is_open_today_is_not_with_openai() -> None:
    assert {one.offer.provider for one in offers(TODAY) if one.standing == "open"} == {"fireworks", "ori", "together"}


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Llama-3.2-1B-Instruct", "1"),
        ("Qwen3-30B-A3B", "30"),
        ("SmolLM2-135M", "0.135"),
        ("gpt-oss-20b", "20"),
        ("Mixtral-8x7B", None),
        ("gpt-4o", None),
    ],
)
def test_the_size_is_read_in_the_name(name: str, size: str | None) -> None:
    assert billions(name) == (None if size is None else Decimal(size))


def test_the_break_even_is_the_fixed_cost_over_what_a_request_saves() -> None:
    base = (1100 * Decimal("0.15") + 5 * Decimal("0.60")) / 10**6
    tuned = (300 * Decimal("0.30") + 5 * Decimal("1.20")) / 10**6
    found = break_even(price("openai", "gpt-4o-mini"), REQUEST)
    assert found.requests_per_month == round(Decimal(9) / 12 / (base - tuned)) == 10_417


def test_above_the_break_even_the_tuned_model_is_cheaper_and_below_it_is_not() -> None:
    found = break_even(price("together", "Llama-8B"), REQUEST, Decimal("2.50")).requests_per_month
    assert found is not None
    base = (1100 * Decimal("0.15") + 5 * Decimal("0.60")) / 10**6
    fixed = Decimal(4) / 12 + Decimal("2.50") * 730
    assert (found + 1) * base > fixed > (found - 1) * base


def test_the_break_even_shows_each_term() -> None:
    lines = break_even(price("together", "Llama-8B"), REQUEST, Decimal("2.50")).lines
    assert lines[0] == "training: $4.00 / 12 months = $0.33 a month"
    assert lines[1] == "hosting: $2.50 x 730 hours = $1,825.00 a month"
    assert lines[2] == "a request to the base model: (1,100 x $0.15 + 5 x $0.60) / 1e6 = $0.000168"
    assert lines[-1].startswith("break-even: $1,825.33 / ($0.000168 - $0.000000) =")


def test_what_closes_is_said_beside_the_break_even() -> None:
    assert "2027-01-06" in break_even(price("openai", "gpt-4o-mini"), REQUEST).lines[-1]


NEVER = Request(300, 0, 5, Decimal("0.15"), Decimal("0.60"))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (break_even(price("openai", "gpt-4o-mini"), NEVER), "never: a request to the tuned model costs no less"),
        (break_even(price("fireworks", "Llama-8B"), REQUEST), "give the dollars per hour of hosting"),
        (break_even(price("cohere", "command-r"), REQUEST), "the training price is not known"),
        (break_even(price("openai", "gpt-4.1-nano"), REQUEST), "no job can be started"),
    ],
)
def test_without_a_break_even_the_reason_is_told(found: BreakEven, why: str) -> None:
    assert found.requests_per_month is None
    assert found.why is not None and why in found.why


def test_a_request_of_negative_tokens_is_refused() -> None:
    with pytest.raises(BadInput, match="tokens and prices of 0 or more"):
        Request(-1, 0, 5, Decimal(1), Decimal(1))
