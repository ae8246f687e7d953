"""The page of a fine-tuning on this machine alone: two addresses, read only, nothing for anyone who asks under another name."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.tuning.record import EVENTS, METRICS, PLAN, Record, Status
from pricer.tuning.watch.offline import cleaned
from pricer.tuning.watch.page import document, page

HOST = "127.0.0.1"
SILENT_S = 10.0  # how long a client may say nothing
HEADERS = {
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
}  # fmt: skip
Standing = Callable[[Record], Status]
SHUT = "default-src 'none'; frame-ancestors 'none'"  # for whatever is not the page, which brings a policy of its own


def _said(url: str) -> None:
    sys.stderr.write(f"{url}  (Ctrl-C ends the page, not the job)\n")


def serve(
    record: Record, port: int = 0, told: Callable[[str], object] = _said, standing: Standing = Record.status
) -> None:
    """Serve the page until Ctrl-C, which ends this and not the job; `told` gets its address, by default for stderr."""
    with serving(record, port, standing) as url, suppress(KeyboardInterrupt):
        told(url)
        threading.Event().wait()


@contextmanager
def serving(record: Record, port: int = 0, standing: Standing = Record.status) -> Iterator[str]:
    """The address of the page, which answers while the block works; port 0 takes a free one.

    `standing` says where the job stands, for one who knows whether its process lives. `BadInput` when the record cannot be read or the port
    is taken.
    """
    document(record)
    try:
        server = _Server(record, port, standing)
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"port {port}: wanted one that is free on this machine, found {error!s:.60}; 0 takes any"
        ) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """A server of one record; what it sends is made anew only when the record has changed."""

    daemon_threads = True

    def __init__(self, record: Record, port: int, standing: Standing) -> None:
        super().__init__((HOST, port), _Answers)
        self.record, self.standing = record, standing
        self.names = frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))
        self._lock = threading.Lock()
        self._kept: tuple[object, bytes] | None = None

    def told(self) -> bytes:
        """The record as JSON."""
        with self._lock:
            status = self.standing(self.record)
            stamp = [status, *(_stamp(self.record, name) for name in (PLAN, METRICS, EVENTS))]
            if self._kept is None or self._kept[0] != stamp:
                text = json.dumps(cleaned(document(self.record, status)), separators=(",", ":"), allow_nan=False)
                self._kept = (stamp, text.encode())
            return self._kept[1]

    def shown(self) -> bytes:
        """The page."""
        return page(self.record, live=True, status=self.standing(self.record)).encode()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a reader who leaves in the middle of an answer is no news."""


class _Answers(BaseHTTPRequestHandler):
    server: _Server
    timeout = SILENT_S
    server_version, sys_version = "assay", ""

    def do_GET(self) -> None:
        """The page, the record, or a refusal."""
        if self.headers.get("Host") not in self.server.names:
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        try:
            if self.path == "/":
                return self._send(HTTPStatus.OK, "text/html", self.server.shown())
            if self.path == "/record.json":
                return self._send(HTTPStatus.OK, "application/json", self.server.told())
        except PricerError as error:
            return self._send(
                HTTPStatus.SERVICE_UNAVAILABLE, "application/json", json.dumps({"error": str(error)}).encode()
            )
        return self._refuse(HTTPStatus.NOT_FOUND)

    def __getattr__(self, name: str) -> Any:
        """The answer to every other verb, which the base class looks up by name."""
        if name.startswith("do_"):
            return lambda: self._refuse(HTTPStatus.METHOD_NOT_ALLOWED)
        raise AttributeError(name)

    def _refuse(self, status: HTTPStatus) -> None:
        self._send(status, "text/plain", f"{status.value} {status.phrase}\n".encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        framing = "frame-ancestors 'none'" if kind == "text/html" else SHUT
        told = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": framing,
        }
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            told["Allow"] = "GET"
        for name, value in (HEADERS | told).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: the terminal belongs to whoever watches."""


def _stamp(record: Record, name: str) -> tuple[int, int] | None:
    try:
        told = (record.folder / name).stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size
