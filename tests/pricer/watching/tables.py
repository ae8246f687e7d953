"""Small daily tables, written and grown."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

from pricer.watching.watches import TableWatch

NOW = dt.datetime(2026, 11, 21, 12)  # noqa: DTZ001 - in UTC, without its zone
FIRST = dt.date(2026, 8, 1)
HEAD = "date,category,price,units,currency\n"


def row(day: int, category: str = "books", price: float | None = None, units: int = 40, currency: str = "USD") -> str:
    """A line; the price wobbles around 20 unless given."""
    value = 20 + random.Random(f"{day} {category}").gauss(0, 0.4) if price is None else price
    return f"{FIRST + dt.timedelta(day)},{category},{value:.2f},{units},{currency}\n"


def grown(path: Path, days: range, *categories: str) -> Path:
    """The file with a row a day and category more; it is begun when it is not there."""
    if not path.exists():
        path.write_text(HEAD)
    with path.open("a") as file:
        file.writelines(row(day, category) for day in days for category in categories or ("books",))
    return path


def add(path: Path, *lines: str) -> None:
    """More lines at the end."""
    with path.open("a") as file:
        file.writelines(lines)


def watching(path: Path, **other: object) -> TableWatch:
    """A watch on the price."""
    return TableWatch("prices", str(path), "date", ("price",), **other)  # type: ignore[arg-type]
