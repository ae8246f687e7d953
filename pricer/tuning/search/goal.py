"""What a sweep is for and what it may spend."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from pricer.errors import BadInput
from pricer.tuning.knobs import Knobs

Pruner = Literal["median", "halving", "none"]
MOST_TRIALS = 1000


@dataclass(frozen=True, slots=True)
class Budget:
    """Each of `trials` settings sees `examples` training examples in all, one seen twice counting as two.

    The `best` settings and the champion are then trained again with `other_seeds` seeds each. With `seconds`, no training begins once
    so many have been spent; the trials may use as large a share of them as they are of all trainings.
    """

    trials: int
    examples: int
    seconds: float | None = None
    best: int = 2
    other_seeds: int = 3

    def __post_init__(self) -> None:
        if not (
            1 <= self.trials <= MOST_TRIALS and self.examples >= 1 and 1 <= self.best <= 20 and 0 <= self.other_seeds <= 20
        ):  # fmt: skip
            raise BadInput(
                f"budget: wanted 1 to {MOST_TRIALS:,} trials, examples from 1, best 1 to 20, other seeds 0 to 20, found {self}"
            )
        if self.seconds is not None and not self.seconds > 0:
            raise BadInput(f"budget: wanted more than 0 seconds, found {self.seconds:g}")

    @property
    def finals(self) -> int:
        """How many trainings follow the trials, at most."""
        return max(1, self.other_seeds) * (self.best + 1)

    @property
    def trainings(self) -> int:
        """How many trainings there are at most."""
        return self.trials + self.finals

    @property
    def search_seconds(self) -> float | None:
        """After how many seconds no trial begins; None: the time is not limited."""
        return None if self.seconds is None else self.seconds * self.trials / self.trainings

    def says(self) -> str:
        """The budget as a sentence, for before anything is spent."""
        most = f", and no training begins after {self.seconds:,.0f} seconds of it" if self.seconds else ""
        return (
            f"{self.trials:,} trials of {self.examples:,} examples seen each, then up to {self.finals:,} trainings of the best: "
            f"{self.trainings * self.examples:,} examples at most{most}."
        )


@dataclass(frozen=True, slots=True)
class Goal:
    """`n_train` examples to learn from, the present setting, the validation metric and its direction.

    Every trial trains with `seed`, which the draw of settings follows too; the other seeds count on from it.
    """

    n_train: int
    champion: Knobs = field(default_factory=Knobs)
    metric_name: str = "macro-F1"
    lower_is_better: bool = False
    pruner: Pruner = "median"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_train < 1:
            raise BadInput("wanted at least one training example, found none")
        if self.pruner not in get_args(Pruner):
            raise BadInput(f"pruner: wanted one of {', '.join(get_args(Pruner))}, found {self.pruner!r}")

    def rank(self, metric: float) -> float:
        """The metric turned so that less is better."""
        return metric if self.lower_is_better else -metric

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"champion": knobs_told(self.champion)}


def knobs_told(knobs: Knobs) -> dict[str, Any]:
    """Knobs as JSON."""
    return asdict(knobs) | {"lora_targets": list(knobs.lora_targets)}
