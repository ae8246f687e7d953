"""The calls that differ between hosts. They neither read nor write the record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pricer.predictors.chat.providers import Connection
from pricer.tuning.hosted.faults import Missing
from pricer.tuning.hosted.host import Checkpoint, Sleep, Told
from pricer.tuning.hosted.order import Order
from pricer.tuning.hosted.remote import Remote
from pricer.tuning.hosted.wire import Door, Wire, link_to


class Desk(ABC):
    """Where a host is asked, what it knows, and its calls."""

    name: ClassVar[str]
    door: ClassVar[Door]
    asks: ClassVar[str]  # how the tuned {model} is asked
    knobs: ClassVar[frozenset[str]]  # those the host knows
    halts: ClassVar[frozenset[str]] = frozenset()  # of pause and resume, those the host has

    def __init__(self, environment: Mapping[str, str], sleep: Sleep) -> None:
        self._environment, self._sleep = environment, sleep

    def link(self) -> Connection:
        """The way to the host."""
        return link_to(self.door, self._environment)

    def check(self, order: Order) -> int:
        """How many whole epochs are ordered; `BadInput` when the host cannot train so."""
        return order.epochs

    @abstractmethod
    def upload(self, wire: Wire, called: str, file: Path) -> str:
        """The id of a file now at the host."""

    @abstractmethod
    def find_file(self, wire: Wire, called: str, size_bytes: int) -> str | None:
        """The id of a file that an upload left at the host without our hearing of it."""

    @abstractmethod
    def has_file(self, wire: Wire, file: str) -> bool:
        """Whether a file is still there."""

    @abstractmethod
    def agree(self, wire: Wire, order: Order, remote: Remote) -> str | None:
        """What the host says about the price before the start; `BadInput` when that is above the cap. None where it says nothing."""

    @abstractmethod
    def find_job(self, wire: Wire, remote: Remote) -> str | None:
        """The id of the job that carries this attempt's mark."""

    @abstractmethod
    def start(self, wire: Wire, order: Order, remote: Remote) -> str:
        """The id of the new job."""

    @abstractmethod
    def settle(self, wire: Wire, order: Order, job: str) -> None:
        """Looks at a job just started, or found again; `Dear` when it was ended because of its price."""

    @abstractmethod
    def look(self, wire: Wire, remote: Remote) -> Told:
        """What the host tells of the job."""

    @abstractmethod
    def act(self, wire: Wire, job: str, verb: str) -> None:
        """Asks to cancel, pause or resume."""

    @abstractmethod
    def list_checkpoints(self, wire: Wire, remote: Remote) -> list[Checkpoint]:
        """What the host keeps."""


def exists(wire: Wire, path: str, doing: str) -> dict[str, Any] | None:
    """The object at a path; None where the host knows of none."""
    try:
        return wire.get(path, doing)
    except Missing:
        return None
