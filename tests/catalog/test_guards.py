"""The guards that every test stands behind."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from catalog import snapshot
from tests.conftest import NetworkIsShut

DOCUMENTATION_ADDRESS = ("192.0.2.1", 443)  # RFC 5737: reserved, nobody answers


def test_connecting_to_another_machine_is_refused_by_name() -> None:
    with socket.socket() as outside, pytest.raises(NetworkIsShut, match=r"192\.0\.2\.1"):
        outside.connect(DOCUMENTATION_ADDRESS)


def test_connecting_without_raising_is_refused_too() -> None:
    with socket.socket() as outside, pytest.raises(NetworkIsShut):
        outside.connect_ex(DOCUMENTATION_ADDRESS)


def test_a_host_name_is_refused_before_it_is_looked_up() -> None:
    with pytest.raises(NetworkIsShut, match=r"example\.com"):
        socket.create_connection(("example.com", 443))


def test_a_server_on_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_a_unix_socket_can_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a unix socket has to be short
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("here")
        server.listen()
        client.connect("here")
        assert client.getpeername() == "here"


def test_the_home_folder_of_a_test_is_empty_and_not_the_users(assay_home: Path) -> None:
    assert snapshot.home() == assay_home == Path(os.environ["ASSAY_HOME"])
    assert list(assay_home.iterdir()) == []
