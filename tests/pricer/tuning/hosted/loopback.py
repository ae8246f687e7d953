"""A host on the loopback: what it is asked is kept, what goes wrong is scripted. The hosts' own shapes stand in the modules beside it."""

from __future__ import annotations

import email.parser
import email.policy
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

KEY = "sk-canary-0123456789abcdef"
CREATED = 1_795_000_000
CUT_BEFORE, CUT_AFTER, CUT_MIDWAY = (
    "cut before it was done",
    "cut after it was done",
    "cut while the body was on its way",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it goes out; bytes pass as they are."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Fault = str | Answer
BROKEN = Answer(200, b'{"id": "x", "sta')


def error(status: int, message: str, code: str | None = None, **headers: str) -> Answer:
    """An error in the form that all three hosts' replies are read in."""
    return Answer(
        status, {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}, headers
    )


@dataclass
class Asked:
    """A call as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]
    file: tuple[str, bytes] | None = None

    @property
    def call(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


@dataclass
class Job:
    """A job at the host. Each look moves it one stage on; the last stage stays."""

    id: str
    body: dict[str, Any]
    stages: list[str]
    looks: int = 0
    cancelled: bool = False
    paused: bool = False
    error: str | None = None

    def seen(self) -> int:
        """The number of the stage that this look shows."""
        if not self.paused:
            self.looks += 1
        return max(0, min(self.looks, len(self.stages)) - 1)


class Loopback:
    """A host. `faults` are answered in order to calls that begin so; `cut_at` cuts the n-th call, counted from 0, in the way of `cut`."""

    stages: tuple[str, ...] = ()
    failed = "failed"

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        self.jobs: dict[str, Job] = {}
        self.asked: list[Asked] = []
        self.faults: dict[str, deque[Fault]] = {}
        self.cut_at: int | None = None
        self.cut: str = CUT_BEFORE
        self.failing: str | None = None  # the words with which the next job fails
        self.said: list[str] = []  # more events, told from the first look on
        self.url = ""

    @property
    def calls(self) -> list[str]:
        """Method and path of each call."""
        return [one.call for one in self.asked]

    @property
    def names(self) -> list[str]:
        """The names of the files there."""
        return sorted(name for name, _ in self.files.values())

    def bodies(self, call: str) -> list[dict[str, Any]]:
        """What was sent with the calls that begin so."""
        return [one.body for one in self.asked if one.call.startswith(call)]

    def fault(self, call: str, *faults: Fault) -> None:
        """What the next calls that begin so are answered."""
        self.faults[call] = deque(faults)

    def serve(self, asked: Asked) -> Any:
        """The object for a call, an `Answer`, or None where there is nothing."""
        raise NotImplementedError

    def made(self, id_: str, body: dict[str, Any]) -> Job:
        """A new job."""
        job = Job(id_, body, list(self.stages), error=self.failing)
        if self.failing:
            job.stages = [*job.stages[:1], self.failed]
        self.jobs[id_] = job
        self.failing = None
        return job

    def cuts_midway(self, call: str) -> bool:
        """Whether the line is cut while this call's body is on its way."""
        left = next((left for begin, left in self.faults.items() if call.startswith(begin) and left), None)
        return left is not None and left[0] == CUT_MIDWAY and left.popleft() == CUT_MIDWAY

    def answer(self, asked: Asked) -> Fault:
        """What goes out."""
        number = len(self.asked)
        self.asked.append(asked)
        fault: Fault | None = self.cut if number == self.cut_at else None
        left = next((left for begin, left in self.faults.items() if asked.call.startswith(begin) and left), None)
        fault = fault or (left.popleft() if left else None)
        if fault == CUT_BEFORE or isinstance(fault, Answer):
            return fault
        if asked.headers.get("authorization") != f"Bearer {KEY}" and not asked.path.startswith("/signed"):
            return error(401, f"Incorrect API key provided: {asked.headers.get('authorization')}", "invalid_api_key")
        told = self.serve(asked)
        answer = (
            told if isinstance(told, Answer) else Answer(200, told) if told is not None else error(404, "no such thing")
        )
        return CUT_AFTER if fault == CUT_AFTER else answer


def form(body: bytes, kind: str) -> tuple[dict[str, Any], tuple[str, bytes]]:
    """The fields of a form, and its file."""
    whole = b"content-type: " + kind.encode() + b"\r\n\r\n" + body
    parts = list(email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(whole).iter_parts())
    fields, file = {}, ("", b"")
    for part in parts:
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if name == "file":
            file = (str(part.get_filename()), bytes(content or b""))
        else:
            fields[str(name)] = bytes(content or b"").decode()
    return fields, file


class Handler(BaseHTTPRequestHandler):
    """Reads a call, has it answered, and sends the answer or cuts the line."""

    host: ClassVar[Loopback]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 2**16  # head and body in one packet

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by its base
        return

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        if self.host.cuts_midway(f"{method} {parts.path}"):
            self.rfile.read(min(64, int(self.headers.get("content-length", 64))))  # the rest stays unread
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(method, parts.path, dict(parse_qsl(parts.query)), headers, {})
        raw, kind = self._body(), headers.get("content-type", "")
        if kind.startswith("multipart"):
            asked.body, asked.file = form(raw, kind)
        elif raw:
            asked.body = json.loads(raw)
        answer = self.host.answer(asked)
        if isinstance(answer, Answer):
            self._send(answer)
        else:
            self.close_connection = True

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def _send(self, answer: Answer) -> None:
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(data)))
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(host: Loopback) -> Iterator[Loopback]:
    """The host at work on a thread of its own, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"host": host}))
    server.daemon_threads = True
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
