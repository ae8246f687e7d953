"""Together's fine-tuning: files, a price asked before the start, jobs found again by their files. Source: docs.together.ai/reference, 2.0."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from pricer.errors import BadInput
from pricer.predictors.chat.failures import redacted
from pricer.predictors.chat.providers import providers
from pricer.tuning.hosted.desk import exists
from pricer.tuning.hosted.faults import START, Missing
from pricer.tuning.hosted.host import Checkpoint, Measured, Said, Told
from pricer.tuning.hosted.journey import Journey
from pricer.tuning.hosted.order import Order, approved
from pricer.tuning.hosted.remote import Remote
from pricer.tuning.hosted.replies import Reply, between_s, count, identity, moment, number, rows, word
from pricer.tuning.hosted.wire import Door, Wire
from pricer.tuning.record import Split, State

JOBS, FILES = "/fine-tunes", "/files"
STATES: dict[str, State] = {
    "pending": "queued",
    "queued": "queued",
    "running": "running",
    "compressing": "running",
    "uploading": "running",
    "cancel_requested": "running",
    "cancelled": "stopped",
    "error": "failed",
    "user_error": "failed",
    "completed": "done",
}
TRAINED_BY = {
    "linear": ("linear", {"min_lr_ratio": 0.0}),
    "cosine": ("cosine", {"min_lr_ratio": 0.0, "num_cycles": 0.5}),
    "constant": ("linear", {"min_lr_ratio": 1.0}),  # a line from the peak to the peak
}


class Together(Journey):
    """A `Host`. A LoRA adapter is trained; what the host wants for it is asked once the files are there, before the job is started."""

    name: ClassVar[str] = "together"
    door: ClassVar[Door] = Door(
        "together", "Together AI", providers()["together"].base_url, "TOGETHER_BASE_URL", "TOGETHER_API_KEY"
    )
    asks: ClassVar[str] = (
        "give it an endpoint at the host, then assay evaluate --predictor chat --model together/{model} asks it"
    )
    knobs: ClassVar[frozenset[str]] = frozenset({
        "epochs", "batch_size", "accumulation", "seed", "learning_rate", "schedule", "warmup_share", "weight_decay", "lora_rank", "lora_alpha",
        "lora_targets", "dropout", "evaluations", "patience",
    })  # fmt: skip

    def upload(self, wire: Wire, called: str, file: Path) -> str:
        """The id of the new file."""
        doing = f"take {called}"
        told = wire.upload(
            f"{FILES}/upload", doing, file, called, purpose="fine-tune", file_name=called, file_type="jsonl"
        )
        return identity(told, "id", doing)

    def find_file(self, wire: Wire, called: str, size_bytes: int) -> str | None:
        """The newest file of that name and size."""
        listed = rows(wire.get(FILES, "list files"), "data")
        same = [one for one in listed if one.get("filename") == called and one.get("bytes") == size_bytes]
        same.sort(key=lambda one: number(one, "created_at") or 0.0)
        return identity(same[-1], "id", "a file") if same else None

    def has_file(self, wire: Wire, file: str) -> bool:
        """Whether the file is there."""
        return exists(wire, f"{FILES}/{file}", "find the file") is not None

    def agree(self, wire: Wire, order: Order, remote: Remote) -> str | None:
        """The host's own estimate; `BadInput` when it is above the cap or above what the account may spend."""
        told = wire.post(f"{JOBS}/estimate-price", "estimate the price", self._priced(order, remote))
        price = number(told, "estimated_total_price")
        if told.get("estimation_available") is False or price is None:
            reason = redacted(word(told, "unavailable_reason") or "it gives no figure", wire.link)
            return f"together cannot estimate the price ({reason:.120}); the estimate under the cap is our own"
        usd, cap = Decimal(str(price)), approved(order)
        if usd > cap:
            raise BadInput(
                f"together expects ${usd:f} for this training, more than the cap of ${cap:f}: raise --max-cost-usd, or take fewer examples "
                "or epochs. The files are there, nothing was started"
            )
        if told.get("allowed_to_proceed") is False:
            limit = number(told, "user_limit")
            raise BadInput(
                f"together expects ${usd:f}, more than the account may spend{f' (${limit:g})' if limit is not None else ''}: add credit there. "
                "The files are there, nothing was started"
            )
        return f"together expects ${usd:f}, under the cap of ${cap:f}"

    def find_job(self, wire: Wire, remote: Remote) -> str | None:
        """The job that trains on our file, which was sent for it alone."""
        file = remote.files.get("training")
        jobs = rows(wire.get(JOBS, "list jobs"), "data") if file else []
        return next((identity(one, "id", "a job") for one in jobs if one.get("training_file") == file), None)

    def start(self, wire: Wire, order: Order, remote: Remote) -> str:
        """The id of the new job."""
        knobs = order.knobs.rated("lora")
        curve, arguments = TRAINED_BY[knobs.schedule]
        body = self._priced(order, remote) | {
            "suffix": remote.suffix,
            "n_checkpoints": 1,
            "batch_size": order.batch,
            "learning_rate": knobs.learning_rate,
            "lr_scheduler": {"lr_scheduler_type": curve, "lr_scheduler_args": arguments},
            "warmup_ratio": knobs.warmup_share,
            "weight_decay": knobs.weight_decay,
            "random_seed": knobs.seed,
        }
        if "validation" in remote.files and knobs.patience:
            body |= {"early_stopping_enabled": True, "early_stopping_patience": knobs.patience}
        return identity(wire.post(JOBS, START, body, once=remote.name), "id", "the new job")

    def settle(self, wire: Wire, order: Order, job: str) -> None:
        """Nothing."""

    def look(self, wire: Wire, remote: Remote) -> Told:
        """The job, its events and its losses since the last look."""
        job = wire.get(f"{JOBS}/{remote.job}", "look at the job")
        status = identity(job, "status", "the job's status")
        events = rows(wire.get(f"{JOBS}/{remote.job}/events", "list events"), "data")
        errors = [text for one in events if one.get("type") == "job_error" and (text := word(one, "message"))]
        measured = _losses(wire, remote)
        state = STATES.get(status)
        return Told(
            status,
            state,
            why=errors[-1] if errors and state == "failed" else None,
            model=identity(job, "model_output_name", "a completed job") if status == "completed" else None,
            step=max((step for one in events if (step := count(one, "step"))), default=None),
            steps=max((steps for one in events if (steps := count(one, "total_steps"))), default=None),
            elapsed_s=between_s(moment(job, "started_at", "created_at"), moment(job, "updated_at")),
            said=tuple(Said(moment(one, "created_at"), word(one, "message") or str(one.get("type"))) for one in events),
            measured=tuple(measured),
            cursor=str(max(one.step for one in measured)) if measured else remote.cursor,
        )

    def act(self, wire: Wire, job: str, verb: str) -> None:
        """Asks to cancel."""
        wire.post(f"{JOBS}/{job}/{verb}", f"{verb} the job")

    def list_checkpoints(self, wire: Wire, remote: Remote) -> list[Checkpoint]:
        """The models kept at the host."""
        listed = wire.get(f"{JOBS}/{remote.job}/checkpoints", "list checkpoints")
        return [
            Checkpoint(count(one, "step") or 0, word(one, "object_name") or word(one, "path") or "?")
            for one in rows(listed, "data")
        ]

    def _priced(self, order: Order, remote: Remote) -> dict[str, Any]:
        """What the price depends on: the part that the estimate and the order have in common."""
        knobs = order.knobs
        body: dict[str, Any] = {
            "model": order.model,
            "training_file": remote.files["training"],
            "n_epochs": order.epochs,
            "training_method": {"method": "sft", "train_on_inputs": "auto"},
            "training_type": {
                "type": "Lora",
                "lora_r": knobs.lora_rank,
                "lora_alpha": knobs.lora_alpha,
                "lora_dropout": knobs.dropout,
                "lora_trainable_modules": ",".join(knobs.lora_targets),
            },
        }
        if "validation" in remote.files:
            body |= {"validation_file": remote.files["validation"], "n_evals": knobs.evaluations}
        return body


def _losses(wire: Wire, remote: Remote) -> list[Measured]:
    """The losses from the last step that is known; none at a host that does not tell them."""
    since = {"global_step_from": int(remote.cursor)} if remote.cursor else {}
    try:
        told = wire.get(f"{JOBS}/{remote.job}/metrics", "list losses", **since)
    except Missing:
        return []
    return [
        one
        for row in rows(told, "metrics")
        for one in (*_loss(row, "train", "train"), *_loss(row, "eval", "validation"))
    ]


def _loss(row: Reply, word_: str, split: Split) -> list[Measured]:
    step, loss = count(row, f"{word_}/global_step"), number(row, f"{word_}/loss")
    if step is None or loss is None:
        return []
    return [Measured(step, split, loss, learning_rate=number(row, f"{word_}/learning_rate"))]
