"""A fine-tuning at a host: its files are written, checked and priced here; it is ordered only under a cap that the user has named.

And what is asked of any fine-tuning, wherever it runs: start, look, stop.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from pricer.errors import BadInput
from pricer.evaluation.material import Material, Wanted, gather
from pricer.tuning import job
from pricer.tuning.chat_file import Limits, TokenCount, check_file
from pricer.tuning.examples import Written, write_examples
from pricer.tuning.hosted.follow import start
from pricer.tuning.hosted.host import host, hosts
from pricer.tuning.hosted.order import Order
from pricer.tuning.knobs import Knobs
from pricer.tuning.plan import FORMAT
from pricer.tuning.prices import TrainingPrice, training_price
from pricer.tuning.record import Record, Status, tuning_folder
from pricer.tuning.schedule import schedule
from pricer.tuning.screening import screen

TOKENIZERS = {"openai": "o200k_base", "together": "llama3", "fireworks": "llama3"}
SHOWN = 3


def is_hosted(record: Record) -> bool:
    """Whether the job is trained at a host."""
    return record.plan().get("method") in hosts()


def plan_at(
    name: str, model: str | None, wanted: Wanted, knobs: Knobs, day: dt.date, suffix: str | None = None
) -> dict[str, Any]:
    """The plan as plain values, its files in the job's record. Nothing is sent. `BadInput` when the examples have a fault."""
    there = host(name)
    if not model:
        raise BadInput(
            f"wanted the model to tune at {name}, found none; see assay tune offers {name}, then --base MODEL"
        )
    material = gather(wanted, learns=True)
    told = json.dumps([name, model, material.fingerprint, asdict(knobs), suffix], sort_keys=True)
    record = Record(tuning_folder() / f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:8]}")
    record.folder.mkdir(parents=True, exist_ok=True)
    written = write_examples(material, record.folder)
    tokens, held = _counted(written, name)
    price = training_price(
        name,
        model,
        tokens.total,
        Decimal(str(knobs.epochs)),
        day,
        validation_tokens=held,
        evaluations=knobs.evaluations,
    )
    order = Order(model, written.training, written.validation, knobs, suffix)
    document = _document(record, name, order, material, written, price, tokens) | {
        "doubts": [f"{name} does not take {knob}: it is left to the host" for knob in there.unused(order)],
    }
    record.write_plan(document)
    return document


def order_at(record: Record, cap_usd: Decimal | None) -> Status:
    """Send the files and start the job, unless that was done; a halted one goes on. `BadInput` without a cap above the estimate."""
    plan = record.plan()
    there = host(plan["method"])
    if record.status().state == "paused":
        return there.resume(record)
    usd = plan["estimate"]["usd"]
    knobs = Knobs(**(plan["knobs"] | {"lora_targets": tuple(plan["knobs"]["lora_targets"])}))
    validation = record.folder / "validation.jsonl"
    order = Order(
        plan["base"], record.folder / "training.jsonl", validation if validation.is_file() else None, knobs, plan["suffix"],
        cap_usd, None if usd is None else Decimal(usd),
    )  # fmt: skip
    return start(there, order, record)


def standing(record: Record) -> Status:
    """Where a job stands, asked of its process here or of its host; as it was last seen at a host while it was never ordered or has ended."""
    if not is_hosted(record):
        return job.status_of(record)
    status = record.status()
    if status.state in ("planned", "done", "failed", "stopped") or status.remote is None:
        return status
    return host(record.plan()["method"]).refresh(record)


def set_off(record: Record, cap_usd: Decimal | None) -> Status:
    """Start a planned job where it was planned, or let it go on: at its host under the cap, or in a process here."""
    return order_at(record, cap_usd) if is_hosted(record) else job.start(record)


def called_off(record: Record) -> bool:
    """Ask the job to end; whether it does. A host's ends for good, one here after the step in hand, and can go on."""
    if is_hosted(record):
        return host(record.plan()["method"]).cancel(record).state == "stopped"
    return job.cancel(record)


def _counted(written: Written, name: str) -> tuple[TokenCount, int]:
    """Tokens of training, and of validation in all."""
    limits = Limits(tokenizer=TOKENIZERS[name])
    checked = check_file(written.training, validation=written.validation, limits=limits)
    if not checked.ok or checked.tokens is None:
        first = checked.problems[0].text if checked.problems else "no example can be read"
        raise BadInput(f"{name} would refuse the examples: {first}. Nothing was sent")
    held = check_file(written.validation, limits=limits).tokens if written.validation else None
    return checked.tokens, held.total if held else 0


def _document(
    record: Record,
    name: str,
    order: Order,
    material: Material,
    written: Written,
    price: TrainingPrice,
    tokens: TokenCount,
) -> dict[str, Any]:
    times = schedule(order.knobs.rated("lora"), max(1, written.n_training))
    usd = None if price.cents is None else str(price.cents)
    return {
        "format": FORMAT, "id": record.id, "method": name, "base": order.model, "suffix": order.suffix,
        "data": {
            "name": material.name, "fingerprint": material.fingerprint, "n_train": written.n_training, "n_validation": written.n_validation,
            "n_test": len(material.items), "task": asdict(material.task), "synthetic": material.synthetic,
        },
        "knobs": asdict(order.knobs), "schedule": asdict(times),
        "estimate": {
            "seconds": None, "seconds_low": None, "seconds_high": None, "memory_mb": None, "usd": usd, "at_most_usd": usd,
            "probe": "; ".join(price.lines) or price.why or "",
        },
        "notes": [price.words, f"{tokens.total:,} tokens an epoch by {tokens.tokenizer}", *_findings(written)],
    }  # fmt: skip


def _findings(written: Written) -> list[str]:
    """What a person should look at before the files are sent."""
    screened = screen(written.training, written.validation)
    found = [f"{count:,} examples left out: {reason}" for reason, count in written.reasons.items()]
    for what, rows in (("near-copies", screened.copies), ("may be refused by moderation", screened.risks)):
        if rows:
            some = "; ".join(f"{one.place}: {one.reason}" for one in rows[:SHOWN])
            found.append(f"{len(rows):,} {what}: {some}{' …' if len(rows) > SHOWN else ''}")
    return found
