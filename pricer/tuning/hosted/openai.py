"""OpenAI's fine-tuning: files, jobs with a mark in their metadata, events in pages. Source: the API reference of openai 3.52."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pricer.errors import BadInput
from pricer.predictors.chat.providers import providers
from pricer.tuning.hosted.desk import exists
from pricer.tuning.hosted.faults import START
from pricer.tuning.hosted.host import Checkpoint, Measured, Said, Told
from pricer.tuning.hosted.journey import Journey
from pricer.tuning.hosted.order import Order
from pricer.tuning.hosted.remote import Remote
from pricer.tuning.hosted.replies import Reply, between_s, count, identity, inner, moment, number, rows, word
from pricer.tuning.hosted.wire import Door, Wire
from pricer.tuning.record import State

JOBS, FILES = "/fine_tuning/jobs", "/files"
PAGE, MOST_PAGES = 100, 200
MOST_EPOCHS, MOST_BATCH, MOST_BYTES = 50, 256, 512 * 10**6
STATES: dict[str, State] = {
    "validating_files": "queued",
    "queued": "queued",
    "running": "running",
    "pausing": "running",
    "paused": "paused",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "stopped",
}


class OpenAI(Journey):
    """A `Host`. The learning rate is OpenAI's own choice: it takes a multiplier of a rate that it does not tell."""

    name: ClassVar[str] = "openai"
    door: ClassVar[Door] = Door("openai", "OpenAI", providers()["openai"].base_url, "OPENAI_BASE_URL", "OPENAI_API_KEY")
    asks: ClassVar[str] = "assay evaluate --predictor chat --model openai/{model} asks it"
    knobs: ClassVar[frozenset[str]] = frozenset({"epochs", "batch_size", "accumulation", "seed"})
    halts: ClassVar[frozenset[str]] = frozenset({"pause", "resume"})

    def check(self, order: Order) -> int:
        """How many whole epochs are ordered; `BadInput` beyond what the interface takes."""
        if order.epochs > MOST_EPOCHS or order.batch > MOST_BATCH:
            raise BadInput(
                f"openai trains up to {MOST_EPOCHS} epochs in batches of up to {MOST_BATCH}, found {order.epochs} and {order.batch}"
            )
        return order.epochs

    def upload(self, wire: Wire, called: str, file: Path) -> str:
        """The id of the new file."""
        if file.stat().st_size > MOST_BYTES:
            raise BadInput(f"{file.name}: openai takes files of up to {MOST_BYTES:,} bytes; take fewer examples")
        doing = f"take {called}"
        return identity(wire.upload(FILES, doing, file, called, purpose="fine-tune"), "id", doing)

    def find_file(self, wire: Wire, called: str, size_bytes: int) -> str | None:
        """The newest file of that name and size."""
        listed = wire.get(FILES, "list files", purpose="fine-tune", order="desc", limit=PAGE)
        same = (one for one in rows(listed, "data") if one.get("filename") == called and one.get("bytes") == size_bytes)
        return next((identity(one, "id", "a file") for one in same), None)

    def has_file(self, wire: Wire, file: str) -> bool:
        """Whether the file is there and not spoilt."""
        told = exists(wire, f"{FILES}/{file}", "find the file")
        return told is not None and told.get("status") != "deleted"

    def find_job(self, wire: Wire, remote: Remote) -> str | None:
        """The job with our mark in its metadata. The host filters; we look again, where it does not."""
        after: dict[str, str | int] = {}
        for _ in range(MOST_PAGES):
            listed = wire.get(JOBS, "list jobs", limit=PAGE, **{"metadata[assay]": remote.name}, **after)
            jobs = rows(listed, "data")
            for one in jobs:
                if inner(one, "metadata").get("assay") == remote.name:
                    return identity(one, "id", "a job")
            if not listed.get("has_more") or not jobs:
                break
            after = {"after": identity(jobs[-1], "id", "a job")}
        return None

    def start(self, wire: Wire, order: Order, remote: Remote) -> str:
        """The id of the new job."""
        hyperparameters = {"n_epochs": order.epochs, "batch_size": order.batch, "learning_rate_multiplier": "auto"}
        body: dict[str, Any] = {
            "model": order.model,
            "training_file": remote.files["training"],
            "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
            "suffix": remote.suffix,
            "seed": order.knobs.seed,
            "metadata": {"assay": remote.name},
        }
        if "validation" in remote.files:
            body["validation_file"] = remote.files["validation"]
        return identity(wire.post(JOBS, START, body, once=remote.name), "id", "the new job")

    def agree(self, wire: Wire, order: Order, remote: Remote) -> None:
        """Nothing."""

    def settle(self, wire: Wire, order: Order, job: str) -> None:
        """Nothing."""

    def look(self, wire: Wire, remote: Remote) -> Told:
        """The job and its events since the last look."""
        job = wire.get(f"{JOBS}/{remote.job}", "look at the job")
        status = identity(job, "status", "the job's status")
        events = _events(wire, remote)
        data = [(one, inner(one, "data")) for one in events]
        newest = max((at for one in events if (at := moment(one, "created_at"))), default=None)
        error = inner(job, "error")
        return Told(
            status,
            STATES.get(status),
            why=_reason(error),
            model=identity(job, "fine_tuned_model", "a job that succeeded") if status == "succeeded" else None,
            steps=max((steps for _, one in data if (steps := count(one, "total_steps"))), default=None),
            elapsed_s=between_s(moment(job, "created_at"), moment(job, "finished_at") or newest),
            said=tuple(
                Said(moment(one, "created_at"), word(one, "message") or "…")
                for one in events
                if one.get("type") != "metrics"
            ),
            measured=tuple(loss for _, one in data for loss in _losses(one)),
            cursor=word(events[-1], "id") if events else None,
        )

    def act(self, wire: Wire, job: str, verb: str) -> None:
        """Asks to cancel, pause or resume."""
        wire.post(f"{JOBS}/{job}/{verb}", f"{verb} the job")

    def list_checkpoints(self, wire: Wire, remote: Remote) -> list[Checkpoint]:
        """The last few models, which OpenAI keeps at the end of epochs."""
        listed = wire.get(f"{JOBS}/{remote.job}/checkpoints", "list checkpoints", limit=PAGE)
        return [
            Checkpoint(
                count(one, "step_number") or 0,
                identity(one, "fine_tuned_model_checkpoint", "a checkpoint"),
                number(inner(one, "metrics"), "train_loss"),
                number(inner(one, "metrics"), "full_valid_loss", "valid_loss"),
            )
            for one in rows(listed, "data")
        ]


