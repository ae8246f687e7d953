"""What a host of fine-tuning does for us, what it tells, and which hosts there are."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pricer.errors import BadInput
from pricer.tuning.record import Record, Split, State, Status

if TYPE_CHECKING:
    from pricer.tuning.hosted.order import Order

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model kept at the host after `step` steps. `model` is its name there, losses are None where the host does not tell them."""

    step: int
    model: str
    train_loss: float | None = None
    validation_loss: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """An event at the host, in its words."""

    at: dt.datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A loss that the host told. `whole` says that it is over the whole validation file, not over some examples of it."""

    step: int
    split: Split
    loss: float
    whole: bool = True
    learning_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A look at a job. `state` is None for a word that is not known here, `why` what went wrong in the host's words, `gone` that the files
    are no longer there. `steps` are all there will be. Events and losses are in the order in which they happened; `cursor` is the newest.
    """

    word: str
    state: State | None
    why: str | None = None
    gone: bool = False
    model: str | None = None
    step: int | None = None
    steps: int | None = None
    elapsed_s: float | None = None
    said: tuple[Said, ...] = ()
    measured: tuple[Measured, ...] = ()
    cursor: str | None = None


class Host(Protocol):
    """A place that fine-tunes. Every call leaves what it learnt in the record; `Later` says that another attempt may succeed."""

    @property
    def name(self) -> str: ...

    def create(self, order: Order, record: Record) -> Status:
        """Sends the files and starts the job, unless that was done before: called again after a kill it goes on where it stopped."""

    def refresh(self, record: Record) -> Status:
        """One look at the job: new events and losses are added to the record, each once."""

    def cancel(self, record: Record) -> Status:
        """Ends the job at the host."""

    def pause(self, record: Record) -> Status:
        """Halts the job; `BadInput` where the host cannot."""

    def resume(self, record: Record) -> Status:
        """Lets a halted job go on; `BadInput` where the host cannot."""

    def checkpoints(self, record: Record) -> tuple[Checkpoint, ...]:
        """The models kept at the host so far, by step."""

    def unused(self, order: Order) -> tuple[str, ...]:
        """The names of the knobs that were set and that this host does not know."""


def hosts(environment: Mapping[str, str] | None = None, sleep: Sleep = time.sleep) -> dict[str, Host]:
    """All hosts by name. Keys and addresses are read from the environment when a host is first asked."""
    from pricer.tuning.hosted.fireworks import Fireworks
    from pricer.tuning.hosted.openai import OpenAI
    from pricer.tuning.hosted.together import Together

    known = os.environ if environment is None else environment
    return {one.name: one for one in (OpenAI(known, sleep), Together(known, sleep), Fireworks(known, sleep))}


def host(name: str, environment: Mapping[str, str] | None = None, sleep: Sleep = time.sleep) -> Host:
    """The host of that name; `BadInput` names those there are."""
    known = hosts(environment, sleep)
    if name not in known:
        raise BadInput(f"wanted one of {', '.join(known)} as the host, found {name!r:.60}")
    return known[name]
