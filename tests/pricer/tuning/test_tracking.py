"""Trackers: trackio for real in a process of its own, Weights & Biases by a double on the path."""

from __future__ import annotations

import json
import math
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput, PricerError
from pricer.tuning.record import Point, Record, Status
from pricer.tuning.tracking import LOG, Trackio, figures, tracker, trackio_folder

TRAIN = Point(5, 0.5, "train", 0.25, learning_rate=1e-4, examples_per_s=16.0)
VALIDATION = Point(5, 0.5, "validation", 0.5, 12.0)
DONE = Status("done", step=5, steps=5, best_step=5, best_metric=12.0, metric_name="MAE")
DOUBLE = """
import json, os, pathlib
class Error(Exception): ...
TOLD = pathlib.Path(__file__).with_name("told.jsonl")
def tell(*told):
    with TOLD.open("a") as file: file.write(json.dumps(told) + "\\n")
class Summary:
    def update(self, told): tell("summary", told)
class Run:
    summary = Summary()
    def define_metric(self, name, step_metric): tell("define_metric", name, step_metric)
    def log(self, told):
        if "WANDB_DOUBLE_BREAKS" in os.environ: raise Error("no space on the device")
        tell("log", told)
    def finish(self, exit_code): tell("finish", exit_code)
def init(**told):
    if "WANDB_DOUBLE_REFUSES" in os.environ: raise Error("permission denied")
    tell("init", told)
    return Run()
"""


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A job whose metric has a name."""
    made = Record(tmp_path / "job-7")
    made.write_plan({})
    made.write_status(Status("running", metric_name="MAE"))
    return made


@pytest.fixture
def wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scripted module in its place; the file to which it writes what it was told."""
    (tmp_path / "double").mkdir()
    (tmp_path / "double" / "wandb.py").write_text(DOUBLE)
    monkeypatch.syspath_prepend(str(tmp_path / "double"))
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "double" / "told.jsonl"


def told(path: Path) -> dict[str, Any]:
    """What the double heard last under each name."""
    heard = [json.loads(line) for line in path.read_text().splitlines()]
    return {line[0]: line[1] for line in heard}


def rows(sql: str) -> list[Any]:
    """What trackio's database holds."""
    database = sqlite3.connect(trackio_folder() / "assay.db")
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def test_figures_are_named_by_split_and_leave_out_what_was_not_measured() -> None:
    assert figures(TRAIN, "MAE") == {"train/loss": 0.25, "epoch": 0.5, "learning_rate": 1e-4, "examples_per_s": 16.0}
    assert figures(VALIDATION, "MAE") == {"validation/loss": 0.5, "validation/MAE": 12.0, "epoch": 0.5}


def test_no_name_is_a_tracker_that_keeps_nothing(record: Record) -> None:
    silent = tracker(None)
    silent.start(record, {})
    silent.log(TRAIN)
    silent.finish(DONE)
    assert silent.look == ""
    assert sorted(path.name for path in record.folder.iterdir()) == ["plan.json", "state.json"]


def test_unknown_tracker_is_refused() -> None:
    with pytest.raises(BadInput, match="trackio or wandb, found 'mlflow'"):
        tracker("mlflow")


def test_trackio_keeps_the_run_under_the_home_folder_and_goes_on_after_a_resume(
    record: Record, assay_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 30)
    monkeypatch.setenv("TRACKIO_SPACE_ID", "someone/elsewhere")
    monkeypatch.setenv("TRACKIO_DIR", str(assay_home / "not-here"))
    for points in ([TRAIN, VALIDATION], [Point(6, 0.6, "train", math.nan)]):
        kept = tracker("trackio")
        kept.start(record, {"learning_rate": 1e-4, "_secret": 1})
        for point in points:
            kept.log(point)
        kept.finish(DONE)
    assert [json.loads(text) for (text,) in rows("select metrics from metrics order by id")] == [
        figures(TRAIN, "MAE"), figures(VALIDATION, "MAE"), {"ended": "done", "best_step": 5, "best_MAE": 12.0},
        {"train/loss": "NaN", "epoch": 0.6}, {"ended": "done", "best_step": 5, "best_MAE": 12.0},
    ]  # fmt: skip
    assert rows("select distinct run_name, run_id from metrics")[0][0] == "job-7"
    assert len(rows("select distinct run_id from metrics")) == 1
    assert json.loads(rows("select config from configs")[0][0])["learning_rate"] == 1e-4
    assert str(trackio_folder()) in kept.look
    assert not (assay_home / "not-here").exists()
    assert record.events() == []
    assert capfd.readouterr() == ("", "")
    assert "hf_" not in (record.folder / LOG).read_text()


