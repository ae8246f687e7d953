"""Boosted trees on engineered features, themes and words, with the out-of-fold guess of a ridge regression as one more column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, codes, label_guesses, numbers
from pricer.predictors.grove import booster
from pricer.predictors.linear import PAIRS
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.themes import Reader
from pricer.predictors.words import joined
from pricer.products.items import Listing

if TYPE_CHECKING:
    import lightgbm as lgb
    import numpy as np
    import numpy.typing as npt

ROUNDS = 1500
ROUNDS_UNWATCHED = 300  # where no validation says when to stop
PATIENCE = 80
SMALL_ROWS = 2000  # up to here one thread is faster than two that wait for each other
SETTINGS: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True, slots=True)
class Boosted:
    """Trees as LightGBM's own text, and the reader that makes their columns. Numbers have a scale, labels have none."""

    kind: ClassVar[str] = "boosting"
    task: Task
    reader: Reader
    trees: str
    scale: Scale | None
    name: str = "boosting"

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The trees' value for each listing, or their label of the greatest probability."""
        import numpy as np

        if not listings:
            return []
        values = np.asarray(booster(self.trees).predict(self.reader.table(listings)))
        return self.scale.guesses(values) if self.scale else label_guesses(self.task, values.argmax(axis=1))

    def state(self) -> State:
        """Reader and trees."""
        own = State({"scale": asdict(self.scale) if self.scale else None}, {}, {"trees": self.trees})
        return joined(own, self.reader.state())

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same trees; ValueError when LightGBM cannot read them."""
        scale = Scale(**state.told["scale"]) if state.told["scale"] else None
        booster(state.texts["trees"])
        return cls(task, Reader.restore(state), state.texts["trees"], scale)


@dataclass(frozen=True, slots=True)
class BoostingLearner:
    """Boosts until the validation error has not fallen for `PATIENCE` rounds: the mean absolute error, or the log loss of labels."""

    name: str = "boosting"
    rounds: int = ROUNDS

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Boosted:
        """The trained trees."""
        scale = None if task.is_label else Scale.of(numbers(train))
        values = scale.forward(numbers(train)) if scale else None
        goal = codes(task, train) if values is None else values
        reader, table = Reader.learn(train, PAIRS, seed, values)
        held_out = (reader.table(validation.listings), validation)
        return Boosted(task, reader, self._boost(task, table, goal, held_out, scale, seed), scale)

    def _boost(
        self,
        task: Task,
        table: npt.NDArray[np.float64],
        goal: npt.NDArray[Any],
        held_out: tuple[npt.NDArray[np.float64], Examples],
        scale: Scale | None,
        seed: int,
    ) -> str:
        """The text of the trees up to the best round."""
        import lightgbm as lgb

        columns, validation = held_out
        objective = {"objective": "regression"} if scale else {"objective": "multiclass", "num_class": len(task.labels)}
        settings = {**SETTINGS, **objective, "metric": "none" if scale else "multi_logloss", "seed": seed}
        settings["num_threads"] = 1 if len(table) <= SMALL_ROWS else 2
        data = lgb.Dataset(table, goal)
        if not validation.listings:
            return lgb.train(settings, data, min(self.rounds, ROUNDS_UNWATCHED)).model_to_string()

        def watch(values: npt.NDArray[np.float64], _: lgb.Dataset) -> tuple[str, float, bool]:
            assert scale is not None, "only numbers are watched so"
            return "mean absolute error", scale.error(values, validation), False

        truth = scale.forward(numbers(validation)) if scale else codes(task, validation)
        model = lgb.train(
            settings,
            data,
            self.rounds,
            valid_sets=[data.create_valid(columns, truth)],
            feval=watch if scale else None,
            callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
        )
        return model.model_to_string(num_iteration=model.best_iteration)
