"""Answers as arrays: numbers on the scale that models train on, labels as codes; and back to guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pricer.errors import BadInput
from pricer.predictors.protocol import Examples, Guess, Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """How numbers are trained on: as log(1 + x) when `logged`. Guesses stay between the `least` and the `most` answer of training.

    The logarithm makes errors of cheap and dear things alike in size; its median is the logarithm of the median, so a model of the
    middle on this scale is one of the middle in the unit.
    """

    logged: bool
    least: float
    most: float

    @classmethod
    def of(cls, answers: npt.NDArray[np.float64], *, may_log: bool = True) -> Self:
        """The scale for these answers: logged when it may be and none is below 0."""
        least, most = float(answers.min()), float(answers.max())
        return cls(may_log and least >= 0, least, most)

    def forward(self, answers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Answers in the unit to values on the scale."""
        import numpy as np

        return np.log1p(answers) if self.logged else answers

    def back(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Values on the scale to numbers in the unit, within the range of training and rounded to 6 significant digits.

        Matrix products differ in their last bits with the number of rows. The rounding keeps that out of the guesses, so that
        the guess for a listing does not depend on its neighbours.
        """
        import numpy as np

        bounds = self.forward(np.array([self.least, self.most]))
        inside = np.clip(np.nan_to_num(values.astype(np.float64), nan=bounds.mean()), *bounds)
        numbers = np.clip(np.expm1(inside) if self.logged else inside, self.least, self.most)
        return np.array([float(f"{number:.{DIGITS}g}") for number in numbers], dtype=np.float64)

    def guesses(self, values: npt.NDArray[Any]) -> list[Guess]:
        """Values on the scale, `(n,)`, as guesses in the unit."""
        return [Guess(value=float(number)) for number in self.back(values)]

    def error(self, values: npt.NDArray[Any], examples: Examples) -> float:
        """The mean absolute error, in the unit, of values on the scale for these examples."""
        import numpy as np

        return float(np.abs(self.back(values) - np.array(examples.answers, dtype=np.float64)).mean())


def numbers(train: Examples) -> npt.NDArray[np.float64]:
    """The answers of training, `(n,)`; `BadInput` when there is none or one is not a finite number."""
    import numpy as np

    if not train.answers:
        raise BadInput("wanted at least one training example, found none; load a data set with a training split")
    wrong = [answer for answer in train.answers if isinstance(answer, str)]
    if wrong:
        raise BadInput(f"wanted numbers to train on, found {wrong[0]!r}; choose a learner for labels")
    answers = np.array(train.answers, dtype=np.float64)
    if not np.isfinite(answers).all():
        raise BadInput(f"wanted finite numbers to train on, found {float(answers[~np.isfinite(answers)][0])!r}")
    return answers


def codes(task: Task, examples: Examples) -> npt.NDArray[np.int64]:
    """The place of each example's label in `task.labels`, `(n,)`; `BadInput` for a label that the task does not have."""
    import numpy as np

    place = {label: code for code, label in enumerate(task.labels)}
    unknown = [answer for answer in examples.answers if answer not in place]
    if unknown:
        raise BadInput(f"wanted one of the labels {', '.join(task.labels)}, found {unknown[0]!r}; add it to the task")
    return np.array([place[str(answer)] for answer in examples.answers], dtype=np.int64)


def label_guesses(task: Task, found: Sequence[int] | npt.NDArray[Any]) -> list[Guess]:
    """Codes of labels as guesses."""
    return [Guess(label=task.labels[int(code)]) for code in found]
