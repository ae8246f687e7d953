"""The ladder: any predictor by its name, on any material, as one run. What `assay evaluate` and the server's tools both call."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from catalog.snapshot import home
from pricer.errors import BadInput
from pricer.evaluation import run as runs
from pricer.evaluation.material import Material, Wanted, gather
from pricer.evaluation.result import result
from pricer.evaluation.runner import Limits, Progress, predict_all
from pricer.predictors import shelf
from pricer.predictors.protocol import Predictor
from pricer.products.items import Listing

if TYPE_CHECKING:
    from pricer.evaluation.run import Run
    from pricer.predictors.saved import Trained

CHAT, HUMAN = "chat", "human"
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
    """How a chat model is asked and paid. None leaves a choice to what the catalogue knows of the model."""

    model: str | None = None
    base_url: str | None = None
    api: str | None = None
    cap_usd: Decimal | None = None
    input_usd_per_mtok: Decimal | None = None
    output_usd_per_mtok: Decimal | None = None
    allow_unpriced: bool = False
    shots: int = 0
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


def evaluate(request: Request, watch: Watch | None = None) -> Evaluation:
    """Make the run, go on with it, or score again what is complete. `BadInput` before anything is asked or written."""
    told = watch or Watch()
    if request.predictor == CHAT:
        from pricer.conversation import evaluate_chat

        return evaluate_chat(request, told)
    if request.chat.model:
        raise BadInput(
            f"--model {request.chat.model!r}: only --predictor chat asks a model, found --predictor {request.predictor!r}"
        )
    if request.predictor == HUMAN:
        return _human(request)
    saved = Path(request.predictor)
    if (saved / "manifest.json").is_file():
        return _saved(request, saved, told)
    return _learned(request, told)


def predictor_for(name: str, material: Material, seed: int, watch: Watch | None = None) -> Trained:
    """The learner called `name`, trained on the material or read back from an earlier training on the same."""
    return _trained(name, material, seed, watch or Watch()).model


def models_folder() -> Path:
    """Where trained models lie: `models` in the home folder."""
    return home() / "models"


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


@dataclass(frozen=True, slots=True)
class _Model:
    model: Trained
    fit_s: float | None


def _learned(request: Request, watch: Watch) -> Evaluation:
    began = perf_counter()
    watch.stage("reading", 0, 0)
    material = gather(request.wanted, learns=True)
    shelf.entry(request.predictor, material.task)
    trained = {"learner": request.predictor, "code": code_fingerprint(), "train_validation": material.fingerprint}
    plan = plan_of(material, request, trained=trained)
    folder = folder_of(request, plan)
    if replay := replayed(folder, plan):
        return replay
    with runs.writing(folder, plan, material.items) as writer:
        found = _trained(request.predictor, material, request.wanted.seed, watch)
        ended = predict_all(found.model, writer, watch.progress)
        return finished(folder, writer, ended.why, began, fit_s=found.fit_s, **_members(found.model))


def _members(model: Predictor) -> dict[str, Any]:
    """What a model that is made of others tells of them: weights and validation errors."""
    chosen = getattr(model, "chosen", None)
    return {"chosen": chosen} if chosen else {}


def _trained(name: str, material: Material, seed: int, watch: Watch) -> _Model:
    """Trained here, or before on the very same with the very same code."""
    from pricer.predictors.saved import Provenance, load, save, versions_of

    folder = models_folder() / f"{name}-{material.fingerprint[:12]}-{code_fingerprint()}-{seed}"
    if folder.is_dir():
        try:
            loaded = load(folder, material.task)
        except BadInput:  # damaged: train again and replace it
            pass
        else:
            return _Model(loaded.model, loaded.provenance.fit_s)
    watch.stage(f"training {name}", 0, 0)
    learner = shelf.learner(name, material.task)
    if hasattr(learner, "report"):
        learner.report = watch.stage
    began = perf_counter()
    model = learner.fit(material.task, material.train, material.validation, seed)
    fit_s = perf_counter() - began
    made = Provenance(
        material.name, material.fingerprint, seed, name, len(material.train.listings), len(material.validation.listings), round(fit_s, 2),
        getattr(model, "validation_score", None), versions_of("numpy", "scikit-learn", "lightgbm", "gensim", "torch"),
    )  # fmt: skip
    save(model, material.task, folder, made, (*material.train.listings, *material.validation.listings))  # type: ignore[arg-type]
    return _Model(model, fit_s)  # type: ignore[arg-type]


def _saved(request: Request, folder: Path, watch: Watch) -> Evaluation:
    """A model trained before and named by its folder; refused on what it has seen."""
    from pricer.predictors.saved import load, refuse_seen

    began = perf_counter()
    material = gather(request.wanted, learns=False)
    loaded = load(folder, material.task)
    refuse_seen(loaded, [item.listing for item in material.items])
    trained = {"folder": folder.name, "provenance": asdict(loaded.provenance)}
    plan = plan_of(material, request, predictor=loaded.model.name, trained=trained)
    there = folder_of(request, plan)
    if replay := replayed(there, plan):
        return replay
    with runs.writing(there, plan, material.items) as writer:
        ended = predict_all(loaded.model, writer, watch.progress)
        return finished(there, writer, ended.why, began, fit_s=loaded.provenance.fit_s)


def _human(request: Request) -> Evaluation:
    """A person's answers, scored like any predictor's."""
    from pricer.predictors.human import read_filled

    if request.answers is None:
        raise BadInput(
            "--predictor human: wanted --answers FILE, the filled file; write an empty one with: assay evaluate --predictor human --task DIR"
        )
    began = perf_counter()
    material = gather(request.wanted, learns=False)
    person = read_filled(request.answers, human_listings(material), material.task, request.wanted.seed)
    answered = {"answers": hashlib.sha256(request.answers.read_bytes()).hexdigest()}
    plan = plan_of(material, request, settings=answered)
    folder = folder_of(request, plan)
    if replay := replayed(folder, plan):
        return replay
    with runs.writing(folder, plan, material.items) as writer:
        ended = predict_all(person, writer)
        return finished(folder, writer, ended.why, began)


def human_listings(material: Material) -> list[Listing]:
    """The listings that a person is shown."""
    return [item.listing for item in material.items]


@cache
def code_fingerprint() -> str:
    """A short hash of the predictors' code: a model or a run made by other code is another one."""
    files = sorted((Path(__file__).parent / "predictors").glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def _retire(folder: Path) -> None:
    """Put a run aside under a name of its own, whole: nothing that was paid for is thrown away."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    folder.rename(aside)


def _hash(ids: Any) -> str:
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"python": sys.version.split()[0], "llm-assay": version("llm-assay")}
