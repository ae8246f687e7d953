"""The nearest training listings by the cosine of their sparse rows, and what their answers say about a listing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, codes, label_guesses, numbers
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.sparse import Rows, Vocabularies, beside, of_length_one
from pricer.predictors.words import joined
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

VIEW = {"title": 1.0, "pieces": 1.0, "models": 0.5, "groups": 0.5, "attributes": 0.7, "description": 0.7}
CELLS = 4_000_000  # similarities held at once
COUNTS = (20, 5, 10, 30)
POWERS = (4.0, 2.0, 6.0)
LEAST_SIMILARITY = 1e-6  # an unlike neighbour still counts where there is no better one
SPARE = 40  # neighbours looked up beyond those wanted, for some are of the own family


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each query its neighbours, most similar first: places among the known `(n, k)` and cosines `(n, k)`."""

    places: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Index:
    """Known rows of length 1, `(known, terms)`, in one view of the fields."""

    view: dict[str, float]
    rows: csr_matrix

    @classmethod
    def of(cls, view: Mapping[str, float], rows: Rows) -> Self:
        """The index of training rows; `view` weighs their fields."""
        return cls(dict(view), of_length_one(beside(rows, view)))

    def nearest(self, rows: Rows, count: int) -> Nearest:
        """The `count` nearest of the known, or all when there are fewer."""
        return self._search(self.queries(rows), count)

    def queries(self, rows: Rows) -> csr_matrix:
        """Rows of other listings in this view, of length 1."""
        return of_length_one(beside(rows, self.view))

    def nearest_strangers(self, families: npt.NDArray[np.int64], count: int) -> Nearest:
        """The nearest of each known row among those of other families `(known,)`. Where strangers lack, relatives follow at cosine 0."""
        found = self._search(self.rows, count + SPARE)
        return strangers_first(found, families[found.places] == families[:, None], count)

    def _search(self, queries: csr_matrix, count: int) -> Nearest:
        known = self.rows.T.tocsr()
        return nearest_of(lambda part: (queries[part] @ known).toarray(), queries.shape[0], self.rows.shape[0], count)


