"""The page of one fine-tuning: its curves, its signs and its events, in a file of its own or following the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pricer.errors import PricerError
from pricer.files import write_text
from pricer.tuning.record import ENDED, Point, Record, Status
from pricer.tuning.watch.curves import Curve, curve, planned_rate, smoothed, thinned
from pricer.tuning.watch.offline import assembled
from pricer.tuning.watch.signs import Signs, signs

EVENTS = 40  # of the last
ROWS = 200  # evaluations in the table


def page(record: Record, *, live: bool = False, status: Status | None = None) -> str:
    """The page as text; a `live` one asks its own server for /record.json each second until the job has ended.

    `status` is for one who knows better than the record, as where its process has died. `BadInput` when the record cannot be read.
    """
    told = document(record, status)
    return assembled(
        "page", f"{record.id} · fine-tuning", told | {"live": live}, connect="'self'" if live else "'none'"
    )


def write_page(record: Record, path: Path, status: Status | None = None) -> None:
    """Write the page as it stands, all or nothing; the folder is made."""
    text = page(record, status=status)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PricerError(f"could not make the folder {path.parent.name!r}: {error.strerror or error}") from error
    write_text(text, path)


def document(record: Record, status: Status | None = None) -> dict[str, Any]:
    """What the page shows of a record, as JSON: curves thinned, events and evaluations the last ones."""
    plan, status, points = record.plan(), status or record.status(), record.points()
    found = signs(points, status)
    return {
        "id": record.id, **_planned(plan), **_standing(points, status, found), "curves": _curves(plan, points), "rows": _rows(points),
        "events": [{"at": event.at, "kind": event.kind, "text": event.text} for event in record.events()[-EVENTS:]],
    }  # fmt: skip


def _planned(plan: dict[str, Any]) -> dict[str, Any]:
    """What was settled before the start."""
    names = ("method", "base", "data", "knobs", "schedule", "estimate", "doubts", "notes")
    return {name: plan.get(name) for name in names}


def _standing(points: list[Point], status: Status, found: Signs) -> dict[str, Any]:
    """Where the job stands, and what its measurements say."""
    trained = [point for point in points if point.split == "train"]
    timed = [point.elapsed_s for point in points if point.elapsed_s is not None]
    rates = [point.learning_rate for point in trained if point.learning_rate is not None]
    return {
        "state": status.state, "ended": status.state in ENDED, "why": status.why, "remote": status.remote, "steps": status.steps,
        "step": max([status.step, *(point.step for point in points)]), "epoch": max((point.epoch for point in points), default=None),
        "elapsed_s": max([status.elapsed_s, *timed]) or None, "seconds_left": found.seconds_left, "examples_per_s": found.examples_per_s,
        "learning_rate": rates[-1] if rates else None, "metric_name": status.metric_name, "lower_is_better": status.lower_is_better,
        "best": found.best and {"step": found.best.step, "value": found.best.value, "name": found.best.name},
        "flags": [{"kind": flag.kind, "since": flag.since_step, "text": flag.text} for flag in found.flags],
    }  # fmt: skip


def _curves(plan: dict[str, Any], points: list[Point]) -> dict[str, list[list[float]]]:
    """Steps and values of each curve."""
    train, speed = curve(points, "train", "loss"), curve(points, "train", "examples_per_s")
    made = {
        "train": train,
        "smooth": smoothed(train),
        "validation": curve(points, "validation", "loss"),
        "metric": curve(points, "validation", "metric"),
        "rate": curve(points, "train", "learning_rate"),
        "planned": planned_rate(plan),
        "speed": speed,
        "speed_smooth": smoothed(speed),
    }
    return {name: columns(each) for name, each in made.items()}


def columns(whole: Curve) -> list[list[float]]:
    """A curve as a page takes it: steps, and values to six digits."""
    short = thinned(whole)
    return [list(short.steps), [float(f"{value:.6g}") for value in short.values]]


def _rows(points: list[Point]) -> list[list[float | None]]:
    """Each evaluation: step, epoch, the training loss last told, validation loss, metric."""
    rows: list[list[float | None]] = []
    train: float | None = None
    for point in sorted(points, key=lambda each: (each.step, each.split)):  # train comes before validation
        if point.split == "train":
            train = point.loss
        else:
            rows.append([point.step, point.epoch, train, point.loss, point.metric])
    return rows[-ROWS:]
