"""A stack: simple models on sparse rows, and trees that read their out-of-fold values beside measures, themes and neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from pricer.predictors.answers import Scale, numbers
from pricer.predictors.encoding import FOLDS, Encoding, folds, out_of_fold
from pricer.predictors.fields import measures
from pricer.predictors.grove import GOALS, Grove
from pricer.predictors.linear import Line, draw_ridge
from pricer.predictors.neighbours import VIEW, Index, Nearest, weighted_mean, weighted_median
from pricer.predictors.network import Network, mean_value, network_state, restored_network, train_network
from pricer.predictors.protocol import Examples
from pricer.predictors.saved import State
from pricer.predictors.sparse import Rows, Vocabularies, beside
from pricer.predictors.words import joined
from pricer.predictors.workers import side_by_side
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

VIEWS: dict[str, dict[str, float]] = {
    "all": VIEW,
    "title": {"title": 1.0, "models": 1.0},
    "stated": {"attributes": 1.0, "measures": 0.5, "groups": 1.0},
    "told": {"description": 1.0, "features": 1.0},
}
NEIGHBOURS = 20
SUMMARIES = ((5, 2.0), (20, 4.0), (20, 2.0))  # neighbours counted, and the power of their cosine
THEMES = 100
STRENGTH = 2.0
NETWORKS = 4
UNSEEN_NETWORKS = 2  # for each fold
MOST_MEASURES = 600
MEASURE_SHARE = 0.004
SIMPLE = ("ridge", "neighbours", "mlp")

Values = dict[str, "npt.NDArray[np.float64]"]


@dataclass(frozen=True, slots=True)
class Base:
    """What was learned from training rows before any tree. `known` are the rows of training, field by field, and `goal` their values."""

    scale: Scale
    vocabularies: Vocabularies
    measured: tuple[str, ...]
    encoding: Encoding
    themes: npt.NDArray[np.float32]
    ridge: Line
    networks: tuple[Network, ...]
    known: Rows
    goal: npt.NDArray[np.float64]

    @classmethod
    def learn(cls, train: Examples, seed: int) -> tuple[Self, Columns]:
        """The base, and the columns of its own training listings, for which nothing was learned from their own fold."""
        answers = numbers(train)
        scale = Scale.of(answers)
        goal = scale.forward(answers)
        vocabularies = Vocabularies.learn(train.listings)
        known = vocabularies.rows(train.listings)
        rows = beside(known)
        fold = folds(train)
        networks = side_by_side([partial(train_network, rows, goal, seed * 1000 + at) for at in range(NETWORKS)])
        stated = [measures(one) for one in train.listings]
        base = cls(
            scale,
            vocabularies,
            _often(stated),
            Encoding.learn(train.listings, goal),
            _singular(rows, seed),
            draw_ridge(rows, goal, STRENGTH),
            tuple(networks),
            known,
            goal,
        )
        simple = {
            "ridge": _ridge_unseen(rows, goal, fold),
            "mlp": _networks_unseen(rows, goal, fold, seed),
        }
        relations = _families(train)
        nearest = {name: Index.of(view, known).nearest_strangers(relations, NEIGHBOURS) for name, view in VIEWS.items()}
        return base, base._columns(stated, rows, simple, nearest, out_of_fold(train, goal))

    def columns(self, listings: Sequence[Listing]) -> Columns:
        """The columns of listings that the base has not seen."""
        own = self.vocabularies.rows(listings)
        rows = beside(own)
        simple = {"ridge": self.ridge.values(rows)[:, 0], "mlp": mean_value(self.networks, rows)}
        nearest = {name: Index.of(view, self.known).nearest(own, NEIGHBOURS) for name, view in VIEWS.items()}
        stated = [measures(one) for one in listings]
        return self._columns(stated, rows, simple, nearest, self.encoding.table(listings))

    def _columns(
        self,
        stated: Sequence[dict[str, float]],
        rows: csr_matrix,
        simple: Values,
        nearest: dict[str, Nearest],
        encoded: npt.NDArray[np.float64],
    ) -> Columns:
        import numpy as np

        parts = [
            _measure_table(stated, self.measured),
            encoded,
            rows @ self.themes,
            *(_summary(one, self.goal) for one in nearest.values()),
            np.column_stack([simple["ridge"], simple["mlp"]]),
        ]
        count, power = SUMMARIES[1]
        near = weighted_mean(nearest["all"], self.goal, count, power)
        return Columns(np.hstack(parts), simple | {"neighbours": near})

    def state(self) -> State:
        """All of it as data."""
        told = {
            "scale": asdict(self.scale),
            "measured": list(self.measured),
            "encoding": self.encoding.told(),
            "networks": len(self.networks),
            "known": {name: rows.shape[1] for name, rows in self.known.items()},
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            "themes": self.themes,
            "ridge_coefficients": self.ridge.coefficients,
            "ridge_intercepts": self.ridge.intercepts,
            "goal": self.goal,
        }
        for name, rows in self.known.items():
            arrays |= {f"known_{name}_{part}": getattr(rows, part) for part in ("data", "indices", "indptr")}
        networks = (network_state(one, f"network{at}") for at, one in enumerate(self.networks))
        return joined(State(told, arrays), self.vocabularies.state(), *networks)

    @classmethod
    def restore(cls, state: State) -> Self:
        """The same base."""
        told, arrays = state.told, state.arrays
        return cls(
            Scale(**told["scale"]),
            Vocabularies.restore(state),
            tuple(told["measured"]),
            Encoding.restore(told["encoding"]),
            arrays["themes"],
            Line(arrays["ridge_coefficients"], arrays["ridge_intercepts"]),
            tuple(restored_network(state, f"network{at}") for at in range(told["networks"])),
            {name: _known(state, name, terms) for name, terms in told["known"].items()},
            arrays["goal"],
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """What trees read, `(n, columns)`, NaN where a listing does not tell; and the simple models' values, `(n,)` each."""

    table: npt.NDArray[np.float64]
    simple: Values


