"""A table that grows, is cut, is torn: what is read, what is alerted, with which evidence."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.watching.alerts import Alert, Table
from pricer.watching.explain import UNKNOWN_CAUSE, explain
from pricer.watching.points import time_of
from pricer.watching.rows import Place, read_new
from pricer.watching.table import Look, look
from tests.pricer.watching.tables import NOW, add, grown, row, watching


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return grown(tmp_path / "daily.csv", range(60))


def looked(file: Path, state: dict[str, Any] | None = None, **other: object) -> Look:
    return look(watching(file, **other), json.loads(json.dumps(state or {})), NOW)


def evidence(alert: Alert) -> Table:
    assert isinstance(alert.evidence, Table)
    return alert.evidence


def test_a_table_without_anything_unusual_gives_no_alert(file: Path) -> None:
    assert looked(file).found == ()


def test_a_spike_names_its_line(file: Path) -> None:
    add(file, row(60, price=40))
    (alert,) = looked(file).found
    assert [(one.line, one.values["price"]) for one in evidence(alert).rows] == [(62, "40.00")]


def test_what_was_read_is_not_read_again(file: Path) -> None:
    first = looked(file)
    assert looked(file, first.state).looked_at == 0


def test_only_rows_that_came_are_judged(file: Path) -> None:
    first = looked(file)
    add(file, row(60), row(61, price=40))
    second = looked(file, first.state)
    assert (second.looked_at, [alert.at for alert in second.found]) == (2, ["2026-10-01"])


def test_a_spike_is_not_alerted_twice(file: Path) -> None:
    add(file, row(60, price=40))
    first = looked(file)
    add(file, row(61))
    assert looked(file, first.state).found == ()


def test_three_points_later_the_jump_is_settled(file: Path) -> None:
    add(file, row(60, price=40))
    first = looked(file)
    add(file, row(61), row(62), row(63))
    assert looked(file, first.state).settled == ((first.found[0].id, "spike"),)


def test_a_row_without_its_line_end_waits(file: Path) -> None:
    first = looked(file)
    add(file, row(60, price=40)[:-5])
    assert looked(file, first.state).looked_at == 0


def test_the_last_row_without_a_line_end_counts_once_the_file_stands_still(file: Path) -> None:
    add(file, row(60, price=40).rstrip())
    first = looked(file)
    assert (len(first.found), len(looked(file, first.state).found)) == (0, 1)


def test_a_file_that_shrank_is_read_from_its_start(file: Path) -> None:
    first = looked(file)
    file.unlink()
    grown(file, range(30))
    second = looked(file, first.state)
    assert second.looked_at == 30
    assert "rewritten or cut" in second.notes[0]


def test_a_file_rewritten_at_the_same_length_is_noticed(file: Path) -> None:
    first = looked(file)
    text = file.read_text()
    file.write_text(text.replace(",40,USD", ",41,USD"))
    assert "rewritten or cut" in looked(file, first.state).notes[0]


def test_a_file_that_was_cut_and_grew_again_makes_the_same_alert(file: Path) -> None:
    add(file, row(60, price=40))
    first = looked(file)
    text = file.read_text()
    file.write_text(text.replace(",40,USD", ",41,USD"))
    assert [alert.id for alert in looked(file, first.state).found] == [alert.id for alert in first.found]


def test_missing_days_are_gaps(tmp_path: Path) -> None:
    days = [day for day in range(80) if day % 3]
    path = grown(tmp_path / "gaps.csv", range(0))
    add(path, *(row(day) for day in days))
    assert looked(path).found == ()


def test_a_cell_without_a_number_is_a_gap_and_is_counted(file: Path) -> None:
    add(file, "2026-09-30,books,,40,USD\n")
    found = looked(file)
    assert found.found == ()
    assert "1 cells hold no number: gaps, not zeros" in found.notes


def test_too_few_points_say_so(tmp_path: Path) -> None:
    found = looked(grown(tmp_path / "short.csv", range(5)))
    assert "1 of 1 series have too few points" in found.notes[0]


def test_old_spikes_are_counted_at_the_first_look_and_not_alerted(file: Path) -> None:
    text = file.read_text().splitlines(keepends=True)
    text[31] = row(30, price=40)
    file.write_text("".join(text))
    found = looked(file)
    assert found.found == ()
    assert "1 older points were as unusual" in found.notes[0]


def test_with_history_old_spikes_are_alerts(file: Path) -> None:
    text = file.read_text().splitlines(keepends=True)
    text[31] = row(30, price=40)
    file.write_text("".join(text))
    assert [alert.at for alert in looked(file, history=True).found] == ["2026-08-31"]


def test_each_group_is_a_series_of_its_own(tmp_path: Path) -> None:
    path = grown(tmp_path / "groups.csv", range(60), "books", "toys")
    add(path, row(60, "books"), row(60, "toys", price=40))
    (alert,) = looked(path, by="category").found
    assert alert.what == "price, category toys"


def test_groups_that_add_up_tell_their_share_of_the_change(tmp_path: Path) -> None:
    path = grown(tmp_path / "groups.csv", range(60), "books", "toys")
    add(path, row(60, "books"), row(60, "toys", price=40))
    found = {alert.what: alert for alert in looked(path, by="category", how="sum").found}
    groups = evidence(found["sum of price, all category"]).groups
    assert groups[0].name == "toys"
    assert groups[0].share == pytest.approx(1.0, abs=0.1)


def test_other_columns_that_changed_are_told(file: Path) -> None:
    add(file, row(60, price=40, units=2, currency="EUR"))
    columns = evidence(looked(file).found[0]).columns
    assert {one.name: one.new for one in columns} == {"category": False, "units": True, "currency": True}


def test_an_explanation_says_that_the_cause_is_not_known(file: Path) -> None:
    add(file, row(60, price=40, currency="EUR"))
    said = explain(looked(file).found[0])
    assert "currency is EUR (USD in 28 of the 28 points before)" in said
    assert said.endswith(UNKNOWN_CAUSE)


def test_every_number_of_an_explanation_stands_in_the_alert(file: Path) -> None:
    import re

    add(file, row(60, price=40, units=2))
    (alert,) = looked(file).found
    assert alert.expected is not None
    held = {f"{value:,.6g}" for value in (40.0, 2.0, alert.expected.middle, alert.expected.low, alert.expected.high)}
    held |= {f"{abs(alert.unusual or 0):.1f}", str(alert.expected.points), "28", "62"}
    held |= {word for one in evidence(alert).columns for word in re.findall(r"\d+(?:\.\d+)?", one.before)}
    text = explain(alert).replace(alert.at, "").replace(str(file), "")
    assert set(re.findall(r"\d+(?:\.\d+)?", text)) <= held


def test_an_hour_that_is_not_over_waits(tmp_path: Path) -> None:
    path = tmp_path / "latency.jsonl"
    times = [NOW - dt.timedelta(minutes=30 * n) for n in range(100, -1, -1)]
    path.write_text(
        "".join(json.dumps({"date": at.isoformat(), "price": 1.5 + n % 3 / 10}) + "\n" for n, at in enumerate(times))
    )
    found = looked(path, period="hour")
    assert "1 rows belong to a hour that is not over; they wait" in found.notes


def test_rows_that_waited_count_when_their_hour_is_over(tmp_path: Path) -> None:
    path = tmp_path / "latency.jsonl"
    times = [NOW - dt.timedelta(minutes=30 * n) for n in range(100, -1, -1)]
    path.write_text(
        "".join(json.dumps({"date": at.isoformat(), "price": 1.5 + n % 3 / 10}) + "\n" for n, at in enumerate(times))
    )
    watch = watching(path, period="hour", how="count")
    first = look(watch, {}, NOW)
    assert look(watch, first.state, NOW + dt.timedelta(hours=1)).looked_at == 1


def test_json_lines_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"date": "2026-01-01", "price": 3}\nnot json\n')
    assert "1 lines could not be read" in looked(path).notes


def test_parquet_rows_that_come_are_read_once(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "rows.parquet"
    days = [dt.date(2026, 1, 1) + dt.timedelta(n) for n in range(40)]
    parquet.write_table(pa.table({"date": days[:30], "price": [1.0 + n % 3 for n in range(30)]}), path)
    first = looked(path)
    parquet.write_table(pa.table({"date": days, "price": [1.0 + n % 3 for n in range(40)]}), path)
    assert (first.looked_at, looked(path, first.state).looked_at) == (30, 10)


def test_a_line_break_in_quotes_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "quoted.csv"
    path.write_text('a,b\n1,"two\nlines"\n2,x\n')
    assert [one.line for one in read_new(path, Place()).rows] == [2, 4]


def test_a_column_that_is_not_there_is_refused_with_those_that_are(file: Path) -> None:
    with pytest.raises(BadInput, match="no column 'cost'; there is date, category"):
        look(watching(file, by="cost"), {}, NOW)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        looked(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2026-11-21", "2026-11-21T00:00:00"), ("2026/11/21", "2026-11-21T00:00:00"), ("2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00"),
        (1_763_683_200, "2025-11-21T00:00:00"), (1_763_683_200_000, "2025-11-21T00:00:00"), ("soon", None), (None, None), (True, None),
    ],
)  # fmt: skip
def test_times_as_people_write_them(cell: object, said: str | None) -> None:
    found = time_of(cell)
    assert (found.isoformat() if found else None) == said
