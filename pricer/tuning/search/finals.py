"""The finals of a sweep: the champion and the best challengers trained again with other seeds, since one seed may have been lucky."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.tuning.knobs import Knobs
from pricer.tuning.search.goal import Budget, Goal, knobs_told
from pricer.tuning.search.training import TRAINED, Clock, RunTrial, Trained, train
from pricer.tuning.search.trials import Tried


@dataclass(frozen=True, slots=True)
class Finalist:
    """A setting of the finals. `trial` is its number in the search and `searched` the metric there, None where it was not tried."""

    name: str
    knobs: Knobs
    trial: int | None = None
    searched: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a finalist's trainings gave, by seed. The search's own run is not among them: it was picked for being good."""

    finalist: Finalist
    runs: dict[int, Trained] = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        """The mean metric over the seeds; None where there was no training."""
        return fmean(run.metric for run in self.runs.values()) if self.runs else None

    @property
    def spread(self) -> float | None:
        """The standard deviation over the seeds; None with fewer than two."""
        return stdev(run.metric for run in self.runs.values()) if len(self.runs) > 1 else None

    def told(self) -> dict[str, Any]:
        """As JSON."""
        one = self.finalist
        return {
            "name": one.name, "trial": one.trial, "knobs": knobs_told(one.knobs), "searched": one.searched, "mean": self.mean,
            "spread": self.spread, "metrics": {str(seed): run.metric for seed, run in self.runs.items()},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finals:
    """Where and how the finalists are trained: `trial_folder` is that of a trial of the search, which trained with the goal's seed."""

    folder: Path
    trial_folder: Callable[[int], Path]
    goal: Goal
    budget: Budget
    clock: Clock

    def folder_of(self, one: Finalist, seed: int) -> Path:
        """Where the finalist is trained with that seed; the search's own folder where that has done it."""
        if seed == self.goal.seed and one.trial is not None:
            return self.trial_folder(one.trial)
        return self.folder / f"{one.name.replace(' ', '-')}-seed-{seed}"

    def run(self, finalists: Sequence[Finalist], run_trial: RunTrial, spent: float) -> list[Standing]:
        """The standings, the champion's first. Trained seed by seed, so that where time runs out it does so for all alike.

        `spent` are the seconds gone before. A training that fails is left out.
        """
        runs: dict[str, dict[int, Trained]] = {one.name: {} for one in finalists}
        for seed in self._seeds():
            for one in finalists:
                place = self.folder_of(one, seed)
                done = (place / TRAINED).is_file()
                if not done and self.budget.seconds is not None and spent >= self.budget.seconds:
                    continue
                trained = self._train(one, seed, place, run_trial)
                if trained is not None:
                    runs[one.name][seed] = trained
                    spent += self.cost(one, seed, trained)
        return [Standing(one, runs[one.name]) for one in finalists]

    def cost(self, one: Finalist, seed: int, trained: Trained) -> float:
        """The seconds of a training, beyond those that the search has counted already."""
        return 0.0 if seed == self.goal.seed and one.trial is not None else trained.seconds

    def _train(self, one: Finalist, seed: int, place: Path, run_trial: RunTrial) -> Trained | None:
        try:
            return train(replace(one.knobs, seed=seed), place, run_trial, self.clock)
        except BadInput:
            raise
        except PricerError:
            return None

    def _seeds(self) -> range:
        """The other seeds; where none are wanted the search's own, under which the champion may not have been tried."""
        first, count = self.goal.seed, self.budget.other_seeds
        return range(first + 1, first + 1 + count) if count else range(first, first + 1)


def ranked(over: Sequence[Tried], goal: Goal) -> list[Tried]:
    """The finished trials, the best first; of equals the earlier."""
    finished = [
        (goal.rank(one.metric), one.number, one) for one in over if one.ending == "finished" and one.metric is not None
    ]
    return [one for _, _, one in sorted(finished, key=lambda row: row[:2])]


def finalists(over: Sequence[Tried], goal: Goal, best: int, knobs_of: Callable[[Tried], Knobs]) -> list[Finalist]:
    """The champion, then the `best` finished trials with other knobs, the best first."""
    ordered = [(one, knobs_of(one)) for one in ranked(over, goal)]
    own = next((one for one, knobs in ordered if knobs == goal.champion), None)
    champion = Finalist("champion", goal.champion)
    if own:
        champion = replace(champion, trial=own.number, searched=own.metric)
    others = [
        Finalist(f"trial {one.number}", knobs, one.number, one.metric) for one, knobs in ordered if one is not own
    ]
    return [champion, *others[:best]]


def challenger_of(standings: Sequence[Standing], goal: Goal) -> Standing | None:
    """The challenger with the best mean over the seeds; None where none was trained."""
    known = [(goal.rank(one.mean), place, one) for place, one in enumerate(standings[1:]) if one.mean is not None]
    return min(known, key=lambda row: row[:2])[2] if known else None
