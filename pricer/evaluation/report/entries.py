"""A run as the report shows it: its name, its scores, its bill and where it errs, all computed from what lies on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pricer.errors import BadInput
from pricer.evaluation.bootstrap import Interval
from pricer.evaluation.groups import Group, by_band, by_category
from pricer.evaluation.labels import LabelScores, score_labels
from pricer.evaluation.metrics import Scores, score
from pricer.evaluation.outcome import Outcome
from pricer.evaluation.run import Run, called, earlier_result
from pricer.predictors.protocol import Task
from pricer.products.text import printable

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Bill:
    """What a run cost and how long its answers took; None is not known.

    `usd_per_1000` is dollars for a thousand items, `p50_s` and `p95_s` seconds for one answer, tokens those of all answers.
    """

    usd: float | None
    usd_per_1000: float | None
    p50_s: float | None
    p95_s: float | None
    input_tokens: int | None
    output_tokens: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One run. `name` is its own among the runs of a report; `beside` is what its result file adds (seconds, a probe)."""

    name: str
    run: Run
    outcomes: tuple[Outcome, ...]
    numbers: Scores | None
    labels: LabelScores | None
    bill: Bill
    bands: tuple[Group, ...]
    categories: tuple[Group, ...]
    beside: Mapping[str, Any]

    @property
    def loss(self) -> float | None:
        """The MAE of guesses in their valid range, or the share of wrong labels; None when nothing was answered."""
        if self.numbers is not None:
            return (self.numbers.clipped or self.numbers.raw).mae
        return None if self.labels is None or self.labels.accuracy is None else 1 - self.labels.accuracy

    @property
    def loss_ci(self) -> Interval | None:
        """The interval of the loss."""
        if self.numbers is not None:
            return (self.numbers.clipped or self.numbers.raw).mae_ci
        found = self.labels and self.labels.accuracy_ci
        return Interval(1 - found.high, 1 - found.low) if found else None

    @property
    def scores(self) -> Scores | LabelScores:
        """The scores of whichever kind."""
        found = self.numbers or self.labels
        assert found is not None, "an entry has scores of one kind"
        return found


def one_task(runs: Sequence[Run]) -> Task:
    """What all runs were asked; `BadInput` names two that were asked different things."""
    if not runs:
        raise BadInput("wanted at least one run to report on, found none")
    first = runs[0]
    for run in runs:
        if _asked(run.task) != _asked(first.task):
            raise BadInput(
                f"wanted runs of one task, found {_told(first.task)} in {first.name} and {_told(run.task)} in {run.name}; "
                "write a report for each"
            )
    return first.task


def entries(runs: Sequence[Run], *, seed: int = 0) -> tuple[Entry, ...]:
    """The runs with their figures, the least error first; those without an answer come last."""
    found = [_entry(name, run, seed) for name, run in zip(names(runs), runs, strict=True)]
    return tuple(sorted(found, key=lambda entry: (entry.loss is None, entry.loss or 0.0, entry.name)))


def names(runs: Sequence[Run]) -> list[str]:
    """A name for each run: its model or predictor where that is unique, else its folder's name, numbered where even that repeats."""
    short = [_brief(called(run.plan)) for run in runs]
    often = Counter(short)
    longer = [name if often[name] == 1 else _brief(run.name) for name, run in zip(short, runs, strict=True)]
    seen: Counter[str] = Counter()
    unique = []
    for name in longer:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return unique


def _brief(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def _entry(name: str, run: Run, seed: int) -> Entry:
    task, outcomes = run.task, tuple(run.outcomes)
    return Entry(
        name,
        run,
        outcomes,
        None if task.is_label else score(outcomes, task, seed=seed),
        score_labels(outcomes, task, seed=seed) if task.is_label else None,
        _bill(run),
        () if task.is_label else by_band(outcomes, task, seed=seed),
        by_category(outcomes, task, seed=seed),
        earlier_result(run.folder),
    )


def _bill(run: Run) -> Bill:
    answers = run.lines.answers.values()
    used = [answer.guess.usage for answer in answers if answer.guess.usage]
    times = sorted(answer.guess.latency_s for answer in answers if answer.guess.latency_s is not None)
    usd = None if not answers or run.cost_usd is None else float(run.cost_usd)
    return Bill(
        usd,
        None if usd is None else 1000 * usd / len(answers),
        _quantile(times, 0.5),
        _quantile(times, 0.95),
        sum(usage.input_tokens or 0 for usage in used) if used else None,
        sum(usage.output_tokens or 0 for usage in used) if used else None,
        sum(answer.attempts for answer in answers),
    )


def _quantile(ordered: list[float], at: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(at * len(ordered)))] if ordered else None


def _asked(task: Task) -> tuple[str, str | None, tuple[str, ...]]:
    return task.name, task.unit, tuple(sorted(task.labels))


def _told(task: Task) -> str:
    return f"{task.name!r} ({', '.join(task.labels) or task.unit or 'no unit'})"
