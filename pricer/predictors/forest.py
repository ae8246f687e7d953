"""Random forests as plain arrays: grown by scikit-learn, kept and read without it; and the forest on word counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, numbers
from pricer.predictors.linear import WORDS
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.words import Terms, documents, joined
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TREES = 100
COLUMNS = 0.1  # share of the columns that each split may choose from
LEAF = 2  # examples in a leaf at least
MOST_ROWS = 50_000  # more rows than this are sampled: a tree on all of them would take hours and gain little
BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Forest:
    """The nodes of all trees one after the other. `left` and `right` are places of nodes; a leaf is its own child.

    A row goes left where `column <= threshold`. `roots` `(trees,)` are the places of the roots, the others are `(nodes,)`.
    """

    roots: npt.NDArray[np.int32]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]

    def values(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The mean of the trees' leaves for each row of `(n, columns)`, as `(n,)`."""
        import numpy as np

        blocks = [self._block(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros(0)

    def _block(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        import numpy as np

        total = np.zeros(len(rows))
        for root in self.roots:
            total += self.value[self._leaves(rows, int(root))]
        return total / len(self.roots)

    def _leaves(self, rows: npt.NDArray[np.float32], root: int) -> npt.NDArray[np.int32]:
        """The place of the leaf that each row falls into, level by level."""
        import numpy as np

        place = np.full(len(rows), root, dtype=np.int32)
        going = np.arange(len(rows))
        while going.size:
            at = place[going]
            goes_left = rows[going, self.column[at]] <= self.threshold[at]
            place[going] = np.where(goes_left, self.left[at], self.right[at])
            going = going[self.left[place[going]] != place[going]]
        return place

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name."""
        return {f"forest_{name}": getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def restore(cls, arrays: dict[str, npt.NDArray[Any]]) -> Self:
        """The forest of these arrays; ValueError when a place points outside or backwards, which would never end."""
        import numpy as np

        found = cls(**{name: arrays[f"forest_{name}"] for name in cls.__dataclass_fields__})
        places = np.arange(len(found.left))
        leaf = found.left == places
        forward = np.where(leaf, found.right == places, (found.left > places) & (found.right > places))
        if not (forward.all() and max(found.left.max(), found.right.max(), found.roots.max()) < len(found.value)):
            raise ValueError("the nodes of the forest do not make trees")
        return found


def grow(rows: npt.NDArray[np.float32], goal: npt.NDArray[np.float64], seed: int, trees: int = TREES) -> Forest:
    """A forest of regression trees on `rows` `(n, columns)` for `goal` `(n,)`; the same seed grows the same forest."""
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor

    kept = np.sort(np.random.default_rng(seed).permutation(len(rows))[:MOST_ROWS])
    grower = RandomForestRegressor(
        n_estimators=trees, max_features=COLUMNS, min_samples_leaf=LEAF, random_state=seed, n_jobs=-1
    )
    grower.fit(rows[kept], goal[kept])
    return _exported([estimator.tree_ for estimator in grower.estimators_])


@dataclass(frozen=True, slots=True)
class WordsForest:
    """A random forest on word counts."""

    kind: ClassVar[str] = "words-forest"
    name: str
    terms: Terms
    forest: Forest
    scale: Scale

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The forest's value for each listing."""
        return self.scale.guesses(self.forest.values(_counts(self.terms, listings)))

    def state(self) -> State:
        """Terms and trees."""
        told = {"name": self.name, "scale": asdict(self.scale)}
        return joined(State(told, self.forest.arrays()), self.terms.state("terms"))

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:  # noqa: ARG003
        """The same forest."""
        terms, forest = Terms.restore(state, "terms"), Forest.restore(state.arrays)
        return cls(state.told["name"], terms, forest, Scale(**state.told["scale"]))


@dataclass(frozen=True, slots=True)
class WordsForestLearner:
    """Grows a random forest on counts of the 2,000 commonest words."""

    name: str = "words-forest"
    trees: int = TREES

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> WordsForest:  # noqa: ARG002
        """The trained forest."""
        answers = numbers(train)
        scale = Scale.of(answers)
        terms = Terms.learn(documents(train.listings), WORDS)
        forest = grow(_counts(terms, train.listings), scale.forward(answers), seed, self.trees)
        return WordsForest(self.name, terms, forest, scale)


def words_forest() -> WordsForestLearner:
    """The learner of the shelf."""
    return WordsForestLearner()


def _counts(terms: Terms, listings: Sequence[Listing]) -> npt.NDArray[np.float32]:
    import numpy as np

    return np.asarray(terms.rows(documents(listings)).astype(np.float32).todense())


def _exported(trees: Sequence[Any]) -> Forest:
    import numpy as np

    starts = np.cumsum([0, *(tree.node_count for tree in trees)])
    parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in ("left", "right", "column", "threshold", "value")}
    for start, tree in zip(starts[:-1], trees, strict=True):
        leaf = tree.children_left < 0
        own = np.arange(tree.node_count)
        parts["left"].append(np.where(leaf, own, tree.children_left) + start)
        parts["right"].append(np.where(leaf, own, tree.children_right) + start)
        parts["column"].append(np.where(leaf, 0, tree.feature))
        parts["threshold"].append(np.where(leaf, 0.0, tree.threshold))
        parts["value"].append(tree.value[:, 0, 0])
    left, right, column = (np.concatenate(parts[name]).astype(np.int32) for name in ("left", "right", "column"))
    threshold, value = (np.concatenate(parts[name]).astype(np.float64) for name in ("threshold", "value"))
    return Forest(starts[:-1].astype(np.int32), left, right, column, threshold, value)
