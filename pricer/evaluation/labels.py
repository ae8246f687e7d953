"""How good a run's labels are. Failures are a column of their own in the confusion matrix, and figures say how they count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pricer.evaluation.arrays import Labels, failures_by_reason, labels
from pricer.evaluation.bootstrap import CHUNK, FEWEST, LEVEL, RESAMPLES, Interval, percentile, share_interval
from pricer.evaluation.outcome import Outcome
from pricer.predictors.protocol import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label among the answered items: `support` truths; None where nothing was guessed so, or nothing is so, or neither."""

    label: str
    support: int
    precision: float | None
    recall: float | None
    f1: float | None

    def told(self) -> dict[str, object]:
        """As JSON."""
        return {
            "label": self.label, "support": self.support, "precision": self.precision, "recall": self.recall, "f1": self.f1,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelScores:
    """The figures of a run over `n` items; shares are 0 to 1, and None when there is nothing to take them of.

    `accuracy`, `macro_f1` and `by_label` are over the answered items; the two `_with_failures_as_wrong` over all, a failure being a
    guess of no label. Macro-F1 is the plain mean of the labels' F1 = 2 TP / (2 TP + FP + FN); a label that is neither a truth nor a
    guess is left out. `confusion[truth][guess]` counts items in the order of `labels`; the last column counts failures.
    `majority_share` is the accuracy of always answering the most frequent of these truths.
    """

    n: int
    answered: int
    failures: int
    failures_by_reason: Mapping[str, int]
    level: float
    accuracy: float | None
    accuracy_ci: Interval | None
    accuracy_with_failures_as_wrong: float | None
    accuracy_with_failures_as_wrong_ci: Interval | None
    macro_f1: float | None
    macro_f1_ci: Interval | None
    macro_f1_with_failures_as_wrong: float | None
    by_label: tuple[LabelScore, ...]
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    majority_share: float | None

    def told(self) -> dict[str, object]:
        """As JSON; intervals are [low, high]."""
        return {
            "n": self.n, "answered": self.answered, "failures": self.failures,
            "failures_by_reason": dict(self.failures_by_reason), "level": self.level,
            "accuracy": self.accuracy, "accuracy_ci": _told(self.accuracy_ci),
            "accuracy_with_failures_as_wrong": self.accuracy_with_failures_as_wrong,
            "accuracy_with_failures_as_wrong_ci": _told(self.accuracy_with_failures_as_wrong_ci),
            "macro_f1": self.macro_f1, "macro_f1_ci": _told(self.macro_f1_ci),
            "macro_f1_with_failures_as_wrong": self.macro_f1_with_failures_as_wrong,
            "by_label": [one.told() for one in self.by_label], "labels": list(self.labels),
            "confusion": [list(row) for row in self.confusion], "majority_share": self.majority_share,
        }  # fmt: skip


def score_labels(
    outcomes: Sequence[Outcome],
    task: Task,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> LabelScores:
    """The scores of a labelling task, whatever the order of the outcomes; `BadInput` names a truth or guess that is no label of it."""
    found = labels(outcomes, task)
    counts = _confusion(found, len(task.labels))
    square, n, answered = counts[:, :-1], len(outcomes), len(found.truths)
    hits = int(square.trace())
    return LabelScores(
        n=n,
        answered=answered,
        failures=n - answered,
        failures_by_reason=failures_by_reason(outcomes),
        level=level,
        accuracy=hits / answered if answered else None,
        accuracy_ci=share_interval(hits, answered, level),
        accuracy_with_failures_as_wrong=hits / n if n else None,
        accuracy_with_failures_as_wrong_ci=share_interval(hits, n, level),
        macro_f1=_macro_f1(square) if answered else None,
        macro_f1_ci=_macro_f1_interval(square, seed=seed, resamples=resamples, level=level),
        macro_f1_with_failures_as_wrong=_macro_f1(counts) if n else None,
        by_label=tuple(_by_label(task.labels, square)),
        labels=task.labels,
        confusion=tuple(tuple(row) for row in counts.tolist()),
        majority_share=int(counts.sum(axis=1).max()) / n if n else None,
    )


def _told(interval: Interval | None) -> list[float] | None:
    return None if interval is None else interval.told()


def _confusion(found: Labels, size: int) -> Counts:
    """Counts `(labels, labels + 1)`: truth by guess, failures last."""
    import numpy as np

    counts = np.zeros((size, size + 1), np.int64)
    np.add.at(counts, (found.truths, found.guesses), 1)
    np.add.at(counts[:, -1], found.missed, 1)
    return counts


def _by_label(names: Sequence[str], square: Counts) -> list[LabelScore]:
    right, truths, guesses = (part.tolist() for part in (square.diagonal(), square.sum(axis=1), square.sum(axis=0)))
    return [
        LabelScore(
            name,
            truths[at],
            right[at] / guesses[at] if guesses[at] else None,
            right[at] / truths[at] if truths[at] else None,
            2 * right[at] / (truths[at] + guesses[at]) if truths[at] + guesses[at] else None,
        )
        for at, name in enumerate(names)
    ]


def _macro_f1(counts: Counts) -> float:
    return float(_macro_f1s(counts[None])[0])


def _macro_f1s(counts: Counts) -> Floats:
    """Macro-F1 of each confusion matrix `(rows, labels, guesses)`; a column beyond the labels counts as missed."""
    import numpy as np

    right = np.diagonal(counts, axis1=1, axis2=2)
    met = counts.sum(axis=2) + counts.sum(axis=1)[:, : counts.shape[1]]  # 2 TP + FP + FN
    scores = 2 * right / np.maximum(met, 1)
    found: Floats = scores.sum(axis=1) / (met > 0).sum(axis=1)
    return found


def _macro_f1_interval(square: Counts, *, seed: int, resamples: int, level: float) -> Interval | None:
    """The percentile interval. To resample items is to draw confusion matrices from the multinomial distribution."""
    import numpy as np

    n = int(square.sum())
    if n < FEWEST:
        return None
    random, filled = np.random.default_rng(seed), np.flatnonzero(square)
    shares = square.ravel()[filled] / n
    rows, found = max(1, CHUNK // square.size), np.empty(resamples)
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        drawn = np.zeros((count, square.size), np.int64)
        drawn[:, filled] = random.multinomial(n, shares, count)
        found[start : start + count] = _macro_f1s(drawn.reshape(count, *square.shape))
    return percentile(found, level)
