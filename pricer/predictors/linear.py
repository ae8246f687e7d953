"""Linear models on words: counts, weights, and pieces of words, for numbers and for labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, codes, label_guesses, numbers
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.words import Cut, Terms, documents, joined
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

WORDS = Cut(most=2000, weighted=False, stop_words="english")
PAIRS = Cut(shortest=1, longest=2, least_documents=2, most=300_000)
PIECES = Cut(by="char_wb", shortest=3, longest=5, least_documents=3, most=300_000)


@dataclass(frozen=True, slots=True)
class Line:
    """Coefficients `(terms, k)` and intercepts `(k,)`: k is 1 for numbers, else one for each label."""

    coefficients: npt.NDArray[np.float64]
    intercepts: npt.NDArray[np.float64]

    def values(self, rows: csr_matrix) -> npt.NDArray[np.float64]:
        """`(n, k)`."""
        values: npt.NDArray[np.float64] = rows @ self.coefficients + self.intercepts
        return values


@dataclass(frozen=True, slots=True)
class WordsModel:
    """Terms, and a line through them. Numbers have a scale, labels have none."""

    kind: ClassVar[str] = "words"
    name: str
    task: Task
    terms: tuple[Terms, ...]
    line: Line
    scale: Scale | None

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The line's value for each listing, or its label of the greatest value."""
        values = self.line.values(_rows(self.terms, documents(listings)))
        return self.scale.guesses(values[:, 0]) if self.scale else label_guesses(self.task, values.argmax(axis=1))

    def state(self) -> State:
        """Terms, line and scale."""
        told = {"name": self.name, "parts": len(self.terms), "scale": asdict(self.scale) if self.scale else None}
        line = {"coefficients": self.line.coefficients, "intercepts": self.line.intercepts}
        parts = (terms.state(f"terms{place}") for place, terms in enumerate(self.terms))
        return joined(State(told, line), *parts)

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same terms, line and scale."""
        told = state.told
        terms = tuple(Terms.restore(state, f"terms{place}") for place in range(told["parts"]))
        line = Line(state.arrays["coefficients"], state.arrays["intercepts"])
        return cls(told["name"], task, terms, line, Scale(**told["scale"]) if told["scale"] else None)


Fit = Callable[["csr_matrix", "npt.NDArray[Any]", float, int], Line]


@dataclass(frozen=True, slots=True)
class WordsLearner:
    """Cuts texts into terms and draws a line through them. Of several `strengths` the one with the least validation error is taken."""

    name: str
    cuts: tuple[Cut, ...]
    draw: Fit
    strengths: tuple[float, ...]
    may_log: bool = True

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> WordsModel:  # noqa: ARG002
        """The trained model. The first strength is taken where there is no validation."""
        scale = None if task.is_label else Scale.of(numbers(train), may_log=self.may_log)
        goal = scale.forward(numbers(train)) if scale else codes(task, train)
        texts = documents(train.listings)
        terms = tuple(Terms.learn(texts, cut) for cut in self.cuts)
        rows, held_out = _rows(terms, texts), _rows(terms, documents(validation.listings))
        best, least = None, float("inf")
        for strength in self.strengths if validation.listings else self.strengths[:1]:
            line = self.draw(rows, goal, strength, len(task.labels))
            error = _error(task, scale, line.values(held_out), validation) if validation.listings else 0.0
            if error < least:
                best, least = line, error
        assert best is not None, "an error is a finite number"
        return WordsModel(self.name, task, terms, best, scale)


def words_linear() -> WordsLearner:
    """Linear regression on counts of the 2,000 commonest words, in the plain unit: the classical first attempt."""
    return WordsLearner("words-linear", (WORDS,), _least_squares, (0.0,), may_log=False)


def tfidf_ridge() -> WordsLearner:
    """Ridge regression on weighted words and pairs of words."""
    return WordsLearner("tfidf-ridge", (PAIRS,), _ridge, (1.0, 0.5, 2.0))


def tfidf_char_ridge() -> WordsLearner:
    """The same with pieces of words beside them: they hold model numbers and spellings that whole words miss."""
    return WordsLearner("tfidf-char-ridge", (PAIRS, PIECES), _ridge, (2.0, 1.0, 4.0))


def tfidf_logistic() -> WordsLearner:
    """Logistic regression on weighted words and pairs of words, for labels."""
    return WordsLearner("tfidf-logistic", (PAIRS,), _logistic, (10.0, 1.0, 100.0))


def draw_ridge(rows: csr_matrix, goal: npt.NDArray[Any], strength: float) -> Line:
    """The line of the least squared error plus `strength` times its squared coefficients."""
    from sklearn.linear_model import Ridge

    return _line(Ridge(alpha=strength, solver="sparse_cg", tol=1e-4).fit(rows, goal))


def _rows(terms: Sequence[Terms], texts: Sequence[str]) -> csr_matrix:
    from scipy.sparse import csr_matrix, hstack

    parts = [one.rows(texts) for one in terms]
    return parts[0] if len(parts) == 1 else csr_matrix(hstack(parts, format="csr"))


def _error(task: Task, scale: Scale | None, values: npt.NDArray[Any], examples: Examples) -> float:
    """Mean absolute error for numbers, the share of wrong labels for labels."""
    if scale:
        return scale.error(values[:, 0], examples)
    return float((values.argmax(axis=1) != codes(task, examples)).mean())


def _least_squares(rows: csr_matrix, goal: npt.NDArray[Any], strength: float, labels: int) -> Line:  # noqa: ARG001
    from sklearn.linear_model import LinearRegression

    return _line(LinearRegression().fit(rows, goal))


def _ridge(rows: csr_matrix, goal: npt.NDArray[Any], strength: float, labels: int) -> Line:  # noqa: ARG001
    return draw_ridge(rows, goal, strength)


def _line(model: Any) -> Line:
    import numpy as np

    return Line(np.reshape(model.coef_, (-1, 1)), np.reshape(model.intercept_, 1))


def _logistic(rows: csr_matrix, goal: npt.NDArray[Any], strength: float, labels: int) -> Line:
    """Labels that training lacks get a value below all others."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    line = Line(np.zeros((rows.shape[1], labels)), np.full(labels, -np.inf))
    present = np.unique(goal)
    line.intercepts[present] = 0.0
    if len(present) > 1:
        model = LogisticRegression(C=strength, max_iter=1000).fit(rows, goal)
        places = present if len(present) > 2 else present[1:]
        line.coefficients[:, places] = model.coef_.T
        line.intercepts[places] = model.intercept_
    return line
