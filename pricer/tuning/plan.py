"""The plan of a fine-tuning: what is trained on what, in how many steps, how long it will take and what it will cost. Nothing starts here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.evaluation.material import Material, Wanted, gather
from pricer.predictors.protocol import Task
from pricer.tuning.knobs import Knobs, Method, doubts
from pricer.tuning.local import Report, checked_base, method_of
from pricer.tuning.record import PLAN, Record, tuning_folder
from pricer.tuning.schedule import Schedule, schedule

FORMAT = 1
UNMEASURED = {
    "seconds": None, "seconds_low": None, "seconds_high": None, "memory_mb": None, "usd": "0", "at_most_usd": "0",
    "probe": "not measured; assay tune plan measures it",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants tuned, on which data, with which knobs; `tracker` names who else is told of the curves."""

    method: Method
    wanted: Wanted
    base: str | None = None
    knobs: Knobs = field(default_factory=Knobs)
    tracker: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A wish that can be carried out: everything that the training needs to know."""

    wish: Wish
    base: str
    material: Material
    schedule: Schedule

    @property
    def id(self) -> str:
        """The job's name: the same wish on the same data always has the same."""
        name = "".join(char if char.isalnum() else "-" for char in self.material.name.lower()).strip("-")[:24]
        told = [_told(self.wish), self.base, self.material.fingerprint, FORMAT]
        return f"{self.wish.method}-{name}-{hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]}"


def planned(wish: Wish) -> Planned:
    """The wish with its data and schedule; `BadInput` when it cannot be carried out."""
    knobs = wish.knobs.rated(wish.method)
    base = checked_base(wish.method, wish.base, knobs)
    material = gather(wish.wanted, learns=True)
    whole = Wish(wish.method, wish.wanted, base, knobs, wish.tracker)
    return Planned(whole, base, material, schedule(knobs, len(material.train.listings)))


def plan(wish: Wish, report: Report = lambda *_: None) -> dict[str, Any]:
    """The plan as plain values, with a time that was measured on the very data; it is kept in the job's record. Nothing is trained."""
    from pricer.tuning.probe import probe

    ready = planned(wish)
    record = Record(tuning_folder() / ready.id)
    estimate = probe(ready, report)
    document = document_of(ready) | {"estimate": asdict(estimate)}
    record.write_plan(document)
    return document


def kept(wish: Wish) -> dict[str, Any]:
    """The plan, kept in the job's record, without measuring its time; a time that was measured before for the very same stands."""
    ready = planned(wish)
    record = Record(tuning_folder() / ready.id)
    before = record.plan()["estimate"] if (record.folder / PLAN).is_file() else None
    document = document_of(ready) | {"estimate": before or UNMEASURED}
    record.write_plan(document)
    return document


def document_of(ready: Planned) -> dict[str, Any]:
    """The plan without its estimate."""
    material, times, knobs = ready.material, ready.schedule, ready.wish.knobs
    n_train, n_validation = len(material.train.listings), len(material.validation.listings)
    notes = (
        []
        if n_validation
        else ["no validation examples: the best checkpoint is chosen on training examples, which flatters it"]
    )
    return {
        "format": FORMAT, "id": ready.id, "method": ready.wish.method, "base": ready.base, "wish": _told(ready.wish),
        "data": {
            "name": material.name, "fingerprint": material.fingerprint, "n_train": n_train, "n_validation": n_validation,
            "n_test": len(material.items), "task": asdict(material.task), "synthetic": material.synthetic,
        },
        "knobs": asdict(knobs),
        "schedule": {
            "steps": times.steps, "steps_per_epoch": times.steps_per_epoch, "effective_batch": times.effective_batch,
            "warmup_steps": times.warmup_steps, "evaluate_at": list(times.evaluate_at), "peak_rate": times.peak_rate, "curve": times.curve,
        },
        "doubts": doubts(knobs, ready.wish.method, n_train, times.steps), "notes": notes, "estimate": None,
    }  # fmt: skip


def wish_of(document: dict[str, Any]) -> Wish:
    """The wish that a plan was made of; `BadInput` when the plan is of another format."""
    if document.get("format") != FORMAT:
        raise BadInput(
            f"wanted a plan of format {FORMAT}, found {document.get('format')!r}; plan it again: assay tune plan"
        )
    told = document["wish"]
    given: dict[str, Any] = told["wanted"]
    wanted = Wanted(
        given["dataset"], Path(given["file"]) if given["file"] else None, tuple(given["text"]), given["target"], given["label"],
        Task(**(given["task"] | {"labels": tuple(given["task"]["labels"])})) if given["task"] else None,
        given["limit"], given["seed"], given["drop_copies"], given["train"],
    )  # fmt: skip
    knobs = Knobs(**(told["knobs"] | {"lora_targets": tuple(told["knobs"]["lora_targets"])}))
    return Wish(method_of(told["method"]), wanted, told["base"], knobs, told["tracker"])


def _told(wish: Wish) -> dict[str, Any]:
    """The wish as JSON values; a file by its full path, for the process that trains works elsewhere."""
    wanted = asdict(wish.wanted) | {"file": str(wish.wanted.file.resolve()) if wish.wanted.file else None}
    plain: dict[str, Any] = json.loads(
        json.dumps(
            {
                "method": wish.method,
                "wanted": wanted,
                "base": wish.base,
                "knobs": asdict(wish.knobs),
                "tracker": wish.tracker,
            }
        )
    )
    return plain
