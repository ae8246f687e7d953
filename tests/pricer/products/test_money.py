"""Prices as records state them."""

from __future__ import annotations

import math

import pytest

from pricer.products.money import LEAST_USD, MOST_USD, nearest_dollar, outside, price


@pytest.mark.parametrize(
    ("stated", "usd"),
    [
        (44.0, 44.0), (12, 12.0), ("12.5", 12.5), ("$1,299.00", 1299.0), ("1.299,00", 1299.0), ("1,299", 1299.0), ("45,99", 45.99),
        ("USD 45", 45.0), ("US$ 9.99", 9.99), ("45.99 dollars", 45.99), (" $.99 ", 0.99), ("1 299,00", 1299.0), ("0.00", 0.0),
        ("12.999.999", 12_999_999.0),
    ],
)  # fmt: skip
def test_an_amount_in_dollars_is_read(stated: object, usd: float) -> None:
    assert price(stated).usd == usd
    assert price(stated).fault is None


@pytest.mark.parametrize(
    ("stated", "fault"),
    [
        (None, "price missing"), ("None", "price missing"), ("", "price missing"), ("—", "price missing"), (math.nan, "price missing"),
        ("$10.99 - $24.99", "price is a range"), ("from 7.99", "price is a range"), ("10 to 20", "price is a range"),
        ("€45,99", "price in another currency"), ("CA$5", "price in another currency"), ("45 EUR", "price in another currency"),
        ("1.299", "price unreadable"), ("free", "price unreadable"), ("-5", "price unreadable"), (-5.0, "price unreadable"),
        (math.inf, "price unreadable"), (True, "price unreadable"), ("1e3", "price unreadable"), ([12.0], "price unreadable"),
        ("12.50 15.00", "price unreadable"),
    ],
)  # fmt: skip
def test_what_is_no_single_amount_is_a_fault_and_never_a_price(stated: object, fault: str) -> None:
    assert price(stated).usd is None
    assert price(stated).fault == fault


@pytest.mark.parametrize(
    ("usd", "reason"), [(0.49, "price below 0.50"), (0.5, None), (999.49, None), (999.5, "price above 999.49")]
)
def test_the_filter_keeps_its_bounds(usd: float, reason: str | None) -> None:
    assert outside(usd) == reason


def test_within_the_bounds_the_nearest_dollar_runs_from_1_to_999() -> None:
    assert (nearest_dollar(LEAST_USD), nearest_dollar(MOST_USD), nearest_dollar(2.5), nearest_dollar(44.49)) == (
        1,
        999,
        3,
        44,
    )
