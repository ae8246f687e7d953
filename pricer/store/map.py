"""The map of a store: a bounded sample of its products, their places in two and three dimensions, and whom each is near in truth."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pricer.errors import BadInput
from pricer.store.manifest import INDEX
from pricer.store.product import Product
from pricer.store.projection import COMPONENTS, Projection, nearest, principal, project

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ITEMS, MOST_ITEMS = 5_000, 20_000
CLOSEST = 5  # true neighbours told of each item
TITLE_CHARS = 160
Report = Callable[[str, int, int], None]  # a stage, how much of it is done, and of how much


class Shelf(Protocol):
    """What the map needs of a store."""

    @property
    def name(self) -> str: ...

    def count(self) -> int: ...

    def everything(self) -> Iterator[tuple[list[Product], NDArray[np.float32]]]:
        """All products in portions, each with their vectors `(n, d)`."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What the map tells of a product: no more of its title than fits, a price only if it is a number."""

    id: str
    title: str
    category: str | None
    label: str | None
    price: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Map:
    """A drawn sample of `of` products: spots, projections, and for each spot the places of its nearest by the vectors, `(n, ≤5)`."""

    store: str
    of: int
    seed: int
    spots: tuple[Spot, ...]
    flat: Projection
    solid: Projection
    closest: NDArray[np.intp]


def draw(store: Shelf, items: int = ITEMS, seed: int = 0, report: Report = lambda *_: None) -> Map:
    """The map of a store, of all its products or of `items` that the hash of their ids chooses.

    The same products, vectors, `items` and `seed` give the same map, in whatever order the store yields them. `BadInput` for an empty
    store and for a number of items that cannot be drawn.
    """
    if not 1 <= items <= MOST_ITEMS:
        raise BadInput(
            f"--items {items}: wanted a number from 1 to {MOST_ITEMS:,}; more can be neither drawn nor told apart"
        )
    sample = _sample(store, items, seed, report)
    steps = 2
    report("projecting", 0, steps)
    axes = principal(sample.vectors, COMPONENTS)
    with ThreadPoolExecutor(2) as pool:  # each takes one core, and most of its time outside the interpreter
        both = pool.submit(project, sample.vectors, axes, 2, seed), pool.submit(project, sample.vectors, axes, 3, seed)
        report("projecting", 1, steps)
        flat, solid = both[0].result(), both[1].result()
    closest = nearest(sample.vectors, CLOSEST)
    report("projecting", steps, steps)
    return Map(store.name, sample.of, seed, sample.spots, flat, solid, closest)


def document(made: Map) -> dict[str, Any]:
    """What the map amounts to, as plain data: how many items of how many, and what each projection keeps."""
    return {
        "store": made.store, "items": len(made.spots), "of": made.of, "seed": made.seed,
        "projections": [_told(projection) for projection in (made.flat, made.solid)],
    }  # fmt: skip


def _told(projection: Projection) -> dict[str, Any]:
    kept = projection.kept
    return {
        "dimensions": projection.dimensions, "method": projection.method,
        "neighbours": kept.neighbours if kept else None, "measured_on": kept.items if kept else 0,
        "neighbours_kept_share": round(kept.share, 4) if kept else None,
        "trustworthiness": round(kept.trustworthiness, 4) if kept else None,
    }  # fmt: skip


# --- the sample


@dataclass(frozen=True, slots=True)
class _Sample:
    """The chosen products in the order of their hashes, their unit vectors `(n, d)`, and of how many they are."""

    spots: tuple[Spot, ...]
    vectors: NDArray[np.float32]
    of: int


def _sample(store: Shelf, items: int, seed: int, report: Report) -> _Sample:
    """The `items` products whose hashes are the lowest: no more than these are in memory beside one portion."""
    import numpy as np

    chosen: list[tuple[int, str, Spot, NDArray[np.float32]]] = []
    seen, total = 0, store.count()
    for products, vectors in store.everything():
        for product, vector in zip(products, vectors, strict=True):
            rank = -_hash(product.id, seed)  # the heap's first is the highest hash
            if len(chosen) < items:
                heapq.heappush(chosen, (rank, product.id, _spot(product), vector.copy()))
            elif rank > chosen[0][0]:
                heapq.heapreplace(chosen, (rank, product.id, _spot(product), vector.copy()))
        seen += len(products)
        report("reading vectors", seen, max(seen, total))
    if not chosen:
        raise BadInput(f"store {store.name!r}: wanted products to draw, found none; fill it with `{INDEX}`")
    chosen.sort(key=lambda one: (-one[0], one[1]))
    return _Sample(tuple(one[2] for one in chosen), _unit(np.stack([one[3] for one in chosen])), seen)


def _hash(identity: str, seed: int) -> int:
    told = hashlib.sha256(f"{seed}:{identity}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(told[:8], "big")


def _spot(product: Product) -> Spot:
    price = product.price if product.price is not None and math.isfinite(product.price) else None
    title = product.title if len(product.title) <= TITLE_CHARS else product.title[: TITLE_CHARS - 1] + "…"
    return Spot(product.id, title, product.category or None, product.label or None, price, product.source)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors at length 1, so that distances rank as cosines do; one of length 0 stays."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
