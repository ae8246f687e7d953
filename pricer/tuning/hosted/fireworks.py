"""Fireworks' fine-tuning: datasets and jobs under names of our own choosing, losses in a signed file. Source: docs.fireworks.ai/api-reference."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from pricer.errors import BadInput
from pricer.predictors.chat.failures import redacted
from pricer.predictors.chat.providers import Connection
from pricer.tuning.hosted.desk import exists
from pricer.tuning.hosted.faults import START, Dear, Later, Taken, advised
from pricer.tuning.hosted.host import Checkpoint, Measured, Told
from pricer.tuning.hosted.journey import Journey
from pricer.tuning.hosted.order import Order, approved
from pricer.tuning.hosted.remote import Remote
from pricer.tuning.hosted.replies import Reply, between_s, count, identity, inner, moment, number, word
from pricer.tuning.hosted.wire import Door, Wire, link_to
from pricer.tuning.record import Split, State

ACCOUNT_ENV = "FIREWORKS_ACCOUNT_ID"
MOST_BYTES = 150 * 10**6
READY_TRIES, READY_S = 30, 2.0  # a dataset is checked by the host for some seconds after it was sent
STATES: dict[str, State] = {
    "CREATING": "queued",
    "CREATING_INPUT_DATASET": "queued",
    "PENDING": "queued",
    "RE_QUEUEING": "queued",
    "VALIDATING": "queued",
    "RUNNING": "running",
    "IDLE": "running",
    "WRITING_RESULTS": "running",
    "CANCELLING": "running",
    "PAUSED": "paused",
    "COMPLETED": "done",
    "EARLY_STOPPED": "done",
    "FAILED": "failed",
    "EXPIRED": "failed",
    "CANCELLED": "stopped",
    "DELETING": "stopped",
    "DELETING_CLEANING_UP": "stopped",
}


class Fireworks(Journey):
    """A `Host`. A LoRA adapter is trained. Dataset and job carry the mark in their names, so that none can be made twice."""

    name: ClassVar[str] = "fireworks"
    door: ClassVar[Door] = Door(
        "fireworks", "Fireworks", "https://api.fireworks.ai/v1", "FIREWORKS_BASE_URL", "FIREWORKS_API_KEY"
    )
    asks: ClassVar[str] = (
        "deploy it at the host, then assay evaluate --predictor chat --model compatible/{model} --base-url "
        "https://api.fireworks.ai/inference/v1 asks it"
    )
    knobs: ClassVar[frozenset[str]] = frozenset({
        "epochs", "batch_size", "accumulation", "learning_rate", "warmup_share", "weight_decay", "lora_rank", "patience",
    })  # fmt: skip
    halts: ClassVar[frozenset[str]] = frozenset({"resume"})

    def link(self) -> Connection:
        """The way to the account; the address may be given with or without /v1 or /inference/v1."""
        known = dict(self._environment)
        if given := known.get(self.door.base_url_env, "").strip().rstrip("/"):
            known[self.door.base_url_env] = given.removesuffix("/v1").removesuffix("/inference") + "/v1"
        return link_to(self.door, known)

    def upload(self, wire: Wire, called: str, file: Path) -> str:
        """The dataset's name, once the host has checked it."""
        if file.stat().st_size > MOST_BYTES:
            raise BadInput(
                f"{file.name}: fireworks takes files of up to {MOST_BYTES:,} bytes at once; take fewer examples"
            )
        short = _short(called)
        with suppress(Taken):  # it was made before a kill
            body = {"datasetId": short, "dataset": {"userUploaded": {}, "format": "CHAT"}}
            wire.post(self._path("datasets"), f"make {short}", body)
        with suppress(Taken):  # it is full and being checked
            wire.upload(f"{self._path('datasets', short)}:upload", f"take {called}", file, called)
        return self._ready(wire, short)

    def find_file(self, wire: Wire, called: str, size_bytes: int) -> str | None:  # noqa: ARG002 - its name says what is in it
        """The dataset's name if it is there and whole."""
        told = exists(wire, self._path("datasets", _short(called)), "find the dataset")
        return self._full("datasets", _short(called)) if told is not None and told.get("state") == "READY" else None

    def has_file(self, wire: Wire, file: str) -> bool:
        """Whether the dataset is there."""
        return exists(wire, f"/{file}", "find the dataset") is not None

    def agree(self, wire: Wire, order: Order, remote: Remote) -> None:
        """Nothing."""

    def find_job(self, wire: Wire, remote: Remote) -> str | None:
        """The job of our name."""
        told = exists(wire, self._path("supervisedFineTuningJobs", f"assay-{remote.name}"), "find the job")
        return None if told is None else identity(told, "name", "a job")

    def start(self, wire: Wire, order: Order, remote: Remote) -> str:
        """The new job's name, or that of the one which has it."""
        path, called = self._path("supervisedFineTuningJobs"), f"assay-{remote.name}"
        try:
            told = wire.post(path, START, self._body(order, remote), supervisedFineTuningJobId=called)
        except Taken:
            told = wire.get(f"{path}/{called}", "find the job")
        return identity(told, "name", "the new job")

    def settle(self, wire: Wire, order: Order, job: str) -> None:
        """Ends a job that the host prices above the cap; it tells a price only once there is a job."""
        usd, cap = _usd(inner(wire.get(f"/{job}", "look at the job"), "estimatedCost")), approved(order)
        if usd is not None and usd > cap:
            self.act(wire, job, "cancel")
            raise Dear(
                f"fireworks expects ${usd:f} for this training, more than the cap of ${cap:f}: the job was cancelled at once. Raise "
                "--max-cost-usd, or take fewer examples or epochs, and plan a new job"
            )

    def look(self, wire: Wire, remote: Remote) -> Told:
        """The job and the losses in its file. The host lists no events: those of the record are changes of state."""
        job = wire.get(f"/{remote.job}", "look at the job")
        status = identity(job, "state", "the job's state").removeprefix("JOB_STATE_")
        state = STATES.get(status)
        message = word(inner(job, "status"), "message")
        measured = self._losses(wire, job)
        done = state == "done"
        last = max((one.step for one in measured), default=None)
        return Told(
            status,
            state,
            why=message if state in {"failed", "paused"} else None,
            model=identity(job, "outputModel", "a completed job") if done else None,
            steps=last if done else None,
            elapsed_s=between_s(moment(job, "createTime"), moment(job, "completedTime", "updateTime")),
            measured=tuple(measured),
        )

    def act(self, wire: Wire, job: str, verb: str) -> None:
        """Asks to cancel or resume."""
        wire.post(f"/{job}:{verb}", f"{verb} the job")

    def list_checkpoints(self, wire: Wire, remote: Remote) -> list[Checkpoint]:
        """The one model that the host keeps, once it is done."""
        told = self.look(wire, remote)
        return [Checkpoint(told.steps or 0, told.model)] if told.model else []

    def _body(self, order: Order, remote: Remote) -> dict[str, Any]:
        knobs = order.knobs.rated("lora")
        model = order.model if "/" in order.model else f"accounts/fireworks/models/{order.model}"
        body: dict[str, Any] = {
            "displayName": remote.suffix,
            "baseModel": model,
            "dataset": remote.files["training"],
            "outputModel": self._full(
                "models", remote.suffix if remote.attempt == 1 else f"{remote.suffix}-{remote.attempt}"
            ),
            "epochs": order.epochs,
            "learningRate": knobs.learning_rate,
            "loraRank": knobs.lora_rank,
            "batchSizeSamples": order.batch,
            "learningRateWarmupSteps": round(remote.steps * knobs.warmup_share),
            "optimizerWeightDecay": knobs.weight_decay,
        }
        if "validation" in remote.files:
            body |= {"evaluationDataset": remote.files["validation"], "earlyStop": knobs.patience > 0}
        return body

    def _ready(self, wire: Wire, short: str) -> str:
        """The dataset's full name when it can be trained on; `BadInput` when the host finds fault with it, `Later` when that takes long."""
        for _ in range(READY_TRIES):
            told = wire.get(self._path("datasets", short), "find the dataset")
            if told.get("state") == "READY":
                return self._full("datasets", short)
            if word(status := inner(told, "status"), "code") not in {None, "OK"}:
                words = redacted(word(status, "message") or "no reason given", wire.link)
                raise BadInput(f"fireworks does not take {short}: {advised(words)}")
            self._sleep(READY_S)
        raise Later(f"fireworks is still checking dataset {short}. Run the same command again later")

    def _losses(self, wire: Wire, job: Reply) -> list[Measured]:
        """The losses so far; the file is not there at the beginning, and its address runs out."""
        address = word(job, "metricsFileSignedUrl")
        try:
            return [one for row in wire.lines(address) for one in _row(row)] if address else []
        except Later:
            return []

    def _path(self, kind: str, short: str | None = None) -> str:
        return f"/{self._full(kind, short)}"

    def _full(self, kind: str, short: str | None = None) -> str:
        account = self._environment.get(ACCOUNT_ENV, "").strip().removeprefix("accounts/")
        if not account or "/" in account:
            raise BadInput(
                f"fireworks needs the name of your account, and {ACCOUNT_ENV} is not set: export {ACCOUNT_ENV}=…"
            )
        return f"accounts/{account}/{kind}" + (f"/{short}" if short else "")


def _short(called: str) -> str:
    return f"assay-{called.removesuffix('.jsonl')}"


def _row(row: Reply) -> list[Measured]:
    """The losses of a line: flat, or under `data`."""
    data = inner(row, "data") or row
    step = count(row, "step")
    return (
        []
        if step is None
        else [
            *_loss(data, step, "train", "train/loss", "loss"),
            *_loss(data, step, "validation", "eval/loss", "eval_loss"),
        ]
    )


def _loss(data: Reply, step: int, split: Split, *keys: str) -> list[Measured]:
    loss = number(data, *keys)
    return (
        []
        if loss is None
        else [Measured(step, split, loss, learning_rate=number(data, "train/learning_rate", "train/lr"))]
    )


def _usd(money: Reply) -> Decimal | None:
    """An amount of whole units and billionths."""
    units, nanos = money.get("units"), money.get("nanos")
    if money.get("currencyCode") != "USD" or (units is None and nanos is None):
        return None
    try:
        return Decimal(str(units or 0)) + Decimal(str(nanos or 0)) / 10**9
    except ArithmeticError:
        return None
