"""Looks at all watches: alerts on disk, crashes in between, the catalogue, runs, and the watcher."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from catalog.models import Catalog
from pricer.errors import BadInput
from pricer.watching import alerts, loop, watches
from pricer.watching.alerts import Claims, Runs
from pricer.watching.check import Checked, check
from pricer.watching.explain import explain
from pricer.watching.watches import CatalogWatch, RunsWatch
from tests.catalog.toys import model, offering, rates
from tests.pricer.evidence.runs import chat
from tests.pricer.watching.tables import NOW, add, grown, row, watching

ONE = "toymaker/toy-1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = grown(tmp_path / "daily.csv", range(60))
    watches.save(watching(found))
    return found


def refreshed(home: Path, price: str = "1", built: str = "2026-11-01", **facts: Any) -> None:
    """A catalogue of one model, as a refresh leaves it."""
    one = model(ONE, offering(rates(price, "2")), **facts)
    snapshot.save(Catalog(built, {}, (one,)), home / "catalog" / "snapshot.json.xz")


def only(found: list[Checked]) -> Checked:
    (one,) = found
    return one


# --- alerts on disk


def test_a_new_alert_is_written_and_read_back(file: Path) -> None:
    add(file, row(60, price=40))
    (alert,) = only(check(NOW)).new
    assert alerts.every() == [alert]


def test_the_next_look_knows_it_already(file: Path) -> None:
    add(file, row(60, price=40))
    check(NOW)
    assert only(check(NOW)).new == ()


def test_a_kill_between_alert_and_state_ends_in_the_same_alert(file: Path) -> None:
    add(file, row(60, price=40))
    check(NOW)
    watches.state_path("prices").unlink()  # as if the state had never been written
    check(NOW)
    assert len(alerts.every()) == 1


def test_a_settled_jump_is_written_into_its_alert(file: Path) -> None:
    add(file, row(60, price=40))
    check(NOW)
    add(file, row(61), row(62), row(63))
    (settled,) = only(check(NOW)).settled
    assert (settled.settled, alerts.every()[0].settled) == ("spike", "spike")


def test_no_temporary_file_is_left(file: Path) -> None:
    check(NOW)
    assert list(alerts.watch_folder().rglob("*.tmp")) == []


def test_what_a_kill_left_half_written_is_swept_away(file: Path) -> None:
    check(NOW)
    torn = watches.state_path("prices").with_name(".prices.json.123.tmp")
    torn.write_text("{")
    check(NOW)
    assert not torn.exists()


def test_a_damaged_alert_is_passed_over(file: Path) -> None:
    alerts.alerts_folder().mkdir(parents=True)
    (alerts.alerts_folder() / "x.json").write_text("{")
    assert alerts.every() == []


def test_a_damaged_state_is_told_and_keeps_no_other_watch_from_its_look(file: Path, tmp_path: Path) -> None:
    watches.save(dataclasses.replace(watching(grown(tmp_path / "other.csv", range(30))), name="zebra"))
    check(NOW)
    watches.state_path("prices").write_text("{")
    found = {one.watch: one for one in check(NOW)}
    assert "damaged" in (found["prices"].problem or "")
    assert found["zebra"].problem is None


def test_a_file_that_went_away_is_told(file: Path) -> None:
    file.unlink()
    assert "cannot be read" in (only(check(NOW)).problem or "")


def test_a_watch_that_is_removed_takes_its_alerts_with_it(file: Path) -> None:
    add(file, row(60, price=40))
    check(NOW)
    watches.remove("prices")
    assert (alerts.every(), watches.every()) == ([], [])


def test_a_name_is_given_once(file: Path) -> None:
    with pytest.raises(BadInput, match="there is a watch 'prices' already"):
        watches.save(watching(file))


@pytest.mark.parametrize("name", ["../up", "", "A B", ".hidden"])
def test_a_name_that_is_no_name_is_refused(name: str, file: Path) -> None:
    with pytest.raises(BadInput, match="wanted a name"):
        watches.save(dataclasses.replace(watching(file), name=name))


def test_a_table_watch_reads_back_as_it_was_saved(file: Path) -> None:
    assert watches.every() == [watching(file)]


# --- the catalogue


def test_the_first_look_at_the_catalogue_has_nothing_to_compare(assay_home: Path) -> None:
    refreshed(assay_home)
    watches.save(CatalogWatch("models", (ONE,)))
    assert only(check(NOW)).notes == ("first look: the catalogue of 2026-11-01 is what later looks are compared with",)


def test_a_price_change_is_an_alert_with_its_claims(assay_home: Path) -> None:
    refreshed(assay_home)
    watches.save(CatalogWatch("models", (ONE,)))
    check(NOW)
    refreshed(assay_home, price="1.5", built="2026-11-20")
    (alert,) = only(check(NOW)).new
    assert isinstance(alert.evidence, Claims)
    assert "1 → 1.5 (+50 %)" in explain(alert)
    assert "Before: 1 says litellm, as of 2026-11-01." in explain(alert)


def test_a_price_change_is_told_once(assay_home: Path) -> None:
    refreshed(assay_home)
    watches.save(CatalogWatch("models", (ONE,)))
    check(NOW)
    refreshed(assay_home, price="1.5", built="2026-11-20")
    check(NOW)
    assert only(check(NOW)).new == ()


def test_an_end_that_comes_near_is_told_at_the_first_look_and_once(assay_home: Path) -> None:
    refreshed(assay_home, retires="2026-12-10")
    watches.save(CatalogWatch("models", (ONE,)))
    assert [len(only(check(NOW)).new) for _ in range(2)] == [1, 0]


def test_without_names_the_models_of_runs_are_watched(assay_home: Path) -> None:
    refreshed(assay_home)
    chat("a", 3.0, model=ONE)
    watches.save(CatalogWatch("models"))
    assert only(check(NOW)).looked_at == 1


def test_a_catalogue_watch_without_any_model_says_so(assay_home: Path) -> None:
    refreshed(assay_home)
    watches.save(CatalogWatch("models"))
    assert "no model is named, and no run used one yet" in only(check(NOW)).notes[0]


# --- runs


def test_a_run_that_is_worse_on_the_same_items_is_an_alert(assay_home: Path) -> None:
    pytest.importorskip("numpy")
    watches.save(RunsWatch("runs"))
    chat("a", 3.0)
    check(NOW)
    chat("b", 9.0, seed=2)
    (alert,) = only(check(NOW)).new
    assert isinstance(alert.evidence, Runs)
    assert (alert.evidence.run, alert.evidence.earlier) == ("b", ("a",))
    assert "on the 40 items of both runs the mean loss differs by +6" in explain(alert)


def test_a_run_like_the_one_before_is_none(assay_home: Path) -> None:
    pytest.importorskip("numpy")
    watches.save(RunsWatch("runs"))
    chat("a", 3.0)
    chat("b", 3.0, seed=2)
    assert only(check(NOW)).new == ()


def test_runs_of_another_model_are_not_compared(assay_home: Path) -> None:
    watches.save(RunsWatch("runs"))
    chat("a", 3.0)
    chat("b", 9.0, model="other/one")
    assert only(check(NOW)).new == ()


def test_a_run_that_leaves_many_items_unanswered_is_an_alert(assay_home: Path) -> None:
    pytest.importorskip("numpy")
    watches.save(RunsWatch("runs"))
    chat("a", 3.0)
    chat("b", 3.0, seed=2, failing=12)
    (alert,) = only(check(NOW)).new
    assert "12 of 40 items against 0 of 40" in explain(alert)


def test_a_cost_that_jumps_after_many_equal_runs_is_an_alert(assay_home: Path) -> None:
    pytest.importorskip("numpy")
    watches.save(RunsWatch("runs"))
    for number in range(16):
        chat(f"run-{number:02d}", 3.0, seed=number)
    chat("zz", 3.0, seed=99, usd=str(Decimal("0.0003")))
    assert [alert.what for alert in only(check(NOW)).new] == ["cost of 1,000 items, $ of openai/gpt-4o-mini on pans"]


# --- the watcher


def test_a_watcher_looks_until_it_is_stopped(file: Path) -> None:
    stop, looks = threading.Event(), []

    def report(found: object) -> None:
        looks.append(found)
        if len(looks) == 3:
            stop.set()

    loop.run(0.001, report, stop=stop)
    assert len(looks) == 3


def test_once_looks_once(file: Path) -> None:
    looks: list[object] = []
    loop.run(60, looks.append, once=True)
    assert len(looks) == 1


def test_a_second_watcher_is_refused(file: Path) -> None:
    from filelock import FileLock

    alerts.watch_folder().mkdir(parents=True, exist_ok=True)
    with FileLock(alerts.watch_folder() / loop.LOCK), pytest.raises(BadInput, match="a watcher runs already"):
        loop.run(60, lambda _: None, once=True)


def test_a_watcher_that_ended_is_not_taken_for_one_that_runs(file: Path) -> None:
    loop.run(60, lambda _: None, once=True)
    assert loop.running() is None


def test_a_card_left_by_a_kill_is_no_watcher(file: Path) -> None:
    alerts.watch_folder().mkdir(parents=True, exist_ok=True)
    (alerts.watch_folder() / loop.CARD).write_text(json.dumps({"pid": os.getpid(), "began": None}))
    assert loop.running() is None


def test_a_detached_watcher_runs_until_it_is_stopped(file: Path) -> None:
    add(file, row(60, price=40))
    pid = loop.detach(3600)
    card = loop.running()
    assert card is not None
    assert (card["pid"], loop.stop_running(), loop.running()) == (pid, True, None)


@pytest.mark.parametrize(("said", "seconds"), [("30s", 30), ("10m", 600), ("1h", 3600), ("2d", 172_800)])
def test_times_between_looks(said: str, seconds: float) -> None:
    assert loop.seconds(said) == seconds


@pytest.mark.parametrize("said", ["0s", "soon", "1y", "-1h", "9d"])
def test_a_time_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(BadInput, match="wanted a time between looks"):
        loop.seconds(said)
