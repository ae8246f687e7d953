"""Dates of limited precision: a year, a month or a day, as the days that they may mean."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.dates import Span, span

DAYS = st.dates(min_value=dt.date(1000, 1, 1))
ONE_DAY = dt.timedelta(days=1)


def known(date: str) -> Span:
    found = span(date)
    assert found is not None
    return found


@settings(derandomize=True, deadline=None)
@given(DAYS)
def test_a_day_means_itself(day: dt.date) -> None:
    assert known(day.isoformat()) == Span(day, day)


@settings(derandomize=True, deadline=None)
@given(DAYS)
def test_a_month_begins_on_its_first_and_contains_its_every_day(day: dt.date) -> None:
    found = known(day.isoformat()[:7])
    assert found.first == day.replace(day=1) <= day <= found.last


@settings(derandomize=True, deadline=None)
@given(DAYS.filter(lambda day: (day.year, day.month) < (9999, 12)))
def test_the_day_after_a_month_is_the_first_of_the_next(day: dt.date) -> None:
    after = known(day.isoformat()[:7]).last + ONE_DAY
    assert after.day == 1
    assert (after.year, after.month) == (day.year + day.month // 12, day.month % 12 + 1)


@settings(derandomize=True, deadline=None)
@given(DAYS)
def test_a_year_runs_from_new_year_to_new_years_eve(day: dt.date) -> None:
    assert known(day.isoformat()[:4]) == Span(day.replace(month=1, day=1), day.replace(month=12, day=31))


@settings(derandomize=True, deadline=None)
@given(DAYS)
def test_less_precision_never_means_fewer_days(day: dt.date) -> None:
    exact, month, year = (known(day.isoformat()[:length]) for length in (10, 7, 4))
    assert year.first <= month.first <= exact.first <= exact.last <= month.last <= year.last


@settings(derandomize=True, deadline=None)
@given(st.text())
def test_any_text_is_a_date_or_nothing(text: str) -> None:
    found = span(text)
    assert found is None or found.first <= found.last


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2025-13", "2025-00", "2025-02-30", "2025-1", "2025-01-1", "25", "2025-01-01T00:00", " 2025", "2025\n",
     "0000", "2025/01/01"],
)  # fmt: skip
def test_what_is_no_date_means_nothing(text: str) -> None:
    assert span(text) is None
