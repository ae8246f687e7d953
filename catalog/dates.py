"""Dates as sources write them: a year, a month or a day, each a range of days."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

SHAPE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a date of limited precision may mean, both ends included."""

    first: dt.date
    last: dt.date


def span(date: str) -> Span | None:
    """`2025`, `2025-03` or `2025-03-31` as a span; None for anything that is no such date."""
    found = SHAPE.fullmatch(date)
    if not found:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    try:
        if month is None:
            return Span(dt.date(year, 1, 1), dt.date(year, 12, 31))
        if day is None:
            return Span(dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1]))
        return Span(dt.date(year, month, day), dt.date(year, month, day))
    except ValueError:
        return None
