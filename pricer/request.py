"""A run that is asked for: what predicts, on what, at which price; its plan, its folder, and what comes back."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pricer.evaluation import run as runs
from pricer.evaluation.material import Material, Wanted
from pricer.evaluation.result import result
from pricer.evaluation.runner import Limits, Progress

if TYPE_CHECKING:
    from pricer.evaluation.run import Run

DEFAULT_CAP_USD = Decimal(1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will ask for. Money is None where the model has no price; `at_most_usd` is what one attempt at every item can cost."""

    calls: int
    input_tokens: int
    output_tokens: int
    usd: Decimal | None
    at_most_usd: Decimal | None
    cap_usd: Decimal | None
    price: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how it goes: `stage(name, done, total)`, the estimate before the first call, every answer, and what else a user
    should know."""

    stage: Callable[[str, int, int], None] = lambda *_: None
    estimate: Callable[[Estimate], None] = lambda _: None
    progress: Callable[[Progress], None] = lambda _: None
    say: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Chat:
    """How a chat model is asked and paid. None leaves a choice to what the catalogue knows of the model. `shots` training examples are
    the same for every item, `similar` ones are the nearest to each, by `encoder`."""

    model: str | None = None
    base_url: str | None = None
    api: str | None = None
    cap_usd: Decimal | None = None
    input_usd_per_mtok: Decimal | None = None
    output_usd_per_mtok: Decimal | None = None
    allow_unpriced: bool = False
    shots: int = 0
    similar: int = 0
    encoder: str = "minilm"
    structured: bool | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    reasoning_effort: str | None = None
    batch: bool = False
    probe: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A run to make: what predicts, on which data, how hard to try, where to keep it. `fresh` begins anew what is complete, `again` asks
    once more for what nobody answered."""

    wanted: Wanted
    predictor: str
    chat: Chat = field(default_factory=Chat)
    limits: Limits = field(default_factory=Limits)
    folder: Path | None = None
    answers: Path | None = None
    fresh: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A finished or stopped run. `ended` is done, replayed, stopped or budget; `result` the document that is printed."""

    run: Run
    ended: str
    result: dict[str, Any]


def plan_of(material: Material, request: Request, **deciding: Any) -> dict[str, Any]:
    """The plan of a run: what decides its answers, and what a reader wants to know beside it."""
    return {
        "predictor": request.predictor, "model": None, "settings": {}, "prompt_hash": None, "trained": None, "llm": False,
        "seed": request.wanted.seed,
        "data": {
            "name": material.name, "fingerprint": material.fingerprint, "split": material.split, "items": len(material.items),
            "items_hash": _hash(item.listing.id for item in material.items), "synthetic": material.synthetic,
            "near_copies": material.near_copies, "copies_dropped": request.wanted.drop_copies, "rows_dropped": material.dropped,
            "n_train": len(material.train.listings), "n_validation": len(material.validation.listings),
        },
        "task": asdict(material.task), "versions": _versions(),
    } | deciding  # fmt: skip


def folder_of(request: Request, plan: dict[str, Any]) -> Path:
    """Where the run lies: the folder that was named, or the one that the same plan always gets."""
    folder = request.folder or runs.runs_folder() / runs.default_name(plan)
    if request.fresh and (folder / runs.PLAN).exists():
        _retire(folder)
    return folder


def replayed(folder: Path, plan: dict[str, Any], again: bool = False) -> Evaluation | None:
    """The complete run that lies there, scored again without a call; None when there is work left."""
    if not (folder / runs.PLAN).exists():
        return None
    run = runs.load_run(folder)
    same = runs.identity(run.plan) == runs.identity(runs.plain(plan))
    if not same or not run.complete or (again and runs.unanswered(run)):
        return None
    earlier = runs.earlier_result(folder)
    return Evaluation(
        run, "replayed", {**earlier, **result(run, wall_s=earlier.get("wall_s"), fit_s=earlier.get("fit_s"))}
    )


def finished(folder: Path, writer: runs.Writer, ended: str, began: float, **more: Any) -> Evaluation:
    """The run as it now lies on disk; its result is kept once it is complete. Time adds up over the processes that worked on it."""
    run = runs.load_run(folder, writer.run.items)
    wall_s = perf_counter() - began + (runs.earlier_result(folder).get("wall_s") or 0)
    document = result(run, wall_s=wall_s, fit_s=more.pop("fit_s", None)) | more
    writer.finish(document)
    return Evaluation(run, ended, document)


def _retire(folder: Path) -> None:
    """Put a run aside under a name of its own, whole: nothing that was paid for is thrown away."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    folder.rename(aside)


def _hash(ids: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"python": sys.version.split()[0], "llm-assay": version("llm-assay")}
