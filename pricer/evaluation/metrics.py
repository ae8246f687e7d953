"""How good a run's numbers are. Failures are counted apart and never scored as numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from pricer.evaluation.arrays import Numbers, failures_by_reason, numbers
from pricer.evaluation.bootstrap import (
    LEVEL,
    RESAMPLES,
    Interval,
    mean_intervals,
    median_interval,
    share_interval,
)
from pricer.evaluation.outcome import Outcome
from pricer.predictors.protocol import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

WITHIN = 0.2


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of the answered items, in the task's unit; each `_ci` is the interval of the figure before it.

    `mae` is the mean and `median_ae` the median absolute error. `rmsle` is the root of the mean squared difference of ln(1 + x), guesses
    below 0 taken as 0; None when a truth is negative. `r2` is 1 less the squared errors over those of the mean of these
    truths; None when all truths are equal. `bias` is the mean of guess minus truth. `within_20_percent` is the share, 0 to
    1, whose error is at most 20 % of the truth: with a truth of 0 only 0 is. None throughout when nothing was answered, or where a
    float cannot hold the figure.
    """

    mae: float | None = None
    mae_ci: Interval | None = None
    median_ae: float | None = None
    median_ae_ci: Interval | None = None
    rmse: float | None = None
    rmsle: float | None = None
    r2: float | None = None
    bias: float | None = None
    bias_ci: Interval | None = None
    within_20_percent: float | None = None
    within_20_percent_ci: Interval | None = None

    def told(self) -> dict[str, object]:
        """As JSON; intervals are [low, high]."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.told() if isinstance(value, Interval) else value for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of a run over `n` items.

    `raw` is of the guesses as given, `clipped` of the guesses moved to the task's least and most; None when it states neither.
    `mae_with_failures_as_median` shows how sensitive the error is to the failures: the MAE of all `n` items if each failure had been
    answered with the median of all truths, which the predictor did not know.
    """

    n: int
    answered: int
    failures: int
    failures_by_reason: Mapping[str, int]
    level: float
    raw: Errors
    clipped: Errors | None
    mae_with_failures_as_median: float | None

    def told(self) -> dict[str, object]:
        """As JSON: the raw figures at the top, the clipped ones under their name."""
        return {
            "n": self.n, "answered": self.answered, "failures": self.failures,
            "failures_by_reason": dict(self.failures_by_reason), "level": self.level, **self.raw.told(),
            "clipped": None if self.clipped is None else self.clipped.told(),
            "mae_with_failures_as_median": self.mae_with_failures_as_median,
        }  # fmt: skip


def score(
    outcomes: Sequence[Outcome],
    task: Task,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Scores:
    """The scores of a numeric task, whatever the order of the outcomes; `BadInput` when an item is repeated or has no truth."""
    import numpy as np

    found = numbers(outcomes, task)
    variants = [found.guesses]
    if task.least is not None or task.most is not None:
        low, high = (None if bound is None else bound / found.scale for bound in (task.least, task.most))
        variants.append(np.clip(found.guesses, low, high))
    measured = _errors(found, variants, seed=seed, resamples=resamples, level=level)
    return Scores(
        len(outcomes),
        len(found.truths),
        len(found.missed),
        failures_by_reason(outcomes),
        level,
        measured[0],
        measured[1] if len(measured) > 1 else None,
        _with_median(found),
    )


def finite(value: float) -> float | None:
    """The figure, or None where a float could not hold it."""
    return value if math.isfinite(value) else None


def _errors(found: Numbers, variants: Sequence[Floats], *, seed: int, resamples: int, level: float) -> list[Errors]:
    """The errors of each variant of the guesses; all share their resamples."""
    import numpy as np

    if not len(found.truths):
        return [Errors() for _ in variants]
    signed = np.array([guesses - found.truths for guesses in variants])
    intervals = mean_intervals(np.concatenate([np.abs(signed), signed]), seed=seed, resamples=resamples, level=level)
    of_mae, of_bias = intervals[: len(variants)], intervals[len(variants) :]
    return [_measured(found, *parts, level) for parts in zip(variants, signed, of_mae, of_bias, strict=True)]


def _measured(
    found: Numbers,
    guesses: Floats,
    signed: Floats,
    of_mae: Interval | None,
    of_bias: Interval | None,
    level: float,
) -> Errors:
    import numpy as np

    scale, absolute, n = found.scale, np.abs(signed), len(signed)
    of_median = median_interval(absolute, level)
    hits = int((absolute <= WITHIN * np.abs(found.truths) * (1 + 1e-9)).sum())  # 12 is within 20 % of 10 in floats too
    return Errors(
        mae=finite(float(absolute.mean()) * scale),
        mae_ci=of_mae and of_mae.times(scale),
        median_ae=finite(float(np.median(absolute)) * scale),
        median_ae_ci=of_median and of_median.times(scale),
        rmse=finite(math.sqrt(float((signed**2).mean())) * scale),
        rmsle=_rmsle(found.truths * scale, guesses * scale),
        r2=_r2(found.truths, signed),
        bias=finite(float(signed.mean()) * scale),
        bias_ci=of_bias and of_bias.times(scale),
        within_20_percent=hits / n,
        within_20_percent_ci=share_interval(hits, n, level),
    )


def _rmsle(truths: Floats, guesses: Floats) -> float | None:
    import numpy as np

    if truths.min() < 0:
        return None
    off = np.log1p(np.maximum(guesses, 0.0)) - np.log1p(truths)
    return math.sqrt(float((off**2).mean()))


def _r2(truths: Floats, signed: Floats) -> float | None:
    """Equality is asked of the truths: the mean of equal floats may differ from them by a digit."""
    if truths.min() == truths.max():
        return None
    spread = float(((truths - truths.mean()) ** 2).sum())
    return finite(1 - float((signed**2).sum()) / spread) if spread > 0 else None


def _with_median(found: Numbers) -> float | None:
    import numpy as np

    if not len(found.truths):
        return None
    median = np.median(np.concatenate([found.truths, found.missed]))
    off = np.concatenate([found.guesses - found.truths, median - found.missed])
    return finite(float(np.abs(off).mean()) * found.scale)
