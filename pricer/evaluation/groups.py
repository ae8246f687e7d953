"""Where a run errs: the same figures for bands of the truth and for categories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pricer.evaluation.arrays import labels, numbers
from pricer.evaluation.bootstrap import LEVEL, RESAMPLES, Interval, mean_interval, share_interval
from pricer.evaluation.metrics import finite
from pricer.evaluation.outcome import Outcome
from pricer.predictors.protocol import Task
from pricer.products.figures import number

USD_EDGES = (10.0, 25.0, 50.0, 100.0, 200.0, 400.0)
FIFTHS = (0.2, 0.4, 0.6, 0.8)
SMALL = 20
UNSORTED = "(no category)"


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one band or category; of fewer than 20 answered ones, `is_small`, hardly anything can be said.

    `mae` and `bias` (mean of guess minus truth) are in the task's unit and None for labels, `accuracy` (0 to 1) is None for numbers; all
    are over the answered items, and None when there is none. A band holds truths from `least` up to, but without, `most`;
    None is open.
    """

    name: str
    n: int
    failures: int
    is_small: bool
    mae: float | None = None
    mae_ci: Interval | None = None
    bias: float | None = None
    accuracy: float | None = None
    accuracy_ci: Interval | None = None
    least: float | None = None
    most: float | None = None

    def told(self) -> dict[str, object]:
        """As JSON."""
        return {
            "name": self.name, "n": self.n, "failures": self.failures, "is_small": self.is_small, "mae": self.mae,
            "mae_ci": self.mae_ci and self.mae_ci.told(), "bias": self.bias, "accuracy": self.accuracy,
            "accuracy_ci": self.accuracy_ci and self.accuracy_ci.told(), "least": self.least, "most": self.most,
        }  # fmt: skip


def by_band(
    outcomes: Sequence[Outcome], task: Task, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[Group, ...]:
    """The bands that hold items, ascending: of prices in dollars at fixed edges, of other numbers at the fifths of these truths."""
    numbers(outcomes, task)  # refuses a truth that is missing before any is compared with an edge
    truths = [outcome.truth for outcome in outcomes if outcome.truth is not None]
    edges = USD_EDGES if task.unit == "usd" else _fifths(truths)
    groups = []
    for least, most in pairwise((None, *edges, None)):
        held = [outcome for outcome in outcomes if _is_within(outcome.truth, least, most)]
        if held:
            group = _group(_band_name(least, most, task.unit), held, task, _Sampling(seed, resamples, level))
            groups.append(replace(group, least=least, most=most))
    return tuple(groups)


def by_category(
    outcomes: Sequence[Outcome], task: Task, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[Group, ...]:
    """The categories, the largest first; items that state none are a group of their own."""
    held: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        held[UNSORTED if outcome.category is None else outcome.category].append(outcome)
    ordered = sorted(held.items(), key=lambda found: (-len(found[1]), found[0]))
    return tuple(_group(name, items, task, _Sampling(seed, resamples, level)) for name, items in ordered)


@dataclass(frozen=True, slots=True)
class _Sampling:
    seed: int
    resamples: int
    level: float


def _group(name: str, outcomes: Sequence[Outcome], task: Task, sampling: _Sampling) -> Group:
    return (_labelled if task.is_label else _numbered)(name, outcomes, task, sampling)


def _numbered(name: str, outcomes: Sequence[Outcome], task: Task, sampling: _Sampling) -> Group:
    import numpy as np

    found = numbers(outcomes, task, clipped=True)
    answered, off = len(found.truths), found.guesses - found.truths
    group = Group(name, len(outcomes), len(found.missed), answered < SMALL)
    if not answered:
        return group
    interval = mean_interval(np.abs(off), seed=sampling.seed, resamples=sampling.resamples, level=sampling.level)
    return replace(
        group,
        mae=finite(float(np.abs(off).mean()) * found.scale),
        mae_ci=interval and interval.times(found.scale),
        bias=finite(float(off.mean()) * found.scale),
    )


def _labelled(name: str, outcomes: Sequence[Outcome], task: Task, sampling: _Sampling) -> Group:
    found = labels(outcomes, task)
    answered, right = len(found.truths), int((found.truths == found.guesses).sum())
    return Group(
        name,
        len(outcomes),
        len(found.missed),
        answered < SMALL,
        accuracy=right / answered if answered else None,
        accuracy_ci=share_interval(right, answered, sampling.level),
    )


def _fifths(truths: Sequence[float]) -> list[float]:
    """Up to four edges that are truths themselves; fewer where truths repeat, and none at the least, below which nothing lies."""
    import numpy as np

    if not truths:
        return []
    found = np.quantile(truths, FIFTHS, method="higher")
    return sorted({float(edge) for edge in found} - {min(truths)})


def _is_within(truth: float | None, least: float | None, most: float | None) -> bool:
    return truth is not None and (least is None or truth >= least) and (most is None or truth < most)


def _band_name(least: float | None, most: float | None, unit: str | None) -> str:
    low, high = (None if edge is None else _edge(edge, unit) for edge in (least, most))
    if low is None:
        return "all" if high is None else f"under {high}"
    return f"{low} and more" if high is None else f"{low} to {high}"


def _edge(edge: float, unit: str | None) -> str:
    if unit == "usd":
        return f"${edge:,.0f}"
    return f"{number(edge, usd=False)} {unit}" if unit else number(edge, usd=False)
