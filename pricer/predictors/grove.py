"""Groves: boosted trees that aim at the middle of an answer, on the training scale, on its root, or in the unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pricer.predictors.saved import State

if TYPE_CHECKING:
    import lightgbm as lgb
    import numpy as np
    import numpy.typing as npt

SETTINGS: dict[str, Any] = {
    "objective": "l1",
    "learning_rate": 0.03,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
}
FEW = 400  # rows; with fewer, leaves are smaller so that trees can split at all


@dataclass(frozen=True, slots=True)
class Goal:
    """What trees are trained on: a `power` of 1 + the answer, or the scale itself where there is none.

    The median is the same aim on every monotonous scale; what differs is how much the dear items weigh in the loss.
    """

    name: str
    power: float | None
    rounds: int
    extra: bool = False

    @property
    def needs_log(self) -> bool:
        """Whether the goal is defined for logarithms only."""
        return self.power is not None

    def forward(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Values on the scale to what the trees are trained on."""
        import numpy as np

        return values if self.power is None else np.exp(values * self.power)

    def back(self, found: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """What the trees say to values on the scale."""
        import numpy as np

        return found if self.power is None else np.log(np.maximum(found, 1.0)) / self.power


GOALS: tuple[Goal, ...] = (
    Goal("trees", None, 500),
    Goal("trees-random", None, 800, extra=True),
    Goal("trees-root", 0.5, 500),
    Goal("trees-unit", 1.0, 500),
)


@dataclass(frozen=True, slots=True)
class Grove:
    """Trained trees as LightGBM's own text, with the middle and the spread of what they were trained on."""

    goal: Goal
    text: str
    middle: float
    spread: float

    @classmethod
    def grow(cls, goal: Goal, table: npt.NDArray[np.float64], values: npt.NDArray[np.float64], seed: int) -> Self:
        """The trees for a table `(n, columns)` and values on the scale `(n,)`."""
        import lightgbm as lgb

        aim = goal.forward(values)
        middle, spread = float(aim.mean()), float(aim.std()) or 1.0
        few = {"min_data_in_leaf": max(1, len(values) // 20)} if len(values) < FEW else {}
        settings = {**SETTINGS, **few, "extra_trees": goal.extra, "seed": seed}
        trees = lgb.train(settings, lgb.Dataset(table, (aim - middle) / spread), goal.rounds)
        return cls(goal, trees.model_to_string(), middle, spread)

    def values(self, table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Values on the scale, `(n,)`."""
        import numpy as np

        found = np.asarray(booster(self.text).predict(table, num_threads=1), dtype=np.float64)
        return self.goal.back(found * self.spread + self.middle)

    def state(self) -> State:
        """The trees as data, under the goal's name."""
        return State({f"{self.goal.name}_scale": [self.middle, self.spread]}, {}, {self.goal.name: self.text})

    @classmethod
    def restore(cls, goal: Goal, state: State) -> Self:
        """The same trees; ValueError when LightGBM cannot read them."""
        text = state.texts[goal.name]
        booster(text)
        return cls(goal, text, *state.told[f"{goal.name}_scale"])


def booster(text: str) -> lgb.Booster:
    """The trees of LightGBM's own text; ValueError when it cannot read them."""
    import lightgbm as lgb

    try:
        return lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        raise ValueError(f"LightGBM: {error}") from None
