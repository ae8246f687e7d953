"""Counted numbers: a distribution as its distinct values and how often each occurs, so that 48 million prices are a few thousand rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counted:
    """Distinct values `(k,)`, ascending, and how often each occurs `(k,)`."""

    values: Floats
    counts: Ints

    @property
    def total(self) -> int:
        """How many numbers there are."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Where a distribution lies: least, greatest, mean, and percentiles interpolated linearly (Hyndman and Fan's type 7)."""

    count: int
    least: float
    p05: float
    p25: float
    median: float
    p75: float
    p95: float
    most: float
    mean: float


@dataclass(frozen=True, slots=True)
class Smirnov:
    """The greatest distance of two empirical distribution functions, 0 to 1, and what chance exceeds once in twenty times."""

    statistic: float
    critical: float

    @property
    def is_beyond(self) -> bool:
        """Whether the distance is more than chance explains at 5 %."""
        return self.statistic > self.critical


@dataclass(frozen=True, slots=True)
class Variation:
    """The total variation distance of two distributions over groups, 0 to 1, and what to expect of it by chance alone."""

    distance: float
    by_chance: float


def quantiles(counted: Counted) -> Quantiles | None:
    """The quantiles of a distribution; None of an empty one."""
    count = counted.total
    if not count:
        return None
    mean = math.fsum((counted.values * counted.counts).tolist()) / count
    least, p05, p25, median, p75, p95, most = (
        _quantile(counted, share) for share in (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
    )
    return Quantiles(count, least, p05, p25, median, p75, p95, most, mean)


def together(parts: Sequence[Counted]) -> Counted:
    """Several distributions as one."""
    import numpy as np

    values, places = np.unique(np.concatenate([part.values for part in parts]), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, places, np.concatenate([part.counts for part in parts]))
    return Counted(values, counts)


def binned(counted: Counted, edges: Sequence[float]) -> tuple[int, ...]:
    """How many numbers lie from each edge to below the next, and from the last one up. Those below the first are in none."""
    import numpy as np

    places = np.searchsorted(np.asarray(edges), counted.values, side="right") - 1
    inside = places >= 0
    counts = np.zeros(len(edges), np.int64)
    np.add.at(counts, places[inside], counted.counts[inside])
    return tuple(counts.tolist())


def smirnov(one: Counted, other: Counted) -> Smirnov | None:
    """The two-sample Kolmogorov-Smirnov statistic; None where a sample is empty.

    The critical value is the asymptotic one, sqrt(-ln(0.05 / 2) / 2 * (n + m) / (n m)) = 1.358 sqrt((n + m) / (n m)): Smirnov,
    "Table for estimating the goodness of fit of empirical distributions", Ann. Math. Stat. 19 (1948). With ties it is too large.
    """
    import numpy as np

    n, m = one.total, other.total
    if not n or not m:
        return None
    values = np.union1d(one.values, other.values)
    distance = np.abs(_cumulated(one, values) / n - _cumulated(other, values) / m).max()
    return Smirnov(float(distance), math.sqrt(-math.log(0.05 / 2) / 2 * (n + m) / (n * m)))


def variation(one: Sequence[int], other: Sequence[int]) -> Variation | None:
    """Half the sum of the differences of shares, for counts of the same groups; None where a sample is empty.

    By chance, a difference has a standard deviation of sqrt(p (1 - p) (1 / n + 1 / m)) and, being about normal, a mean size of
    sqrt(2 / pi) times that.
    """
    n, m = sum(one), sum(other)
    if not n or not m:
        return None
    shares = [(a + b) / (n + m) for a, b in zip(one, other, strict=True)]
    deviations = (math.sqrt(share * (1 - share) * (1 / n + 1 / m)) for share in shares)
    distance = math.fsum(abs(a / n - b / m) for a, b in zip(one, other, strict=True)) / 2
    return Variation(distance, math.sqrt(2 / math.pi) * math.fsum(deviations) / 2)


def _quantile(counted: Counted, share: float) -> float:
    """The value at `share` of the way from the first number to the last."""
    import numpy as np

    place = share * (counted.total - 1)
    ends = np.cumsum(counted.counts)
    low, high = (
        float(counted.values[np.searchsorted(ends, rank, side="right")]) for rank in (int(place), math.ceil(place))
    )
    between = low + (high - low) * (place - int(place))
    return float(f"{between:.12g}")  # half a cent is half a cent, not a hair more


def _cumulated(counted: Counted, values: Floats) -> Ints:
    """How many numbers are at most each of `values`."""
    import numpy as np

    ends = np.concatenate(([0], np.cumsum(counted.counts)))
    cumulated: Ints = ends[np.searchsorted(counted.values, values, side="right")]
    return cumulated
