"""Rows to points: which time a row belongs to, which group, and what the rows of one time come to."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from pricer.errors import BadInput
from pricer.products.own_file import number
from pricer.watching.rows import FileRow
from pricer.watching.watches import TableWatch

ALL = "(all)"  # the sum over all groups
MOST_GROUPS = 500
MOST_COLUMNS = 6  # other columns that are looked at
MOST_ROWS = 5  # rows of a point that are kept as evidence
LONGEST = 40  # characters of a text that counts as a category
LARGEST = 10**100
EPOCH_MS = 10**11  # larger numbers are milliseconds


@dataclass(frozen=True, slots=True)
class Bin:
    """The rows of one time and group: for each watched column its value, for other columns what stood there most (or their mean)."""

    at: str
    group: str
    weekday: int | None
    values: dict[str, float]
    others: dict[str, Any]
    rows: tuple[FileRow, ...]
    rows_in_all: int


@dataclass(frozen=True, slots=True)
class Bins:
    """Points by time. `unknown` counts rows without a time, `missing` watched cells without a number: gaps, never zeros."""

    points: tuple[Bin, ...]
    unknown: int
    missing: int


@dataclass(slots=True)
class _Open:
    """A point while its rows are gathered."""

    day: dt.datetime
    cells: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    others: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    rows: list[FileRow] = field(default_factory=list)
    count: int = 0


def binned(rows: Iterable[FileRow], watch: TableWatch) -> Bins:
    """The rows as points, the oldest first. `BadInput` when a column is not there or groups are too many."""
    found: dict[tuple[str, str], _Open] = {}
    unknown = missing = 0
    for row in rows:
        _check_columns(row, watch)
        when = time_of(row.values.get(watch.time))
        if when is None:
            unknown += 1
            continue
        start = _start(when, watch.period)
        groups: tuple[str, ...] = (ALL,) if watch.by is None else (_name(row.values.get(watch.by)),)
        if watch.by is not None and watch.how in ("sum", "count"):
            groups = (*groups, ALL)
        for group in groups:
            one = found.setdefault((shown(start, watch.period), group), _Open(start))
            missing += _gather(one, row, watch)
    groups_in_all = {group for _, group in found}
    if len(groups_in_all) > MOST_GROUPS:
        raise BadInput(
            f"column {watch.by!r} has {len(groups_in_all)} groups, wanted at most {MOST_GROUPS}; name another with --by"
        )
    points = tuple(_closed(at, group, one, watch) for (at, group), one in sorted(found.items()))
    return Bins(tuple(point for point in points if point.values), unknown, missing)


def time_of(cell: object) -> dt.datetime | None:
    """The time that a cell states, in UTC where it names a zone: ISO dates and times, 2026/11/21, seconds or milliseconds since 1970,
    dates of a Parquet file. None for anything else."""
    if isinstance(cell, dt.datetime):
        return cell.astimezone(dt.UTC).replace(tzinfo=None) if cell.tzinfo else cell
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - a day as it is written
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    return _spelled(cell.strip()) if isinstance(cell, str) else _since_1970(float(cell))


def start_of(row: FileRow, watch: TableWatch) -> str | None:
    """The time of the point to which a row belongs."""
    when = time_of(row.values.get(watch.time))
    return None if when is None else shown(_start(when, watch.period), watch.period)


def shown(when: dt.datetime, period: str | None) -> str:
    """The time as text that sorts: a day where it is midnight, else to the second."""
    if period in ("day", "week") or (period is None and when.time() == dt.time()):
        return when.date().isoformat()
    return when.isoformat(timespec="microseconds" if when.microsecond else "seconds")


def ends(at: str, period: str) -> dt.datetime:
    """When the period that began at `at` is over."""
    length = {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1), "week": dt.timedelta(days=7)}[period]
    return dt.datetime.fromisoformat(at) + length


def _spelled(text: str) -> dt.datetime | None:
    plain = text.replace("/", "-") if text[:4].isdigit() and text[4:5] == "/" else text
    try:
        return time_of(dt.datetime.fromisoformat(plain))
    except ValueError:
        pass
    try:
        return _since_1970(float(plain)) if len(plain) >= 9 else None
    except ValueError:
        return None


def _since_1970(seconds: float) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(seconds / 1000 if abs(seconds) >= EPOCH_MS else seconds, dt.UTC).replace(
            tzinfo=None
        )
    except (OverflowError, OSError, ValueError):
        return None


def _start(when: dt.datetime, period: str | None) -> dt.datetime:
    if period == "hour":
        return when.replace(minute=0, second=0, microsecond=0)
    if period is None:
        return when
    day = when.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - dt.timedelta(days=day.weekday()) if period == "week" else day


def _check_columns(row: FileRow, watch: TableWatch) -> None:
    wanted = [watch.time, *watch.values, *([watch.by] if watch.by else [])]
    gone = [name for name in wanted if name not in row.values]
    if gone and watch.file.endswith((".csv", ".tsv", ".parquet")):
        there = ", ".join(list(row.values)[:12])
        raise BadInput(f"{watch.file}: no column {gone[0]!r}; there is {there}")


def _name(cell: object) -> str:
    text = "" if cell is None else str(cell).strip()
    return text[:80] or "(none)"


def _gather(one: _Open, row: FileRow, watch: TableWatch) -> int:
    """Put a row into its point; how many watched cells had no number."""
    one.count += 1
    if len(one.rows) < MOST_ROWS:
        one.rows.append(FileRow(row.line, {name: _short(cell) for name, cell in list(row.values.items())[:20]}))
    missing = 0
    for name in watch.values:
        value = _number(row.values.get(name))
        if value is None and watch.how != "count":
            missing += 1
        else:
            one.cells[name].append(value if value is not None else 1.0)
    for name in _others(row, watch):
        cell = row.values[name]
        value = _number(cell)
        if value is not None or (isinstance(cell, str) and 0 < len(cell) <= LONGEST):
            one.others[name].append(cell if value is None else value)
    return missing


def _number(cell: object) -> float | None:
    """The number in a cell; one that no arithmetic could hold is none."""
    if isinstance(cell, int) and abs(cell) > LARGEST:
        return None
    value = number(cell)
    return value if value is not None and abs(value) <= LARGEST else None


def _others(row: FileRow, watch: TableWatch) -> list[str]:
    return [name for name in row.values if name not in (watch.time, watch.by)][:MOST_COLUMNS]


def _closed(at: str, group: str, one: _Open, watch: TableWatch) -> Bin:
    daily = watch.period == "day" or (watch.period is None and one.day.time() == dt.time())
    values = {name: _taken(cells, watch.how) for name, cells in one.cells.items() if cells}
    others = {name: _usual(cells) for name, cells in one.others.items()}
    return Bin(at, group, one.day.weekday() if daily else None, values, others, tuple(one.rows), one.count)


def _taken(cells: Sequence[float], how: str) -> float:
    if how == "count":
        return float(len(cells))
    return {"mean": fmean, "sum": sum, "median": median, "last": lambda found: found[-1]}[how](cells)  # type: ignore[no-any-return, operator]


def _usual(cells: Sequence[Any]) -> Any:
    """The mean of numbers, the commonest of texts."""
    numbers = [cell for cell in cells if isinstance(cell, float)]
    return fmean(numbers) if len(numbers) == len(cells) else str(Counter(map(str, cells)).most_common(1)[0][0])


def _short(cell: object) -> Any:
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    return str(cell)[:80]