def _events(wire: Wire, remote: Remote) -> list[Reply]:
    """The events after the cursor, oldest first; the host lists the newest first."""
    found: list[Reply] = []
    after: dict[str, str | int] = {}
    for _ in range(MOST_PAGES):
        listed = wire.get(f"{JOBS}/{remote.job}/events", "list events", limit=PAGE, **after)
        page = rows(listed, "data")
        for one in page:
            if remote.cursor and one.get("id") == remote.cursor:
                return found[::-1]
            found.append(one)
        if not listed.get("has_more") or not page:
            break
        after = {"after": identity(page[-1], "id", "an event")}
    return found[::-1]


def _losses(data: Reply) -> list[Measured]:
    """The losses of a metrics event. `valid_loss` is of one batch of validation examples, `full_valid_loss` of all of them."""
    step, told = count(data, "step"), []
    if step is None:
        return []
    if (loss := number(data, "train_loss")) is not None:
        told.append(Measured(step, "train", loss))
    if (loss := number(data, "full_valid_loss", "valid_loss")) is not None:
        told.append(Measured(step, "validation", loss, whole=number(data, "full_valid_loss") is not None))
    return told


def _reason(error: Reply) -> str | None:
    parts = [one for key in ("message", "code", "param") if (one := word(error, key))]
    return "; ".join(parts) or None
