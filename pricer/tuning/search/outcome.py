"""What a sweep came to: one document, and the same in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pricer.tuning.knobs import Knobs
from pricer.tuning.search.champion import Ruling
from pricer.tuning.search.finals import Standing, challenger_of, ranked
from pricer.tuning.search.goal import Budget, Goal, knobs_told
from pricer.tuning.search.space import Space, shown, work
from pricer.tuning.search.trials import Tried


@dataclass(frozen=True, slots=True)
class Done:
    """All that a sweep has come to; at least one trial is finished. `seconds` were spent on trainings."""

    space: Space
    budget: Budget
    goal: Goal
    over: Sequence[Tried]
    standings: Sequence[Standing]
    ruling: Ruling | None
    importance: dict[str, float] | None
    seconds: float

    def knobs(self, one: Tried) -> Knobs:
        """A trial's knobs."""
        return self.space.knobs(self.goal.champion, one.values)


def document(done: Done) -> dict[str, Any]:
    trials = [_trial_told(done, one) for one in done.over]
    taken = challenger_of(done.standings, done.goal) if done.ruling and done.ruling.takes_over else None
    winner = (taken or done.standings[0]).finalist
    return {
        "space": done.space.told(), "goal": done.goal.told(),
        "budget": asdict(done.budget) | {"says": done.budget.says(), "is_equal": done.space.is_equal},
        "seconds": done.seconds, "trials": trials, "best": _trial_told(done, ranked(done.over, done.goal)[0]),
        "finals": [one.told() for one in done.standings], "ruling": done.ruling and done.ruling.told(),
        "winner": {"name": winner.name, "knobs": knobs_told(winner.knobs)},
        "importance": done.importance, "sentences": list(_sentences(done)),
    }  # fmt: skip


def _trial_told(done: Done, one: Tried) -> dict[str, Any]:
    """A trial as JSON; `steps` and `examples` are those of a trial that is not given up."""
    planned = work(done.knobs(one), done.goal.n_train)
    return {
        "number": one.number, "state": one.ending, "knobs": dict(one.values), "metric": one.metric, "seconds": one.seconds,
        "seed": done.goal.seed, "steps": planned.steps, "examples": planned.examples, "why": one.why,
    }  # fmt: skip


def _sentences(done: Done) -> Iterator[str]:
    """What was done, what came out, how far seeds scatter, and who stays."""
    counts = {ending: sum(one.ending == ending for one in done.over) for ending in ("finished", "pruned", "failed")}
    seen = (
        f"each of {done.budget.examples:,} examples seen"
        if done.space.is_equal
        else "not all of equal length, since epochs were searched"
    )
    short = f", of {done.budget.trials:,} planned: the time ran out" if len(done.over) < done.budget.trials else ""
    yield (
        f"{len(done.over):,} settings were tried, {seen}{short}: {counts['finished']:,} to the end, {counts['pruned']:,} given up early, "
        f"{counts['failed']:,} failed."
    )  # fmt: skip
    best, name = ranked(done.over, done.goal)[0], done.goal.metric_name
    yield f"The best of the search was trial {best.number} ({', '.join(shown(*one) for one in best.values.items())}): {name} {best.metric:.4g}."
    for standing in done.standings:
        yield from _standing_told(standing, name)
    if done.ruling:
        yield from done.ruling.sentences()
    elif len(done.standings) < 2:
        yield "No other setting was finished: the present setting stays."
    else:
        yield "Nothing was judged item by item on held-out data: the present setting stays."


def _standing_told(one: Standing, name: str) -> Iterator[str]:
    who = "The present setting" if one.finalist.name == "champion" else one.finalist.name.capitalize()
    if one.mean is None:
        yield f"{who} was not trained again."
    elif one.spread is not None:
        yield f"{who} gave {name} {one.mean:.4g} ± {one.spread:.2g} over {len(one.runs)} seeds (± is one standard deviation)."
    else:
        yield f"{who} gave {name} {one.mean:.4g} with one seed; how far seeds scatter is not known."
