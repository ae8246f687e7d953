"""A sweep: settings tried on equal budgets, the best trained again with other seeds, and judged against the present setting.

A sweep's folder holds its plan, the journal of its study, a folder for each training, and at the end `sweep.json`. Killed at any
moment, the same call goes on: what is finished is not trained again, what is unfinished is, in the folder it began in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.files import write_json
from pricer.installed import require
from pricer.tuning.search.champion import HeldOut, Ruling, rule
from pricer.tuning.search.finals import Finals, Standing, challenger_of, finalists
from pricer.tuning.search.goal import Budget, Goal
from pricer.tuning.search.outcome import Done, document
from pricer.tuning.search.space import Space, epochs_for
from pricer.tuning.search.training import Clock, RunTrial
from pricer.tuning.search.trials import Trials, Tried, open_trials

PLAN, RESULT, LOCK = "plan.json", "sweep.json", "sweep.lock"


def sweep(
    space: Space, budget: Budget, run_trial: RunTrial, folder: Path, goal: Goal, *, held_out: HeldOut | None = None,
    clock: Clock = time.monotonic,
) -> dict[str, Any]:  # fmt: skip
    """The result document, which is kept as `sweep.json` too.

    `run_trial(knobs, folder, report)` trains in that folder, where it may go on from what it left there, and returns the validation
    metric; it calls `report(step, metric)` after an evaluation and stops where that is True. Without `held_out` nothing is judged and
    the champion stays. `BadInput` when the folder holds another sweep or another process writes it, `PricerError` when no trial could
    be finished.
    """
    require("a sweep", "tune", "optuna")
    epochs = epochs_for(budget.examples, goal.n_train)
    goal = replace(goal, champion=replace(goal.champion.rated(space.method), epochs=epochs, patience=0, seed=goal.seed))
    with _alone(folder):
        _keep_plan(folder, space, budget, goal)
        trials = open_trials(folder, space, goal, clock)
        over = _search(trials, budget, goal, run_trial)
        finals = Finals(folder / "seeds", trials.place, goal, budget, clock)
        chosen = finalists(over, goal, budget.best, lambda one: space.knobs(goal.champion, one.values))
        standings = finals.run(chosen, run_trial, _seconds(over))
        ruling = _ruling(finals, standings, held_out)
        spent = _seconds(over) + sum(
            finals.cost(one.finalist, seed, run) for one in standings for seed, run in one.runs.items()
        )
        told = document(Done(space, budget, goal, over, standings, ruling, trials.importance(), spent))
        write_json(told, folder / RESULT)
    return told


def _search(trials: Trials, budget: Budget, goal: Goal, run_trial: RunTrial) -> list[Tried]:
    """All trials that are over, after as many as the budget allows; the champion goes first where the space holds it."""
    trials.begin_with(trials.space.values(goal.champion))
    most = budget.search_seconds
    while len(over := trials.over()) < budget.trials and (most is None or _seconds(over) < most):
        trials.run(goal, run_trial)
    if not any(one.ending == "finished" for one in over):
        why = next((one.why for one in over if one.why), "all were given up")
        raise PricerError(f"none of {len(over)} trials was finished: {why}")
    return over


def _ruling(finals: Finals, standings: Sequence[Standing], held_out: HeldOut | None) -> Ruling | None:
    """The ruling over the seeds that both were trained with; None without held-out items, or without such a seed."""
    champion, challenger = standings[0], challenger_of(standings, finals.goal)
    if held_out is None or challenger is None:
        return None
    both = [seed for seed in champion.runs if seed in challenger.runs]
    if not both:
        return None
    present, new = (
        [held_out.outcomes(finals.folder_of(one.finalist, seed)) for seed in both] for one in (champion, challenger)
    )
    return rule(present, new, held_out.task, seed=finals.goal.seed)


def _seconds(over: Sequence[Tried]) -> float:
    return sum(one.seconds or 0.0 for one in over)


# --- the folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BadInput(f"sweep {folder.name}: another process is writing it; wait for it, or name another") from None
    try:
        yield
    finally:
        lock.release()


def _keep_plan(folder: Path, space: Space, budget: Budget, goal: Goal) -> None:
    """Keep what decides the trials, or check that it is the same as before; trials, time and seeds may grow."""
    wanted = json.loads(json.dumps({"space": space.told(), "examples": budget.examples, "goal": goal.told()}))
    path = folder / PLAN
    if not path.is_file():
        write_json(wanted, path)
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"sweep {folder.name}: {PLAN} cannot be read ({error!s:.80}); begin another sweep") from None
    if found != wanted:
        differ = ", ".join(name for name in wanted if found.get(name) != wanted[name])
        raise BadInput(f"sweep {folder.name}: it was begun with another {differ}; begin another sweep for these")
