"""The ladder: any predictor by its name, on any material, as one run. What `assay evaluate` and the server's tools both call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from catalog.snapshot import home
from pricer.conversation import evaluate_chat
from pricer.errors import BadInput
from pricer.evaluation import run as runs
from pricer.evaluation.material import Material, gather
from pricer.evaluation.runner import predict_all
from pricer.predictors import shelf
from pricer.predictors.protocol import Learner, Predictor
from pricer.products.items import Listing
from pricer.request import Evaluation, Request, Watch, finished, folder_of, plan_of, replayed
from pricer.retrieved import audited

if TYPE_CHECKING:
    from pricer.predictors.saved import Trained

CHAT, HUMAN = "chat", "human"


def evaluate(request: Request, watch: Watch | None = None) -> Evaluation:
    """Make the run, go on with it, or score again what is complete. `BadInput` before anything is asked or written."""
    told = watch or Watch()
    if request.predictor == CHAT:
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


@runtime_checkable
class Reporting(Protocol):
    """A learner that tells how far it is."""

    def reporting(self, report: Callable[[str, int, int], None]) -> Learner:
        """The same learner, which tells `report`."""


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
        told = _members(request.predictor, found.model) | audited(found.model, runs.load_run(folder, writer.run.items))
        return finished(folder, writer, ended.why, began, fit_s=found.fit_s, **told)


def _members(name: str, model: Predictor) -> dict[str, Any]:
    """What a model that is made of others, or chosen among them, tells of them: their weights."""
    chosen = getattr(model, "chosen", {model.name: 1.0} if model.name != name else None)
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
    if isinstance(learner, Reporting):
        learner = learner.reporting(watch.stage)
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
    if loaded.provenance.n_train and request.wanted.file:
        with suppress(BadInput):  # a file that nothing could be learned from is not the one it learned from
            learned = gather(request.wanted, learns=True)
            if learned.fingerprint == loaded.provenance.fingerprint:
                material = learned  # the very file it learned from: its test part is left
    refuse_seen(loaded, [item.listing for item in material.items])
    trained = {"folder": folder.name, "provenance": asdict(loaded.provenance)}
    plan = plan_of(material, request, predictor=loaded.model.name, trained=trained)
    there = folder_of(request, plan)
    if replay := replayed(there, plan):
        return replay
    with runs.writing(there, plan, material.items) as writer:
        ended = predict_all(loaded.model, writer, watch.progress)
        told = audited(loaded.model, runs.load_run(there, writer.run.items))
        return finished(there, writer, ended.why, began, fit_s=loaded.provenance.fit_s, **told)


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
