"""Whether a model can be had on the day: withdrawals, later dates of resellers, notices, downloads."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.status import is_current, live_offerings, stops_on
from tests.catalog.toys import model, offering, rates, unpriced_offering

PAST, FUTURE = "2026-10-26", "2027-02-01"
OPEN: dict[str, Any] = {"open_weights": True, "repo": "toymaker/toy-1"}


def test_a_closed_model_that_its_maker_sells_is_current(today: dt.date) -> None:
    assert is_current(model("toymaker/toy-1", offering(first_party=True), open_weights=False), today)


def test_a_model_that_nobody_sells_and_nobody_can_download_is_not_current(today: dt.date) -> None:
    assert not is_current(model(open_weights=False), today)


def test_open_weights_to_download_make_a_model_current(today: dt.date) -> None:
    assert is_current(model(**OPEN), today)


def test_open_weights_without_a_repository_do_not(today: dt.date) -> None:
    assert not is_current(model(open_weights=True), today)


# --- withdrawal


def test_a_closed_model_withdrawn_by_its_maker_is_gone_at_resellers(today: dt.date) -> None:
    gone = model("toymaker/toy-1", offering(first_party=True, retires=PAST), offering(), open_weights=False)
    assert live_offerings(gone, today) == ()


def test_a_closed_model_whose_retirement_is_a_fact_is_gone_at_resellers(today: dt.date) -> None:
    assert live_offerings(model("toymaker/toy-1", offering(), open_weights=False, retires=PAST), today) == ()


def test_a_reseller_that_states_a_later_date_still_has_it(today: dt.date) -> None:
    later = offering(provider="reseller", retires=FUTURE)
    gone = model("toymaker/toy-1", offering(first_party=True, retires=PAST), offering(), later, open_weights=False)
    assert live_offerings(gone, today) == (later,)


def test_a_reseller_whose_own_date_is_past_does_not_have_it(today: dt.date) -> None:
    places = (offering(first_party=True, retires=PAST), offering(provider="reseller", retires=PAST))
    assert live_offerings(model("toymaker/toy-1", *places, open_weights=False), today) == ()


def test_the_maker_still_selling_one_of_two_names_is_no_withdrawal(today: dt.date) -> None:
    old, new = offering(first_party=True, retires=PAST), offering(first_party=True)
    reseller = offering(provider="reseller")
    assert live_offerings(model("toymaker/toy-1", old, new, reseller, open_weights=False), today) == (new, reseller)


def test_open_weights_do_not_retire(today: dt.date) -> None:
    host = offering()
    withdrawn = model("toymaker/toy-1", offering(first_party=True, retires=PAST), host, retires=PAST, **OPEN)
    assert live_offerings(withdrawn, today) == (host,)
    assert is_current(withdrawn, today)


@pytest.mark.parametrize(("retires", "live"), [("2026-11-20", False), ("2026-11-21", False), ("2026-11-22", True)])
def test_an_offering_is_gone_from_its_last_day_on(retires: str, live: bool, today: dt.date) -> None:
    found = live_offerings(
        model("toymaker/toy-1", offering(first_party=True, retires=retires), open_weights=False), today
    )
    assert bool(found) is live


@pytest.mark.parametrize("retires", ["2026-11", "2026"])
def test_a_date_without_a_day_retires_on_the_first(retires: str, today: dt.date) -> None:
    assert live_offerings(model("toymaker/toy-1", offering(retires=retires), open_weights=True), today) == ()


@pytest.mark.parametrize("archive", ["portkey", "llm-stats"])
def test_a_row_of_an_archive_alone_does_not_show_that_a_model_is_sold(archive: str, today: dt.date) -> None:
    assert live_offerings(model("toymaker/toy-1", offering(source=archive), open_weights=False), today) == ()


# --- prices not to believe


@pytest.mark.parametrize(("per_input", "believed"), [("0.49", False), ("0.50", True), ("9", True)])
def test_a_reseller_below_half_of_the_makers_price_of_a_closed_model_is_not_believed(
    per_input: str, believed: bool, today: dt.date
) -> None:
    own = offering(rates("1", "0"), provider="toymaker", first_party=True)
    reseller = offering(rates(per_input, "0"), provider="reseller")
    assert (reseller in live_offerings(model("toymaker/toy-1", own, reseller, open_weights=False), today)) is believed


def test_any_price_of_an_open_model_is_believed(today: dt.date) -> None:
    own, host = offering(rates("1", "1"), first_party=True), offering(rates("0.01", "0.01"))
    assert live_offerings(model("toymaker/toy-1", own, host, **OPEN), today) == (own, host)


def test_a_reseller_without_a_price_is_kept(today: dt.date) -> None:
    own, reseller = offering(provider="toymaker", first_party=True), unpriced_offering(provider="reseller")
    assert live_offerings(model("toymaker/toy-1", own, reseller, open_weights=False), today) == (own, reseller)


# --- notice


def on(day: dt.date) -> str:
    return day.isoformat()


def test_a_closed_model_within_120_days_of_its_end_is_flagged_with_the_day(today: dt.date) -> None:
    last = today + dt.timedelta(days=120)
    assert (
        stops_on(model("toymaker/toy-1", offering(first_party=True, retires=on(last)), open_weights=False), today)
        == last
    )


def test_a_closed_model_with_more_than_120_days_left_is_not_flagged(today: dt.date) -> None:
    last = today + dt.timedelta(days=121)
    found = model("toymaker/toy-1", offering(first_party=True, retires=on(last)), open_weights=False)
    assert stops_on(found, today) is None


def test_the_makers_day_counts_and_not_a_resellers(today: dt.date) -> None:
    mine, theirs = today + dt.timedelta(days=30), today + dt.timedelta(days=60)
    places = (offering(first_party=True, retires=on(mine)), offering(retires=on(theirs)))
    assert stops_on(model("toymaker/toy-1", *places, open_weights=False), today) == mine


def test_a_model_that_only_resellers_still_have_stops_when_the_last_does(today: dt.date) -> None:
    ends = [today + dt.timedelta(days=days) for days in (30, 60)]
    places = [offering(provider=f"reseller-{n}", retires=on(end)) for n, end in enumerate(ends)]
    found = model("toymaker/toy-1", offering(first_party=True, retires=PAST), *places, open_weights=False)
    assert stops_on(found, today) == max(ends)


def test_an_end_that_is_a_fact_counts_where_the_maker_dates_no_offering(today: dt.date) -> None:
    last = today + dt.timedelta(days=45)
    found = model("toymaker/toy-1", offering(first_party=True), open_weights=False, retires=on(last))
    assert stops_on(found, today) == last


def test_a_model_without_an_end_is_not_flagged(today: dt.date) -> None:
    assert stops_on(model("toymaker/toy-1", offering(first_party=True), open_weights=False), today) is None


def test_an_open_model_is_never_flagged(today: dt.date) -> None:
    soon = on(today + dt.timedelta(days=10))
    assert stops_on(model("toymaker/toy-1", offering(first_party=True, retires=soon), **OPEN), today) is None
