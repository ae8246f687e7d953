"""Training of the deep network with torch: batches, early stopping, and the arrays of the best epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from scipy.sparse import csr_matrix

    from pricer.predictors.deep import Shape

SMALL_ROWS = 2000  # up to here one thread is faster than two that wait for each other
THREADS = 2  # a fixed number: sums depend on how they are shared out
EVALUATED = 512  # rows at once when errors are measured


def trained(
    shape: Shape,
    rows: csr_matrix,
    goal: npt.NDArray[np.float64],
    held_out: csr_matrix,
    error: Callable[[npt.NDArray[np.float64]], float] | None,
    seed: int,
) -> dict[str, npt.NDArray[Any]]:
    """The float32 arrays, by torch's names, of the epoch whose values for `held_out` have the least `error`; else of the last one."""
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng(), _threads(1 if rows.shape[0] <= SMALL_ROWS else THREADS):
        torch.manual_seed(seed)
        network = make_network(shape).to(device)
        kept, least, worse = network.state_dict(), float("inf"), 0
        optimizer = torch.optim.AdamW(network.parameters(), lr=shape.learning_rate, weight_decay=shape.decay)
        steps = shape.epochs * -(-rows.shape[0] // shape.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, shape.learning_rate, total_steps=steps + 1)
        target = torch.tensor(goal, dtype=torch.float32, device=device)
        for _ in range(shape.epochs):
            _epoch(network, optimizer, schedule, rows, target, shape.batch)
            found = float("-inf") if error is None else error(values_of(network, held_out, device))
            worse = 0 if error is None or found < least else worse + 1
            if not worse:
                least, kept = found, {name: array.detach().clone() for name, array in network.state_dict().items()}
            elif worse >= shape.patience:
                break
    return {name: array.cpu().numpy() for name, array in kept.items()}


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """That many threads for torch inside the block, and as many as before after it."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def make_network(shape: Shape) -> torch.nn.Module:
    """The network as a torch module; `Deep.values` computes the same from its arrays."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.EmbeddingBag(shape.buckets, shape.width, mode="sum")
            nn.init.normal_(self.embed.weight, std=0.3)
            self.bias = nn.Parameter(torch.zeros(shape.width))
            self.norms = nn.ModuleList(nn.LayerNorm(shape.width) for _ in range(shape.blocks))
            self.widen = nn.ModuleList(nn.Linear(shape.width, shape.width) for _ in range(shape.blocks))
            self.narrow = nn.ModuleList(nn.Linear(shape.width, shape.width) for _ in range(shape.blocks))
            self.last_norm = nn.LayerNorm(shape.width)
            self.last = nn.Linear(shape.width, 1)
            self.drop = nn.Dropout(shape.dropout)

        def forward(self, buckets: torch.Tensor, starts: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
            hidden = self.drop(self.embed(buckets, starts, per_sample_weights=weights) + self.bias)
            for norm, widen, narrow in zip(self.norms, self.widen, self.narrow, strict=True):
                hidden = hidden + self.drop(narrow(torch.relu(widen(norm(hidden)))))
            values: torch.Tensor = self.last(self.last_norm(hidden))[:, 0]
            return values

    return Network()


def _epoch(
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    rows: csr_matrix,
    target: torch.Tensor,
    batch: int,
) -> None:
    """One pass over all rows in a new order."""
    import torch

    network.train()
    order = torch.randperm(rows.shape[0])
    for start in range(0, len(order), batch):
        places = order[start : start + batch]
        values = network(*_bag(rows[places.numpy()], target.device))
        loss = torch.nn.functional.l1_loss(values, target[places.to(target.device)])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def values_of(network: torch.nn.Module, rows: csr_matrix, device: torch.device) -> npt.NDArray[np.float64]:
    import torch

    network.eval()
    with torch.no_grad():
        blocks = [rows[start : start + EVALUATED] for start in range(0, rows.shape[0], EVALUATED)]
        values = torch.cat([network(*_bag(block, device)) for block in blocks])
    return values.double().cpu().numpy()


def _bag(rows: csr_matrix, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Buckets, the start of each row among them, and weights: what an embedding bag takes."""
    import torch

    buckets = torch.tensor(rows.indices, dtype=torch.int64, device=device)
    starts = torch.tensor(rows.indptr[:-1], dtype=torch.int64, device=device)
    return buckets, starts, torch.tensor(rows.data, dtype=torch.float32, device=device)
