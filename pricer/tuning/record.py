"""The record of a fine-tuning: a folder that outlives whatever trains. Lines are appended whole; what a kill tears is passed over."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from catalog.snapshot import home
from pricer.errors import BadInput
from pricer.files import write_json

PLAN, STATE, METRICS, EVENTS, MODEL, CHECKPOINTS = (
    "plan.json",
    "state.json",
    "metrics.jsonl",
    "events.jsonl",
    "model",
    "checkpoints",
)
Split = Literal["train", "validation"]
State = Literal["planned", "queued", "running", "paused", "done", "stopped", "failed"]
ENDED: tuple[State, ...] = ("done", "stopped", "failed")


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement after `step` optimizer steps. `loss` is what training lowers; `metric` the task's own, in `Status.metric_name`: the mean
    absolute error in the unit, or macro-F1. None is not measured."""

    step: int
    epoch: float
    split: Split
    loss: float | None
    metric: float | None = None
    learning_rate: float | None = None
    elapsed_s: float | None = None
    examples_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth knowing that happened: `kind` is one word, `text` a sentence for a person."""

    at: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """Where a job stands. `remote` is the job's id at its host, kept from the moment it is known; `why` says what went wrong and what to do."""

    state: State = "planned"
    step: int = 0
    steps: int = 0
    best_step: int | None = None
    best_metric: float | None = None
    metric_name: str = "loss"
    lower_is_better: bool = True
    elapsed_s: float = 0.0
    remote: str | None = None
    remote_model: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A job's folder. Any process may read it; one writes."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    def plan(self) -> dict[str, Any]:
        """What was planned; `BadInput` when the folder holds no plan."""
        return _read(self.folder / PLAN, self.id)

    def status(self) -> Status:
        """Where the job stood when it was last written down."""
        return Status(**_read(self.folder / STATE, self.id)) if (self.folder / STATE).exists() else Status()

    def write_plan(self, plan: dict[str, Any]) -> None:
        """Keep the plan; the folder is made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(plan, self.folder / PLAN)

    def write_status(self, status: Status) -> None:
        """Keep the status, all or nothing."""
        write_json(asdict(status), self.folder / STATE)

    def add_point(self, point: Point) -> None:
        """Append a measurement; it is on the disk when this returns."""
        _append(self.folder / METRICS, asdict(point))

    def add_event(self, kind: str, text: str) -> None:
        """Append an event with the time, in UTC."""
        _append(self.folder / EVENTS, asdict(Event(dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), kind, text)))

    def points(self) -> list[Point]:
        """All measurements by step, each step and split once: of those that were measured again after a resume, the last."""
        latest = {(told["step"], told["split"]): Point(**told) for told in _lines(self.folder / METRICS)}
        return sorted(latest.values(), key=lambda point: (point.step, point.split))

    def events(self) -> list[Event]:
        """All events in the order in which they happened."""
        return [Event(**told) for told in _lines(self.folder / EVENTS)]

    @property
    def model(self) -> Path:
        """Where the trained model is saved."""
        return self.folder / MODEL


def tuning_folder() -> Path:
    """Where jobs lie: `tuning` in the home folder."""
    return home() / "tuning"


def record_of(job_id: str) -> Record:
    """The record of that name; `BadInput` names those there are."""
    folder = tuning_folder() / job_id
    if folder.parent != tuning_folder() or not (folder / PLAN).is_file():
        raise BadInput(
            f"no tuning job {job_id!r:.60}; there is {', '.join(one.id for one in records()[:6]) or 'none yet'}"
        )
    return Record(folder)


def records() -> list[Record]:
    """All jobs, the one planned last first."""
    plans = sorted(tuning_folder().glob(f"*/{PLAN}"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [Record(path.parent) for path in plans]


def _append(path: Path, told: dict[str, Any]) -> None:
    """One line, begun on a line of its own even where a kill has torn the one before."""
    with path.open("ab+") as file:
        if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.write(b"\n")
        file.write(json.dumps(told).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file that may not be there."""
    if not path.is_file():
        return
    for line in path.read_bytes().split(b"\n"):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict):
            yield told


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"tuning job {name}: {path.name} cannot be read ({error!s:.80})") from None
    if not isinstance(told, dict):
        raise BadInput(f"tuning job {name}: wanted a JSON object in {path.name}, found {type(told).__name__}")
    return told
