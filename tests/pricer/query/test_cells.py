"""Values as they leave: plain, cut, and harmless to a terminal."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.products.text import printable
from pricer.query.cells import CELL, PAGE, cell, page

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.datetimes() | st.timedeltas(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1.250000000"), "1.25"),
        (Decimal("100"), "100"),
        (Decimal("0E-9"), "0"),
        (2**53, 2**53),
        (2**53 + 1, str(2**53 + 1)),
        (True, True),
        (float("inf"), None),
        (b"\x00\xff", "00ff"),
        (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "2026-01-02T00:00:00+00:00"),
        (dt.time(1, 2), "01:02:00"),
        ({1: [Decimal("0.5")]}, {"1": ["0.5"]}),
    ],
)
def test_a_value_is_shown_as_json_has_it(value: Any, shown: Any) -> None:
    assert cell(value).value == shown
    assert type(cell(value).value) is type(shown)


@given(values)
def test_any_value_becomes_strict_json_of_bounded_length(value: Any) -> None:
    shown = cell(value)
    text = json.dumps(shown.value, allow_nan=False, ensure_ascii=False)
    assert shown.cut or len(text) <= 6 * CELL + 2  # a control character takes six
    assert len(json.loads(text)) <= CELL + 40 if shown.cut else json.loads(text) == shown.value


@given(st.lists(st.tuples(st.text(), st.integers()), max_size=30), st.integers(1, 10))
def test_a_page_is_the_first_rows_in_order(rows: list[tuple[Any, ...]], limit: int) -> None:
    found = page(rows, limit)
    assert len(found.rows) == min(limit, len(rows))
    assert found.truncated == (len(rows) > limit)
    assert [row[1] for row in found.rows] == [cell(row[1]).value for row in rows[:limit]]


def test_a_page_never_outgrows_its_bytes_and_makes_no_more_rows_than_it_shows() -> None:
    made = []

    def endless() -> Any:
        while True:
            made.append(1)
            yield ("\x00" * 499,)  # six bytes each in JSON

    found = page(endless(), 10_000)
    assert found.truncated
    assert len(json.dumps(found.rows)) <= PAGE + 2 * len(found.rows)
    assert len(made) == len(found.rows) + 1


@given(st.text(st.characters(min_codepoint=0, max_codepoint=0x2070)))
def test_nothing_printable_moves_a_terminal(text: str) -> None:
    shown = printable(text)
    controls = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)} - {
        ord("\n"),
        ord("\t"),
    }
    assert not controls & set(map(ord, shown))
    assert shown == text or "\\" in shown
