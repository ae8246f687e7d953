"""The floor of the ladder: guesses that never read a listing's text. Whatever cannot beat them has learned nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, mode
from statistics import median as middle
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import codes, label_guesses, numbers
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy.typing as npt

Centre = Callable[[Sequence[Any]], Any]
SHRINKAGE = 10  # a category of this many examples stands half way between its own centre and the overall one


@dataclass(frozen=True, slots=True)
class Drawn:
    """A training answer drawn by lot: the listing's id and the seed decide which, so neighbours do not."""

    kind: ClassVar[str] = "random"
    task: Task
    answers: npt.NDArray[Any]
    seed: int
    name: str = "random"

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """One draw for each listing."""
        drawn = [self.answers[_lot(self.seed, one.id) % len(self.answers)] for one in listings]
        return label_guesses(self.task, drawn) if self.task.is_label else [Guess(value=float(value)) for value in drawn]

    def state(self) -> State:
        """The answers to draw from, and the seed."""
        return State({"seed": self.seed}, {"answers": self.answers})

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same lottery."""
        return cls(task, state.arrays["answers"], int(state.told["seed"]))


@dataclass(frozen=True, slots=True)
class ByCategory:
    """One answer for each category, and one for listings of a category that training did not show. Labels are kept as codes."""

    kind: ClassVar[str] = "by-category"
    name: str
    task: Task
    overall: float
    by_category: dict[str | None, float]

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The answer of each listing's category."""
        found = [self.by_category.get(one.category, self.overall) for one in listings]
        if self.task.is_label:
            return label_guesses(self.task, [int(code) for code in found])
        return [Guess(value=value) for value in found]

    def state(self) -> State:
        """The answers; pairs, for a category may be null."""
        return State({"name": self.name, "overall": self.overall, "by_category": [*self.by_category.items()]})

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same table."""
        told = state.told
        return cls(
            told["name"], task, float(told["overall"]), {name: float(value) for name, value in told["by_category"]}
        )


@dataclass(frozen=True, slots=True)
class DrawLearner:
    """Keeps the training answers to draw from."""

    name: str = "random"

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Drawn:  # noqa: ARG002
        """The lottery of the training answers."""
        return Drawn(task, codes(task, train) if task.is_label else numbers(train), seed)


@dataclass(frozen=True, slots=True)
class CentreLearner:
    """Takes a centre of the training answers: overall, or also of each category, where small ones are drawn to the overall one."""

    name: str
    centre: Centre
    by_category: bool = False

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> ByCategory:  # noqa: ARG002
        """The table of centres. Labels are not shrunk: a category of one example answers with that example's label."""
        answers = (codes(task, train) if task.is_label else numbers(train)).tolist()
        overall = self.centre(answers)
        groups: dict[str | None, list[float]] = {}
        for listing, answer in zip(train.listings if self.by_category else (), answers, strict=False):
            groups.setdefault(listing.category, []).append(answer)
        weight = 0 if task.is_label else SHRINKAGE
        table = {name: _shrunk(self.centre(group), len(group), overall, weight) for name, group in groups.items()}
        return ByCategory(self.name, task, float(overall), table)


def random() -> DrawLearner:
    """The learner of lots."""
    return DrawLearner()


def mean() -> CentreLearner:
    """The learner of the mean: no constant has a smaller squared error."""
    return CentreLearner("mean", fmean)


def median() -> CentreLearner:
    """The learner of the median: no constant has a smaller absolute error."""
    return CentreLearner("median", middle)


def majority() -> CentreLearner:
    """The learner of the commonest label; of equals, the first met."""
    return CentreLearner("majority", mode)


def category_mean() -> CentreLearner:
    """The learner of each category's mean."""
    return CentreLearner("category-mean", fmean, by_category=True)


def category_median() -> CentreLearner:
    """The learner of each category's median."""
    return CentreLearner("category-median", middle, by_category=True)


def category_majority() -> CentreLearner:
    """The learner of each category's commonest label."""
    return CentreLearner("category-majority", mode, by_category=True)


def _shrunk(own: float, count: int, overall: float, weight: float) -> float:
    return (count * own + weight * overall) / (count + weight)


def _lot(seed: int, listing_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{listing_id}".encode(), digest_size=8).digest(), "little")
