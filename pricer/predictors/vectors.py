"""Word vectors learned from the training texts (Mikolov et al. 2013), averaged over a listing, with three models on top."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from pricer.predictors.answers import Scale, numbers
from pricer.predictors.forest import Forest, grow
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.words import documents, joined, tokens
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

WIDTH = 400
LEAST_COUNT = 2
PASSES = 5


class Head(Protocol):
    """What stands on the vectors: rows `(n, width)` in, values on the scale `(n,)` out."""

    def values(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """A value for each row."""

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that it is, by name."""


@dataclass(frozen=True, slots=True)
class Straight:
    """A linear head: `coefficients` `(width,)`, and `intercept` `(1,)`."""

    coefficients: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]

    def values(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The line's values."""
        values: npt.NDArray[np.float64] = rows @ self.coefficients + self.intercept
        return values

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The two arrays."""
        return {"head_coefficients": self.coefficients, "head_intercept": self.intercept}

    @classmethod
    def restore(cls, arrays: dict[str, npt.NDArray[Any]]) -> Self:
        """The line of these arrays."""
        return cls(arrays["head_coefficients"], arrays["head_intercept"])


@dataclass(frozen=True, slots=True)
class Vectors:
    """Words and their vectors `(words, width)`."""

    words: tuple[str, ...]
    table: npt.NDArray[np.float32]

    @classmethod
    def learn(cls, texts: Sequence[str], seed: int, width: int = WIDTH) -> Self:
        """Vectors of the words in these texts. One thread: with more, gensim's result depends on which comes first."""
        import numpy as np
        from gensim.models import Word2Vec

        sentences = [tokens(text) for text in texts]
        counted = {word for words in sentences for word in words}
        if not counted:
            return cls((), np.zeros((0, width), dtype=np.float32))
        least = LEAST_COUNT if len(texts) > LEAST_COUNT else 1
        model = Word2Vec(sentences, vector_size=width, min_count=least, epochs=PASSES, workers=1, seed=seed)
        return cls(tuple(model.wv.index_to_key), model.wv.vectors.astype(np.float32))

    def rows(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The mean vector of each text's known words, `(n, width)`; zeros where it has none."""
        import numpy as np

        place = {word: at for at, word in enumerate(self.words)}
        rows = np.zeros((len(texts), self.table.shape[1]), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            known = [place[word] for word in tokens(text) if word in place]
            if known:
                row[:] = self.table[known].mean(axis=0, dtype=np.float64)
        return rows


@dataclass(frozen=True, slots=True)
class VectorsModel:
    """Mean word vectors and a head."""

    kind: ClassVar[str] = "vectors"
    name: str
    vectors: Vectors
    head: Head
    scale: Scale

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The head's value for each listing."""
        return self.scale.guesses(self.head.values(self.vectors.rows(documents(listings))))

    def state(self) -> State:
        """Words, vectors and the head's arrays."""
        told = {"name": self.name, "scale": asdict(self.scale)}
        words = State({}, {"vectors": self.vectors.table}, {"words": json.dumps(self.vectors.words)})
        return joined(State(told, self.head.arrays()), words)

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:  # noqa: ARG003
        """The same model; a forest is told by its arrays."""
        arrays = state.arrays
        vectors = Vectors(tuple(json.loads(state.texts["words"])), arrays["vectors"])
        head = Forest.restore(arrays) if "forest_roots" in arrays else Straight.restore(arrays)
        return cls(state.told["name"], vectors, head, Scale(**state.told["scale"]))


@dataclass(frozen=True, slots=True)
class VectorsLearner:
    """Learns word vectors, then the head on top."""

    name: str
    top: Callable[[npt.NDArray[np.float32], npt.NDArray[np.float64], int], Head]
    width: int = WIDTH

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> VectorsModel:  # noqa: ARG002
        """The trained model."""
        answers = numbers(train)
        scale = Scale.of(answers)
        texts = documents(train.listings)
        vectors = Vectors.learn(texts, seed, self.width)
        head = self.top(vectors.rows(texts), scale.forward(answers), seed)
        return VectorsModel(self.name, vectors, head, scale)


def word2vec_linear() -> VectorsLearner:
    """Linear regression on mean word vectors."""
    return VectorsLearner("word2vec-linear", _linear)


def word2vec_svr() -> VectorsLearner:
    """Linear support vector regression on mean word vectors."""
    return VectorsLearner("word2vec-svr", _support)


def word2vec_forest() -> VectorsLearner:
    """A random forest on mean word vectors."""
    return VectorsLearner("word2vec-forest", grow)


def _linear(rows: npt.NDArray[np.float32], goal: npt.NDArray[np.float64], seed: int) -> Straight:  # noqa: ARG001
    from sklearn.linear_model import LinearRegression

    return _unscaled(LinearRegression(), rows, goal)


def _support(rows: npt.NDArray[np.float32], goal: npt.NDArray[np.float64], seed: int) -> Straight:
    """Stopped after 1,000 rounds, converged or not: the guesses have settled long before the multipliers have."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVR

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return _unscaled(LinearSVR(C=0.1, epsilon=0.05, max_iter=1000, random_state=seed), rows, goal)


def _unscaled(model: Any, rows: npt.NDArray[np.float32], goal: npt.NDArray[np.float64]) -> Straight:
    """The model fitted on standardised columns and told in plain ones."""
    import numpy as np

    whole = rows.astype(np.float64)
    means, deviations = whole.mean(axis=0), whole.std(axis=0)
    deviations[deviations < 1e-9] = 1.0
    model.fit((whole - means) / deviations, goal)
    coefficients = np.reshape(model.coef_, -1) / deviations
    return Straight(coefficients, np.reshape(model.intercept_, 1) - means @ coefficients)
