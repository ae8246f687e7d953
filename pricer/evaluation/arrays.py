"""Outcomes as arrays: what was answered, what was missed and why, in the order of the item ids."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pricer.errors import BadInput
from pricer.evaluation.outcome import Outcome
from pricer.predictors.protocol import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Truths and guesses `(answered,)` and the truths of the failures `(failures,)`, all divided by `scale`.

    `scale` is the power of two below the largest of them: dividing by it changes no digit, and no square overflows.
    """

    truths: Floats
    guesses: Floats
    missed: Floats
    scale: float


@dataclass(frozen=True, slots=True)
class Labels:
    """Truths and guesses `(answered,)` and the truths of the failures `(failures,)`, as places in the task's labels."""

    truths: Codes
    guesses: Codes
    missed: Codes


def numbers(outcomes: Sequence[Outcome], task: Task, *, clipped: bool = False) -> Numbers:
    """The arrays of a numeric task; `BadInput` names an item that is repeated or has no finite truth or no number for a guess.

    With `clipped`, guesses are moved into the task's valid range, as whoever uses them would: one answer of 10^38 dollars would decide
    every comparison otherwise.
    """
    import numpy as np

    if task.is_label:
        raise BadInput(f"wanted a numeric target, found the labels of {task.name!r}")
    answered, failed = _parted(outcomes)
    truths = [_truth(outcome) for outcome in answered]
    guesses = [within(_value(outcome), task) if clipped else _value(outcome) for outcome in answered]
    missed = [_truth(outcome) for outcome in failed]
    largest = max(map(abs, (*truths, *guesses, *missed)), default=0.0)
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest else 1.0
    scaled = [np.array(column, float) / scale for column in (truths, guesses, missed)]
    return Numbers(scaled[0], scaled[1], scaled[2], scale)


def within(value: float, task: Task) -> float:
    """The value, moved to the task's least or most where it lies beyond."""
    low = value if task.least is None else max(value, task.least)
    return low if task.most is None else min(low, task.most)


def labels(outcomes: Sequence[Outcome], task: Task) -> Labels:
    """The arrays of a labelling task; `BadInput` names an item that is repeated, or whose truth or guess is none of the labels."""
    import numpy as np

    answered, failed = _parted(outcomes)
    places = {label: place for place, label in enumerate(task.labels)}
    columns = (
        [_place(places, outcome.label, "truth", outcome) for outcome in answered],
        [_place(places, outcome.guess.label, "guess", outcome) for outcome in answered],
        [_place(places, outcome.label, "truth", outcome) for outcome in failed],
    )
    codes = [np.array(column, np.intp) for column in columns]
    return Labels(codes[0], codes[1], codes[2])


def is_answered(outcome: Outcome) -> bool:
    """Whether the guess is a number or a label rather than a failure."""
    return outcome.guess.failure is None


def failures_by_reason(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How often answers failed, by the part of the failure's text before its first colon, the most frequent first."""
    texts = (outcome.guess.failure for outcome in outcomes if outcome.guess.failure is not None)
    counts = Counter(text.partition(":")[0].strip() for text in texts)
    return dict(sorted(counts.items(), key=lambda found: (-found[1], found[0])))


def _parted(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Answered and failed, each by id: a seeded resample is then of the same items whatever order they came in."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.item_id)
    for before, after in pairwise(ordered):
        if before.item_id == after.item_id:
            raise BadInput(f"wanted each item once in a run, found {after.item_id!r} again")
    return (
        [outcome for outcome in ordered if is_answered(outcome)],
        [outcome for outcome in ordered if not is_answered(outcome)],
    )


def _truth(outcome: Outcome) -> float:
    if outcome.truth is None or not math.isfinite(outcome.truth):
        raise BadInput(f"wanted a finite number as the truth of item {outcome.item_id!r}, found {outcome.truth!r}")
    return outcome.truth


def _value(outcome: Outcome) -> float:
    if outcome.guess.value is None:
        raise BadInput(f"wanted a number as the guess for item {outcome.item_id!r}, found {outcome.guess.label!r}")
    return outcome.guess.value


def _place(places: Mapping[str, int], label: str | None, what: str, outcome: Outcome) -> int:
    if label is None or label not in places:
        wanted = ", ".join(places)
        raise BadInput(f"wanted one of {wanted} as the {what} of item {outcome.item_id!r}, found {label!r}")
    return places[label]
