"""A look at a user's table: new rows to points, points to judgements, unusual points to alerts with their evidence."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from pricer.watching import series as kept
from pricer.watching.alerts import Alert, Column, Expected, Group, Row, Table, alert_id
from pricer.watching.detector import Judgement
from pricer.watching.points import ALL, Bin, Bins, binned, ends, start_of
from pricer.watching.rows import FileRow, Reading, place_of, read_new
from pricer.watching.watches import TableWatch

RECENT = 14  # points of a series at the first look that may still make an alert
SHOWN = 28  # points before an alert that are kept with it
MOST_GROUPS = 12


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found. `settled` are alert ids and what they turned out to be; `notes` are sentences; `charts` the last values of
    each series by name, newest last."""

    found: tuple[Alert, ...]
    settled: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    state: dict[str, Any]
    looked_at: int = 0
    charts: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Found:
    """An alert, of which series and column, and the how-manieth point of this look it is."""

    alert: Alert
    key: str
    column: str
    place: int


@dataclass(slots=True)
class _Table:
    """All series of a table while a look goes through its points."""

    watch: TableWatch
    series: dict[str, kept.Series]
    others: dict[str, list[dict[str, Any]]]
    last: str | None
    judged: dict[tuple[str, str], dict[str, tuple[float, Judgement]]] = field(default_factory=dict)
    found: list[_Found] = field(default_factory=list)
    settled: list[tuple[str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def look(watch: TableWatch, state: dict[str, Any], now: dt.datetime) -> Look:
    """Read what is new of the table and judge it. `BadInput` when file or columns are not as they were said to be."""
    reading = read_new(Path(watch.file), place_of(state.get("place")))
    fresh = not state.get("series") or reading.how == "rewritten"
    table = _table(watch, {} if fresh else state)
    rows = [*([] if fresh else [FileRow(line, values) for line, values in state.get("held", [])]), *reading.rows]
    bins = binned(rows, watch)
    ready, waiting = _ready(bins, watch, now)
    fit = [point for point in ready if table.last is None or point.at > table.last]
    for point in fit:
        for name in point.values:
            _advance(table, point, name, now)
    found, old = _recent(table, watch) if fresh else (table.found, 0)
    alerts = tuple(_with_groups(one, table) for one in found)
    held = [row for row in rows if waiting and start_of(row, watch) in waiting]
    told = {
        "place": dataclasses.asdict(reading.place),
        "series": {name: kept.told(one) for name, one in table.series.items()},
        "others": table.others,
        "last": max([*(point.at for point in fit), table.last or ""]) or None,
        "held": [[row.line, row.values] for row in held],
    }
    notes = _notes(reading, bins, table, len(ready) - len(fit), old, len(held))
    shown = {_series_name(name): [seen.value for seen in one.seen[-60:]] for name, one in table.series.items()}
    ids = {one.id for one in alerts}
    settled = tuple(pair for pair in table.settled if not fresh or pair[0] in ids)
    return Look(alerts, settled, tuple(notes), told, len(fit), shown)


def _table(watch: TableWatch, state: dict[str, Any]) -> _Table:
    series = {name: kept.read(row) for name, row in state.get("series", {}).items()}
    return _Table(watch, series, dict(state.get("others", {})), state.get("last"))


def _ready(bins: Bins, watch: TableWatch, now: dt.datetime) -> tuple[list[Bin], set[str]]:
    """The points whose time is over, and the times of the periods in which rows may still come."""
    if watch.period is None:
        return list(bins.points), set()
    newest = max((point.at for point in bins.points), default="")
    open_still = {newest} if newest and ends(newest, watch.period) > now else set()
    return [point for point in bins.points if point.at not in open_still], open_still


def _advance(table: _Table, point: Bin, name: str, now: dt.datetime) -> None:
    """One point of one series."""
    key = json.dumps([name, point.group], ensure_ascii=False)
    before = table.series.get(key, kept.Series())
    step = kept.advance(before, point.at, point.values[name], point.weekday, table.watch.rule)
    table.series[key] = step.series
    table.counts[key] = table.counts.get(key, 0) + 1
    table.judged.setdefault((name, point.at), {})[point.group] = (point.values[name], step.judgement)
    if step.alert:
        found = _alert(table, point, name, key, before, step.judgement, now)
        table.found.append(_Found(found, key, name, table.counts[key]))
    if step.settled:
        table.settled.append((alert_id(table.watch.name, key, step.settled[0]), step.settled[1]))
    others = table.others.setdefault(key, [])
    others.append({other: value for other, value in point.others.items() if other != name})
    del others[:-SHOWN]


def _alert(
    table: _Table, point: Bin, name: str, key: str, before: kept.Series, judgement: Judgement, now: dt.datetime
) -> Alert:
    assert judgement.expected is not None and judgement.low is not None and judgement.high is not None
    watch = table.watch
    evidence = Table(
        watch.file, tuple(Row(row.line, row.values) for row in point.rows), point.rows_in_all,
        tuple((seen.at, seen.value) for seen in before.seen[-SHOWN:]), (),
        _columns(point, table.others.get(key, []), name),
    )  # fmt: skip
    expected = Expected(judgement.expected, judgement.low, judgement.high, judgement.points, judgement.forecaster)
    return Alert(
        alert_id(watch.name, key, point.at), now.isoformat(timespec="seconds") + "Z", watch.name, "jump",
        _what(watch, name, point.group), point.at, point.values[name], expected, judgement.sigmas, evidence,
    )  # fmt: skip


def _what(watch: TableWatch, name: str, group: str) -> str:
    column = "rows" if watch.how == "count" else name if watch.how in ("last", "mean") else f"{watch.how} of {name}"
    return (
        column if watch.by is None else f"{column}, {watch.by} {group}" if group != ALL else f"{column}, all {watch.by}"
    )


def _columns(point: Bin, before: Sequence[dict[str, Any]], name: str) -> tuple[Column, ...]:
    """The other columns at that time beside the points before it."""
    found = []
    for other, value in point.others.items():
        earlier = [row[other] for row in before if other in row]
        if other != name and len(earlier) >= 3:
            found.append(_column(other, value, earlier))
    return tuple(found)


def _column(name: str, value: Any, earlier: Sequence[Any]) -> Column:
    numbers = [one for one in earlier if isinstance(one, float)]
    if isinstance(value, float) and len(numbers) == len(earlier):
        low, high = min(numbers), max(numbers)
        said = f"median {median(numbers):.6g}, {low:.6g} to {high:.6g} in the {len(numbers)} points before"
        return Column(name, value, said, not low <= value <= high)
    usual = max(set(map(str, earlier)), key=list(map(str, earlier)).count)
    times = sum(str(one) == usual for one in earlier)
    return Column(
        name, value, f"{usual} in {times} of the {len(earlier)} points before", str(value) not in set(map(str, earlier))
    )


def _with_groups(found: _Found, table: _Table) -> Alert:
    """The alert with what every group did at that time."""
    one = found.alert
    if table.watch.by is None or not isinstance(one.evidence, Table):
        return one
    moves = {
        group: (value, said.expected)
        for group, (value, said) in table.judged[found.column, one.at].items()
        if group != ALL and said.expected is not None
    }
    whole = sum(value - expected for value, expected in moves.values())
    adds_up = table.watch.how in ("sum", "count") and whole != 0
    groups = [
        Group(group, value, expected, (value - expected) / whole if adds_up else None)
        for group, (value, expected) in moves.items()
    ]
    groups.sort(key=lambda group: -abs(group.observed - group.expected))
    return dataclasses.replace(one, evidence=dataclasses.replace(one.evidence, groups=tuple(groups[:MOST_GROUPS])))


def _recent(table: _Table, watch: TableWatch) -> tuple[list[_Found], int]:
    """The alerts of a first look that are not far back, and how many are."""
    if watch.history:
        return table.found, 0
    near = [one for one in table.found if one.place > table.counts[one.key] - RECENT]
    return near, len(table.found) - len(near)


def _notes(reading: Reading, bins: Bins, table: _Table, late: int, old: int, waiting: int) -> list[str]:
    few = [name for name, one in table.series.items() if len(one.seen) <= table.watch.rule.fewest + 2]
    least = min((len(table.series[name].seen) for name in few), default=0)
    said = {
        "the file was rewritten or cut: it was read again from its start": reading.how == "rewritten",
        f"{reading.unread} lines could not be read": reading.unread,
        f"{bins.unknown} rows have no time that can be read": bins.unknown,
        f"{bins.missing} cells hold no number: gaps, not zeros": bins.missing,
        f"{late} points are older than what was judged already; they were left out": late,
        f"{waiting} rows belong to a {table.watch.period} that is not over; they wait": waiting,
        f"{old} older points were as unusual; add the watch with --history to see them": old,
        f"{len(few)} of {len(table.series)} series have too few points to say anything (the shortest {least}, wanted "
        f"{table.watch.rule.fewest + 3})": few,
    }
    return [text for text, holds in said.items() if holds]


def _series_name(key: str) -> str:
    name, group = json.loads(key)
    return str(name) if group == ALL else f"{name}, {group}"
