"""The space of a sweep: which knobs are searched, between which bounds, and what such a setting costs to train."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput
from pricer.tuning.knobs import RATES, Knobs, Method
from pricer.tuning.schedule import schedule

if TYPE_CHECKING:
    from optuna.trial import Trial

Value = float | int
Values = Mapping[str, Value]
NUMBERS = frozenset(one.name for one in fields(Knobs)) - {"schedule", "lora_targets", "seed"}


@dataclass(frozen=True, slots=True)
class Range:
    """What values the knob `name` may take: one of `choices`, or anything from `least` to `most`, both included.

    `log` draws by size, so that 1e-5 to 1e-4 is tried as often as 1e-4 to 1e-3; `whole` draws whole numbers.
    """

    name: str
    least: float = 0.0
    most: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in NUMBERS:
            raise BadInput(f"space: wanted a knob out of {', '.join(sorted(NUMBERS))}, found {self.name!r}")
        if not self.choices and not self.least < self.most:
            raise BadInput(f"space, {self.name}: wanted least below most, found {self.least:g} and {self.most:g}")
        if self.log and self.least <= 0:
            raise BadInput(f"space, {self.name}: wanted more than 0 for a log scale, found {self.least:g}")
        for bound in self.choices or (self.least, self.most):
            replace(Knobs(), **_typed(self, bound))  # a knob's own bounds hold at both ends, and so between them

    def holds(self, value: Value | None) -> bool:
        """Whether the value can be drawn."""
        if value is None:
            return False
        return value in self.choices if self.choices else self.least <= value <= self.most

    def draw(self, trial: Trial) -> Value:
        """The value that the study gives the trial; always the same for the same trial."""
        if self.choices:
            return int(trial.suggest_categorical(self.name, self.choices))
        if self.whole:
            return trial.suggest_int(self.name, int(self.least), int(self.most), log=self.log)
        return trial.suggest_float(self.name, self.least, self.most, log=self.log)


@dataclass(frozen=True, slots=True)
class Space:
    """The knobs that are searched; all others stay as the champion has them. `method` says which learning rate is usual."""

    method: Method
    ranges: tuple[Range, ...]

    def __post_init__(self) -> None:
        names = [one.name for one in self.ranges]
        if not names or len(set(names)) < len(names):
            raise BadInput(f"space: wanted different knobs, at least one, found {', '.join(names) or 'none'}")

    @property
    def is_equal(self) -> bool:
        """Whether all settings see the same number of examples, which they do unless the epochs themselves are searched."""
        return all(one.name != "epochs" for one in self.ranges)

    def values(self, knobs: Knobs) -> dict[str, Value] | None:
        """The knobs' place in the space; None when they lie outside."""
        found = {one.name: getattr(knobs, one.name) for one in self.ranges}
        return found if all(one.holds(found[one.name]) for one in self.ranges) else None

    def knobs(self, champion: Knobs, values: Values) -> Knobs:
        """The champion's knobs with these values."""
        changed: dict[str, Any] = dict(values)
        if "lora_rank" in values and "lora_alpha" not in values:
            # An adapter is scaled by alpha / rank: with alpha left as it is, a search of the rank would be one of the learning rate.
            scale = champion.lora_alpha / champion.lora_rank
            changed["lora_alpha"] = max(1, round(scale * values["lora_rank"]))
        return replace(champion, **changed)

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {"method": self.method, "ranges": [asdict(one) | {"choices": list(one.choices)} for one in self.ranges]}


def default_space(method: Method, *, two_knobs: bool = True, layers: int | None = None) -> Space:
    """Learning rate and batch size, which decide most; without `two_knobs` weight decay, warm-up and dropout too, for lora the rank,
    for an encoder of so many `layers` how many of them stay frozen.

    The rate is drawn by size within a tenth and ten times the method's usual one. Epochs are left out: they follow from the budget.
    """
    usual = RATES[method]
    ranges = [Range("learning_rate", usual / 10, usual * 10, log=True), Range("batch_size", choices=(8, 16, 32, 64))]
    if not two_knobs:
        ranges += [Range("weight_decay", 0.0, 0.1), Range("warmup_share", 0.0, 0.3), Range("dropout", 0.0, 0.3)]
        if method == "lora":
            ranges.append(Range("lora_rank", choices=(4, 8, 16, 32)))
        elif layers:
            ranges.append(Range("frozen_layers", 0, layers, whole=True))
    return Space(method, tuple(ranges))


@dataclass(frozen=True, slots=True)
class Work:
    """What training with some knobs does: optimizer steps, and examples seen, of which an example seen twice counts as two."""

    steps: int
    examples: int


def work(knobs: Knobs, n_train: int) -> Work:
    """The work of a training; `knobs.learning_rate` is set. No fewer examples than epochs x n_train, and fewer than two steps' more."""
    plan = schedule(knobs, n_train)
    whole, rest = divmod(plan.steps, plan.steps_per_epoch)
    return Work(plan.steps, whole * n_train + min(rest * plan.effective_batch, n_train))


def epochs_for(examples: int, n_train: int) -> float:
    """How often n_train examples are seen when so many are seen in all."""
    if n_train < 1 or examples < 1:
        raise BadInput(f"wanted at least one training example and one to be seen, found {n_train:,} and {examples:,}")
    return examples / n_train


def shown(name: str, value: Value | None) -> str:
    """A knob as a sentence names it: `learning rate 0.00012`."""
    number = "unset" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
    return f"{name.replace('_', ' ')} {number}"


def _typed(one: Range, bound: float) -> dict[str, Any]:
    whole = one.whole or bool(one.choices) or math.isclose(bound, round(bound))
    return {one.name: int(bound) if whole else bound}
