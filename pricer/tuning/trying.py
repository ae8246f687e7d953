"""A sweep of trainings on this machine: each trial a job's record of its own, judged on the same validation items."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.errors import PricerError
from pricer.evaluation.outcome import Outcome
from pricer.files import write_json
from pricer.predictors.protocol import Guess
from pricer.products.items import Listing
from pricer.tuning.encoder import MEASURED, few
from pricer.tuning.knobs import Knobs
from pricer.tuning.plan import Planned, Wish, document_of, planned
from pricer.tuning.record import Point, Record, tuning_folder
from pricer.tuning.schedule import schedule
from pricer.tuning.search.champion import HeldOut
from pricer.tuning.search.goal import Budget, Goal, Pruner
from pricer.tuning.search.space import default_space
from pricer.tuning.search.training import Report as Told
from pricer.tuning.sweep import sweep
from pricer.tuning.training import STOP, metric_name

if TYPE_CHECKING:
    from pricer.predictors.saved import Trained
    from pricer.tuning.local import Report

OUTCOMES = "outcomes.json"


@dataclass(frozen=True, slots=True)
class Heard(Record):
    """A record that tells each validation as it comes, and is asked to stop when the listener has heard enough."""

    listener: Told

    def add_point(self, point: Point) -> None:
        """Append a measurement and tell it."""
        Record.add_point(self, point)
        value = point.loss if point.metric is None else point.metric
        if point.split == "validation" and self.listener(point.step, float("nan") if value is None else value):
            (self.folder / STOP).touch()


def swept(
    wish: Wish,
    budget: Budget,
    *,
    two_knobs: bool = True,
    pruner: Pruner = "median",
    name: str | None = None,
    report: Report,
) -> dict[str, Any]:
    """The sweep's document, with its folder: `sweeps/NAME` beside the jobs. Killed, the same call goes on."""
    ready = planned(wish)
    task = ready.material.task
    folder = sweeps_folder() / (name or ready.id)
    goal = Goal(
        len(ready.material.train.listings),
        ready.wish.knobs,
        metric_name(task),
        not task.is_label,
        pruner,
        ready.wish.knobs.seed,
    )
    layers = _layers(ready)
    document = sweep(
        default_space(wish.method, two_knobs=two_knobs, layers=layers), budget, _trial(ready, report), folder, goal,
        held_out=HeldOut(task, lambda there: _outcomes(ready, there)),
    )  # fmt: skip
    return document | {"folder": str(folder)}


def sweeps_folder() -> Path:
    """Where sweeps lie."""
    return tuning_folder().with_name("sweeps")


def _trial(ready: Planned, report: Report) -> Callable[[Knobs, Path, Told], float]:
    from pricer.tuning.local import train

    def run(knobs: Knobs, folder: Path, told: Told) -> float:
        times = schedule(knobs, len(ready.material.train.listings))
        record = Heard(folder / "job", told)
        plan = document_of(
            Planned(Wish(ready.wish.method, ready.wish.wanted, ready.base, knobs), ready.base, ready.material, times)
        )
        record.write_plan(plan)
        (record.folder / STOP).unlink(missing_ok=True)
        report(f"trial {folder.name}: learning rate {knobs.learning_rate:.2g}, batch {knobs.batch_size}", 0, 0)
        made = train(ready.wish.method, ready.base, ready.material, knobs, times, record, lambda *_: None)
        if made.model is not None:
            _keep(ready, made.model, folder)
        best = record.status().best_metric
        if best is None:
            raise PricerError(f"trial {folder.name}: no validation was measured")
        return best

    return run


def _keep(ready: Planned, model: Trained, folder: Path) -> None:
    """Keep what the model guesses for the held-out items; the model itself can be trained again."""
    held = few(ready.material.validation, MEASURED)
    write_json([asdict(guess) for guess in model.predict(held.listings)], folder / OUTCOMES)


def _outcomes(ready: Planned, folder: Path) -> Sequence[Outcome]:
    held = few(ready.material.validation, MEASURED)
    guesses = [Guess(**told) for told in json.loads((folder / OUTCOMES).read_text(encoding="utf-8"))]
    rows = zip(held.listings, held.answers, guesses, strict=True)
    return [_outcome(listing, answer, guess) for listing, answer, guess in rows]


def _outcome(listing: Listing, answer: Any, guess: Guess) -> Outcome:
    truth, label = (None, answer) if isinstance(answer, str) else (answer, None)
    return Outcome(listing.id, listing.title, listing.category, truth, label, guess)


def _layers(ready: Planned) -> int | None:
    if ready.wish.method != "encoder":
        return None
    from pricer.tuning.encoder import body

    return body(ready.base, ready.wish.knobs.max_tokens).layers
