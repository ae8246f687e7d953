"""Columns for trees: engineered features, themes of the words (singular vectors), counts of common words, and a ridge's guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from pricer.predictors.encoding import FOLDS, Encoding, folds, out_of_fold
from pricer.predictors.features import Columns, View, look
from pricer.predictors.linear import Line, draw_ridge
from pricer.predictors.protocol import Examples
from pricer.predictors.saved import State
from pricer.predictors.words import Cut, Terms, joined
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

COMMON = Cut(most=400, weighted=False, stop_words="english")
THEMES = 64
STRENGTH = 1.0


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes the columns of listings. `themes` is `(terms, THEMES)`. Labels have neither encoding nor ridge: they have no mean."""

    columns: Columns
    terms: Terms
    common: Terms
    themes: npt.NDArray[np.float64]
    encoding: Encoding | None
    ridge: Line | None

    @classmethod
    def learn(
        cls, train: Examples, cut: Cut, seed: int, values: npt.NDArray[np.float64] | None = None
    ) -> tuple[Self, npt.NDArray[np.float64]]:
        """The reader, and the training table, in which what was learned from answers is out of fold."""
        import numpy as np

        views = [look(one) for one in train.listings]
        texts = [view.text for view in views]
        terms, common = Terms.learn(texts, cut), Terms.learn(texts, COMMON)
        rows = terms.rows(texts)
        themes = _singular(rows, seed)
        encoding = None if values is None else Encoding.learn(train.listings, values)
        ridge = None if values is None else draw_ridge(rows, values, STRENGTH)
        reader = cls(Columns.learn(views), terms, common, themes, encoding, ridge)
        parts = reader._plain(views, rows)
        if values is not None:
            parts += [out_of_fold(train, values), _ridge_out_of_fold(train, rows, values)]
        return reader, np.hstack(parts)

    def table(self, listings: Sequence[Listing]) -> npt.NDArray[np.float64]:
        """`(n, columns)`, in the order of the training table."""
        import numpy as np

        views = [look(one) for one in listings]
        rows = self.terms.rows([view.text for view in views])
        parts = self._plain(views, rows)
        if self.encoding and self.ridge:
            parts += [self.encoding.table(listings), self.ridge.values(rows)]
        return np.hstack(parts)

    def _plain(self, views: Sequence[View], rows: csr_matrix) -> list[npt.NDArray[np.float64]]:
        """What no answer was needed for."""
        common = self.common.rows([view.text for view in views])
        return [self.columns.table(views), rows @ self.themes, common.toarray()]

    def state(self) -> State:
        """All of it as data."""
        told = {"columns": asdict(self.columns), "encoding": self.encoding.told() if self.encoding else None}
        arrays: dict[str, npt.NDArray[Any]] = {"themes": self.themes}
        if self.ridge:
            arrays |= {"ridge_coefficients": self.ridge.coefficients, "ridge_intercepts": self.ridge.intercepts}
        return joined(State(told, arrays), self.terms.state("terms"), self.common.state("common"))

    @classmethod
    def restore(cls, state: State) -> Self:
        """The same reader."""
        told, arrays = state.told, state.arrays
        return cls(
            Columns(**{name: tuple(names) for name, names in told["columns"].items()}),
            Terms.restore(state, "terms"),
            Terms.restore(state, "common"),
            arrays["themes"],
            Encoding.restore(told["encoding"]) if told["encoding"] else None,
            Line(arrays["ridge_coefficients"], arrays["ridge_intercepts"]) if told["encoding"] else None,
        )


def _ridge_out_of_fold(train: Examples, rows: csr_matrix, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A ridge's guess for each training row, `(n, 1)`, by one that has not seen the row's fold."""
    import numpy as np

    fold = folds(train)
    guesses = np.full((len(values), 1), values.mean())
    for one in range(FOLDS):
        inside = fold == one
        if inside.any() and not inside.all():
            guesses[inside] = draw_ridge(rows[~inside], values[~inside], STRENGTH).values(rows[inside])
    return guesses


def _singular(rows: csr_matrix, seed: int) -> npt.NDArray[np.float64]:
    """The right singular vectors `(terms, k)` of the greatest values, by random projection (Halko et al. 2011)."""
    import numpy as np
    from sklearn.utils.extmath import randomized_svd

    count = max(1, min(THEMES, min(rows.shape) - 1))
    _, _, vectors = randomized_svd(rows, count, n_iter=2, random_state=seed)
    return np.ascontiguousarray(vectors.T)
