"""Bills worked out by hand. Prices are dollars per million tokens, copied from the raw price lists, not from the snapshot."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from catalog.cost import blended_usd_per_mtok, break_even_requests, monthly_cost, total_cost
from catalog.models import Offering
from catalog.requirements import Workload
from tests.catalog.toys import dollars, offering, peak, rates, shipped, unpriced_offering

MILLION = 10**6


def bill(place: Offering, **workload: Any) -> Decimal:
    """The bill to the cent."""
    cost = monthly_cost(place, Workload(**{"input_tokens": 0, "output_tokens": 0, **workload}))
    assert cost is not None
    return cost.cents


def notes(place: Offering, **workload: Any) -> tuple[str, ...]:
    cost = monthly_cost(place, Workload(**{"input_tokens": 0, "output_tokens": 0, **workload}))
    assert cost is not None
    return cost.notes


# --- real offerings


def test_gpt_4o_mini_costs_its_input_and_output_price() -> None:
    place = shipped("openai/gpt-4o-mini", "openai/gpt-4o-mini")
    expected = 10_000 * (2_000 * dollars("0.15") + 300 * dollars("0.60")) / MILLION
    assert expected == dollars("4.80")
    assert bill(place, requests_per_month=10_000, input_tokens=2_000, output_tokens=300) == expected


def test_every_part_of_the_prompt_is_charged_as_input() -> None:
    place = shipped("openai/gpt-4o-mini", "openai/gpt-4o-mini")
    prompt = 500 + 1_500 + 400 + 600
    expected = 10_000 * (prompt * dollars("0.15") + 200 * dollars("0.60")) / MILLION
    assert expected == dollars("5.70")
    found = bill(
        place, requests_per_month=10_000, output_tokens=200,
        system_tokens=500, history_tokens=1_500, example_tokens=400, input_tokens=600,
    )  # fmt: skip
    assert found == expected


def test_claude_haiku_charges_cached_input_a_tenth() -> None:
    place = shipped("anthropic/claude-haiku-4-5", "anthropic/claude-haiku-4-5")
    cached = 8_000 * dollars("0.75")
    fresh = 8_000 - cached
    expected = 50_000 * (fresh * dollars("1.00") + cached * dollars("0.10") + 400 * dollars("5.00")) / MILLION
    assert expected == dollars("230.00")
    assert bill(place, requests_per_month=50_000, input_tokens=8_000, output_tokens=400, cached_share=0.75) == expected


def test_claude_sonnet_costs_half_in_a_batch() -> None:
    place = shipped("anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5")
    expected = 1_000 * (10_000 * dollars("1.50") + 2_000 * dollars("7.50")) / MILLION
    assert expected == dollars("30.00")
    assert bill(place, requests_per_month=1_000, input_tokens=10_000, output_tokens=2_000, batch=True) == expected


def test_gpt_5_bills_cached_input_in_a_batch_at_the_batch_cache_price() -> None:
    place = shipped("openai/gpt-5", "openai/gpt-5")
    expected = 4_000 * (2_000 * dollars("0.625") + 2_000 * dollars("0.0625") + 100 * dollars("5.00")) / MILLION
    assert expected == dollars("7.50")
    found = bill(
        place, requests_per_month=4_000, input_tokens=4_000, output_tokens=100, cached_share=0.5, batch=True
    )  # fmt: skip
    assert found == expected


def test_gpt_5_bills_reasoning_tokens_as_output() -> None:
    place = shipped("openai/gpt-5", "openai/gpt-5")
    expected = 2_000 * (1_000 * dollars("1.25") + (500 + 3_000) * dollars("10.00")) / MILLION
    assert expected == dollars("72.50")
    found = bill(place, requests_per_month=2_000, input_tokens=1_000, output_tokens=500, reasoning_tokens=3_000)
    assert found == expected


def test_gemini_pro_charges_the_long_context_rates_for_the_whole_request_above_200k() -> None:
    place = shipped("google/gemini-2.5-pro", "google/gemini-2.5-pro")
    expected = 100 * (250_000 * dollars("2.50") + 1_000 * dollars("15.00")) / MILLION
    assert expected == dollars("64.00")
    assert bill(place, requests_per_month=100, input_tokens=250_000, output_tokens=1_000) == expected


def test_gemini_pro_still_charges_the_short_rates_at_200k_exactly() -> None:
    place = shipped("google/gemini-2.5-pro", "google/gemini-2.5-pro")
    expected = 100 * (200_000 * dollars("1.25") + 1_000 * dollars("10.00")) / MILLION
    assert expected == dollars("26.00")
    assert bill(place, requests_per_month=100, input_tokens=200_000, output_tokens=1_000) == expected


def test_gemini_pro_in_a_batch_above_200k_costs_the_long_context_batch_rates() -> None:
    place = shipped("google/gemini-2.5-pro", "google/gemini-2.5-pro")
    expected = 100 * (250_000 * dollars("1.25") + 1_000 * dollars("7.50")) / MILLION
    assert expected == dollars("32.00")
    assert bill(place, requests_per_month=100, input_tokens=250_000, output_tokens=1_000, batch=True) == expected


def test_gpt_5_5_doubles_input_and_cached_input_above_272k() -> None:
    place = shipped("openai/gpt-5.5", "openai/gpt-5.5")
    fresh, cached = 300_000 * dollars("0.2"), 300_000 * dollars("0.8")
    expected = 20 * (fresh * dollars("10.00") + cached * dollars("1.00") + 2_000 * dollars("45.00")) / MILLION
    assert expected == dollars("18.60")
    found = bill(place, requests_per_month=20, input_tokens=300_000, output_tokens=2_000, cached_share=0.8)
    assert found == expected


def test_gpt_5_5_below_272k_costs_the_short_rates() -> None:
    place = shipped("openai/gpt-5.5", "openai/gpt-5.5")
    expected = 20 * (250_000 * dollars("5.00") + 2_000 * dollars("30.00")) / MILLION
    assert expected == dollars("26.20")
    assert bill(place, requests_per_month=20, input_tokens=250_000, output_tokens=2_000) == expected


def test_deepseek_doubles_in_its_seven_peak_hours_of_working_days() -> None:
    place = shipped("deepseek/deepseek-v4-flash", "deepseek/deepseek-v4-flash")
    peak_share = dollars((3 + 4) * 5) / (7 * 24)
    off_peak = 100_000 * (1_000 * dollars("0.15") + 30 * dollars("0.60")) / MILLION
    expected = off_peak * (1 - peak_share) + 2 * off_peak * peak_share
    assert round(expected, 9) == dollars("20.30")
    assert bill(place, requests_per_month=100_000, input_tokens=1_000, output_tokens=30) == dollars("20.30")


@pytest.mark.parametrize(("share", "times"), [(0, "1"), (0.25, "1.25"), (1, "2")])
def test_deepseek_charges_the_share_of_requests_said_to_fall_into_peak_hours(share: float, times: str) -> None:
    place = shipped("deepseek/deepseek-v4-flash", "deepseek/deepseek-v4-flash")
    off_peak = 100_000 * (1_000 * dollars("0.15") + 30 * dollars("0.60")) / MILLION
    expected = off_peak * dollars(times)
    found = bill(place, requests_per_month=100_000, input_tokens=1_000, output_tokens=30, peak_share=share)
    assert found == expected


def test_deepseek_charges_cached_input_its_own_price_and_that_doubles_too() -> None:
    place = shipped("deepseek/deepseek-v4-flash", "deepseek/deepseek-v4-flash")
    off_peak = 1_000_000 * (500 * dollars("0.15") + 500 * dollars("0.003") + 100 * dollars("0.60")) / MILLION
    assert 2 * off_peak == dollars("273.00")
    found = bill(
        place, requests_per_month=1_000_000, input_tokens=1_000, output_tokens=100, cached_share=0.5, peak_share=1
    )  # fmt: skip
    assert found == 2 * off_peak


@pytest.mark.parametrize(
    ("prompt", "per_input", "per_output"),
    [
        (32_000, "1.20", "6.00"),
        (32_001, "2.40", "12.00"),
        (128_000, "2.40", "12.00"),
        (128_001, "3.00", "15.00"),
    ],
)
def test_qwen_max_charges_by_the_step_that_the_prompt_reaches(prompt: int, per_input: str, per_output: str) -> None:
    place = shipped("alibaba/qwen3-max", "alibaba/qwen3-max")
    expected = 100_000 * (prompt * dollars(per_input) + 500 * dollars(per_output)) / MILLION
    assert bill(place, requests_per_month=100_000, input_tokens=prompt, output_tokens=500) == expected


def test_qwen_plus_charges_all_output_at_the_thinking_price_when_it_reasons() -> None:
    place = shipped("alibaba/qwen-plus", "alibaba/qwen-plus")
    expected = 10_000 * (1_000 * dollars("0.40") + (500 + 2_000) * dollars("4.00")) / MILLION
    assert expected == dollars("104.00")
    found = bill(place, requests_per_month=10_000, input_tokens=1_000, output_tokens=500, reasoning_tokens=2_000)
    assert found == expected


def test_qwen_plus_charges_the_plain_price_when_it_does_not_reason() -> None:
    place = shipped("alibaba/qwen-plus", "alibaba/qwen-plus")
    expected = 10_000 * (1_000 * dollars("0.40") + 500 * dollars("1.20")) / MILLION
    assert expected == dollars("10.00")
    assert bill(place, requests_per_month=10_000, input_tokens=1_000, output_tokens=500) == expected


def test_llama_at_a_host_without_a_cache_price_charges_cached_input_as_input() -> None:
    place = shipped("meta/llama-3.3-70b-instruct", "deepinfra/meta-llama/Llama-3.3-70B-Instruct")
    expected = 30_000 * (2_000 * dollars("0.23") + 250 * dollars("0.40")) / MILLION
    assert expected == dollars("16.80")
    found = bill(place, requests_per_month=30_000, input_tokens=2_000, output_tokens=250, cached_share=0.9)
    assert found == expected


# --- toy offerings: a dollar in and two dollars out per million tokens


def test_a_missing_cache_price_is_noted() -> None:
    assert any("cache" in note for note in notes(offering(), requests_per_month=1, input_tokens=10, cached_share=0.5))


def test_a_missing_cache_price_is_not_noted_when_nothing_is_cached() -> None:
    assert notes(offering(), requests_per_month=1, input_tokens=10) == ()


def test_a_known_cache_price_leaves_nothing_to_note() -> None:
    place = offering(rates("1", "2", cached="0.1"))
    assert notes(place, requests_per_month=1, input_tokens=10, cached_share=0.5) == ()


def test_a_cache_price_of_zero_is_a_price() -> None:
    place = offering(rates("1", "2", cached="0"))
    expected = 1_000 * (2_000 * dollars("0.5") * 1) / MILLION
    assert bill(place, requests_per_month=1_000, input_tokens=2_000, cached_share=0.5) == expected


def test_a_batch_that_is_not_listed_costs_the_standard_price() -> None:
    expected = 1_000 * (3_000 * dollars(1) + 500 * dollars(2)) / MILLION
    assert bill(offering(), requests_per_month=1_000, input_tokens=3_000, output_tokens=500, batch=True) == expected


def test_a_batch_that_is_not_listed_is_noted() -> None:
    found = notes(offering(), requests_per_month=1_000, input_tokens=3_000, output_tokens=500, batch=True)
    assert any("batch" in note for note in found)


def test_a_listed_batch_leaves_nothing_to_note() -> None:
    place = offering(tiers={"batch": rates("0.5", "1")})
    assert notes(place, requests_per_month=1_000, input_tokens=3_000, output_tokens=500, batch=True) == ()


def test_a_batch_without_its_own_cache_price_charges_cached_input_as_batch_input() -> None:
    place = offering(rates("1", "2", cached="0.1"), tiers={"batch": rates("0.5", "1")})
    expected = 1_000 * (4_000 * dollars("0.5")) / MILLION
    assert bill(place, requests_per_month=1_000, input_tokens=4_000, cached_share=1, batch=True) == expected


def test_a_batch_does_not_pay_for_peak_hours() -> None:
    place = offering(tiers={"batch": rates("0.5", "1")}, peak_hours=peak("3", ("00:00", "12:00")))
    expected = 1_000 * (4_000 * dollars("0.5")) / MILLION
    assert bill(place, requests_per_month=1_000, input_tokens=4_000, batch=True, peak_share=1) == expected


def test_without_a_price_there_is_no_bill() -> None:
    assert monthly_cost(unpriced_offering(), Workload(requests_per_month=1_000, input_tokens=10)) is None


@pytest.mark.parametrize("standard", [rates("1", None), rates(None, "2")])
def test_half_a_price_makes_no_bill(standard: Any) -> None:
    assert monthly_cost(offering(standard), Workload(requests_per_month=1_000, input_tokens=10)) is None


def test_without_requests_a_month_there_is_no_bill() -> None:
    assert monthly_cost(offering(), Workload(input_tokens=1_000, output_tokens=100)) is None


@pytest.mark.parametrize("half", [{"input_tokens": 1_000}, {"output_tokens": 100}, {"system_tokens": 500}])
def test_half_a_workload_has_no_bill(half: dict[str, int]) -> None:
    assert monthly_cost(offering(), Workload(requests_per_month=1_000, **half)) is None


def test_without_tokens_there_is_no_bill() -> None:
    assert monthly_cost(offering(), Workload(requests_per_month=1_000)) is None


def test_no_requests_cost_nothing() -> None:
    assert bill(offering(), requests_per_month=0, input_tokens=1_000, output_tokens=100) == 0 * dollars("0.01")


def test_a_free_host_costs_nothing_rather_than_an_unknown_amount() -> None:
    assert bill(offering(rates("0", "0.4")), requests_per_month=10, input_tokens=1_000) == 0 * dollars("0.01")


@pytest.mark.parametrize(("prompt", "per_input"), [(999, "1"), (1_000, "1"), (1_001, "3"), (5_000, "3"), (5_001, "7")])
def test_a_step_is_paid_from_one_token_above_its_threshold(prompt: int, per_input: str) -> None:
    place = offering(rates("1", "2", above=((1_000, rates("3", "4")), (5_000, rates("7", "8")))))
    expected = 10_000 * (prompt * dollars(per_input)) / MILLION
    assert bill(place, requests_per_month=10_000, input_tokens=prompt) == expected


def test_steps_count_the_prompt_and_not_what_is_generated() -> None:
    place = offering(rates("1", "2", above=((1_000, rates("3", "4")),)))
    expected = 10_000 * (1_000 * dollars(1) + 9_000 * dollars(2)) / MILLION
    assert bill(place, requests_per_month=10_000, input_tokens=1_000, output_tokens=9_000) == expected


def test_steps_count_the_cached_part_of_the_prompt() -> None:
    place = offering(rates("1", "2", cached="0.1", above=((1_000, rates("3", "4", cached="0.3")),)))
    expected = 10_000 * (1_500 * dollars("0.3")) / MILLION
    assert bill(place, requests_per_month=10_000, input_tokens=1_500, cached_share=1) == expected


def test_a_step_replaces_the_cache_price_even_where_it_states_none() -> None:
    place = offering(rates("1", "2", cached="0.1", above=((1_000, rates("3", "4")),)))
    expected = 10_000 * (1_500 * dollars("3")) / MILLION
    assert bill(place, requests_per_month=10_000, input_tokens=1_500, cached_share=1) == expected


def test_reasoning_costs_its_own_rate_where_one_is_listed() -> None:
    place = offering(rates("1", "2", reasoning="8"))
    expected = 1_000 * (100 * dollars(1) + 200 * dollars(2) + 3_000 * dollars(8)) / MILLION
    found = bill(place, requests_per_month=1_000, input_tokens=100, output_tokens=200, reasoning_tokens=3_000)
    assert found == expected


@pytest.mark.parametrize(("exact", "cents"), [("0.005", "0.01"), ("0.025", "0.03"), ("0.0249", "0.02")])
def test_half_a_cent_is_rounded_up(exact: str, cents: str) -> None:
    place = offering(rates(str(dollars(exact) * MILLION), "1"))
    assert bill(place, requests_per_month=1, input_tokens=1) == dollars(cents)


def test_the_bill_itself_is_not_rounded() -> None:
    cost = monthly_cost(offering(rates("0.0028", "1")), Workload(requests_per_month=1, input_tokens=1, output_tokens=0))
    assert cost is not None
    assert cost.monthly_usd == dollars("0.0028") / MILLION


def test_the_largest_volume_is_exact_to_the_cent() -> None:
    place = offering(rates("0.07", "0.3"))
    expected = 10**12 * (1_000_001 * dollars("0.07") + 7 * dollars("0.3")) / MILLION
    assert bill(place, requests_per_month=10**12, input_tokens=1_000_001, output_tokens=7) == expected


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
def test_a_cached_share_is_taken_as_written_and_not_as_a_binary_fraction(share: float) -> None:
    place = offering(rates("1", "2", cached="0"))
    cost = monthly_cost(
        place, Workload(requests_per_month=1, input_tokens=MILLION, output_tokens=0, cached_share=share)
    )
    assert cost is not None
    assert cost.monthly_usd == 1 - dollars(str(share))


def test_the_lines_of_a_bill_add_up_to_it() -> None:
    place = offering(rates("1", "2", cached="0.1", reasoning="8"))
    workload = Workload(
        requests_per_month=777, input_tokens=1_234, output_tokens=56, reasoning_tokens=789, cached_share=0.25
    )
    cost = monthly_cost(place, workload)
    assert cost is not None
    assert sum(line.usd for line in cost.lines) == cost.monthly_usd


def test_the_lines_of_a_bill_with_peak_hours_add_up_to_it() -> None:
    place = offering(peak_hours=peak("3", ("08:00", "14:00")))
    cost = monthly_cost(place, Workload(requests_per_month=1_000, input_tokens=2_000, output_tokens=500))
    assert cost is not None
    assert sum(line.usd for line in cost.lines) == cost.monthly_usd


def test_a_line_is_its_tokens_at_its_price() -> None:
    cost = monthly_cost(offering(), Workload(requests_per_month=500, input_tokens=2_000, output_tokens=100))
    assert cost is not None
    assert {(line.tokens, line.usd_per_mtok, line.usd) for line in cost.lines} == {
        (dollars(500 * 2_000), dollars(1), 500 * 2_000 * dollars(1) / MILLION),
        (dollars(500 * 100), dollars(2), 500 * 100 * dollars(2) / MILLION),
    }


# --- peak hours


@pytest.mark.parametrize(
    ("hours", "weekdays_only", "share"),
    [
        ((("01:00", "04:00"), ("06:00", "10:00")), True, dollars((3 + 4) * 5) / (7 * 24)),
        ((("00:00", "14:00"),), False, dollars(14) / 24),
        ((("22:30", "00:30"),), False, dollars(2) / 24),
        ((("00:00", "00:00"),), False, dollars(24) / 24),
    ],
)
def test_the_peak_share_of_a_week_follows_from_its_hours(
    hours: tuple[tuple[str, str], ...], weekdays_only: bool, share: Decimal
) -> None:
    assert peak("2", *hours, weekdays_only=weekdays_only).week_share == share


def test_peak_hours_multiply_the_share_of_requests_that_falls_into_them() -> None:
    place = offering(peak_hours=peak("3", ("08:00", "14:00")))
    off_peak = 1_000 * (2_000 * dollars(1) + 500 * dollars(2)) / MILLION
    expected = off_peak * (1 + dollars(6) / 24 * (3 - 1))
    assert expected == dollars("4.50")
    assert bill(place, requests_per_month=1_000, input_tokens=2_000, output_tokens=500) == expected


# --- comparing without a workload, and over time


def test_the_blended_price_is_three_parts_input_to_one_part_output() -> None:
    assert blended_usd_per_mtok(offering(rates("1", "5"))) == (3 * dollars(1) + dollars(5)) / 4


def test_the_blended_price_of_claude_haiku() -> None:
    place = shipped("anthropic/claude-haiku-4-5", "anthropic/claude-haiku-4-5")
    assert blended_usd_per_mtok(place) == (3 * dollars("1.00") + dollars("5.00")) / 4


def test_without_a_price_nothing_can_be_blended() -> None:
    assert blended_usd_per_mtok(unpriced_offering()) is None


def test_a_fixed_cost_breaks_even_where_the_api_has_cost_as_much() -> None:
    assert break_even_requests(dollars(1_500), dollars("0.003")) == dollars(1_500) / dollars("0.003")


def test_a_free_api_is_never_dearer_than_a_fixed_cost() -> None:
    assert break_even_requests(dollars(1_500), dollars(0)) is None


def test_the_total_cost_is_what_runs_and_what_is_paid_once() -> None:
    assert total_cost(dollars("230.00"), 24, dollars("1800.50")) == 24 * dollars("230.00") + dollars("1800.50")


def test_the_total_cost_without_anything_paid_once_is_what_runs() -> None:
    assert total_cost(dollars("12.34"), 12) == 12 * dollars("12.34")
