"""Changes between two catalogues."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.changes import Change, changes_between, near_ends
from catalog.models import Catalog, Model
from tests.catalog.toys import known, model, offering, rates

ONE = "toymaker/toy-1"


def catalog(*models: Model, built: str = "2026-11-01") -> Catalog:
    return Catalog(built, {}, models)


def changed(old: Model | None, new: Model | None, today: dt.date) -> list[Change]:
    before, after = (catalog(*([one] if one else [])) for one in (old, new))
    return changes_between(before, after, [ONE], today)


def test_a_catalogue_beside_itself_shows_no_change(today: dt.date) -> None:
    one = model(ONE, offering(), license="mit", retires="2028-01-01")
    assert changed(one, one, today) == []


def test_a_dearer_price_tells_both_sides_with_source_and_date(today: dt.date) -> None:
    (change,) = changed(model(ONE, offering(rates("1", "2"))), model(ONE, offering(rates("1.5", "2"))), today)
    assert (change.kind, change.where, change.percent) == ("price", "host", 50.0)
    assert change.before is not None
    assert (change.before.value, change.before.source, change.before.as_of) == ("1", "litellm", "2026-11-01")


def test_each_rate_that_changed_is_a_change(today: dt.date) -> None:
    found = changed(model(ONE, offering(rates("1", "2"))), model(ONE, offering(rates("2", "4"))), today)
    assert [change.what for change in found] == [
        "input price, $ per million tokens", "output price, $ per million tokens",
    ]  # fmt: skip


def test_a_price_that_became_known_is_no_change_of_price(today: dt.date) -> None:
    assert changed(model(ONE, offering(rates(None, "2"))), model(ONE, offering(rates("1", "2"))), today) == []


def test_prices_of_two_sources_are_told_with_a_doubt(today: dt.date) -> None:
    old, new = model(ONE, offering(source="litellm")), model(ONE, offering(rates("3", "2"), source="other"))
    assert changed(old, new, today)[0].note == "the sources differ: this may be no change of the price"


def test_another_licence_is_a_change(today: dt.date) -> None:
    (change,) = changed(model(ONE, offering(), license="mit"), model(ONE, offering(), license="custom"), today)
    assert (change.kind, change.before and change.before.value, change.after and change.after.value) == (
        "licence", "mit", "custom",
    )  # fmt: skip


def test_a_licence_nobody_knows_any_more_is_unknown_and_not_a_value(today: dt.date) -> None:
    (change,) = changed(model(ONE, offering(), license="mit"), model(ONE, offering()), today)
    assert change.after is not None
    assert change.after.value is None


def test_a_licence_of_another_source_is_told_with_a_doubt(today: dt.date) -> None:
    old = model(ONE, offering(), license="mit")
    new = Model(ONE, "toymaker", "toy-1", offerings=(offering(),), license=known("apache-2.0", source="other"))
    assert "another source" in (changed(old, new, today)[0].note or "")


def test_an_end_that_was_set_is_a_change(today: dt.date) -> None:
    (change,) = changed(model(ONE, offering()), model(ONE, offering(), retires="2027-12-01"), today)
    assert (change.kind, change.after and change.after.value) == ("retirement", "2027-12-01")


def test_an_end_at_one_provider_is_a_change_there(today: dt.date) -> None:
    (change,) = changed(model(ONE, offering()), model(ONE, offering(retires="2027-12-01")), today)
    assert (change.kind, change.where) == ("retirement", "host")


def test_a_model_that_is_listed_no_more_is_gone(today: dt.date) -> None:
    assert [change.kind for change in changed(model(ONE, offering()), None, today)] == ["gone"]


def test_a_model_that_nobody_sells_any_more_is_gone(today: dt.date) -> None:
    assert "gone" in [change.kind for change in changed(model(ONE, offering()), model(ONE), today)]


def test_a_new_place_that_undercuts_all_is_told(today: dt.date) -> None:
    old = model(ONE, offering(), open_weights=True)
    new = model(ONE, offering(), offering(rates("0.5", "1"), provider="cheap"), open_weights=True)
    (change,) = changed(old, new, today)
    assert (change.kind, change.where, change.percent) == ("cheaper", "cheap", -50.0)


def test_a_new_place_that_is_dearer_is_not_told(today: dt.date) -> None:
    new = model(ONE, offering(), offering(rates("5", "10"), provider="dear"))
    assert changed(model(ONE, offering()), new, today) == []


def test_only_models_that_are_watched_are_looked_at(today: dt.date) -> None:
    old, new = catalog(model(ONE, offering())), catalog(model(ONE, offering(rates("9", "9"))))
    assert changes_between(old, new, ["toymaker/other"], today) == []


@pytest.mark.parametrize(
    ("retires", "said"),
    [
        ("2026-11-25", "ends within 7 days"),
        ("2026-12-15", "ends within 30 days"),
        ("2027-02-01", "ends within 90 days"),
    ],
)
def test_an_end_that_comes_near_is_named_once_by_its_nearest_mark(retires: str, said: str, today: dt.date) -> None:
    held = catalog(model(ONE, offering(), retires=retires))
    assert [change.what for change in near_ends(held, [ONE], today)] == [said]


@pytest.mark.parametrize("retires", ["2026-11-20", "2027-06-01"])
def test_an_end_that_is_far_or_past_does_not_come_near(retires: str, today: dt.date) -> None:
    assert near_ends(catalog(model(ONE, offering(), retires=retires)), [ONE], today) == []
