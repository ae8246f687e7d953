"""Which of several runs is better, judged on the items that all of them answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from pricer.errors import BadInput
from pricer.evaluation.arrays import is_answered, labels, numbers
from pricer.evaluation.bootstrap import LEVEL, RESAMPLES, Interval, mean_intervals
from pricer.evaluation.outcome import Outcome
from pricer.evaluation.significance import (
    FLIPS,
    SIGNIFICANT,
    detectable_difference,
    holm,
    needed_items,
    share_difference_interval,
    sign_flip_ps,
)
from pricer.predictors.protocol import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Run `first` against run `second` on the same items.

    A loss is the absolute error, in the task's unit, of the guess moved into the task's valid range, or 1 for a wrong label and 0 for
    a right one. `difference` is the mean loss of `first` less that of `second`: below 0 `first` is better. `p` is of the sign-flip
    test, `p_holm` adjusted for all pairs of the comparison. `detectable` is the smallest true difference that this many items show
    with 80 % power at the two-sided 5 % level, `needed_n` how many items a true difference as large as the observed one would need.
    Both are None where all differences are equal, `needed_n` also where there is none to resolve.
    """

    first: str
    second: str
    difference: float
    difference_ci: Interval | None
    p: float
    p_holm: float
    detectable: float | None
    needed_n: int | None

    @property
    def is_resolved(self) -> bool:
        """Whether the two can be told apart."""
        return self.p_holm < SIGNIFICANT

    def told(self) -> dict[str, object]:
        """As JSON."""
        return {
            "first": self.first, "second": self.second, "difference": self.difference,
            "difference_ci": self.difference_ci and self.difference_ci.told(), "p": self.p, "p_holm": self.p_holm,
            "detectable": self.detectable, "needed_n": self.needed_n,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean losses on the `n` common items, by run, and all pairs in the order of the runs.

    `left_out` counts the items that at least one run was asked about and that are not common; `unanswered` says for each run how many
    items it has no answer to, though another run was asked about them.
    """

    task: Task
    n: int
    left_out: int
    unanswered: Mapping[str, int]
    losses: Mapping[str, float]
    pairs: tuple[Pair, ...]

    def pair(self, first: str, second: str) -> Pair:
        """The pair in this direction, whichever way it was computed; `BadInput` names a run that was not compared."""
        for pair in self.pairs:
            if (pair.first, pair.second) == (first, second):
                return pair
            if (pair.first, pair.second) == (second, first):
                return _turned(pair)
        raise BadInput(f"wanted two different runs out of {', '.join(self.losses)}, found {first!r} and {second!r}")

    def told(self) -> dict[str, object]:
        """As JSON."""
        return {
            "n": self.n, "left_out": self.left_out, "unanswered": dict(self.unanswered), "losses": dict(self.losses),
            "pairs": [pair.told() for pair in self.pairs],
        }  # fmt: skip


def compare(
    runs: Mapping[str, Sequence[Outcome]],
    task: Task,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    flips: int = FLIPS,
    level: float = LEVEL,
) -> Comparison:
    """All pairs of runs on the items that every run answered, whatever the order of the items.

    `BadInput` when no run is given, when runs disagree about a truth, or when fewer than two items are common.
    """
    tables = {name: _by_item(name, outcomes) for name, outcomes in runs.items()}
    asked = {item for table in tables.values() for item in table}
    common = _common(tables)
    _check_truths(tables, common)
    losses, scale = _losses(tables, common, task)
    settings = _Settings(task.is_label, seed, resamples, flips, level)
    return Comparison(
        task,
        len(common),
        len(asked) - len(common),
        {name: len(asked) - sum(is_answered(outcome) for outcome in table.values()) for name, table in tables.items()},
        {name: float(row.mean()) * scale for name, row in zip(tables, losses, strict=True)},
        tuple(_pairs(list(tables), losses, scale, settings)),
    )


@dataclass(frozen=True, slots=True)
class _Settings:
    is_label: bool
    seed: int
    resamples: int
    flips: int
    level: float


def _by_item(name: str, outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    table = {outcome.item_id: outcome for outcome in outcomes}
    if len(table) != len(outcomes):
        raise BadInput(f"wanted each item once in the run {name}, found {len(outcomes) - len(table)} repeated ids")
    return table


def _common(tables: Mapping[str, Mapping[str, Outcome]]) -> list[str]:
    """Ids that every run answered, sorted, so that no figure depends on the order of the outcomes."""
    if not tables:
        raise BadInput("wanted at least one run to compare, found none")
    answered = {
        name: {item for item, outcome in table.items() if is_answered(outcome)} for name, table in tables.items()
    }
    common = sorted(set.intersection(*answered.values()))
    if len(common) < 2:
        counts = ", ".join(f"{name} {len(items)}" for name, items in answered.items())
        raise BadInput(
            f"wanted at least 2 items that every run answered, found {len(common)} (answered: {counts}); "
            "compare runs over the same items, and leave out a run that failed"
        )
    return common


def _check_truths(tables: Mapping[str, Mapping[str, Outcome]], common: Sequence[str]) -> None:
    (base, first), *others = tables.items()
    for name, table in others:
        for item in common:
            mine, its = first[item], table[item]
            if (mine.truth, mine.label) != (its.truth, its.label):
                found = f"{mine.truth if mine.label is None else mine.label!r} and {its.truth if its.label is None else its.label!r}"
                raise BadInput(
                    f"wanted one truth for item {item}, found {found} in the runs {base} and {name}; "
                    "they were made on different data, so run one of them again"
                )


def _losses(tables: Mapping[str, Mapping[str, Outcome]], common: Sequence[str], task: Task) -> tuple[Floats, float]:
    """Losses `(runs, n)` and the unit they are in."""
    import numpy as np

    runs = [[table[item] for item in common] for table in tables.values()]
    if task.is_label:
        found = [labels(outcomes, task) for outcomes in runs]
        return np.array([one.truths != one.guesses for one in found], float), 1.0
    numbered = [numbers(outcomes, task, clipped=True) for outcomes in runs]
    scale = max(one.scale for one in numbered)
    return np.array([np.abs(one.guesses - one.truths) * (one.scale / scale) for one in numbered]), scale


def _pairs(names: Sequence[str], losses: Floats, scale: float, settings: _Settings) -> Iterator[Pair]:
    import numpy as np

    places = list(combinations(range(len(names)), 2))
    if not places:
        return
    differences = np.array([losses[first] - losses[second] for first, second in places])
    intervals = _intervals(differences, settings)
    ps = sign_flip_ps(differences, seed=settings.seed, flips=settings.flips)
    n, spreads, means = losses.shape[1], differences.std(axis=1, ddof=1).tolist(), differences.mean(axis=1).tolist()
    for place, adjusted in enumerate(holm(ps)):
        first, second = places[place]
        detectable = detectable_difference(spreads[place], n)
        yield Pair(
            names[first],
            names[second],
            means[place] * scale,
            _times(intervals[place], scale),
            ps[place],
            adjusted,
            None if detectable is None else detectable * scale,
            needed_items(spreads[place], means[place]),
        )


def _times(interval: Interval | None, scale: float) -> Interval | None:
    return None if interval is None else interval.times(scale)


def _intervals(differences: Floats, settings: _Settings) -> list[Interval | None]:
    if not settings.is_label:
        return mean_intervals(differences, seed=settings.seed, resamples=settings.resamples, level=settings.level)
    return [share_difference_interval(row, settings.level) for row in differences]


def _turned(pair: Pair) -> Pair:
    """The same pair, seen from the other run."""
    interval = pair.difference_ci
    turned = None if interval is None else Interval(-interval.high, -interval.low)
    return replace(pair, first=pair.second, second=pair.first, difference=-pair.difference, difference_ci=turned)
