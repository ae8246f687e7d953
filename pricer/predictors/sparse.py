"""Listings as sparse rows, field by field: what each field's tokens weigh, with a vocabulary of its own."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pricer.predictors.fields import FIELDS, Field
from pricer.predictors.saved import State
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

MOST_TERMS = 100_000  # of one field
LEAST_LISTINGS = 2

Rows = dict[str, "csr_matrix"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of one field, commonest first, and the inverse document frequency of each."""

    field: Field
    terms: tuple[str, ...]
    weights: npt.NDArray[np.float32]

    @classmethod
    def learn(cls, field: Field, listings: Sequence[Listing], most: int = MOST_TERMS) -> Self:
        """The `most` commonest of the tokens that stand in at least `LEAST_LISTINGS` listings; of equals the alphabetically first."""
        import numpy as np

        counted: Counter[str] = Counter()
        for one in listings:
            counted.update(set(field.tokens(one)))
        kept = [pair for pair in counted.items() if pair[1] >= LEAST_LISTINGS]
        kept = sorted(kept, key=lambda pair: (-pair[1], pair[0]))[:most]
        found_in = np.array([count for _, count in kept], dtype=np.float64)
        weights = np.log((1 + len(listings)) / (1 + found_in)) + 1
        return cls(field, tuple(term for term, _ in kept), weights.astype(np.float32))

    def rows(self, listings: Sequence[Listing]) -> csr_matrix:
        """TF-IDF: 1 + log(count) times the inverse document frequency, rows of length 1 or 0: `(n, terms)`, float32.

        The weighting is that of Manning, Raghavan, Schütze 2008, chapter 6.
        """
        import numpy as np
        from scipy.sparse import csr_matrix

        place = {term: column for column, term in enumerate(self.terms)}
        columns, counts, ends = array("i"), array("f"), array("q", [0])
        for one in listings:
            found = Counter(place[token] for token in self.field.tokens(one) if token in place)
            columns.extend(sorted(found))
            counts.extend(found[column] for column in sorted(found))
            ends.append(len(columns))
        at, to = np.array(columns, dtype=np.int32), np.array(ends, dtype=np.int64)
        values = (1 + np.log(np.array(counts, dtype=np.float32))) * self.weights[at]
        return of_length_one(csr_matrix((values, at, to), shape=(len(listings), len(self.terms))))


@dataclass(frozen=True, slots=True)
class Vocabularies:
    """The vocabularies of all fields; that of a field which training says nothing of is empty."""

    fields: tuple[Vocabulary, ...]

    @classmethod
    def learn(cls, listings: Sequence[Listing]) -> Self:
        """The vocabularies of these training listings."""
        return cls(tuple(Vocabulary.learn(field, listings) for field in FIELDS))

    def rows(self, listings: Sequence[Listing]) -> Rows:
        """The rows of each field, by its name."""
        return {one.field.name: one.rows(listings) for one in self.fields}

    def state(self) -> State:
        """The vocabularies as data."""
        told = {"fields": [one.field.name for one in self.fields]}
        arrays = {f"weights_{one.field.name}": one.weights for one in self.fields}
        texts = {f"terms_{one.field.name}": json.dumps(one.terms) for one in self.fields}
        return State(told, dict(arrays), texts)

    @classmethod
    def restore(cls, state: State) -> Self:
        """The vocabularies of a state."""
        known = {field.name: field for field in FIELDS}
        return cls(
            tuple(
                Vocabulary(
                    known[name], tuple(json.loads(state.texts[f"terms_{name}"])), state.arrays[f"weights_{name}"]
                )
                for name in state.told["fields"]
            )
        )


def beside(rows: Rows, weights: Mapping[str, float] | None = None) -> csr_matrix:
    """The fields side by side in the order of their names, each times its weight: `(n, all terms)`, one column at least.

    Without weights every field counts 1; a field that has none is left out.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, hstack

    names = sorted(rows if weights is None else weights)
    kept = [rows[name] * np.float32(1 if weights is None else weights[name]) for name in names]
    joined = csr_matrix(hstack(kept, format="csr", dtype=np.float32))
    return joined if joined.shape[1] else csr_matrix((joined.shape[0], 1), dtype=np.float32)


def of_length_one(rows: csr_matrix) -> csr_matrix:
    """Each row over its Euclidean length; a row of zeros stays as it is."""
    import numpy as np

    squares = rows.multiply(rows).sum(axis=1)
    lengths = np.sqrt(np.asarray(squares, dtype=np.float64)).ravel()
    lengths[lengths == 0] = 1
    rows.data = (rows.data / np.repeat(lengths, np.diff(rows.indptr))).astype(np.float32)
    return rows
