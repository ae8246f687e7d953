"""A store whose collection lies on a Chroma server, which may go away."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pricer.errors import BadInput, PricerError
from pricer.store.product import Changes, Filter
from pricer.store.store import create
from tests.pricer.store.toys import ToyEncoder, keep_dataset, product, shelf

KEY = "ck-not-to-be-shown"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Chroma server that answers, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    chroma = str(Path(sys.executable).with_name("chroma"))
    command = [chroma, *f"run --host 127.0.0.1 --port {port} --path".split(), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        drain = threading.Thread(target=process.stdout.read)  # else the server would wait for a reader of its log
        try:
            while b"listening on" not in (said := process.stdout.readline()):
                assert said, "the server ended"
            drain.start()
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()
            if drain.ident:
                drain.join()


def test_a_store_on_a_server_is_filled_searched_repaired_and_says_when_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = ToyEncoder()
    monkeypatch.setenv("CHROMA_API_KEY", KEY)
    with served(tmp_path / "server") as (address, process):
        store = create("far", server=address, encoder=toy, dataset=keep_dataset(shelf(300)))
        assert store.sync(store.source()) == Changes(added=300)
        assert store.sync(store.source()) == Changes(unchanged=300)
        store.add([product(999, "added by hand")])
        found = store.nearest(toy.queries(["added by hand"]), 1, Filter(category=product(999).category))
        assert found[0][0].product == product(999, "added by hand")
        assert store.check() == []
        assert store.repair() == Changes(added=301)
        assert (store.count(), len(toy.encoded)) == (301, 301)
        process.kill()
        process.wait()
        with pytest.raises(PricerError, match=rf"store far: the Chroma server at {address} does not answer") as caught:
            store.nearest(toy.queries(["thing"]), 1)
        assert KEY not in str(caught.value)
        assert caught.value.__cause__ is None
        with pytest.raises(PricerError, match=r"does not answer .*; start it again"):
            create("further", server=address, encoder=toy)
        store.close()
    assert KEY not in (store.folder / "manifest.json").read_text()


def test_the_cloud_without_a_key_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_API_KEY", raising=False)
    with pytest.raises(BadInput, match="needs CHROMA_API_KEY, CHROMA_TENANT, CHROMA_DATABASE in the environment"):
        create("high", server="cloud", encoder=ToyEncoder())


@pytest.mark.parametrize("server", ["here:80", "ftp://here", "http://", "http://here/path"])
def test_what_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(BadInput, match="wanted http://HOST:PORT or 'cloud'"):
        create("far", server=server, encoder=ToyEncoder())


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(BadInput, match="without a user or password") as caught:
        create("far", server=f"http://me:{KEY}@here:8000", encoder=ToyEncoder())
    assert KEY not in str(caught.value)
