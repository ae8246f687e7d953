"""The best that needs no key, no embedding model and no GPU: a stack whose members are weighed on validation, then learned again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self, cast

from pricer.errors import BadInput
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State, Trained
from pricer.predictors.stack import Stack, Values
from pricer.predictors.words import joined
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pricer.predictors.answers import Scale

DRAWS = 16
START_DRAWS = 2
LEAST_GAIN = 0.004
MOST_EXAMPLES = 40_000  # time and memory grow with the square; a larger training split is sampled
UNWATCHED = "trees"  # the member taken where no validation can weigh them

Report = Callable[[str, int, int], None]


def quiet(step: str, done: int, total: int) -> None:
    """Reports nothing."""


@dataclass(frozen=True, slots=True)
class Best:
    """The stack and its members' weights, which sum to 1. `errors` are the mean absolute errors on validation, in the unit."""

    kind: ClassVar[str] = "best"
    stack: Stack
    weights: dict[str, float]
    errors: dict[str, float]
    blend_error: float | None
    name: str = "best"

    @property
    def chosen(self) -> dict[str, float]:
        """The members and their weights, those without weight left out."""
        return {name: round(weight, 4) for name, weight in self.weights.items() if weight}

    @property
    def validation_score(self) -> float | None:
        """The validation error of the blend before it was learned again on all."""
        return self.blend_error

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The weighted mean of the members' values on the scale, for each listing."""
        if not listings:
            return []
        return self.stack.base.scale.guesses(_blend(self.stack.values(listings), self.weights))

    def state(self) -> State:
        """The stack, the weights, and what they were chosen by."""
        told = {"weights": self.weights, "errors": self.errors, "blend_error": self.blend_error}
        return joined(State(told), self.stack.state())

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:  # noqa: ARG003
        """The same stack with the same weights."""
        told = state.told
        return cls(Stack.restore(state), dict(told["weights"]), dict(told["errors"]), told["blend_error"])


@dataclass(frozen=True, slots=True)
class BestLearner:
    """Learns the stack on training, weighs its members on validation, and learns it again on both when `again`.

    `report` is told each step's name, how many steps are done and how many there are.
    """

    name: str = "best"
    again: bool = True
    report: Report = quiet

    def reporting(self, report: Report) -> Self:
        """The same learner, which tells `report`."""
        return replace(self, report=report)

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Trained:
        """The weighed stack; for labels the label learner of the shelf with the least validation error."""
        if task.is_label:
            return self._chosen(task, train, validation, seed)
        self.report("learning from the training split", 0, 3)
        stack = learned(train, seed)
        if not validation.listings:
            return Best(stack, {UNWATCHED: 1.0}, {}, None)
        self.report("weighing the members on validation", 1, 3)
        values = stack.values(validation.listings)
        scale = stack.base.scale
        weights = weigh(values, scale, validation, [one.goal.name for one in stack.groves])
        errors = {name: scale.error(one, validation) for name, one in values.items()}
        error = scale.error(_blend(values, weights), validation)
        if self.again:
            self.report("learning from training and validation", 2, 3)
            stack = learned(together(train, validation), seed)
        self.report("learned", 3, 3)
        return Best(stack, weights, errors, error)

    def _chosen(self, task: Task, train: Examples, validation: Examples, seed: int) -> Trained:
        """The first of those with the fewest wrong labels on validation."""
        from pricer.predictors import shelf

        names = [name for name in shelf.names(task) if name != self.name and not shelf.entry(name, task).encodes]
        if not validation.listings:
            raise BadInput(
                "wanted validation examples to choose among label learners, found none; load a validation split"
            )
        best, fewest = None, len(validation.answers) + 1
        for done, name in enumerate(names):
            self.report(name, done, len(names))
            model = shelf.learner(name, task).fit(task, train, validation, seed)
            guesses = model.predict(validation.listings)
            wrong = sum(guess.label != truth for guess, truth in zip(guesses, validation.answers, strict=True))
            if wrong < fewest:
                best, fewest = model, wrong
        assert best is not None, "the shelf holds label learners"
        return cast("Trained", best)


def learned(train: Examples, seed: int) -> Stack:
    """The stack of these examples, or of a sample of them."""
    return Stack.learn(_sample(train, MOST_EXAMPLES, seed), seed)


def weigh(values: Values, scale: Scale, validation: Examples, start: Sequence[str] = ()) -> dict[str, float]:
    """Weights of the members, none below 0, that sum to 1: those whose mean has a small error on validation.

    Greedy selection with replacement (Caruana et al. 2004), begun with the members of `start` in equal parts: the member is drawn
    that helps the mean most, as long as the error falls by `LEAST_GAIN` of itself. A free choice among members so much alike
    overfits: by halves of validation it was worse than equal parts.
    """
    import numpy as np

    drawn = Counter(dict.fromkeys(start, START_DRAWS))
    total = sum((values[name] * START_DRAWS for name in start), np.zeros(len(validation.answers)))
    least = scale.error(total / drawn.total(), validation) if drawn else float("inf")
    for _ in range(DRAWS):
        errors = {name: scale.error((total + one) / (drawn.total() + 1), validation) for name, one in values.items()}
        chosen = min(errors, key=lambda name: errors[name])
        if drawn and errors[chosen] >= least * (1 - LEAST_GAIN):
            break
        drawn[chosen] += 1
        total, least = total + values[chosen], errors[chosen]
    return {name: count / drawn.total() for name, count in drawn.items()}


def _blend(values: Values, weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
    import numpy as np

    return np.asarray(sum(values[name] * weights[name] for name in sorted(weights)), dtype=np.float64)


def together(train: Examples, validation: Examples) -> Examples:
    """The examples of both splits, to learn from once everything is chosen."""
    families = (*train.families, *validation.families) if train.families and validation.families else ()
    answers = cast("tuple[float, ...]", (*train.answers, *validation.answers))
    return Examples((*train.listings, *validation.listings), answers, families)


def _sample(train: Examples, most: int, seed: int) -> Examples:
    """The examples, or a random sample of `most` of them in their order."""
    import numpy as np

    if len(train.listings) <= most:
        return train
    kept = np.sort(np.random.default_rng(seed).choice(len(train.listings), most, replace=False)).tolist()
    families = tuple(train.families[at] for at in kept) if train.families else ()
    answers = cast("tuple[float, ...]", tuple(train.answers[at] for at in kept))
    return Examples(tuple(train.listings[at] for at in kept), answers, families)
