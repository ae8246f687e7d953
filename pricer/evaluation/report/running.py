"""The running error: the mean error of the first k items in the order they were asked, and how sure it is at each k."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pricer.evaluation.arrays import within
from pricer.evaluation.outcome import Outcome
from pricer.predictors.protocol import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FIRST = 10  # before so many items a band says nothing
POINTS = 160
NORMAL = 1.96


@dataclass(frozen=True, slots=True)
class Running:
    """At `counts` `(points,)` answered items the mean loss and the ends of its 95 % band, each `(points,)`."""

    counts: Floats
    means: Floats
    lows: Floats
    highs: Floats


def running(outcomes: Sequence[Outcome], task: Task) -> Running | None:
    """The running mean with a band of 1.96 standard errors, in the order of the outcomes; None of fewer than ten answers. Guesses are moved
    into the task's valid range.

    The band is right at each count by itself. It is no licence to stop as soon as it looks good.
    """
    import numpy as np

    losses = np.array([loss for outcome in outcomes if (loss := loss_of(outcome, task)) is not None], float)
    n = len(losses)
    if n < FIRST:
        return None
    counts = np.arange(1, n + 1)
    scale = float(losses.max()) or 1.0  # the squares of huge errors would overflow
    means = np.cumsum(losses / scale) / counts
    spreads = np.sqrt(np.maximum(np.cumsum((losses / scale) ** 2) / counts - means**2, 0))
    errors = NORMAL * spreads / np.sqrt(np.maximum(counts - 1, 1))
    at = np.unique(np.geomspace(FIRST, n, POINTS).round().astype(int)) - 1
    lows = np.maximum(means - errors, 0)
    return Running(counts[at].astype(float), means[at] * scale, lows[at] * scale, (means + errors)[at] * scale)


def loss_of(outcome: Outcome, task: Task | None = None) -> float | None:
    """The absolute error, or 1 for a wrong label and 0 for a right one; None of a failure. With a task, of the guess in its valid range."""
    guess = outcome.guess
    if guess.value is not None and outcome.truth is not None:
        return abs((within(guess.value, task) if task else guess.value) - outcome.truth)
    return None if guess.label is None else float(guess.label != outcome.label)
