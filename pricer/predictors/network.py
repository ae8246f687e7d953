"""Small networks on sparse rows of all fields, several together: a wide embedding of words, one hidden layer, one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, numbers
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.sparse import Vocabularies, beside
from pricer.predictors.words import joined
from pricer.predictors.workers import side_by_side
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from scipy.sparse import csr_matrix

STEPS = 32  # of the first epoch at least, unless rows are so few that batches reach `LEAST_BATCH`
LEAST_BATCH = 8
LEAST_IN_ROWS = 3  # a term in fewer training rows is learned by heart, not learned


@dataclass(frozen=True, slots=True)
class Shape:
    """How a network is built and trained. The batch doubles each epoch, which steadies the last steps at a high rate of learning.

    The recipe (shallow network, sparse TF-IDF rows, logarithm of the price, growing batches, few epochs) follows the winners of
    Kaggle's Mercari Price Suggestion Challenge (Lopuhin and Jankiewicz 2018); the smooth absolute loss and the dropped words are ours.
    """

    width: int = 64
    hidden: int = 64
    epochs: int = 3
    batch: int = 256
    rate: float = 0.01
    dropped: float = 0.3
    loss_beta: float = 0.5


@dataclass(frozen=True, slots=True)
class Network:
    """A trained network. `columns` are the terms it reads; `layers` are embedding, bias, and weights and biases of two more layers."""

    columns: npt.NDArray[np.int32]
    layers: tuple[npt.NDArray[np.float32], ...]
    middle: float
    spread: float

    def values(self, rows: csr_matrix) -> npt.NDArray[np.float64]:
        """`(n,)` for rows of all terms."""
        import numpy as np

        embed, bias, weight, weight_bias, last, last_bias = self.layers
        first = np.maximum(rows[:, self.columns] @ embed + bias, 0)
        second = np.maximum(first @ weight.T + weight_bias, 0)
        values = (second @ last.T + last_bias)[:, 0].astype(np.float64)
        return np.asarray(values * self.spread + self.middle, dtype=np.float64)


def mean_value(networks: Sequence[Network], rows: csr_matrix) -> npt.NDArray[np.float64]:
    """The mean of the networks' values, `(n,)`."""
    import numpy as np

    return np.asarray(np.mean([one.values(rows) for one in networks], axis=0), dtype=np.float64)


def train_network(rows: csr_matrix, goal: npt.NDArray[np.float64], seed: int, shape: Shape | None = None) -> Network:
    """A network trained on rows `(n, terms)` to give `goal` `(n,)`. The same rows, goal and seed give the same network."""
    import numpy as np

    shape = shape or Shape()
    found_in = np.bincount(rows.indices, minlength=rows.shape[1])
    columns = np.flatnonzero(found_in >= LEAST_IN_ROWS).astype(np.int32)
    columns = columns if len(columns) else np.zeros(1, np.int32)
    middle, spread = float(goal.mean()), float(goal.std()) or 1.0
    layers = _trained(rows[:, columns], ((goal - middle) / spread).astype(np.float32), seed, shape)
    return Network(columns, layers, middle, spread)


