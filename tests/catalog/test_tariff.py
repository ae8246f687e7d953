from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from catalog import snapshot
from catalog.cost import request_cost
from catalog.models import Rates
from catalog.tariff import Tariff, given, tariff

RATES = Rates(Decimal(2), Decimal(10), cache_read=Decimal("0.5"), cache_write=Decimal("2.5"), reasoning=Decimal(20))


def test_a_request_costs_the_sum_of_its_parts() -> None:
    usd = request_cost(
        RATES, input_tokens=1000, output_tokens=300, cached_tokens=200, cache_write_tokens=100, reasoning_tokens=50
    )
    assert (
        usd
        == (700 * Decimal(2) + 200 * Decimal("0.5") + 100 * Decimal("2.5") + 250 * Decimal(10) + 50 * Decimal(20))
        / 10**6
    )


def test_what_has_no_price_of_its_own_is_charged_as_input_or_output() -> None:
    plain = Rates(Decimal(2), Decimal(10))
    usd = request_cost(
        plain, input_tokens=1000, output_tokens=300, cached_tokens=200, cache_write_tokens=100, reasoning_tokens=50
    )
    assert usd == (1000 * Decimal(2) + 300 * Decimal(10)) / 10**6


def test_a_long_prompt_pays_the_rates_of_its_tier() -> None:
    rates = Rates(Decimal(1), Decimal(4), above=((1000, Rates(Decimal(2), Decimal(6))),))
    assert request_cost(rates, input_tokens=1000, output_tokens=10) == (1000 * Decimal(1) + 10 * Decimal(4)) / 10**6
    assert request_cost(rates, input_tokens=1001, output_tokens=10) == (1001 * Decimal(2) + 10 * Decimal(6)) / 10**6


def test_an_unknown_rate_gives_no_price() -> None:
    assert request_cost(Rates(Decimal(1), None), input_tokens=1, output_tokens=1) is None


@pytest.mark.parametrize("cached", [0, 400])
@pytest.mark.parametrize("written", [0, 300])
@pytest.mark.parametrize("reasoned", [0, 80])
def test_the_worst_case_is_never_below_what_is_charged(cached: int, written: int, reasoned: int) -> None:
    rates = Rates(
        Decimal(2), Decimal(10), Decimal(3), Decimal(4), Decimal(20), above=((500, Rates(Decimal(5), Decimal(15))),)
    )
    one = Tariff(rates, "a test")
    paid = one.cost(
        input_tokens=1000,
        output_tokens=100,
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoned,
    )
    assert paid <= one.at_most(1000, 100)


def test_peak_hours_are_always_charged() -> None:
    one = Tariff(Rates(Decimal(1), Decimal(1)), "a test", multiplier=Decimal(2))
    assert one.cost(input_tokens=10, output_tokens=0) == 2 * Decimal(10) / 10**6


def test_a_model_is_priced_where_it_is_asked(today: dt.date) -> None:
    found = tariff(snapshot.load(), "openai/gpt-4o-mini", today)
    assert found is not None
    assert (found.rates.input, found.rates.output, found.model) == (
        Decimal("0.15"),
        Decimal("0.6"),
        "openai/gpt-4o-mini",
    )


def test_a_provider_that_does_not_sell_a_model_gives_no_price(today: dt.date) -> None:
    assert tariff(snapshot.load(), "xai/gpt-4o-mini", today) is None
    assert tariff(snapshot.load(), "openai/no-such-model", today) is None


def test_a_price_that_the_user_gives_is_taken() -> None:
    assert (
        given(Decimal(3), Decimal(6)).cost(input_tokens=100, output_tokens=10)
        == (100 * Decimal(3) + 10 * Decimal(6)) / 10**6
    )
