"""Refreshing from live addresses, played by a server on this machine."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from catalog.build import ADAPTERS, assemble
from catalog.errors import RefreshFailed
from catalog.refresh import changes, recall, refresh
from catalog.sources import litellm, openrouter
from catalog.sources.sighting import Adapter

TODAY = dt.date(2026, 11, 21)
ROW = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}


def quiet(_name: str, _done: int, _total: int) -> None:
    """No progress is shown in tests."""


@contextmanager
def serving(answers: dict[str, tuple[int, bytes]]) -> Iterator[str]:
    """A loopback server that answers each path with a status and a body; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b"nothing here"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def live(adapter: Adapter, url: str) -> Adapter:
    return replace(adapter, live=(f"{url}/{adapter.source.id}",))


def others() -> list[Adapter]:
    """Every source but LiteLLM, with addresses at which nothing listens."""
    return [replace(a, live=tuple("http://127.0.0.1:9/" for _ in a.live)) for a in ADAPTERS if a.source.id != "litellm"]


def prices(**models: float) -> bytes:
    """A price map of the real shape: model to dollars per input token."""
    rows = {name: {**ROW, "input_cost_per_token": price} for name, price in models.items()}
    return json.dumps({"sample_spec": {}, **rows}).encode()


def test_recalling_every_source_rebuilds_the_very_same_catalogue() -> None:
    old = snapshot.load(snapshot.EMBEDDED)
    sightings = [sighting for adapter in ADAPTERS for sighting in recall(old, adapter.source.id)]
    new, _ = assemble(sightings, [adapter.source for adapter in ADAPTERS], TODAY)
    assert changes(old, new) == {"added": [], "removed": [], "price changed": [], "license changed": []}
    assert [(m.aliases, m.denotes) for m in new.models] == [(m.aliases, m.denotes) for m in old.models]
    assert sum(len(model.offerings) for model in new.models) == sum(len(model.offerings) for model in old.models)


def test_a_source_that_comes_replaces_its_own_facts_and_the_rest_is_kept(assay_home: Path) -> None:
    with serving({"/litellm": (200, prices(**{"gpt-5.1": 9e-06}))}) as url:
        said = refresh(TODAY, quiet, [live(litellm.ADAPTER, url), *others()])
    new = snapshot.load()
    assert snapshot.active() == assay_home / "catalog" / "snapshot.json.xz"
    assert new.sources["litellm"].as_of == TODAY.isoformat()
    assert new.sources["models.dev"].as_of == snapshot.load(snapshot.EMBEDDED).sources["models.dev"].as_of
    assert any("rows of today" in row["said"] for row in said["sources"])
    assert any("kept what" in row["said"] for row in said["sources"])


def test_offline_the_old_snapshot_stands_and_the_failure_is_named(assay_home: Path) -> None:
    with pytest.raises(RefreshFailed, match="no live source could be read"):
        refresh(TODAY, quiet, others())
    assert not (assay_home / "catalog").exists()
    assert snapshot.active() == snapshot.EMBEDDED


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"<html>maintenance</html>", b'{"sample_spec": {}, "gpt-9": 5}', b"\xff\xfe", b"[1, 2"]
)
def test_a_source_in_another_shape_changes_nothing(body: bytes, assay_home: Path) -> None:
    with serving({"/litellm": (200, body)}) as url, pytest.raises(RefreshFailed):
        refresh(TODAY, quiet, [live(litellm.ADAPTER, url), *others()])
    assert not (assay_home / "catalog").exists()


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_server_that_refuses_is_named_with_its_status(status: int) -> None:
    with serving({"/litellm": (status, b"no")}) as url, pytest.raises(RefreshFailed, match=r"litellm.*not fetched"):
        refresh(TODAY, quiet, [live(litellm.ADAPTER, url), *others()])


def test_a_catalogue_that_lost_its_models_is_refused(assay_home: Path) -> None:
    empty = replace(openrouter.ADAPTER, source=replace(openrouter.SOURCE))
    with serving({"/openrouter": (200, b'{"data": []}')}) as url, pytest.raises(RefreshFailed, match="current models"):
        # with only this source configured nothing of the others is recalled, so nearly every model is gone
        refresh(TODAY, quiet, [live(empty, url)])
    assert not (assay_home / "catalog").exists()


def test_a_file_address_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(prices(**{"gpt-5.1": 1e-06}))
    with pytest.raises(RefreshFailed, match="only http and https"):
        refresh(TODAY, quiet, [replace(litellm.ADAPTER, live=(secret.as_uri(),))])
