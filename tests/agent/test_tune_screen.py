from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from agent.tune_picture import duration, figure
from agent.tune_screen import show_jobs, show_plan, show_status, show_verdict, watch_live
from pricer.tuning.record import Record, Status
from tests.pricer.tuning.watch.jobs import HOSTILE, evaluated, falling, job, plan, train


def printed(show: Callable[[Console], object], width: int = 80, *, terminal: bool = False) -> str:
    """What it puts on a screen of that width."""
    console = Console(
        file=io.StringIO(), width=width, height=40, highlight=False, force_terminal=terminal, color_system=None
    )
    show(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_status_fits_the_terminal_and_tells_time_pace_and_best(tmp_path: Path, width: int) -> None:
    said = printed(lambda console: show_status(console, job(tmp_path / "job", falling(30))), width)
    assert max(cell_len(line) for line in said.splitlines()) <= width
    for words in (
        "job  encoder · all-MiniLM-L6-v2",
        "running",
        "30 of 40 steps, epoch 1.50",
        "10 s left, 30 s so far",
        "16.0 examples/s",
        "learning rate 0.0001",
    ):
        assert words in said
    assert "last  MAE 35, loss 0.1498 at step 30" in said
    assert "best  MAE 35 at step 30" in said


def test_both_losses_are_drawn_on_one_scale(tmp_path: Path) -> None:
    said = printed(
        lambda console: show_status(console, job(tmp_path / "job", [train(1, 4.0), train(40, 2.0), evaluated(40, 1.0)]))
    )
    lines = [line for line in said.splitlines() if any("⠁" <= character <= "⣿" for character in line)]
    assert lines[0].split()[0] == "4"
    assert lines[-1].split()[0] == "1"


def test_job_without_a_measurement_says_unknown(tmp_path: Path) -> None:
    said = printed(lambda console: show_status(console, job(tmp_path / "job")))
    assert "unknown left" in said
    assert "no evaluation yet" in said
    assert "none yet" in said


def test_loss_that_is_no_number_is_said_in_words_and_not_drawn(tmp_path: Path) -> None:
    said = printed(lambda console: show_status(console, job(tmp_path / "job", [train(1, float("nan"))])))
    assert "! diverging: since step 1 the training loss is no finite number" in said


def test_no_text_of_a_record_steers_the_terminal(tmp_path: Path) -> None:
    record = job(
        tmp_path / "job", falling(10), Status("failed", metric_name=HOSTILE, why="[bold]" + HOSTILE), plan(base=HOSTILE)
    )
    record.add_event("failed", HOSTILE)
    shows: list[Callable[[Console], object]] = [
        lambda console: show_status(console, record),
        lambda console: show_jobs(console, [record]),
        lambda console: show_plan(console, record.plan()),
    ]
    said = "".join(printed(show) for show in shows)
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "[bold]" in said


def test_watch_follows_until_the_end(tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling(10))

    def work(_seconds: float) -> None:
        for point in falling(40)[11:]:
            record.add_point(point)
        record.write_status(Status("done", step=40, steps=40, metric_name="MAE"))

    said = printed(lambda console: watch_live(record, console=console, pause=work), terminal=True)
    assert "10 of 40 steps" in said
    assert "40 of 40 steps" in said
    assert record.status().state == "done"


def test_watch_of_a_job_that_has_ended_shows_it_once_and_does_not_wait(tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling(), Status("done", step=40, steps=40, metric_name="MAE"))
    said = printed(
        lambda console: watch_live(record, console=console, pause=lambda _: pytest.fail("it waited")), terminal=True
    )
    assert "took 40 s" in said


def test_interrupt_leaves_the_job_running_and_says_so(tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling(10))

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    said = printed(lambda console: watch_live(record, console=console, pause=interrupt), terminal=True)
    assert "The job goes on: job" in said
    assert record.status().state == "running"


def test_watch_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling(10))
    status = watch_live(record, until=lambda status: status.steps == 40, console=Console(file=io.StringIO()))
    assert status.state == "running"


def test_off_a_terminal_each_event_and_evaluation_is_one_line(tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling(10))
    record.add_event(
        "started",
        "training begins on 2 threads, on a machine whose name is so long that a narrow screen would break it",
    )

    def work(_seconds: float) -> None:
        record.add_point(evaluated(20, 0.2, 40.0))
        record.write_status(Status("done", step=20, steps=20, metric_name="MAE"))

    lines = printed(lambda console: watch_live(record, console=console, pause=work)).splitlines()
    assert lines[0].endswith("would break it")
    assert lines[1:] == ["MAE 45, loss 0.4679 at step 10", "MAE 40, loss 0.2 at step 20"]


