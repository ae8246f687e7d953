"""What the catalogue promises to know, kept on the snapshot that ships."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog import snapshot
from catalog.coverage import CoverageRow, coverage
from catalog.models import Catalog
from tests.catalog.toys import model, offering, unpriced_offering
from tests.conftest import TODAY

PROMISES = coverage(snapshot.load(snapshot.EMBEDDED), TODAY)


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: row.name)
def test_the_shipped_snapshot_keeps_its_promise(row: CoverageRow) -> None:
    assert row.met, row.text


def test_most_promises_promise_something() -> None:
    assert sum(row.at_least > 0 for row in PROMISES) >= 10


@pytest.mark.parametrize(
    ("count", "of", "at_least", "met"),
    [(95, 100, 0.95, True), (94, 100, 0.95, False), (20, None, 20, True), (19, None, 20, False), (0, 0, 0.0, True)],
)
def test_a_promise_is_met_from_its_figure_on(count: int, of: int | None, at_least: float, met: bool) -> None:
    assert CoverageRow("toy", count, of, at_least).met is met


def test_a_share_is_shown_with_its_count_and_its_promise() -> None:
    assert CoverageRow("toy", 507, 521, 0.95).text == "507 of 521 (97%, promised 95%)"


def test_a_count_is_shown_with_its_promise() -> None:
    assert CoverageRow("toy", 4170, None, 2000).text == "4,170 (promised 2,000)"


def test_only_models_that_can_be_had_on_the_day_are_counted(today: dt.date) -> None:
    sold, gone = model("toymaker/sold", offering(), open_weights=False), model("toymaker/gone", open_weights=False)
    rows = {row.name: row for row in coverage(Catalog("2026-11-21", {}, (sold, gone)), today)}
    assert rows["current models"].count == 1


def test_the_price_promise_counts_closed_models_with_a_price(today: dt.date) -> None:
    priced = model("toymaker/priced", offering(), open_weights=False)
    bare = model("toymaker/bare", unpriced_offering(), open_weights=False)
    opened = model("toymaker/open", unpriced_offering(), open_weights=True)
    rows = {row.name: row for row in coverage(Catalog("2026-11-21", {}, (priced, bare, opened)), today)}
    assert (rows["API price, closed models"].count, rows["API price, closed models"].of) == (1, 2)


def test_an_empty_catalogue_has_rows_too(today: dt.date) -> None:
    assert all(row.count == 0 for row in coverage(Catalog("2026-11-21", {}, ()), today))
