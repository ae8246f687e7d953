"""What holds for every test: no network beyond this machine, no file in the user's home, one fixed day."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

TODAY = dt.date(2026, 11, 21)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class NetworkIsShut(RuntimeError):
    """A test tried to reach another machine."""

    def __init__(self, address: object) -> None:
        super().__init__(f"tests run without a network, but something connects to {address!r}")


def stays_here(address: object) -> bool:
    """Whether an address is this machine: a loopback host, or a unix socket, whose address is a path."""
    if isinstance(address, str | bytes):
        return True
    return isinstance(address, tuple) and bool(address) and address[0] in LOOPBACK


@pytest.fixture(scope="session", autouse=True)
def _network_is_shut() -> Iterator[None]:
    connect, connect_ex, create = socket.socket.connect, socket.socket.connect_ex, socket.create_connection

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if not stays_here(address):
            raise NetworkIsShut(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if not stays_here(address):
            raise NetworkIsShut(address)
        return connect_ex(self, address)

    def guarded_create(address: tuple[str | None, int], *rest: Any, **options: Any) -> socket.socket:
        if not stays_here(address):
            raise NetworkIsShut(address)
        return create(address, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "create_connection", guarded_create)
        yield


@pytest.fixture(autouse=True)
def assay_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that stands for the user's own; each test has another."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("ASSAY_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def today() -> dt.date:
    """The day on which every test takes place."""
    return TODAY