@pytest.mark.parametrize("width", [80, 120])
def test_jobs_are_a_line_each_and_a_broken_one_is_named(tmp_path: Path, width: int) -> None:
    broken = Record(tmp_path / "torn")
    broken.folder.mkdir()
    (broken.folder / "plan.json").write_text("{")
    records = [job(tmp_path / "job", falling(), Status("done", step=40, steps=40, metric_name="MAE")), broken]
    said = printed(lambda console: show_jobs(console, records), width)
    assert max(cell_len(line) for line in said.splitlines()) <= width
    assert "40/40  MAE 30 " in said
    assert "torn  broken" in said


def test_no_job_says_how_to_plan_one() -> None:
    assert "assay tune plan" in printed(lambda console: show_jobs(console, []))


def test_plan_tells_what_it_would_do_take_and_cost(tmp_path: Path) -> None:
    estimate = {
        "seconds": 90.0,
        "seconds_low": 60.0,
        "seconds_high": 120.0,
        "memory_mb": 900,
        "usd": "0.48",
        "at_most_usd": "0.60",
        "probe": None,
    }
    said = printed(
        lambda console: show_plan(console, plan(estimate=estimate, doubts=["one", "two"], notes=["three"])), 120
    )
    for words in (
        "fridges: 320 to train on, 40 to validate", "learning rate 0.0001", "40 steps, 20 an epoch, 16 examples a step", "4 evaluations",
        "about 1 min 30 s (1 min 0 s to 2 min 0 s)", "about 900 MB", "$0.48 (at most $0.60)", "one", "two", "three",
    ):  # fmt: skip
        assert words in said


def test_what_a_plan_does_not_know_is_unknown() -> None:
    said = printed(lambda console: show_plan(console, {"id": "job"}))
    rows = [line.split() for line in said.splitlines()]
    assert {"Time", "Memory", "Cost", "Task"} == {row[0] for row in rows if row[1:] == ["unknown"]}


def test_figures_and_times_are_short() -> None:
    assert [figure(value) for value in (None, 0.000012345, 12.3456, 123456.7)] == ["–", "1.234e-05", "12.35", "123,457"]
    assert [duration(value) for value in (None, 0.25, 59.6, 61, 7260)] == [
        "unknown",
        "0.2 s",
        "1 min 0 s",
        "1 min 1 s",
        "2 h 1 min",
    ]


def test_job_whose_process_died_is_shown_as_one_who_knows_says(tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling(10))
    dead = Status("stopped", step=10, steps=40, why="its process ended")

    def show(console: Console) -> None:
        show_status(console, record, lambda _: dead)
        show_jobs(console, [record], lambda _: dead)
        watch_live(record, console=console, standing=lambda _: dead, pause=lambda _: pytest.fail("it waited"))

    said = printed(show)
    assert "its process ended" in said
    assert "running" not in said


@pytest.mark.parametrize("width", [80, 120])
def test_verdict_tells_each_score_each_comparison_and_what_to_do(width: int) -> None:
    told = {
        "job": "job", "n": 100, "is_label": False, "unit": "usd", "trained_s": 61.0, "advice": "tuning helped",
        "rows": [
            {"role": "tuned", "run": "run-1", "n": 100, "answered": 100, "mae": 12.5, "mae_ci95": [10.0, 15.0]},
            {"role": "base", "run": "run-2", "n": 100, "answered": 98, "mae": None, "mae_ci95": None},
        ],
        "verdict": ["tuned better than base (run-2): -3.1 usd [-5, -1]"],
    }  # fmt: skip
    said = printed(lambda console: show_verdict(console, told), width)
    rows = [line.split() for line in said.splitlines()]
    assert ["tuned", "12.5", "10", "to", "15", "100/100", "run-1"] in rows
    assert ["base", "–", "98/100", "run-2"] in rows
    assert "tuned better than base (run-2): -3.1 usd [-5, -1]" in said
    assert "tuning helped  (100 items, trained in 1 min 1 s)" in said


def test_verdict_on_labels_is_in_percent() -> None:
    told = {
        "job": "job", "n": 10, "is_label": True, "unit": None, "trained_s": None, "advice": "do not", "verdict": [],
        "rows": [{"role": "tuned", "run": "r", "n": 10, "answered": 10, "accuracy": 0.8, "accuracy_ci95": [0.5, 0.95]}],
    }  # fmt: skip
    said = printed(lambda console: show_verdict(console, told))
    assert "80.0%" in said
    assert "50.0% to 95.0%" in said
