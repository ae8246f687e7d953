"""Alerts: what was seen, against what was expected, and the evidence for it. One file each, whole or not there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from catalog.snapshot import home
from pricer.errors import BadInput
from pricer.files import write_json

Kind = Literal["jump", "run", "price", "licence", "retirement", "gone", "cheaper"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What would have been ordinary, from `points` earlier values: the middle, and the interval outside which a value is unusual."""

    middle: float
    low: float
    high: float
    points: int
    forecaster: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the user's table: its line in the file (in Parquet its number, from 1) and what stands there."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """One group at the time of the alert. `share` is its part of all groups' changes together, None where they cannot be added."""

    name: str
    observed: float
    expected: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Column:
    """Another column at that time: its value, what it was in the points before, and whether that is something it never was there."""

    name: str
    observed: Any
    before: str
    new: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Evidence from a table: the rows themselves, the points before as (time, value), the groups and the other columns."""

    file: str
    rows: tuple[Row, ...]
    rows_in_all: int
    before: tuple[tuple[str, float], ...]
    groups: tuple[Group, ...] = ()
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A claim of the catalogue: the value as text (None: no source knew), the source's name and the date of its data."""

    value: str | None
    source: str | None
    as_of: str | None


@dataclass(frozen=True, slots=True)
class Claims:
    """Evidence from the catalogue: before and after, each with source and date, and the days on which the snapshots were built."""

    model: str
    where: str | None
    before: Said | None
    after: Said | None
    built_before: str | None
    built_after: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Runs:
    """Evidence from runs: the run, the earlier ones it stands beside, and how the two were compared."""

    run: str
    earlier: tuple[str, ...]
    figures: dict[str, Any] = field(default_factory=dict)
    how: str = ""


Evidence = Table | Claims | Runs


@dataclass(frozen=True, slots=True)
class Alert:
    """Something unusual that a watch saw. `id` follows from watch, series and time, so that looking again does not make another.

    `at` is the time of the point, the as-of date or the run's start; `unusual` robust sigmas with their sign, None where that is no
    measure; `settled` what a jump turned out to be, None while too few points followed.
    """

    id: str
    made: str
    watch: str
    kind: Kind
    what: str
    at: str
    observed: float | str | None
    expected: Expected | None
    unusual: float | None
    evidence: Evidence
    settled: str | None = None


def alert_id(*parts: object) -> str:
    """The id of the alert on these parts: the same for the same."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:12]


def watch_folder() -> Path:
    """Where everything about watching lies: `watch` in the home folder."""
    return home() / "watch"


def alerts_folder() -> Path:
    """Where alerts lie, a file each."""
    return watch_folder() / "alerts"


def keep(found: Alert) -> bool:
    """Write the alert; whether it is a new one. One that is there keeps the time at which it was made."""
    path = alerts_folder() / f"{found.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    there = _read(path)
    if there is not None:
        found = replace(found, made=there.made, settled=found.settled or there.settled)
    if found != there:
        write_json(dataclasses.asdict(found), path)
    return there is None


def settle(one: str, how: str) -> bool:
    """Write down what a jump turned out to be; whether there is such an alert that did not say so yet."""
    path = alerts_folder() / f"{one}.json"
    there = _read(path)
    if there is None or there.settled == how:
        return False
    write_json(dataclasses.asdict(replace(there, settled=how)), path)
    return True


def forget(watch: str) -> None:
    """Remove the alerts of a watch."""
    for one in every():
        if one.watch == watch:
            (alerts_folder() / f"{one.id}.json").unlink(missing_ok=True)


def every() -> list[Alert]:
    """All alerts, the newest first. A file that is damaged is none."""
    found = list(_all())
    return sorted(found, key=lambda one: (one.made, one.at, one.id), reverse=True)


def stamp() -> tuple[int, int]:
    """Changes when an alert comes, changes or goes: the newest write in nanoseconds, and how many there are."""
    folder = alerts_folder()
    if not folder.is_dir():
        return (0, 0)
    times = [path.stat().st_mtime_ns for path in folder.glob("*.json")]
    return (max(times, default=0), len(times))


def told(one: Alert) -> dict[str, Any]:
    """The alert as JSON."""
    return dataclasses.asdict(one)


def read(row: Mapping[str, Any]) -> Alert:
    """The alert that `told` was made of; `BadInput` when it is none."""
    try:
        fields = dict(row)
        expected = Expected(**fields["expected"]) if fields["expected"] else None
        return Alert(
            **(fields | {"expected": expected, "evidence": _evidence(fields["kind"], dict(fields["evidence"]))})
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"wanted an alert, found {str(row)[:60]!r} ({error})") from None


def _evidence(kind: str, row: dict[str, Any]) -> Evidence:
    if kind == "jump":
        return Table(**(row | {
            "rows": tuple(Row(**one) for one in row["rows"]),
            "before": tuple((str(at), float(value)) for at, value in row["before"]),
            "groups": tuple(Group(**one) for one in row["groups"]),
            "columns": tuple(Column(**one) for one in row["columns"]),
        }))  # fmt: skip
    if kind == "run":
        return Runs(**(row | {"earlier": tuple(row["earlier"])}))
    return Claims(**(row | {side: Said(**row[side]) if row[side] else None for side in ("before", "after")}))


def _all() -> Iterator[Alert]:
    for path in sorted(alerts_folder().glob("*.json")):
        one = _read(path)
        if one is not None:
            yield one


def _read(path: Path) -> Alert | None:
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, BadInput, TypeError):
        return None