def nearest_of(cosines: Callable[[slice], npt.NDArray[np.float32]], asking: int, known: int, count: int) -> Nearest:
    """The `count` nearest of the `known` to each of those `asking`, or all when there are fewer. `cosines` gives a part's, `(part, known)`;
    it is asked for so many rows at a time that `CELLS` are not exceeded."""
    import numpy as np

    step, count = max(1, CELLS // max(1, known)), min(count, known)
    blocks = [_most(cosines(slice(at, at + step)), count) for at in range(0, asking, step)]
    places = np.vstack([one.places for one in blocks]) if blocks else np.empty((0, count), np.int64)
    found = np.vstack([one.cosines for one in blocks]) if blocks else np.empty((0, count), np.float32)
    return Nearest(places, found)


def _most(cosines: npt.NDArray[np.float32], count: int) -> Nearest:
    """The `count` places of the greatest cosines in each row of `(n, known)`, equal ones in the order of the known."""
    import numpy as np

    places = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    places.sort(axis=1)
    found = np.take_along_axis(cosines, places, 1)
    order = np.argsort(-found, axis=1, kind="stable")
    return Nearest(np.take_along_axis(places, order, 1), np.take_along_axis(found, order, 1))


def strangers_first(found: Nearest, related: npt.NDArray[np.bool_], count: int) -> Nearest:
    """The first `count` of the found that are not `related` `(n, k)`; where strangers lack, relatives follow at cosine 0."""
    import numpy as np

    cosines = np.where(related, 0, found.cosines)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return Nearest(np.take_along_axis(found.places, order, 1), np.take_along_axis(cosines, order, 1))


def weighted_mean(
    nearest: Nearest, values: npt.NDArray[np.float64], count: int, power: float
) -> npt.NDArray[np.float64]:
    """The mean of the neighbours' values, weighted by cosine to the `power`: `(n,)`."""
    import numpy as np

    weights = _weights(nearest, count, power)
    found: npt.NDArray[np.float64] = values[nearest.places[:, :count]]
    return np.asarray((found * weights).sum(axis=1) / weights.sum(axis=1), dtype=np.float64)


def weighted_median(
    nearest: Nearest, values: npt.NDArray[np.float64], count: int, power: float
) -> npt.NDArray[np.float64]:
    """The value at which half of the neighbours' weight is reached: `(n,)`."""
    import numpy as np

    found: npt.NDArray[np.float64] = values[nearest.places[:, :count]]
    order = np.argsort(found, axis=1, kind="stable")
    reached = np.take_along_axis(_weights(nearest, count, power), order, 1).cumsum(axis=1)
    middle = (reached >= reached[:, -1:] / 2).argmax(axis=1)
    return np.asarray(np.take_along_axis(found, order, 1)[np.arange(len(found)), middle], dtype=np.float64)


def votes(
    nearest: Nearest, labels: npt.NDArray[np.int64], kinds: int, count: int, power: float
) -> npt.NDArray[np.float64]:
    """The neighbours' weight for each label: `(n, kinds)`."""
    import numpy as np

    found, weights = labels[nearest.places[:, :count]], _weights(nearest, count, power)
    return np.stack([np.where(found == one, weights, 0).sum(axis=1) for one in range(kinds)], axis=1)


def _weights(nearest: Nearest, count: int, power: float) -> npt.NDArray[np.float64]:
    import numpy as np

    weights: npt.NDArray[np.float64] = (
        np.maximum(nearest.cosines[:, :count], LEAST_SIMILARITY).astype(np.float64) ** power
    )
    return weights


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The known listings and their answers: values on the scale, or codes of labels, `(known,)`."""

    kind: ClassVar[str] = "neighbours"
    task: Task
    vocabularies: Vocabularies
    index: Index
    answers: npt.NDArray[Any]
    scale: Scale | None
    count: int
    power: float
    name: str = "neighbours"

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The weighted mean on the scale, or the label with most weight, of the nearest listings."""
        if not listings:
            return []
        nearest = self.index.nearest(self.vocabularies.rows(listings), self.count)
        if self.scale:
            return self.scale.guesses(weighted_mean(nearest, self.answers, self.count, self.power))
        weights = votes(nearest, self.answers, len(self.task.labels), self.count, self.power)
        return label_guesses(self.task, weights.argmax(axis=1))

    def state(self) -> State:
        """Vocabularies, rows and answers."""
        told = {
            "scale": asdict(self.scale) if self.scale else None,
            "count": self.count,
            "power": self.power,
            "view": self.index.view,
            "columns": self.index.rows.shape[1],
        }
        rows = self.index.rows
        arrays = {"answers": self.answers, "data": rows.data, "indices": rows.indices, "indptr": rows.indptr}
        return joined(State(told, arrays), self.vocabularies.state())

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same neighbours."""
        from scipy.sparse import csr_matrix

        told, arrays = state.told, state.arrays
        known = (len(arrays["answers"]), told["columns"])
        rows = csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=known)
        scale = Scale(**told["scale"]) if told["scale"] else None
        index = Index(told["view"], rows)
        return cls(task, Vocabularies.restore(state), index, arrays["answers"], scale, told["count"], told["power"])


@dataclass(frozen=True, slots=True)
class NeighboursLearner:
    """Looks up the nearest listings; how many, and how fast their weight falls, is chosen on validation."""

    name: str = "neighbours"

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Neighbours:  # noqa: ARG002
        """The neighbours of the least validation error; 20 at power 4 where there is no validation."""
        scale = None if task.is_label else Scale.of(numbers(train))
        answers = scale.forward(numbers(train)) if scale else codes(task, train)
        vocabularies = Vocabularies.learn(train.listings)
        index = Index.of(VIEW, vocabularies.rows(train.listings))
        count, power = COUNTS[0], POWERS[0]
        if validation.listings:
            nearest = index.nearest(vocabularies.rows(validation.listings), max(COUNTS))
            choices = [(count, power) for count in COUNTS for power in POWERS]
            count, power = min(choices, key=lambda one: _error(task, scale, nearest, answers, one, validation))
        return Neighbours(task, vocabularies, index, answers, scale, count, power)


def _error(
    task: Task,
    scale: Scale | None,
    nearest: Nearest,
    answers: npt.NDArray[Any],
    choice: tuple[int, float],
    validation: Examples,
) -> float:
    """The mean absolute error, or the share of wrong labels, with `choice` of count and power."""
    count, power = choice
    if scale:
        return scale.error(weighted_mean(nearest, answers, count, power), validation)
    guessed = votes(nearest, answers, len(task.labels), count, power).argmax(axis=1)
    return float((guessed != codes(task, validation)).mean())
