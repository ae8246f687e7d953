"""A tuning job on this machine: a process of its own that outlives who started it, stops when asked, and goes on from its last checkpoint."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from pricer.errors import BadInput, PricerError
from pricer.process import alive, held, last_words, launch
from pricer.tuning.plan import Planned, planned, wish_of
from pricer.tuning.record import Point, Record, Status
from pricer.tuning.training import STOP, metric_name

if TYPE_CHECKING:
    from pricer.predictors.saved import Trained
    from pricer.tuning.local import Made, Report
    from pricer.tuning.tracking import Tracker

LOCK, LOG, BASE = "lock", "log.txt", "base"
STARTING_S = 120.0  # a process that has not begun after so long never will
# -P keeps a `pricer` package that lies in the user's working folder from being taken for this one.
COMMAND = (sys.executable, "-P", "-m", "pricer.tuning.job")


@dataclass(frozen=True, slots=True)
class Tracked(Record):
    """A record whose measurements go to a tracker too."""

    tracker: Tracker

    def add_point(self, point: Point) -> None:
        """Append a measurement here and there."""
        Record.add_point(self, point)
        self.tracker.log(point)


def start(record: Record) -> Status:
    """Start the planned job, or let it go on from its last checkpoint; one that runs or is done stays as it is."""
    status = status_of(record)
    if status.state in ("running", "queued", "done"):
        return status
    wish_of(record.plan())
    (record.folder / STOP).unlink(missing_ok=True)
    record.write_status(replace(record.status(), state="queued", why=None))
    launch([*COMMAND, str(record.folder)], record.folder / LOG)
    return record.status()


def cancel(record: Record) -> bool:
    """Ask the job to end after the step in hand; False when it is not running. What it has learned is kept, and `start` goes on."""
    if status_of(record).state not in ("running", "queued"):
        return False
    (record.folder / STOP).touch()
    return True


def status_of(record: Record) -> Status:
    """Where the job stands; one whose process has died is stopped, and says so."""
    status = record.status()
    if status.state not in ("running", "queued") or held(record.folder / LOCK) or _begins(record, status):
        return status
    again = record.status()  # it may have ended between the two looks
    if again.state not in ("running", "queued"):
        return again
    words = last_words(record.folder / LOG)
    return replace(
        again,
        state="stopped",
        why=f"its process ended{f' ({words})' if words else ''}; go on with: assay tune start {record.id}",
    )


def work(record: Record, report: Report = lambda *_: None) -> Status:
    """Train in this process, to the end or until it is stopped; the status as it then is. Refusals are kept in it and raised."""
    with alive(record.folder / LOCK):
        try:
            return _worked(planned(wish_of(record.plan())), record, report)
        except PricerError as error:
            record.write_status(replace(record.status(), state="failed", why=str(error)))
            record.add_event("failed", str(error))
            raise


def _worked(ready: Planned, record: Record, report: Report) -> Status:
    from pricer.tuning.local import train, untuned
    from pricer.tuning.tracking import tracker

    wish, material = ready.wish, ready.material
    record.add_event("started", f"{ready.schedule.steps} steps of {ready.schedule.effective_batch} examples")
    named = replace(record.status(), metric_name=metric_name(material.task), lower_is_better=not material.task.is_label)
    record.write_status(replace(named, state="running", steps=ready.schedule.steps))
    if not (record.folder / BASE / "manifest.json").is_file():
        report("measuring what it begins with", 0, 0)
        _save(untuned(wish.method, ready.base, material, wish.knobs), ready, record, BASE, None)
    other = tracker(wish.tracker)
    other.start(record, asdict(wish.knobs) | {"method": wish.method, "base": ready.base, "data": material.name})
    try:
        told = Tracked(record.folder, other)
        made = train(wish.method, ready.base, material, wish.knobs, ready.schedule, told, report)
        return _ended(made, ready, record)
    finally:
        other.finish(record.status())


def _ended(made: Made, ready: Planned, record: Record) -> Status:
    """The status of a training that was not refused, with its model saved when it is done."""
    status = record.status()
    if made.model is None:
        record.add_event("stopped", f"after step {status.step} of {status.steps}; it goes on where it stopped")
        status = replace(status, state="stopped")
    else:
        _save(made.model, ready, record, record.model.name, status)
        best = made.ended
        record.add_event("done", f"best after step {best.best_step}: {status.metric_name} {best.best_metric:.4g}")
        status = replace(status, state="done")
    record.write_status(status)
    return status


def _save(model: Trained, ready: Planned, record: Record, name: str, status: Status | None) -> None:
    from pricer.predictors.saved import Provenance, save, versions_of

    material = ready.material
    made = Provenance(
        material.name, material.fingerprint, ready.wish.knobs.seed, f"tune {ready.wish.method}", len(material.train.listings),
        len(material.validation.listings), status.elapsed_s if status else None, status.best_metric if status else None,
        versions_of("torch", "transformers", "peft"),
    )  # fmt: skip
    save(model, material.task, record.folder / name, made, (*material.train.listings, *material.validation.listings))


def _begins(record: Record, status: Status) -> bool:
    """Whether a job that was just launched may not have reached its lock yet."""
    written_s = (record.folder / "state.json").stat().st_mtime
    return status.state == "queued" and time.time() - written_s < STARTING_S


def main(folder: str, stopping: Callable[[], None] | None = None) -> int:
    """Work off the job in the folder; its exit code. A signal to end asks it to stop."""
    from pathlib import Path

    record = Record(Path(folder))
    ask = stopping or (record.folder / STOP).touch
    signal.signal(signal.SIGTERM, lambda *_: ask())
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        work(record)
    except (PricerError, BadInput):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
