"""Small complete runs of any approach, written as an evaluation writes them, with no model asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricer.evaluation.result import result
from pricer.evaluation.run import PLAN, Answer, load_run, runs_folder, writing
from pricer.predictors.protocol import Guess
from pricer.products.items import Item
from tests.pricer.evaluation.toys import items as toys
from tests.pricer.evaluation.toys import plan

MODEL = "openai/gpt-4o-mini"
WOBBLE = (-1.0, 0.0, 1.0, 0.5, -0.5)  # so that differences have a spread


def measure(
    name: str, error: float, *, folder: Path | None = None, items: Sequence[Item] | None = None, usd: str | None = "0",
    wobble: float = 1.0, failing: int = 0, stop_at: int | None = None, **planned: Any,
) -> Path:  # fmt: skip
    """A run whose guesses are too high by about `error`, each costing `usd`; the first `failing` of them fail, and with `stop_at` it was
    stopped there. `planned` goes into the plan."""
    asked = toys(40) if items is None else items
    there = (folder or runs_folder()) / name
    with writing(there, planned_as(name, asked, **planned), asked) as writer:
        for place, item in enumerate(asked[:stop_at]):
            guess = guessed(item, error + wobble * WOBBLE[place % len(WOBBLE)])
            shown = Guess(failure="unreadable: no") if place < failing else guess
            writer.answered(item.listing.id, Answer(shown, 1, None if usd is None else Decimal(usd)))
        writer.finish(result(load_run(there, asked)))
    return there


def chat(
    name: str, error: float, *, shots: int = 0, similar: int = 0, usd: str | None = "0.0001", **other: Any
) -> Path:
    """A run of a chat model; a tenth of a dollar for 1,000 items unless told otherwise."""
    settings = {"shots": shots} | ({"similar": similar} if similar else {})
    asked: dict[str, Any] = {"predictor": "chat", "model": MODEL, "llm": True, "settings": settings}
    return measure(name, error, usd=usd, **(asked | other))


def planned_as(
    name: str, items: Sequence[Item], *, dataset: str = "pans", fingerprint: str = "f", **other: Any
) -> dict[str, Any]:
    """The plan of a learner called by the run's name, unless told otherwise."""
    data = {
        "name": dataset,
        "fingerprint": fingerprint,
        "split": "test",
        "items_hash": f"{len(items)} {items[0].listing.id}",
    }
    return plan(**({"predictor": name, "llm": False, "data": data} | other))


def guessed(item: Item, error: float) -> Guess:
    """The truth, off by so much; of a label the right one unless the error is above 0."""
    if item.label is not None:
        return Guess(label="b" if (item.label == "a") == (error > 0) else "a")
    return Guess(value=(item.target or 0) + error)


def began(run: Path, at: str) -> None:
    """Make the run one that was started then."""
    told = json.loads((run / PLAN).read_text(encoding="utf-8"))
    (run / PLAN).write_text(json.dumps(told | {"started_at": at}), encoding="utf-8")
