"""Can two runs be told apart: the paired permutation test, p-values of several, and how many items it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from pricer.evaluation.bootstrap import CHUNK, LEVEL, Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.intp]

FLIPS = 10_000
SIGNIFICANT = 0.05
BOTH = 1.96 + 0.8416
"""Normal quantiles: the two-sided 5 % level and 80 % power."""


def holm(ps: Sequence[float]) -> list[float]:
    """The p-values adjusted for being several, in their order (Holm 1979): the i-th smallest of m, times m - i + 1, never falling."""
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda place: ps[place])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = highest
    return adjusted


def sign_flip_ps(differences: Floats, *, seed: int = 0, flips: int = FLIPS) -> list[float]:
    """Two-sided p-values of the paired permutation test for each row of `differences` `(k, n)`: are the two runs exchangeable?

    The share of sign patterns whose sum is at least as far from 0 as the observed one: of all of them where `flips` suffice, else
    of random ones, the observed among them (Phipson & Smyth 2010). The rows share their patterns.
    """
    import numpy as np

    n = differences.shape[1]
    sums, tables = differences.sum(axis=1), [_byte_sums(row) for row in differences]
    reach = np.abs(sums) * (1 - 1e-9)  # sums in another order differ in their last digits
    as_far, patterns = np.zeros(len(sums), np.int64), 0
    for places in _patterns(n, seed, flips):
        patterns += len(places)
        for row, table in enumerate(tables):
            flipped = table.take(places).sum(axis=1)
            as_far[row] += int((np.abs(sums[row] - 2 * flipped) >= reach[row]).sum())
    observed = 0 if _is_exact(n, flips) else 1
    return [(count + observed) / (patterns + observed) for count in as_far.tolist()]


def detectable_difference(spread: float, n: int) -> float | None:
    """The smallest true difference seen with 80 % power at the two-sided 5 % level; `spread` is that of the paired differences."""
    return BOTH * spread / math.sqrt(n) if spread > 0 else None


def needed_items(spread: float, difference: float) -> int | None:
    """How many items resolve a true `difference` with 80 % power at the two-sided 5 % level."""
    return max(2, math.ceil((BOTH * spread / abs(difference)) ** 2)) if spread > 0 and difference else None


def share_difference_interval(differences: Floats, level: float = LEVEL) -> Interval:
    """The interval of a difference of paired shares; `differences` `(n,)` are -1, 0 or 1 (Bonett & Price 2012).

    One item more is supposed on either side, so that runs which never disagreed still have an interval.
    """
    n = len(differences) + 2
    up, down = (int((differences > 0).sum()) + 1) / n, (int((differences < 0).sum()) + 1) / n
    half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt((up + down - (up - down) ** 2) / n)
    return Interval(max(-1.0, up - down - half), min(1.0, up - down + half))


def _is_exact(n: int, flips: int) -> bool:
    """Whether `flips` suffice for all 2^n patterns."""
    return n < flips.bit_length()


def _byte_sums(row: Floats) -> Floats:
    """For each eight items the sums of all their 256 subsets, flat: a byte of a pattern then costs one look-up.

    A product of matrices would do the same, with the threads of its library spinning in the background.
    """
    import numpy as np

    eights = np.zeros(-(-len(row) // 8) * 8)
    eights[: len(row)] = row
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    sums: Floats = np.einsum("bi,si->bs", eights.reshape(-1, 8), bits.astype(float)).ravel()
    return sums


def _patterns(n: int, seed: int, flips: int) -> Iterator[Indices]:
    """Places in the byte sums `(rows, bytes)`: every sign pattern once where `flips` suffice, else `flips` random ones."""
    import numpy as np

    width = -(-n // 8)
    starts = 256 * np.arange(width)
    if _is_exact(n, flips):
        yield np.arange(1 << n, dtype="<u8").view(np.uint8).reshape(-1, 8)[:, :width] + starts
        return
    random = np.random.default_rng(seed)
    rows = max(1, CHUNK // width)
    for start in range(0, flips, rows):
        yield random.integers(0, 256, (min(rows, flips - start), width), dtype=np.uint8) + starts
