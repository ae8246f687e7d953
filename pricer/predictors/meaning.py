"""What listings mean, as vectors: the nearest known ones, none of the family of the listing that asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pricer.errors import BadInput
from pricer.predictors.neighbours import Nearest, nearest_of, strangers_first
from pricer.predictors.protocol import Examples
from pricer.predictors.saved import State
from pricer.products.items import Listing
from pricer.store.encoder import Encoder, encoder, passage_text
from pricer.store.guard import Guard
from pricer.store.vectors import Vectors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Dropped:
    """What the guard took out of the neighbours: how many, and of how many listings."""

    neighbours: int = 0
    listings: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """The share that words have in a similarity, and the rows of words `(n, terms)` of those that ask and of the known, of length 1."""

    share: float
    asking: csr_matrix
    known: csr_matrix


@dataclass(frozen=True, slots=True)
class Meaning:
    """The vectors of the known listings, `(known, d)`, rows of length 1, and the guard over their families.

    The search is exact, so that a figure measures the retrieval itself and comes out the same again; `bench/retrieval_quality.py` tells
    how near a store's approximate search comes to it.
    """

    encoder_name: str
    fingerprint: str
    vectors: npt.NDArray[np.float32]
    guard: Guard

    @classmethod
    def learn(cls, train: Examples, encoder_name: str, report: Report = lambda *_: None) -> Self:
        """That of the training listings; vectors that were made before are not made again."""
        made = encoder(encoder_name)
        vectors = _vectors(made, train.listings, report)
        return cls(encoder_name, made.fingerprint, vectors, Guard.of(train.listings, train.families))

    def of(self, listings: Sequence[Listing]) -> npt.NDArray[np.float32]:
        """The vectors of other listings, `(n, d)`; `BadInput` when the encoder is not the one that made those of the known."""
        made = encoder(self.encoder_name)
        if made.fingerprint != self.fingerprint:
            raise BadInput(
                f"encoder {self.encoder_name}: wanted {self.fingerprint[:12]}, which made the vectors of the training listings, found "
                f"{made.fingerprint[:12]}; train again with --fresh"
            )
        return _vectors(made, listings)

    def nearest(self, asking: npt.NDArray[np.float32], count: int, words: Words | None = None) -> Nearest:
        """The `count` nearest of the known to each vector `(n, d)`, by meaning alone or by words as well."""
        known = words.known.T.tocsr() if words else None

        def likeness(part: slice) -> npt.NDArray[np.float32]:
            alike = asking[part] @ self.vectors.T
            if words:
                alike = (1 - words.share) * alike + words.share * (words.asking[part] @ known).toarray()
            return alike.astype("float32")

        return nearest_of(likeness, len(asking), len(self.vectors), count)

    def guarded(self, listings: Sequence[Listing], found: Nearest, count: int) -> tuple[Nearest, Dropped]:
        """The first `count` of the found that are strangers to the listing that asked, and what was dropped ahead of them."""
        import numpy as np

        related = self.guard.relatives(listings, found.places)
        ahead = related[:, :count].sum(axis=1)
        return strangers_first(found, related, count), Dropped(int(ahead.sum()), int(np.count_nonzero(ahead)))

    def told(self, dropped: Dropped, count: int) -> dict[str, Any]:
        """What a result tells of the retrieval."""
        return {
            "encoder": self.encoder_name, "encoder_fingerprint": self.fingerprint[:12], "known": len(self.vectors), "k": count,
            "family_neighbours_dropped": dropped.neighbours, "items_affected": dropped.listings,
        }  # fmt: skip

    def state(self) -> State:
        """Vectors, guard and the encoder's name; its weights are not part of it."""
        told = {"encoder": self.encoder_name, "encoder_fingerprint": self.fingerprint}
        return State(told, {"vectors": self.vectors, **self.guard.told()})

    @classmethod
    def restore(cls, state: State) -> Self:
        """The same known listings."""
        told, arrays = state.told, state.arrays
        return cls(told["encoder"], told["encoder_fingerprint"], arrays["vectors"], Guard.restore(arrays))


def _vectors(made: Encoder, listings: Sequence[Listing], report: Report = lambda *_: None) -> npt.NDArray[np.float32]:
    return Vectors(made).passages([passage_text(one) for one in listings], report)
