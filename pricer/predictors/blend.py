"""The blend: the best stack and the price of similar listings together, weighed on validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.errors import BadInput
from pricer.predictors.best import Best, BestLearner, Report, learned, quiet, together
from pricer.predictors.protocol import Examples, Guess, Predictor, Task
from pricer.predictors.saved import State
from pricer.predictors.similar import Similar, SimilarLearner
from pricer.predictors.words import joined, out_of, under
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

STEPS = 20  # of the weight, from 0 to 1
EVEN = 0.5  # the weight where no validation can find one


@dataclass(frozen=True, slots=True)
class Blend:
    """Two predictors, and the weight of the second, `similar`, from 0 to 1; they are mixed on the scale of the first."""

    kind: ClassVar[str] = "blend"
    best: Best
    similar: Similar
    weight: float
    validation_score: float | None = None
    name: str = "blend"

    @property
    def chosen(self) -> dict[str, float]:
        """The weight of each member."""
        return {"best": round(1 - self.weight, 4), "similar": round(self.weight, 4)}

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The weighted mean of both on the scale, for each listing."""
        if not listings:
            return []
        scale = self.best.stack.base.scale
        first, second = (scale.forward(_numbers(one, listings)) for one in (self.best, self.similar))
        return scale.guesses((1 - self.weight) * first + self.weight * second)

    def unguarded(self) -> Self:
        """The same, with a listing's own family among the similar ones."""
        return replace(self, similar=self.similar.unguarded())

    def retrieval(self, listings: Sequence[Listing]) -> dict[str, Any]:
        """What a result tells of the retrieval for these listings."""
        return self.similar.retrieval(listings)

    def state(self) -> State:
        """Both members and the weight."""
        told = {"weight": self.weight, "validation_score": self.validation_score}
        return joined(State(told), under("best_", self.best.state()), under("similar_", self.similar.state()))

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same blend."""
        best = Best.restore(task, out_of("best_", state))
        similar = Similar.restore(task, out_of("similar_", state))
        return cls(best, similar, float(state.told["weight"]), state.told["validation_score"])


@dataclass(frozen=True, slots=True)
class BlendLearner:
    """Learns both on training, finds their weights on validation, and learns both again on all."""

    name: str = "blend"
    encoder: str = "minilm"
    report: Report = quiet

    def reporting(self, report: Report) -> Self:
        """The same learner, which tells `report`."""
        return replace(self, report=report)

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Blend:
        """The weighed pair; `BadInput` for labels."""
        if task.is_label:
            raise BadInput(f"blend: wanted a number to predict, found labels for {task.name!r}; choose similar or best")
        retrieving = SimilarLearner(encoder=self.encoder, report=self.report)
        best = BestLearner(again=False, report=self.report).fit(task, train, validation, seed)
        assert isinstance(best, Best), "numbers are learned by the stack"
        similar = retrieving.fit(task, train, validation, seed)
        if not validation.listings:
            return Blend(best, similar, EVEN)
        weight, error = _weigh(best, similar, validation)
        self.report("learning from training and validation", 0, 0)
        both = together(train, validation)
        return Blend(replace(best, stack=learned(both, seed)), retrieving.again(similar, both, seed), weight, error)


def _weigh(best: Best, similar: Similar, validation: Examples) -> tuple[float, float]:
    """The weight of the least validation error, and that error."""
    scale = best.stack.base.scale
    first, second = (scale.forward(_numbers(one, validation.listings)) for one in (best, similar))
    tried = {
        step / STEPS: scale.error((1 - step / STEPS) * first + step / STEPS * second, validation)
        for step in range(STEPS + 1)
    }
    weight = min(tried, key=tried.__getitem__)
    return weight, tried[weight]


def _numbers(model: Predictor, listings: Sequence[Listing]) -> npt.NDArray[np.float64]:
    import numpy as np

    return np.array([guess.value for guess in model.predict(listings)], dtype=np.float64)
