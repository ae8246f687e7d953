"""One training of a sweep: watched while it runs, done at most once, its result beside what it left in its folder."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pricer.errors import PricerError
from pricer.files import write_json
from pricer.tuning.knobs import Knobs

if TYPE_CHECKING:
    from optuna.trial import Trial

Report = Callable[[int, float], bool]
RunTrial = Callable[[Knobs, Path, Report], float]
Clock = Callable[[], float]
TRAINED = "trained.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """A training that went to its end: the validation metric and how long it took."""

    metric: float
    seconds: float
    seed: int


class Diverged(PricerError):
    """A training's metric stopped being a number."""


@dataclass(slots=True)
class Watch:
    """What a trial reports to: `report(step, metric)` is True when training it on is a waste.

    Trials are compared at equal shares of their work, not at equal steps, for a step of 64 examples is worth eight of 8.
    """

    trial: Trial
    steps: int
    rungs: int
    earlier: frozenset[int] = frozenset()
    rung: int = 0
    is_pruned: bool = False
    has_diverged: bool = False

    def report(self, step: int, metric: float) -> bool:
        """Whether to stop: given up by comparison with the others, or because the metric is no number any more."""
        if not math.isfinite(metric):
            self.has_diverged = True
            return True
        rung = round(self.rungs * step / self.steps)
        if rung > self.rung:
            self.rung = rung
            if rung not in self.earlier:
                self.trial.report(metric, rung)
            self.is_pruned = rung < self.rungs and self.trial.should_prune()
        return self.is_pruned


def train(knobs: Knobs, folder: Path, run_trial: RunTrial, clock: Clock, watch: Watch | None = None) -> Trained | None:
    """The training of that folder, done at most once: what it gave before, or what it gives now; None when it was given up."""
    done = folder / TRAINED
    if done.is_file():
        return Trained(**json.loads(done.read_text(encoding="utf-8")))
    folder.mkdir(parents=True, exist_ok=True)
    began = clock()
    metric = run_trial(knobs, folder, watch.report if watch else _never)
    if not math.isfinite(metric) or (watch and watch.has_diverged):
        raise Diverged("the validation metric stopped being a number: the learning rate is too high for this")
    if watch and watch.is_pruned:
        return None
    trained = Trained(float(metric), clock() - began, knobs.seed)
    write_json(asdict(trained), done)
    return trained


def _never(_step: int, metric: float) -> bool:
    """Whether to stop a training that is not compared while it runs: not while its metric is a number."""
    return not math.isfinite(metric)
