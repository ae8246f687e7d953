"""Values of a result as plain data that JSON holds, cut to what a reader can take in."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

CELL = 500  # characters
PAGE = 60_000  # bytes of JSON in all, about 20,000 tokens: clients refuse results over 25,000
EXACT = 2**53  # beyond it JavaScript and many JSON readers round whole numbers


@dataclass(frozen=True, slots=True)
class Page:
    """The rows that are shown; `truncated` when there were more, `cells_cut` counts cells that were longer than `CELL`."""

    rows: list[list[Any]]
    truncated: bool
    cells_cut: int


def page(rows: Iterable[tuple[Any, ...]], limit: int) -> Page:
    """The first `limit` rows, or fewer when they fill a page."""
    shown: list[list[Any]] = []
    cut = size = 0
    for row in rows:
        cells = [cell(value) for value in row]
        values = [one.value for one in cells]
        size += len(_json(values).encode())
        if len(shown) == limit or size > PAGE:
            return Page(shown, True, cut)
        shown.append(values)
        cut += sum(one.cut for one in cells)
    return Page(shown, False, cut)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value that JSON holds, and whether it was cut."""

    value: Any
    cut: bool = False


def cell(value: Any) -> Cell:
    """Dates as ISO text, decimals and whole numbers beyond 2^53 as text, bytes as hex, NaN and infinity as null."""
    found = plain(value)
    text = found if isinstance(found, str) else _json(found) if isinstance(found, list | dict) else ""
    if len(text) <= CELL:
        return Cell(found)
    return Cell(f"{text[:CELL]}… [cut: {len(text):,} characters]", cut=True)


def plain(value: Any) -> Any:
    """The value as JSON has it, nested ones included."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= EXACT else str(value)
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value.is_finite() else str(value)
    if isinstance(value, dt.date | dt.time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)  # an interval, a UUID


def _key(name: Any) -> str:
    found = plain(name)
    return found if isinstance(found, str) else _json(found)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def batches(fetch: Any, size: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a cursor, a few at a time, so that no more are made than are shown."""
    while rows := fetch(size):
        yield from rows
