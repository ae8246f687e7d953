"""The schedule of a training, known before it starts: optimizer steps, the learning rate at each, when it is evaluated."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pricer.errors import BadInput
from pricer.tuning.knobs import Knobs


@dataclass(frozen=True, slots=True)
class Schedule:
    """`steps` optimizer steps in all; `steps_per_epoch` for one pass, whose last may use fewer than `effective_batch` examples.
    `evaluate_at` are the steps after which validation is measured and a checkpoint kept, the last step among them."""

    steps: int
    steps_per_epoch: int
    effective_batch: int
    warmup_steps: int
    evaluate_at: tuple[int, ...]
    peak_rate: float
    curve: str

    def rate(self, step: int) -> float:
        """The learning rate of optimizer step `step`, counted from 1."""
        done = step - 1
        if done < self.warmup_steps:
            return self.peak_rate * done / self.warmup_steps
        if self.curve == "constant":
            return self.peak_rate
        share = (done - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        return self.peak_rate * (1 - share if self.curve == "linear" else (1 + math.cos(math.pi * share)) / 2)

    def epoch(self, step: int) -> float:
        """How often the examples have been seen after `step` steps."""
        return step / self.steps_per_epoch


def schedule(knobs: Knobs, n_train: int, devices: int = 1) -> Schedule:
    """The schedule for so many training examples; `knobs.learning_rate` is set. `BadInput` when there is nothing to train on.

    An epoch is ceil(examples / effective batch) steps; so many epochs are ceil(epochs x that), at least one.
    """
    if n_train < 1:
        raise BadInput("wanted at least one training example, found none")
    assert knobs.learning_rate is not None, "the rate is set before the schedule is made"
    effective = knobs.batch_size * knobs.accumulation * devices
    per_epoch = math.ceil(n_train / effective)
    steps = max(1, math.ceil(round(knobs.epochs * per_epoch, 6)))
    count = min(knobs.evaluations, steps)
    at = tuple(sorted({max(1, round(steps * number / count)) for number in range(1, count + 1)}))
    return Schedule(
        steps,
        per_epoch,
        effective,
        math.ceil(round(steps * knobs.warmup_share, 6)),
        at,
        knobs.learning_rate,
        knobs.schedule,
    )