def _trained(
    rows: csr_matrix, goal: npt.NDArray[np.float32], seed: int, shape: Shape
) -> tuple[npt.NDArray[np.float32], ...]:
    import torch

    torch.set_num_threads(
        1
    )  # of this job's thread; batches are small, and sums in other parts differ in their last bits
    draws = torch.Generator().manual_seed(seed)
    layers = _layers(rows.shape[1], shape, draws)
    optimizer = torch.optim.Adam(layers, lr=shape.rate, fused=True)
    batch = min(shape.batch, max(LEAST_BATCH, rows.shape[0] // STEPS))
    for epoch in range(shape.epochs):
        order = torch.randperm(rows.shape[0], generator=draws)
        for places in torch.split(order, batch * 2**epoch):
            values = _forward(rows[places.numpy()], layers, shape.dropped, draws)
            loss = torch.nn.functional.smooth_l1_loss(values, torch.from_numpy(goal)[places], beta=shape.loss_beta)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return tuple(layer.detach().numpy() for layer in layers)


def _layers(terms: int, shape: Shape, draws: torch.Generator) -> list[torch.Tensor]:
    """New parameters: small normal numbers for the embedding, behind it uniform ones as wide as 1 over the root of the inputs."""
    import torch

    embed = torch.randn(terms, shape.width, generator=draws) * 0.1
    weight = (torch.rand(shape.hidden, shape.width, generator=draws) * 2 - 1) * shape.width**-0.5
    last = (torch.rand(1, shape.hidden, generator=draws) * 2 - 1) * shape.hidden**-0.5
    layers = [embed, torch.zeros(shape.width), weight, torch.zeros(shape.hidden), last, torch.zeros(1)]
    return [layer.requires_grad_() for layer in layers]


def _forward(rows: csr_matrix, layers: list[torch.Tensor], dropped: float, draws: torch.Generator) -> torch.Tensor:
    """Values of a batch, some of its words dropped and the others weighed up for it."""
    import torch

    embed, bias, weight, weight_bias, last, last_bias = layers
    terms, starts = torch.from_numpy(rows.indices).long(), torch.from_numpy(rows.indptr[:-1]).long()
    weights = torch.from_numpy(rows.data)
    kept = torch.rand(weights.shape, generator=draws) >= dropped
    weights = weights * kept / (1 - dropped)
    first = torch.nn.functional.embedding_bag(terms, embed, starts, mode="sum", per_sample_weights=weights)
    second = torch.relu(torch.relu(first + bias) @ weight.T + weight_bias)
    return (second @ last.T + last_bias)[:, 0]


@dataclass(frozen=True, slots=True)
class Networks:
    """Several networks that read the same rows; their mean on the scale is the guess."""

    kind: ClassVar[str] = "mlp"
    task: Task
    vocabularies: Vocabularies
    networks: tuple[Network, ...]
    scale: Scale
    name: str = "mlp"

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The mean of the networks for each listing."""
        if not listings:
            return []
        rows = beside(self.vocabularies.rows(listings))
        return self.scale.guesses(mean_value(self.networks, rows))

    def state(self) -> State:
        """Vocabularies and layers."""
        own = [network_state(one, f"network{place}") for place, one in enumerate(self.networks)]
        told = {"networks": len(self.networks), "scale": asdict(self.scale)}
        return joined(State(told), self.vocabularies.state(), *own)

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same networks."""
        networks = tuple(restored_network(state, f"network{place}") for place in range(state.told["networks"]))
        return cls(task, Vocabularies.restore(state), networks, Scale(**state.told["scale"]))


def network_state(network: Network, prefix: str) -> State:
    """A network as data, under names that begin with `prefix`."""
    layers: dict[str, npt.NDArray[Any]] = {f"{prefix}_{at}": layer for at, layer in enumerate(network.layers)}
    told = {f"{prefix}_scale": [network.middle, network.spread]}
    return State(told, {f"{prefix}_columns": network.columns} | layers)


def restored_network(state: State, prefix: str) -> Network:
    """The network of a state."""
    layers = tuple(state.arrays[f"{prefix}_{at}"] for at in range(6))
    return Network(state.arrays[f"{prefix}_columns"], layers, *state.told[f"{prefix}_scale"])


@dataclass(frozen=True, slots=True)
class MlpLearner:
    """Trains `count` networks from different seeds. Nothing is chosen, so validation is not looked at."""

    name: str = "mlp"
    count: int = 4

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Networks:  # noqa: ARG002
        """The trained networks."""
        answers = numbers(train)
        scale = Scale.of(answers)
        vocabularies = Vocabularies.learn(train.listings)
        rows = beside(vocabularies.rows(train.listings))
        goal = scale.forward(answers)
        jobs = [partial(train_network, rows, goal, seed * 1000 + place) for place in range(self.count)]
        return Networks(task, vocabularies, tuple(side_by_side(jobs)), scale)
