"""Pairs of listings as columns: how alike two are, field by field and in meaning, and how their measures differ. No answer is read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pricer.predictors.finder import Finder, Looks
from pricer.predictors.sparse import LEAST_LISTINGS, Rows, of_length_one

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

PAIRS_AT_ONCE = 20_000
PARTICULAR = 20  # commonest measures, each of which is a column of its own
SMALLEST = 1e-3  # added to measures before their logarithm
EQUAL = 1e-9  # logarithms nearer than this are of the same measure


@dataclass(frozen=True, slots=True)
class Sides:
    """What listings bring into a pair: rows of words field by field `(n, terms)` and vectors of meaning `(n, d)`, of length 1, and the
    logarithms of their measures `(n, measures)`, of which only what is stated is stored."""

    words: Rows
    meaning: npt.NDArray[np.float32]
    measured: csr_matrix

    @classmethod
    def of(cls, finder: Finder, looks: Looks, measured: csr_matrix) -> Self:
        """Those of listings that look so to the finder, whose one row of words is taken apart into its fields."""
        return cls(_fields(finder, looks.words), looks.meaning, measured)

    @classmethod
    def known(cls, finder: Finder, measured: csr_matrix) -> Self:
        """Those of the finder's own listings."""
        return cls.of(finder, Looks(finder.index.rows, finder.meaning.vectors), measured)


def columns(
    one: Sides, other: Sides, rows: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """The columns of the pairs of the one side's `rows` and the other's `places`, `(pairs, columns)`, NaN where one does not tell.

    Each pair is computed on its own, so that its columns are the same, bit for bit, whatever other pairs stand beside it.
    """
    import numpy as np

    blocks = [slice(at, at + PAIRS_AT_ONCE) for at in range(0, len(rows), PAIRS_AT_ONCE)]
    return np.vstack([_block(one, other, rows[part], places[part]) for part in blocks])


def often(stated: Sequence[dict[str, float]]) -> tuple[str, ...]:
    """The measures that `LEAST_LISTINGS` listings or more state, commonest first."""
    counted = Counter(name for one in stated for name in one)
    kept = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(name for name, count in kept if count >= LEAST_LISTINGS)


def logarithms(stated: Sequence[dict[str, float]], names: Sequence[str]) -> csr_matrix:
    """The logarithm of each stated measure, `(n, names)`; what is not stated is not stored."""
    import numpy as np
    from scipy.sparse import csr_matrix

    place = {name: column for column, name in enumerate(names)}
    kept = [
        {place[name]: value for name, value in one.items() if name in place and math.isfinite(value)} for one in stated
    ]
    at = [column for one in kept for column in sorted(one)]
    sizes = np.array([one[column] for one in kept for column in sorted(one)], dtype=np.float64)
    ends = np.cumsum([0, *(len(one) for one in kept)])
    return csr_matrix((np.log(np.abs(sizes) + SMALLEST), at, ends), shape=(len(kept), len(names)))


def _fields(finder: Finder, words: csr_matrix) -> Rows:
    """The columns of each field of the finder's view, which stand in the order of the fields' names, each row of length 1 again."""
    terms = {one.field.name: len(one.terms) for one in finder.vocabularies.fields}
    fields, start = {}, 0
    for name in sorted(finder.index.view):
        fields[name] = of_length_one(words[:, start : start + terms[name]].tocsr())
        start += terms[name]
    return fields


def _block(
    one: Sides, other: Sides, rows: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    import numpy as np

    cosines = [_products(one.words[name][rows], other.words[name][places]) for name in one.words]
    meaning = np.einsum("ij,ij->i", one.meaning[rows], other.meaning[places], dtype=np.float64)
    titles = _counted(one.words["title"][rows], other.words["title"][places])
    own, its = one.measured[rows], other.measured[places]
    parts = (
        *cosines,
        meaning,
        *titles,
        *_counted(own, its),
        *_differing(own, its),
        _particular(own) - _particular(its),
    )
    return np.column_stack(parts).astype(np.float32)


def _products(one: csr_matrix, other: csr_matrix) -> npt.NDArray[np.float64]:
    """The inner product of each row with the other's, `(n,)`."""
    import numpy as np

    return np.asarray(one.multiply(other).sum(axis=1), dtype=np.float64).ravel()


def _stated(rows: csr_matrix) -> csr_matrix:
    """1 for whatever is stored."""
    import numpy as np
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(rows.data)), rows.indices, rows.indptr), shape=rows.shape)


def _counted(one: csr_matrix, other: csr_matrix) -> tuple[npt.NDArray[np.float64], ...]:
    """How many of what is stored both have, only the one, and only the other: `(n,)` each."""
    import numpy as np

    shared = _products(_stated(one), _stated(other))
    return shared, np.diff(one.indptr) - shared, np.diff(other.indptr) - shared


def _differing(one: csr_matrix, other: csr_matrix) -> tuple[npt.NDArray[np.float64], ...]:
    """Of the measures that both state: how many differ, and the mean, the mean size and the greatest size of their logarithms'
    difference, `(n,)` each; NaN where they share none."""
    import numpy as np

    apart = (one.multiply(_stated(other)) - other.multiply(_stated(one))).tocsr()
    apart.data[np.abs(apart.data) < EQUAL] = 0
    apart.eliminate_zeros()
    shared = _products(_stated(one), _stated(other))
    shared[shared == 0] = np.nan
    sizes = abs(apart)
    mean, size = (np.asarray(each.sum(axis=1)).ravel() / shared for each in (apart, sizes))
    most = np.where(np.isnan(shared), np.nan, sizes.max(axis=1).toarray().ravel() if sizes.shape[1] else 0.0)
    return np.diff(apart.indptr) + 0.0 * shared, mean, size, most


def _particular(measured: csr_matrix) -> npt.NDArray[np.float64]:
    """The commonest measures' logarithms, `(n, PARTICULAR)` or fewer, NaN for what is not stated."""
    import numpy as np

    first = measured[:, :PARTICULAR].tocoo()
    table = np.full(first.shape, np.nan)
    table[first.row, first.col] = first.data
    return table
