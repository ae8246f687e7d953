"""What a provider's batch interface is: many listings handed over at once, answered within a day, read when they are ready."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pricer.predictors.protocol import Asker, Busy, Guess, Refused
from pricer.products.items import Listing


@dataclass(frozen=True, slots=True)
class Mark:
    """What a batch carries so that it is found again: which run it belongs to and which part of the run. Both are hexadecimal."""

    run: str
    chunk: str

    def custom_id(self, listing_id: str) -> str:
        """The request's name at the provider: 49 of the 64 letters that both providers allow, and the mark's chunk at its head."""
        return f"{self.chunk}-{hashlib.sha256(listing_id.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Status:
    """How far a batch is, in requests. `failed` as a state means that the provider refused the batch whole, `full` that its queue has
    no room for it now; nothing of either is billed. An `ended` batch has results, if only of the part that was in time."""

    state: Literal["running", "ended", "failed", "full"]
    done: int
    total: int
    failed: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The batch with a mark, or None; `undecided` counts batches that may be it and tell only when they have ended."""

    batch: str | None
    undecided: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request: a guess, `Busy` when another batch may answer it, `Refused` when none can."""

    custom_id: str
    outcome: Guess | Busy | Refused


class Batcher(Protocol):
    """A provider that answers in batches. Every call raises `Busy` when it may be made again, `Refused` or `Rejected` otherwise."""

    @property
    def asker(self) -> Asker:
        """The same model asked one by one: its name and its worst case."""

    @property
    def most_requests(self) -> int:
        """The most requests that one batch holds."""

    @property
    def most_bytes(self) -> int:
        """The most bytes of requests that one batch holds."""

    def size_bytes(self, listing: Listing) -> int:
        """The bytes of this listing's request within a batch."""

    async def submit(self, listings: Sequence[Listing], mark: Mark) -> str:
        """The new batch's id. A `Busy` that is `billed` may have left a batch behind."""

    async def find(self, mark: Mark, count: int, since: float, known: Collection[str]) -> Found:
        """The batch of `count` requests with this mark, begun after `since` (a Unix time) and not among the `known` ids."""

    async def poll(self, batch: str) -> Status:
        """How far the batch is."""

    def results(self, batch: str) -> AsyncIterator[Result]:
        """What became of each request of an ended batch, in any order."""

    async def cancel(self, batch: str) -> None:
        """Ask the provider to end the batch; what is answered already stays and is billed."""

    async def close(self) -> None:
        """Give connections back."""
