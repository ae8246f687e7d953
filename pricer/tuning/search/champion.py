"""Champion against challenger: whether a new setting is better than the present one on the same held-out items, and may take its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any, Literal

from pricer.evaluation.arrays import is_answered, labels, within
from pricer.evaluation.bootstrap import LEVEL, Interval, statistic_interval
from pricer.evaluation.outcome import Outcome
from pricer.evaluation.paired import Comparison, compare
from pricer.evaluation.significance import BOTH
from pricer.predictors.protocol import Guess, Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]

Standing = Literal["better", "worse", "cannot be told apart"]
Runs = Sequence[Sequence[Outcome]]
CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Items that no training saw. `outcomes(folder)` are the guesses that the model trained in that folder makes for them."""

    task: Task
    outcomes: Callable[[Path], Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Ruling:
    """The challenger against the champion on the same items, each trained with all of `seeds` seeds.

    `gain` is what the challenger is better by, as a mean over the seeds: macro-F1 for labels, the mean absolute error in the task's
    unit for numbers; below 0 it is worse. The standing is `better` or `worse` only where the paired interval excludes 0.
    `comparison` holds the mean losses on those items: the same error, or the share of wrong labels.
    """

    task: Task
    standing: Standing
    gain: float
    interval: Interval | None
    seeds: int
    comparison: Comparison

    @property
    def takes_over(self) -> bool:
        """Whether the challenger becomes the champion."""
        return self.standing == "better"

    @property
    def detectable(self) -> float | None:
        """About the smallest true gain that so many items show with 80 % power, by the width of the interval."""
        if self.interval is None or self.interval.high <= self.interval.low:
            return None
        return BOTH * (self.interval.high - self.interval.low) / (2 * NormalDist().inv_cdf((1 + LEVEL) / 2))

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "standing": self.standing, "metric": "macro-F1" if self.task.is_label else "mean absolute error", "unit": self.task.unit,
            "gain": self.gain, "interval95": self.interval and self.interval.told(), "detectable": self.detectable,
            "n": self.comparison.n, "left_out": self.comparison.left_out, "seeds": self.seeds, "losses": self.comparison.told(),
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """The ruling as a reader wants it."""
        size, on = _size(self.gain, self.task), f"the same {self.comparison.n:,} held-out items"
        between = f" [{self.interval.low:+.3g} to {self.interval.high:+.3g}]" if self.interval else ""
        if self.standing == "better":
            return [
                f"The challenger is better than the present setting by {size}{between} on {on}: it takes its place.",
                "If it was chosen on these items, that flatters it: confirm it on the test items before relying on it.",
            ]
        if self.standing == "worse":
            return [
                f"The challenger is worse than the present setting by {size}{between} on {on}: the present one stays."
            ]
        return [
            f"The challenger and the present setting cannot be told apart on {on}: they differ by {size}{between}. "
            f"The present setting keeps its place.{self._missed()}"
        ]

    def _missed(self) -> str:
        found = self.detectable
        return f" A gain below {_size(found, self.task)} is easily missed with so few." if found else ""


def rule(champion: Runs, challenger: Runs, task: Task, *, seed: int = 0) -> Ruling:
    """The ruling on two settings, each given as its outcomes under the same number of seeds; `BadInput` with fewer than two common items.

    An item counts once however often it was guessed, and only if it was answered each time.
    """
    assert len(champion) == len(challenger) > 0, "both settings are trained with the same seeds, at least one"
    sides = {CHALLENGER: _mean_losses(challenger, task), CHAMPION: _mean_losses(champion, task)}
    comparison = compare(sides, Task("loss", task.unit), seed=seed)
    if task.is_label:
        gain, interval = _f1_gain(champion, challenger, task, seed)
    else:
        pair = comparison.pair(CHAMPION, CHALLENGER)
        gain, interval = pair.difference, pair.difference_ci
    return Ruling(task, _standing(interval), gain, interval, len(champion), comparison)


def _standing(interval: Interval | None) -> Standing:
    """By the interval alone; too few items have none."""
    if interval is None or interval.low <= 0 <= interval.high:
        return "cannot be told apart"
    return "better" if interval.low > 0 else "worse"


def _mean_losses(runs: Runs, task: Task) -> list[Outcome]:
    """Each item of the first run with its loss, averaged over all runs, as a number whose truth is 0; a failure if any run failed."""
    tables = [{outcome.item_id: outcome for outcome in run} for run in runs]
    return [_mean_loss(outcome, [table.get(outcome.item_id) for table in tables], task) for outcome in runs[0]]


def _mean_loss(item: Outcome, answers: Sequence[Outcome | None], task: Task) -> Outcome:
    given = [one for one in answers if one is not None and is_answered(one)]
    if len(given) < len(answers):
        return Outcome(item.item_id, item.title, item.category, 0.0, None, Guess(failure="not answered each time"))
    return Outcome(
        item.item_id, item.title, item.category, 0.0, None, Guess(value=fmean(_loss(one, task) for one in given))
    )


def _loss(outcome: Outcome, task: Task) -> float:
    if task.is_label:
        return float(outcome.guess.label != outcome.label)
    assert outcome.truth is not None and outcome.guess.value is not None, "an answered number has a truth"
    return abs(within(outcome.guess.value, task) - outcome.truth)


def _f1_gain(champion: Runs, challenger: Runs, task: Task, seed: int) -> tuple[float, Interval | None]:
    """The gain in macro-F1 and its percentile interval: items are drawn anew, the same for both settings and every seed."""
    import numpy as np

    answered = [{one.item_id for one in run if is_answered(one)} for run in (*champion, *challenger)]
    common = set.intersection(*answered)
    size = len(task.labels)
    found = [
        [labels([one for one in run if one.item_id in common], task) for run in side] for side in (challenger, champion)
    ]
    cells = [[one.truths * size + one.guesses for one in side] for side in found]

    def gains(index: Places) -> Floats:
        new, present = (np.mean([_macro_f1s(run[index], size) for run in side], axis=0) for side in cells)
        gained: Floats = new - present
        return gained

    whole = gains(np.arange(len(common))[None, :])
    return float(whole[0]), statistic_interval(gains, len(common), seed=seed)


def _macro_f1s(cells: Places, size: int) -> Floats:
    """Macro-F1 of each row of `cells` `(rows, n)`, places in a confusion matrix of `size` labels, rows of which are truths."""
    import numpy as np

    rows = len(cells)
    flat = (cells + size * size * np.arange(rows)[:, None]).ravel()
    counts = np.bincount(flat, minlength=rows * size * size).reshape(rows, size, size)
    met = counts.sum(axis=1) + counts.sum(
        axis=2
    )  # 2 TP + FP + FN; a label that nothing is or is taken for counts for nothing
    scores = 2 * np.diagonal(counts, axis1=1, axis2=2) / np.maximum(met, 1)
    found: Floats = scores.sum(axis=1) / (met > 0).sum(axis=1)
    return found


def _size(gain: float, task: Task) -> str:
    size = abs(gain)
    if task.is_label:
        return f"{size:.3f} of macro-F1"
    return (
        f"${size:,.2f} of error" if task.unit == "usd" else f"{size:.4g}{f' {task.unit}' if task.unit else ''} of error"
    )
