"""A deep residual network on hashed words: trained with torch on a CPU or a GPU, kept and read as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, numbers
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.words import WORD, documents
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

EPSILON = 1e-5  # of the layer norms, torch's own


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a network and how it is trained. `epochs` at most; it stops when `patience` of them brought no better error."""

    buckets: int = 2**15
    width: int = 96
    blocks: int = 2
    dropout: float = 0.1
    batch: int = 128
    epochs: int = 5
    patience: int = 3
    learning_rate: float = 2e-2
    decay: float = 0.01


SMALL = Shape()
LARGE = Shape(buckets=2**18, width=2048, blocks=8, dropout=0.2, batch=512, epochs=20, patience=4, learning_rate=1e-3)


@dataclass(frozen=True, slots=True)
class Deep:
    """The network's arrays, and the mean and the deviation of the values it was trained on.

    A text's words and pairs are hashed into buckets, weighted by rarity `(buckets,)` and set to length 1; the sum of their vectors
    goes through blocks `h + W2 relu(W1 norm(h) + b1) + b2` (He et al. 2016, with layer norms) and a last line.
    """

    kind: ClassVar[str] = "deep"
    arrays: dict[str, npt.NDArray[Any]]
    blocks: int
    centre: float
    spread: float
    scale: Scale
    name: str = "deep"

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The network's value for each listing, computed in float64."""
        rarity = self.arrays["rarity"]
        return self.scale.guesses(self.values(_weighted(_hashed(documents(listings), len(rarity)), rarity)))

    def values(self, rows: csr_matrix) -> npt.NDArray[np.float64]:
        """Values on the scale, `(n,)`, for weighted rows `(n, buckets)`."""
        import numpy as np

        part = {name: array.astype(np.float64) for name, array in self.arrays.items()}
        hidden = rows @ part["embed.weight"] + part["bias"]
        for block in range(self.blocks):
            inner = _norm(hidden, part, f"norms.{block}")
            inner = np.maximum(inner @ part[f"widen.{block}.weight"].T + part[f"widen.{block}.bias"], 0)
            hidden = hidden + inner @ part[f"narrow.{block}.weight"].T + part[f"narrow.{block}.bias"]
        last = _norm(hidden, part, "last_norm") @ part["last.weight"].T + part["last.bias"]
        values: npt.NDArray[np.float64] = last[:, 0] * self.spread + self.centre
        return values

    def state(self) -> State:
        """Its arrays and numbers."""
        told = {"blocks": self.blocks, "centre": self.centre, "spread": self.spread, "scale": asdict(self.scale)}
        return State(told, self.arrays)

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:  # noqa: ARG003
        """The same network, without torch."""
        told = state.told
        return cls(
            state.arrays, int(told["blocks"]), float(told["centre"]), float(told["spread"]), Scale(**told["scale"])
        )


@dataclass(frozen=True, slots=True)
class DeepLearner:
    """Trains the network for the least mean absolute error on the scale. `large` is meant for a GPU, which it takes if there is one.

    On a CPU the same seed gives the same network. A GPU adds gradients in no fixed order, so there it may differ.
    """

    large: bool = False
    shape: Shape | None = None
    name: str = "deep"

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Deep:  # noqa: ARG002
        """The network of the epoch with the least validation error; the last epoch's where there is no validation."""
        import numpy as np

        from pricer.predictors.training import trained

        shape = self.shape or (LARGE if self.large else SMALL)
        answers = numbers(train)
        scale = Scale.of(answers)
        values = scale.forward(answers)
        centre, spread = float(np.median(values)), float(values.std()) or 1.0
        counts = _hashed(documents(train.listings), shape.buckets)
        rarity = _rarity(counts).astype(np.float32)
        rows = _weighted(counts, rarity)
        held_out = _weighted(_hashed(documents(validation.listings), shape.buckets), rarity)

        def error(found: npt.NDArray[np.float64]) -> float:
            return scale.error(found * spread + centre, validation)

        arrays = trained(
            shape, rows, (values - centre) / spread, held_out, error if validation.listings else None, seed
        )
        return Deep({**arrays, "rarity": rarity}, shape.blocks, centre, spread, scale)


def _hashed(texts: Sequence[str], buckets: int) -> csr_matrix:
    """Which buckets the words and pairs of words of each text fall into, `(n, buckets)`, as ones."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import HashingVectorizer

    if not texts:
        return csr_matrix((0, buckets))
    hasher = HashingVectorizer(
        n_features=buckets, ngram_range=(1, 2), token_pattern=WORD, binary=True, norm=None, alternate_sign=False
    )
    return csr_matrix(hasher.transform(texts))


def _rarity(rows: csr_matrix) -> npt.NDArray[np.float64]:
    """The inverse document frequency of each bucket, `(buckets,)`."""
    import numpy as np

    seen_in = np.bincount(rows.indices, minlength=rows.shape[1])
    rarity: npt.NDArray[np.float64] = np.log((1 + rows.shape[0]) / (1 + seen_in)) + 1
    return rarity


def _weighted(rows: csr_matrix, rarity: npt.NDArray[Any]) -> csr_matrix:
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    rows = rows.copy()
    rows.data = rows.data * rarity[rows.indices]
    return csr_matrix(normalize(rows, copy=False)) if rows.shape[0] else rows


def _norm(hidden: npt.NDArray[np.float64], part: dict[str, Any], name: str) -> npt.NDArray[np.float64]:
    import numpy as np

    centred = hidden - hidden.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON)
    scaled: npt.NDArray[np.float64] = centred / deviation * part[f"{name}.weight"] + part[f"{name}.bias"]
    return scaled
