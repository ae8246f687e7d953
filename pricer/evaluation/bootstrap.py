"""Intervals by seeded resampling, and the two closed formulas for medians and shares where no resampling is needed.

Means get a bootstrap-t (Efron & Tibshirani 1993, section 12.5), widened by the factor 1 + (kurtosis - 1) / n. That addend is the
relative sampling variance of the variance estimate: with errors as skewed as those of prices the spread is itself poorly known,
and the plain intervals fall short of their level. `bench/intervals.py` compares them; its docstring holds the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.intp]

RESAMPLES = 2_000
LEVEL = 0.95
FEWEST = 5
"""Fewer values than these have no interval: any that could be given would be an invention."""
FARTHEST = 5.0
"""Standard errors by which a resample may lie off; `bench/intervals.py` covers the same without this bound."""
CHUNK = 65_536
"""Numbers drawn at a time: half a megabyte, which stays in the cache."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included, in the unit of what it bounds."""

    low: float
    high: float

    def told(self) -> list[float]:
        """As JSON: [low, high]."""
        return [self.low, self.high]

    def times(self, factor: float) -> Interval | None:
        """In another unit; None where a float cannot hold it."""
        low, high = self.low * factor, self.high * factor
        return Interval(low, high) if math.isfinite(low) and math.isfinite(high) else None


def mean_interval(
    values: Floats, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> Interval | None:
    """The interval of the mean of `values` `(n,)`; None with fewer than five values, or where it is too large for a float."""
    return mean_intervals(values[None, :], seed=seed, resamples=resamples, level=level)[0]


def mean_intervals(
    rows: Floats, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> list[Interval | None]:
    """The interval of the mean of each row of `(k, n)`; the rows share their resamples, so they must be of the same items."""
    import numpy as np

    n = rows.shape[1]
    if n < FEWEST:
        return [None] * len(rows)
    scales = np.abs(rows).max(axis=1, keepdims=True)
    rows = rows / np.where(scales > 0, scales, 1.0)  # squares of huge errors would overflow
    centred = rows - rows.mean(axis=1, keepdims=True)
    means, spreads = np.empty((len(rows), resamples)), np.empty((len(rows), resamples))
    for place, index in _draws(n, seed, resamples):
        for row, values in enumerate(centred):
            drawn = values.take(index)
            means[row, place] = drawn.sum(axis=1) / n
            spreads[row, place] = np.einsum("ij,ij->i", drawn, drawn) / n
    spreads = np.sqrt(np.maximum(spreads - means**2, 0.0))
    found = (_bounds(*row, level) for row in zip(rows, means, spreads, strict=True))
    return [interval.times(scale or 1.0) for interval, scale in zip(found, scales[:, 0].tolist(), strict=True)]


def statistic_interval(
    statistic: Callable[[Indices], Floats],
    n: int,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval | None:
    """The percentile interval (Efron & Tibshirani 1993, section 13.3) of any statistic of n items; None with fewer than five.

    `statistic` is given indices `(rows, n)` and returns one number for each row.
    """
    import numpy as np

    if n < FEWEST:
        return None
    found = np.empty(resamples)
    for place, index in _draws(n, seed, resamples):
        found[place] = statistic(index)
    return percentile(found, level)


def percentile(found: Floats, level: float = LEVEL) -> Interval:
    """The middle `level` of the resampled statistics `(resamples,)`."""
    import numpy as np

    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def median_interval(values: Floats, level: float = LEVEL) -> Interval | None:
    """The interval of the median between two order statistics, by the binomial distribution (Conover 1999, section 3.2).

    It covers at least at `level`, whatever the distribution. None where even the smallest and the largest value do not reach it.
    """
    import numpy as np

    n = len(values)
    below = _binomial_rank(n, (1 - level) / 2)
    if below < 1:
        return None
    ordered = np.sort(values)
    return Interval(float(ordered[below - 1]), float(ordered[n - below]))


def share_interval(hits: int, n: int, level: float = LEVEL) -> Interval | None:
    """The interval of a share, 0 to 1 (Wilson 1927); None when n is 0."""
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # at the ends the formula is exact, its floating point is not
    return Interval(0.0 if hits == 0 else middle - half, 1.0 if hits == n else middle + half)


def _draws(n: int, seed: int, resamples: int) -> Iterator[tuple[slice, Indices]]:
    """Indices `(rows, n)` drawn with replacement, and the places of these rows among the resamples."""
    import numpy as np

    random = np.random.default_rng(seed)
    kind = np.uint16 if n <= 1 << 16 else np.int64
    rows = max(1, CHUNK // n)
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        yield slice(start, start + count), random.integers(0, n, (count, n), dtype=kind).astype(np.intp)


def _bounds(values: Floats, means: Floats, spreads: Floats, level: float) -> Interval:
    """The widened bootstrap-t; `means` and `spreads` are those of the resamples of the centred `values`."""
    import numpy as np

    mean, spread = float(values.mean()), float(values.std())
    if spread == 0:
        return Interval(mean, mean)
    # A resample that misses the one huge error has next to no spread, and its t would make the interval absurd.
    studentized = math.sqrt(n := len(values)) * means / np.maximum(spreads, 1e-6 * spread)
    below, above = np.quantile(np.clip(studentized, -FARTHEST, FARTHEST), [(1 - level) / 2, (1 + level) / 2])
    kurtosis = float((((values - mean) / spread) ** 4).mean())
    reach = spread / math.sqrt(n) * (1 + (kurtosis - 1) / n)
    low, high = mean - float(above) * reach, mean - float(below) * reach
    return Interval(max(low, 0.0) if values.min() >= 0 else low, high)


def _binomial_rank(n: int, tail: float) -> int:
    """The largest rank r such that fewer than r of n fair coins show heads with a probability of at most `tail`."""
    if n > 1_000:  # the normal approximation is within one rank, rounded to the safe side
        return max(0, math.floor(n / 2 + NormalDist().inv_cdf(tail) * math.sqrt(n) / 2))
    limit, total, rank = (int(tail * (1 << 53)) << n) >> 53, 0, 0
    while (total := total + math.comb(n, rank)) <= limit:
        rank += 1
    return rank
