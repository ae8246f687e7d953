"""The trials of a sweep: a study in a journal, which draws settings, compares them as they train and outlives a kill."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pricer.errors import BadInput, PricerError
from pricer.tuning.search.goal import Goal, Pruner
from pricer.tuning.search.space import Space, Values, work
from pricer.tuning.search.training import Clock, RunTrial, Watch, train

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

Ending = Literal["finished", "pruned", "failed"]
JOURNAL = "study.journal"
STARTUP = 4  # finished trials before the first one is given up, and before the search follows what it has seen
LEAST_FOR_IMPORTANCE = 20  # finished trials; a ranking of knobs out of fewer is mostly luck


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial that is over. `metric` is the last one seen, None where there was none; `why` says what went wrong."""

    number: int
    ending: Ending
    values: Values
    metric: float | None
    seconds: float | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Trials:
    """The study of a sweep, kept in its folder."""

    study: Study
    space: Space
    folder: Path
    seed: int
    clock: Clock

    def over(self) -> list[Tried]:
        """All trials that are over, in their order."""
        from optuna.trial import TrialState

        endings: dict[Any, Ending] = {
            TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed",
        }  # fmt: skip
        return [
            _tried(one, endings[one.state]) for one in self.study.get_trials(deepcopy=False) if one.state in endings
        ]

    def next(self) -> tuple[Trial, frozenset[int]]:
        """The trial that a kill left unfinished, with what it had reported, else a new one.

        A trial's draw depends on the seed, its number and the trials before it, so that an interrupted study draws as a whole one does.
        """
        from optuna.samplers import TPESampler
        from optuna.trial import Trial, TrialState

        left = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        number = left[0].number if left else len(self.study.get_trials(deepcopy=False)) - self._waiting()
        drawn = hashlib.sha256(f"{self.seed} {number}".encode()).digest()
        self.study.sampler = TPESampler(seed=int.from_bytes(drawn[:4], "big"), n_startup_trials=STARTUP)
        if left:  # the only way to take up a trial again: its number finds it in the journal
            return Trial(self.study, left[0]._trial_id), frozenset(left[0].intermediate_values)
        return self.study.ask(), frozenset()

    def begin_with(self, values: Values | None) -> None:
        """Try these values first, unless the study has begun."""
        if values is not None and not self.study.get_trials(deepcopy=False):
            self.study.enqueue_trial(dict(values))

    def run(self, goal: Goal, run_trial: RunTrial) -> None:
        """One trial to its end. Whatever is raised but a failure of this training leaves it unfinished, to be taken up again."""
        trial, earlier = self.next()
        knobs = self.space.knobs(goal.champion, {one.name: one.draw(trial) for one in self.space.ranges})
        watch = Watch(trial, work(knobs, goal.n_train).steps, knobs.evaluations, earlier)
        began = self.clock()
        try:
            trained = train(knobs, self.place(trial.number), run_trial, self.clock, watch)
        except BadInput:
            raise
        except PricerError as error:
            self._end(trial, "failed", self.clock() - began, str(error))
            return
        if trained is None:
            self._end(trial, "pruned", self.clock() - began)
        else:
            self._end(trial, "finished", trained.seconds, metric=trained.metric)

    def place(self, number: int) -> Path:
        """The folder of a trial."""
        return self.folder / "trials" / f"{number:03}"

    def importance(self) -> dict[str, float] | None:
        """How much of the metric's spread each knob accounts for, adding up to 1; None with fewer than 20 finished trials."""
        if len(self.space.ranges) < 2 or sum(one.ending == "finished" for one in self.over()) < LEAST_FOR_IMPORTANCE:
            return None
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        return dict(get_param_importances(self.study, evaluator=PedAnovaImportanceEvaluator()))

    def _waiting(self) -> int:
        from optuna.trial import TrialState

        return len(self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))

    def _end(self, trial: Trial, ending: Ending, seconds: float, why: str = "", metric: float | None = None) -> None:
        from optuna.trial import TrialState

        trial.set_user_attr("seconds", seconds)
        trial.set_user_attr("why", why)
        states = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        self.study.tell(trial, metric, states[ending])


def open_trials(folder: Path, space: Space, goal: Goal, clock: Clock) -> Trials:
    """The trials in `folder`, those of an earlier call among them. Nothing is printed, nothing leaves the machine.

    Whoever calls is the only one who writes there. `clock` counts seconds.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    journal = folder / JOURNAL
    _mend(journal)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal))), study_name="sweep", load_if_exists=True,
        direction="minimize" if goal.lower_is_better else "maximize", pruner=_pruner(goal.pruner, goal.champion.evaluations),
    )  # fmt: skip
    return Trials(study, space, folder, goal.seed, clock)


def _tried(one: FrozenTrial, ending: Ending) -> Tried:
    reported = one.intermediate_values
    last = reported[max(reported)] if reported else None
    metric = one.value if ending == "finished" else last
    why = one.user_attrs.get("why") or None
    return Tried(one.number, ending, dict(one.params), metric, one.user_attrs.get("seconds"), why)


def _pruner(pruner: Pruner, rungs: int) -> BasePruner:
    """No trial is judged in the first quarter of its work, where the learning rate still climbs."""
    from optuna.pruners import MedianPruner, NopPruner, SuccessiveHalvingPruner

    quarter = max(1, rungs // 4)
    if pruner == "median":
        return MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=quarter)
    return SuccessiveHalvingPruner(min_resource=quarter, reduction_factor=2) if pruner == "halving" else NopPruner()


def _mend(journal: Path) -> None:
    """Cut off a line that a kill has torn, else the next one would be written behind it; remove the lock of whoever was killed."""
    journal.with_name(journal.name + ".lock").unlink(missing_ok=True)
    if journal.is_file():
        held = journal.read_bytes()
        if not held.endswith(b"\n"):
            journal.write_bytes(held[: held.rfind(b"\n") + 1])
