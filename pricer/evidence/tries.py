"""Runs as tries of an approach: what their plans and results tell in two short reads, and the reading of those that are chosen."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import DecimalException
from pathlib import Path
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.evaluation.run import PLAN, RESULT, Run, load_run
from pricer.products.items import Item

FOUND = frozenset({"similar", "blend"})  # predictors that look up similar items
DAMAGE = (PricerError, OSError, LookupError, TypeError, ValueError, AttributeError, AssertionError, DecimalException)

Truths = dict[str, tuple[float | None, str | None]]


@dataclass(frozen=True, slots=True)
class Try:
    """A complete run as its plan and result tell it. `loss` is its MAE in the task's unit, or its share of wrong labels."""

    folder: Path
    plan: dict[str, Any]
    approach: str
    loss: float
    n: int
    failures: int

    @property
    def llm(self) -> bool:
        """Whether an LLM answered."""
        return bool(self.plan["llm"])

    @property
    def by(self) -> str:
        """Who answered: the model, or the predictor."""
        return str(self.plan["model"] or self.plan["predictor"])

    @property
    def title(self) -> str:
        """The approach, told apart from the same one without an LLM."""
        return f"{self.approach} without an LLM" if self.approach == "retrieval" and not self.llm else self.approach

    @property
    def shots(self) -> int:
        """How many examples stood in the prompt."""
        return int(self.plan["settings"].get("shots") or 0)

    @property
    def started_at(self) -> str:
        """When the run began."""
        return str(self.plan["started_at"])

    @property
    def dataset(self) -> str:
        """The name of the data set or file."""
        return str(self.plan["data"]["name"])

    @property
    def asks(self) -> tuple[object, ...]:
        """What tries that can be compared have in common: the data set's name and what is predicted."""
        told = self.plan["task"]
        return self.dataset, told["name"], told["unit"], *told["labels"]

    @property
    def data(self) -> tuple[str, str]:
        """The fingerprint of the data, and what tells the items apart that were drawn from them."""
        told = self.plan["data"]
        return str(told["fingerprint"]), str(told.get("items_hash") or self.folder.name)


def tries(folder: Path) -> tuple[list[Try], int]:
    """The usable runs in `folder` by name, and how many are damaged, unfinished or mostly unanswered."""
    found, skipped = [], 0
    for place in sorted(path.parent for path in folder.glob(f"*/{PLAN}")):
        try:
            one = _try(place)
        except DAMAGE:
            skipped += 1
            continue
        if one:
            found.append(one)
    return found, skipped


def groups(found: Sequence[Try]) -> list[list[Try]]:
    """Tries of two approaches or more that ask the same of one data set: most approaches first, then the newest."""
    by_question: dict[tuple[object, ...], list[Try]] = defaultdict(list)
    for one in found:
        by_question[one.asks].append(one)
    several = [group for group in by_question.values() if len({one.title for one in group}) > 1]
    return sorted(
        several,
        key=lambda group: (len({one.title for one in group}), max(one.started_at for one in group)),
        reverse=True,
    )


def approach_of(plan: dict[str, Any]) -> str | None:
    """The approach that a plan tries; None of a person's."""
    name, told = str(plan["predictor"]), plan["settings"]
    found = bool(told.get("similar")) or name in FOUND
    if name.startswith("tuned") or str(plan["model"] or "").partition("/")[2].startswith("ft:"):
        return "fine-tune + retrieval" if found else "fine-tune"
    if found:
        return "retrieval"
    if plan["llm"]:
        return "few-shot" if told.get("shots") else "prompt"
    return None if name == "human" else "baseline"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads runs, each once; items that several runs share are read once for all."""

    items: dict[tuple[str, str], tuple[Item, ...]] = field(default_factory=dict)
    runs: dict[Path, Run | None] = field(default_factory=dict)

    def run(self, one: Try) -> Run | None:
        """The run with its answers; None when it is damaged."""
        if one.folder not in self.runs:
            self.runs[one.folder] = self._loaded(one)
        return self.runs[one.folder]

    def truths(self, one: Try) -> Truths:
        """The true answers by item id; empty when the items cannot be read."""
        if one.data not in self.items:
            self.run(one)
        return {item.listing.id: (item.target, item.label) for item in self.items.get(one.data, ())}

    @property
    def damaged(self) -> int:
        """How many runs could not be read."""
        return sum(run is None for run in self.runs.values())

    def _loaded(self, one: Try) -> Run | None:
        try:
            run = load_run(one.folder, self.items.get(one.data, ()))
            whole = run.complete and bool(run.outcomes) and bool(run.task)
        except DAMAGE:
            return None
        if whole:
            self.items[one.data] = run.items
        return run if whole else None


def _try(folder: Path) -> Try | None:
    """The run without its items and answers; None of what is no approach. Raises one of `DAMAGE`."""
    plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    approach = approach_of(plan)
    if approach is None:
        return None
    told = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    n, failures = int(told["n"]), int(told["failures"])
    loss = 1 - float(told["accuracy"]) if plan["task"]["labels"] else float(told["mae"])
    if told["complete"] is not True or 2 * failures > n or not math.isfinite(loss):
        raise BadInput(f"{folder.name}: unfinished, or most items without an answer")
    one = Try(folder, plan, approach, loss, n, failures)
    hash((one.asks, one.data, one.by, one.shots, one.started_at))  # what is asked of it later is there
    return one
