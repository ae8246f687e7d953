"""What a predictor is: it sees listings, which hold no answer, and gives one guess for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pricer.errors import BadInput
from pricer.products.items import Listing


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked about each listing: a number in `unit`, or one of `labels`.

    `name` is the target's own name. `least` and `most` bound valid numbers, in the unit. `question` is what a person or a chat model is
    asked; None means the price of a product, or a plain question made of the name.
    """

    name: str = "price"
    unit: str | None = "usd"
    labels: tuple[str, ...] = ()
    question: str | None = None
    least: float | None = None
    most: float | None = None

    @property
    def is_label(self) -> bool:
        """Whether the answer is a label rather than a number."""
        return bool(self.labels)


@dataclass(frozen=True, slots=True)
class Examples:
    """Listings with their answers, in the same order: numbers, or labels when the task has labels. For training and choosing only."""

    listings: tuple[Listing, ...]
    answers: tuple[float, ...] | tuple[str, ...]
    families: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.listings) != len(self.answers):
            raise BadInput(f"wanted an answer for each of {len(self.listings)} listings, found {len(self.answers)}")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer; None is unknown. `cached_tokens` are part of `input_tokens`, `reasoning_tokens` part of `output_tokens`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """A number, a label, or the failure to give one: exactly one of the three.

    `raw` is the reply word for word, `model` the model's id as its provider returned it, `latency_s` the time of the attempt that
    answered. A refused or unreadable answer is a failure, never a number.
    """

    value: float | None = None
    label: str | None = None
    failure: str | None = None
    raw: str | None = None
    usage: Usage | None = None
    model: str | None = None
    latency_s: float | None = None

    def __post_init__(self) -> None:
        given = [part for part in (self.value, self.label, self.failure) if part is not None]
        assert len(given) == 1, f"a guess is one number, one label or one failure, found {given!r}"
        assert self.value is None or math.isfinite(self.value), f"a guess is a finite number, found {self.value!r}"


class Predictor(Protocol):
    """Anything that guesses. `name` is what tables call it."""

    @property
    def name(self) -> str: ...

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """One guess for each listing, in their order. The guess for a listing does not depend on its neighbours in the list."""


@runtime_checkable
class Asker(Protocol):
    """A predictor that asks someone else for one listing at a time: the runner keeps its pace, its retries and its bill."""

    @property
    def name(self) -> str: ...

    def worst_case(self, listing: Listing) -> Usage:
        """The most tokens that one attempt can be billed for; input and output are both given."""

    async def ask(self, listing: Listing) -> Guess:
        """One attempt. `Busy` asks to come again, `Refused` says that no attempt can succeed."""

    async def close(self) -> None:
        """Give connections back. Asking again afterwards opens new ones."""


class Busy(Exception):
    """An attempt failed in a way that another may not: 408, 409, 429, 5xx, overloaded, a time-out, a broken reply.

    `slow_down` says that the provider limits the rate, `after_s` how long it asks to wait, `billed` whether the attempt may
    have been billed all the same.
    """

    def __init__(
        self, why: str, *, slow_down: bool = False, after_s: float | None = None, billed: bool = False
    ) -> None:
        super().__init__(why)
        self.slow_down = slow_down
        self.after_s = after_s
        self.billed = billed


class Refused(BadInput):
    """No attempt of this run can succeed: a wrong key, an unknown model, an address that does not speak the protocol."""


class Rejected(Exception):
    """This one listing cannot be answered, whatever is tried: too long, against the provider's rules. The run goes on."""


@runtime_checkable
class Learner(Protocol):
    """A way to make a predictor from examples. `fit` may choose on `validation`, and only there."""

    @property
    def name(self) -> str: ...

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Predictor:
        """The trained predictor; the same examples and seed give the same guesses."""
