"""From settings to a running server: the socket, uvicorn, the log on stderr, and an end that lets requests in flight finish."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn
from mcp.server import MCPServer

from catalog import snapshot
from catalog.errors import CatalogError
from pricer.errors import BadInput
from server.http.application import Application, build_application
from server.http.patience import PatientProtocol
from server.http.settings import Settings, bracketed, checked
from server.http.tokens import read_tokens

log = logging.getLogger("assay.http")


class Reticent(logging.Formatter):
    """Lines where an exception is its type and its place: its words may quote what a caller sent."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """`ValueError at server.py:12`, the innermost place."""
        kind, _, trace = ei
        last = traceback.extract_tb(trace)[-1:] if trace else []
        return f"{kind.__name__}" + "".join(f" at {Path(one.filename).name}:{one.lineno}" for one in last)


class Service(uvicorn.Server):
    """uvicorn, ended by SIGTERM or Ctrl-C in order: no new connections, open streams closed, requests in flight finished. `url` is where it
    listens."""

    def __init__(self, config: uvicorn.Config, application: Application, listening: socket.socket, url: str) -> None:
        super().__init__(config)
        self.url = url
        self._application, self._listening = application, listening

    def serve_until_stopped(self) -> None:
        """Serve, and return when the server was told to stop. A second signal stops it at once."""
        try:
            self.run(sockets=[self._listening])
        finally:
            self._application.ledger.close()
            self._listening.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what has no end of its own, then let uvicorn wait for the rest."""
        self._application.streams.closing.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does it, without raising the signal again at the end. The handler is no method of this server: the SSE library
        looks for one and would cut answers off that are still being written."""

        def stop(_number: int, _frame: Any) -> None:
            self.force_exit = self.should_exit
            self.should_exit = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def service_of(settings: Settings, server: MCPServer | None = None) -> Service:
    """A server that listens already and answers once it runs: ours, or another. `BadInput` for settings that are not safe or an address
    that is taken."""
    settings = checked(settings)
    if settings.tokens is not None and not read_tokens(settings.tokens) and settings.issuer is None:
        raise BadInput(
            f"{settings.tokens}: no token in it, so nobody could come in; assay serve --new-token NAME --tokens FILE"
        )
    with contextlib.suppress(CatalogError):  # the tools say what is wrong with it
        snapshot.load()  # a third of a second, which else the first caller would wait
    listening = _listening(settings)
    settings = dataclasses.replace(settings, port=listening.getsockname()[1])
    try:
        application = build_application(settings, server)
    except BaseException:
        listening.close()
        raise
    return Service(
        _config(settings, application), application, listening, dataclasses.replace(settings, public_url=None).url
    )


def log_to_stderr() -> None:
    """One line an event. Only our own layer tells what goes on; the SDK's lines would quote arguments and sessions."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Reticent("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    log.setLevel(logging.INFO)
    logging.getLogger("mcp").setLevel(logging.ERROR)


def _config(settings: Settings, application: Application) -> uvicorn.Config:
    limits = settings.limits
    protocol = partial(PatientProtocol, request_s=limits.request_s, write_s=limits.write_s)
    return uvicorn.Config(
        application.asgi,
        http=cast(Any, protocol),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # else anyone on this machine could call itself another address
        server_header=False,
        h11_max_incomplete_event_size=limits.header_bytes,
        limit_concurrency=limits.connections,
        timeout_keep_alive=limits.keep_alive_s,
        timeout_graceful_shutdown=limits.drain_s,
    )


def _listening(settings: Settings) -> socket.socket:
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as undo:
        found = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, settings.port))
        except OSError as error:
            where = f"{bracketed(settings.host)}:{settings.port}"
            raise BadInput(f"cannot listen on {where} ({error.strerror or error}); choose another --port") from None
        found.listen(2048)
        undo.pop_all()
    return found