@dataclass(frozen=True, slots=True)
class Stack:
    """The base, and trees for several goals on top of it. Every member gives a value on the scale."""

    base: Base
    groves: tuple[Grove, ...]

    @classmethod
    def learn(cls, train: Examples, seed: int) -> Self:
        """The stack of these training examples; nothing is chosen."""
        base, columns = Base.learn(train, seed)
        wanted = [goal for goal in GOALS if base.scale.logged or not goal.needs_log]
        jobs = [partial(Grove.grow, goal, columns.table, base.goal, seed) for goal in wanted]
        return cls(base, tuple(side_by_side(jobs)))

    def values(self, listings: Sequence[Listing]) -> Values:
        """The values of every member, by its name: `(n,)` each."""
        columns = self.base.columns(listings)
        trees = {one.goal.name: one.values(columns.table) for one in self.groves}
        return {name: columns.simple[name] for name in SIMPLE} | trees

    def state(self) -> State:
        """The base and the trees as data."""
        return joined(self.base.state(), *(one.state() for one in self.groves))

    @classmethod
    def restore(cls, state: State) -> Self:
        """The same stack."""
        return cls(Base.restore(state), tuple(Grove.restore(goal, state) for goal in GOALS if goal.name in state.texts))


def _often(stated: Sequence[dict[str, float]]) -> tuple[str, ...]:
    """The measures that enough of the training listings state."""
    counted = Counter(name for one in stated for name in one)
    least = max(2.0, MEASURE_SHARE * len(stated))
    kept = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_MEASURES]
    return tuple(name for name, count in kept if count >= least)


def _measure_table(stated: Sequence[dict[str, float]], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """`(n, names)`, NaN for what is not stated."""
    import numpy as np

    table = np.full((len(stated), len(names)), np.nan)
    place = {name: column for column, name in enumerate(names)}
    for row, one in enumerate(stated):
        for name, value in one.items():
            if name in place:
                table[row, place[name]] = value
    return table


def _summary(nearest: Nearest, goal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What the neighbours' values say, `(n, 10)`: nearest, means, median, spread, range, and how near the first and tenth are."""
    import numpy as np

    found = goal[nearest.places]
    tenth = min(10, found.shape[1])
    return np.column_stack(
        [
            found[:, 0],
            *(weighted_mean(nearest, goal, count, power) for count, power in SUMMARIES),
            weighted_median(nearest, goal, NEIGHBOURS, 2.0),
            found[:, :tenth].std(axis=1),
            found[:, :tenth].min(axis=1),
            found[:, :tenth].max(axis=1),
            nearest.cosines[:, 0],
            nearest.cosines[:, tenth - 1],
        ]
    )


def _ridge_unseen(
    rows: csr_matrix, goal: npt.NDArray[np.float64], fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """A ridge's value for each training row, by one that has not seen its fold."""
    import numpy as np

    values = np.full(len(goal), goal.mean())
    for inside in _parted(fold):
        values[inside] = draw_ridge(rows[~inside], goal[~inside], STRENGTH).values(rows[inside])[:, 0]
    return values


def _networks_unseen(
    rows: csr_matrix, goal: npt.NDArray[np.float64], fold: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.float64]:
    """The mean of `UNSEEN_NETWORKS` networks' values for each training row, by networks that have not seen its fold."""
    import numpy as np

    values = np.full(len(goal), goal.mean())
    parts = _parted(fold)
    jobs = [
        partial(train_network, rows[~inside], goal[~inside], seed * 1000 + 100 * (1 + again) + at)
        for at, inside in enumerate(parts)
        for again in range(UNSEEN_NETWORKS)
    ]
    networks = side_by_side(jobs)
    for at, inside in enumerate(parts):
        values[inside] = mean_value(networks[at * UNSEEN_NETWORKS : (at + 1) * UNSEEN_NETWORKS], rows[inside])
    return values


def _parted(fold: npt.NDArray[np.int64]) -> list[npt.NDArray[np.bool_]]:
    """Which rows each fold holds; folds that hold none or all are left out."""
    return [inside for at in range(FOLDS) if (inside := fold == at).any() and not inside.all()]


def _families(train: Examples) -> npt.NDArray[np.int64]:
    """The number of each listing's family; each is its own where families are not known."""
    import numpy as np

    if not train.families:
        return np.arange(len(train.listings))
    numbered = {family: at for at, family in enumerate(dict.fromkeys(train.families))}
    return np.array([numbered[family] for family in train.families], dtype=np.int64)


def _singular(rows: csr_matrix, seed: int) -> npt.NDArray[np.float32]:
    """The right singular vectors `(terms, k)` of the greatest values, by random projection (Halko et al. 2011)."""
    import numpy as np
    from sklearn.utils.extmath import randomized_svd

    count = max(1, min(THEMES, min(rows.shape) - 1))
    _, _, vectors = randomized_svd(rows, count, n_iter=2, random_state=seed)
    return np.ascontiguousarray(vectors.T, dtype=np.float32)


def _known(state: State, name: str, terms: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    data, indices, indptr = (state.arrays[f"known_{name}_{part}"] for part in ("data", "indices", "indptr"))
    return csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, terms))