def test_trackio_that_dies_is_told_once_and_stops_nothing(record: Record) -> None:
    kept = Trackio()
    kept.start(record, {})
    assert kept.child is not None
    kept.child.kill()
    kept.child.wait()
    for _ in range(3):
        kept.log(TRAIN)
    kept.finish(DONE)
    assert [(event.kind, LOG in event.text) for event in record.events()] == [("tracker", True)]


def test_trackio_that_cannot_write_its_database_is_told_at_the_end(record: Record, assay_home: Path) -> None:
    (assay_home / "trackio" / "assay.db").mkdir(parents=True)  # a folder where the file should be
    kept = tracker("trackio")
    kept.start(record, {})
    kept.log(TRAIN)
    kept.finish(DONE)
    assert [event.kind for event in record.events()] == ["tracker"]


def test_wandb_that_is_not_installed_says_how_to_get_it_and_what_to_use_instead() -> None:
    with pytest.raises(BadInput, match="pip install wandb, or track with trackio"):
        tracker("wandb")


def test_wandb_without_a_key_stays_on_this_machine(record: Record, wandb: Path, assay_home: Path) -> None:
    kept = tracker("wandb")
    kept.start(record, {"learning_rate": 1e-4})
    assert told(wandb)["init"] == {
        "project": "assay", "id": "job-7", "name": "job-7", "config": {"learning_rate": 1e-4}, "mode": "offline",
        "dir": str(assay_home / "wandb"), "resume": "allow",
    }  # fmt: skip
    assert kept.look.startswith("wandb sync ")


def test_wandb_with_a_key_is_online_and_the_key_goes_nowhere(
    record: Record, wandb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    kept = tracker("wandb")
    kept.start(record, {})
    assert told(wandb)["init"]["mode"] == "online"
    assert "k" * 40 not in wandb.read_text() + kept.look


def test_mode_that_the_user_names_goes_before_a_key(
    record: Record, wandb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("WANDB_MODE", "offline")
    tracker("wandb").start(record, {})
    assert told(wandb)["init"]["mode"] == "offline"


def test_wandb_is_told_each_measurement_the_best_and_the_end(record: Record, wandb: Path) -> None:
    kept = tracker("wandb")
    kept.start(record, {})
    kept.log(VALIDATION)
    kept.finish(Status("failed", step=5, best_step=5, best_metric=12.0, metric_name="MAE"))
    heard = told(wandb)
    assert heard["log"] == {"step": 5, "validation/loss": 0.5, "validation/MAE": 12.0, "epoch": 0.5}
    assert heard["summary"] == {"ended": "failed", "best_step": 5, "best_MAE": 12.0}
    assert heard["finish"] == 1


def test_wandb_that_breaks_in_the_middle_is_told_once_and_stops_nothing(
    record: Record, wandb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DOUBLE_BREAKS", "1")
    kept = tracker("wandb")
    kept.start(record, {})
    kept.log(TRAIN)
    kept.log(VALIDATION)
    kept.finish(DONE)
    assert [(event.kind, "no space on the device" in event.text) for event in record.events()] == [("tracker", True)]


def test_wandb_that_cannot_begin_says_what_to_do(record: Record, wandb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_DOUBLE_REFUSES", "1")
    with pytest.raises(PricerError, match=r"permission denied.*WANDB_MODE=offline"):
        tracker("wandb").start(record, {})


def test_nothing_heavy_is_imported_before_it_is_asked_for() -> None:
    rooms = "pricer.tuning.tracking, pricer.tuning.watch.serving, pricer.tuning.watch.knobs_page, agent.tune_screen"
    heavy = "{'numpy', 'torch', 'trackio', 'wandb', 'rich', 'jinja2', 'plotly', 'huggingface_hub', 'pydantic'}"
    found = subprocess.run(
        [sys.executable, "-c", f"import sys, {rooms}; print(sorted({heavy} & set(sys.modules)))"], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert found.stdout == "[]\n"
