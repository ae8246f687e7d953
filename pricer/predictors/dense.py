"""Linear models on dense columns: standardised, unknowns at the mean with a column that says so, and a line through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, numbers
from pricer.predictors.encoding import Encoding, out_of_fold
from pricer.predictors.features import Columns, look
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Standard:
    """Means and deviations of training columns. `holed` are those with unknowns; each gets a column of 1 for unknown."""

    means: npt.NDArray[np.float64]
    deviations: npt.NDArray[np.float64]
    holed: npt.NDArray[np.int64]

    @classmethod
    def learn(cls, table: npt.NDArray[np.float64]) -> Self:
        """Those of a training table `(n, columns)`; a column of unknowns only has mean 0, a constant one deviation 1."""
        import numpy as np

        known = ~np.isnan(table)
        counts = np.maximum(known.sum(axis=0), 1)
        means = np.where(known, table, 0).sum(axis=0) / counts
        variances = np.where(known, (table - means) ** 2, 0).sum(axis=0) / counts
        return cls(means, np.where(variances > 1e-12, np.sqrt(variances), 1.0), np.flatnonzero(~known.all(axis=0)))

    def rows(self, table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """`(n, columns + holed)`, each column of mean 0 and deviation 1 in training, cut at 6 deviations; unknown is 0."""
        import numpy as np

        scaled = np.clip(np.nan_to_num((table - self.means) / self.deviations), -6, 6)
        return np.hstack([scaled, np.isnan(table[:, self.holed]).astype(np.float64)])

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The three arrays by name."""
        return {"means": self.means, "deviations": self.deviations, "holed": self.holed}


@dataclass(frozen=True, slots=True)
class FeaturesModel:
    """A line through engineered features."""

    kind: ClassVar[str] = "features-linear"
    name: str
    columns: Columns
    encoding: Encoding
    standard: Standard
    coefficients: npt.NDArray[np.float64]
    intercept: float
    scale: Scale

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The line's value for each listing."""
        rows = self.standard.rows(table(self.columns, self.encoding, listings))
        return self.scale.guesses(rows @ self.coefficients + self.intercept)

    def state(self) -> State:
        """Columns, encodings and coefficients."""
        told = {
            "name": self.name,
            "columns": asdict(self.columns),
            "encoding": self.encoding.told(),
            "intercept": self.intercept,
            "scale": asdict(self.scale),
        }
        return State(told, {**self.standard.arrays(), "coefficients": self.coefficients})

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:  # noqa: ARG003
        """The same line."""
        told, arrays = state.told, state.arrays
        columns = Columns(**{name: tuple(names) for name, names in told["columns"].items()})
        standard = Standard(arrays["means"], arrays["deviations"], arrays["holed"])
        encoding, scale = Encoding.restore(told["encoding"]), Scale(**told["scale"])
        return cls(told["name"], columns, encoding, standard, arrays["coefficients"], float(told["intercept"]), scale)


@dataclass(frozen=True, slots=True)
class FeaturesLearner:
    """Linear regression on engineered features; a ridge of 1 keeps columns that repeat each other apart."""

    name: str = "features-linear"

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> FeaturesModel:  # noqa: ARG002
        """The trained line."""
        import numpy as np
        from sklearn.linear_model import Ridge

        answers = numbers(train)
        scale = Scale.of(answers)
        values = scale.forward(answers)
        views = [look(one) for one in train.listings]
        columns = Columns.learn(views)
        whole = np.hstack([columns.table(views), out_of_fold(train, values)])
        standard = Standard.learn(whole)
        line = Ridge(alpha=1.0, solver="cholesky").fit(standard.rows(whole), values)
        encoding = Encoding.learn(train.listings, values)
        return FeaturesModel(self.name, columns, encoding, standard, line.coef_, float(line.intercept_), scale)


def table(columns: Columns, encoding: Encoding, listings: Sequence[Listing]) -> npt.NDArray[np.float64]:
    """The engineered columns and the encodings of listings, `(n, columns + 4)`."""
    import numpy as np

    return np.hstack([columns.table([look(one) for one in listings]), encoding.table(listings)])
