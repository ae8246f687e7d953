"""A sentence encoder that was fine-tuned with a head: texts to numbers or labels, without padding and without its library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, label_guesses
from pricer.predictors.protocol import Guess, Task
from pricer.predictors.saved import State
from pricer.products.items import Listing
from pricer.store.encoder import passage_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pricer.store.sentences import Loaded

BODY = "body."


@dataclass(frozen=True, slots=True)
class Shape:
    """What besides its weights decides what the model says: attention heads, the epsilon of its normalizations, its pooling, how many
    tokens it reads."""

    heads: int
    epsilon: float
    by_mean: bool
    max_tokens: int


@dataclass(slots=True)
class TunedEncoder:
    """The body's weights by name, as in a checkpoint of BERT; the head `(dimensions, outputs)` with its bias, one output for a number or
    one for each label. A number is `middle` + `spread` x output on the scale."""

    kind: ClassVar[str] = "tuned-encoder"
    task: Task
    name: str
    shape: Shape
    body: dict[str, npt.NDArray[np.float32]]
    head: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    tokenizer: str
    scale: Scale | None
    middle: float = 0.0
    spread: float = 1.0
    _loaded: Loaded | None = field(default=None, repr=False)

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The head's number, or the label of its greatest output."""
        if not listings:
            return []
        outputs = self.outputs([passage_text(one) for one in listings])
        if self.scale:
            return self.scale.guesses(self.middle + self.spread * outputs[:, 0])
        return label_guesses(self.task, outputs.round(4).argmax(axis=1))

    def outputs(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """What the head makes of each text, `(n, outputs)`."""
        from pricer.store.sentences import vectors

        if self._loaded is None:
            self._loaded = self._load()
        made: npt.NDArray[np.float32] = vectors(self._loaded, list(texts)) @ self.head + self.bias
        return made

    def state(self) -> State:
        """Weights, head, scale and tokenizer."""
        told = {
            "name": self.name, "shape": asdict(self.shape), "scale": asdict(self.scale) if self.scale else None,
            "middle": self.middle, "spread": self.spread,
        }  # fmt: skip
        arrays = {BODY + name: array for name, array in self.body.items()}
        return State(told, {**arrays, "head": self.head, "bias": self.bias}, {"tokenizer": self.tokenizer})

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same model."""
        told: dict[str, Any] = state.told
        body = {name.removeprefix(BODY): array for name, array in state.arrays.items() if name.startswith(BODY)}
        return cls(
            task, told["name"], Shape(**told["shape"]), body, state.arrays["head"], state.arrays["bias"], state.texts["tokenizer"],
            Scale(**told["scale"]) if told["scale"] else None, told["middle"], told["spread"],
        )  # fmt: skip

    def _load(self) -> Loaded:
        import torch

        from pricer.store.packed import packed_of
        from pricer.store.sentences import loaded_of

        shape = self.shape
        weights = {name: torch.from_numpy(array) for name, array in self.body.items()}
        return loaded_of(
            packed_of(weights, shape.heads, shape.epsilon, shape.by_mean), self.tokenizer, shape.max_tokens
        )
