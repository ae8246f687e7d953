"""`assay watch` as a person calls it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from agent.watch import watch
from agent.watch_screen import show_alerts, show_check, sparkline
from pricer.errors import BadInput
from pricer.watching import alerts
from pricer.watching.check import check
from tests.pricer.watching.tables import NOW, add, grown, row


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return grown(tmp_path / "daily.csv", range(60), "books", "toys")


def called(*words: str) -> str:
    found = CliRunner().invoke(watch, list(words), catch_exceptions=False, standalone_mode=False)
    assert found.exit_code == 0, found.output
    return found.output


def refused(*words: str) -> str:
    with pytest.raises(BadInput) as error:
        CliRunner().invoke(watch, list(words), catch_exceptions=False, standalone_mode=False)
    return str(error.value)


def added(file: Path, *more: str) -> str:
    return called("add", "table", str(file), "--time", "date", "--value", "price", "--by", "category", *more)


def test_a_table_is_watched_under_the_name_of_its_file(file: Path) -> None:
    assert added(file).startswith("daily: watched from now on")


def test_a_second_watch_on_the_same_file_gets_a_name_of_its_own(file: Path) -> None:
    added(file)
    assert added(file).startswith("daily-2:")


def test_a_wrong_column_is_refused_at_once_and_nothing_is_kept(file: Path) -> None:
    assert "no column 'cost'" in refused("add", "table", str(file), "--time", "date", "--value", "cost")
    assert json.loads(called("list", "--json"))["watches"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--take", "most"), "--take: wanted mean, sum, median, last or count"), (("--per", "year"), "--per: wanted hour, day or week"),
        (("--side", "left"), "--side: wanted both, up or down"), (("--threshold", "0"), "wanted 1 to 100"),
    ],
)  # fmt: skip
def test_an_option_that_is_none_is_refused(words: tuple[str, ...], said: str, file: Path) -> None:
    assert said in refused("add", "table", str(file), "--time", "date", "--value", "price", *words)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert ".parquet" in refused("add", "table", str(tmp_path / "a.xlsx"), "--time", "a", "--value", "b")


def test_check_as_json_is_one_document_with_alert_and_words(file: Path) -> None:
    added(file)
    add(file, row(60, "books"), row(60, "toys", price=40))
    told: dict[str, Any] = json.loads(called("check", "--json"))
    (alert,) = told["watches"][0]["new"]
    assert alert["what"] == "price, category toys"
    assert "Why it happened is not in the data." in alert["explanation"]


def test_the_last_row_of_a_file_without_a_last_line_end_is_looked_at(file: Path) -> None:
    add(file, row(60, "toys", price=40).rstrip())
    added(file)
    assert len(json.loads(called("check", "--json"))["watches"][0]["new"]) == 1


def test_alerts_of_one_watch_can_be_shown_alone(file: Path) -> None:
    added(file)
    add(file, row(60, "toys", price=40))
    called("check", "--json")
    assert [len(json.loads(called("alerts", name, "--json"))["alerts"]) for name in ("daily", "other")] == [1, 0]


def test_models_and_runs_can_be_watched(assay_home: Path) -> None:
    called("add", "catalog", "openai/gpt-5.1")
    called("add", "runs", "--dataset", "pans")
    assert [one["name"] for one in json.loads(called("list", "--json"))["watches"]] == ["catalog", "runs-pans"]


def test_a_watch_is_removed_with_its_alerts(file: Path) -> None:
    added(file)
    called("remove", "daily")
    assert json.loads(called("list", "--json"))["watches"] == []


def test_a_look_that_fails_ends_with_one(file: Path) -> None:
    added(file)
    file.unlink()
    assert CliRunner().invoke(watch, ["check"]).exit_code == 1


def test_run_once_shows_what_is_new_and_ends(file: Path) -> None:
    added(file)
    add(file, row(60, "toys", price=40))
    assert "! price, category toys: 40 on 2026-09-30" in called("run", "--once")


def test_without_a_watcher_stop_says_so(assay_home: Path) -> None:
    assert called("stop") == "no watcher runs\n"


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_of_the_screen_is_wider_than_the_terminal(width: int, file: Path) -> None:
    added(file)
    add(file, row(60, "books"), row(60, "toys", price=40, units=2, currency="EUR"))
    page = Console(width=width, record=True, file=io.StringIO())
    show_check(page, check(NOW))
    show_alerts(page, alerts.every())
    text = page.export_text()
    assert "! price, category toys" in text
    assert max(map(len, text.splitlines())) <= width


def test_what_stands_in_a_table_cannot_command_the_terminal(file: Path) -> None:
    added(file)
    add(file, row(60, "toys", price=40, currency="\x1b[2J"))
    assert "\x1b[2J" not in called("check")


def test_a_sparkline_runs_from_the_lowest_to_the_highest() -> None:
    assert sparkline([0.0, 7.0]) == "▁█"


def test_a_flat_sparkline_lies_in_the_middle() -> None:
    assert sparkline([3.0, 3.0]) == "▄▄"
