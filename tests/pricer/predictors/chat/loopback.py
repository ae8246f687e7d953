"""A provider on the loopback: chat completions, responses and messages with scripted answers, faults by seed, and counts.

In a process of its own, for benches and kill tests:

    python -m tests.pricer.predictors.chat.loopback --port 0 --seed 1 --fault 429=0.05 --fault hang=0.01

The first line of its output is {"port": …}; GET /stats gives the counts. What becomes of a request depends on the seed, on its words
and on how often those words were sent before, never on the order of arrival.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

CHAT, RESPONSES, MESSAGES = "/chat/completions", "/responses", "/messages"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived: the api's path, headers in lower case, the body, the words of its last turn, and how often they came before."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    words: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the model. Usage is counted at 4 characters a token when None; `stop` is the chat completions' finish_reason."""

    text: str | None
    stop: str = "stop"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    refusal: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Anything but an answer: a status with its body as bytes, `hang` (silence) or `cut` (the connection is closed)."""

    status: int = 500
    body: bytes = b'{"error": {"message": "made to fail", "type": "made_to_fail"}}'
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False


FAULTS = {
    "429": Fault(429, headers={"Retry-After": "0.05"}),
    "500": Fault(500),
    "529": Fault(529, b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'),
    "malformed": Fault(200, b'{"id": "x", "choices": [{"mess'),
    "empty": Fault(200, b""),
    "hang": Fault(hang=True),
    "cut": Fault(cut=True),
}

Answer = Callable[[Asked], Reply | Fault | str]


def priced(asked: Asked) -> str:
    """A price made of the words asked alone: $1.00 to $999.99."""
    return f"Price is ${price_of(asked.words):.2f}"


def price_of(words: str) -> float:
    """The price that `priced` gives to these words."""
    return (100 + int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") % 99_900) / 100


class Loopback:
    """The provider: what it answers, what it has counted, and the requests it has seen (the last `keep`).

    `script` is used up first, in the order of arrival; None in it means: answer. Then `faults` strike with their probabilities.
    """

    def __init__(
        self,
        answer: Answer = priced,
        script: Sequence[Reply | Fault | str | None] = (),
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
        delay_s: float = 0.0,
        keep: int = 10_000,
    ) -> None:
        self.answer, self.script, self.seed, self.delay_s = answer, deque(script), seed, delay_s
        self.faults = dict(faults or {})
        self.seen: deque[Asked] = deque(maxlen=keep)
        self.statuses: Counter[str] = Counter()
        self.sent: Counter[bytes] = Counter()
        self.answered: Counter[bytes] = Counter()
        self.in_flight = self.most_in_flight = self.calls = self.input_tokens = self.output_tokens = 0
        self.port = 0
        self.open: set[asyncio.Transport] = set()

    @property
    def url(self) -> str:
        """The base URL as the OpenAI SDK wants it; Anthropic's wants it without /v1."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def root(self) -> str:
        """The address without /v1."""
        return f"http://127.0.0.1:{self.port}"

    def stats(self) -> dict[str, Any]:
        """Counts so far. `answered_twice` is how many different requests were answered more than once."""
        return {
            "calls": self.calls,
            "answered": self.answered.total(),
            "distinct": len(self.sent),
            "answered_twice": sum(count > 1 for count in self.answered.values()),
            "statuses": dict(self.statuses),
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
        }

    def outcome(self, asked: Asked, key: bytes) -> Reply | Fault:
        """What becomes of a request."""
        scripted = self.script.popleft() if self.script else None
        chosen = scripted or self._drawn(key, asked.attempt) or self.answer(asked)
        return Reply(chosen) if isinstance(chosen, str) else chosen

    def _drawn(self, key: bytes, attempt: int) -> Fault | None:
        if not self.faults:
            return None
        digest = hashlib.sha256(b"%d %d " % (self.seed, attempt) + key).digest()
        left = int.from_bytes(digest[:6], "big") / 2**48
        for name, share in self.faults.items():
            left -= share
            if left < 0:
                return FAULTS[name]
        return None

    def hang_up(self) -> None:
        """Closes every connection at once."""
        for transport in list(self.open):
            transport.abort()

    async def start(self, port: int = 0) -> asyncio.Server:
        """Listens on 127.0.0.1; `port` and `url` are known afterwards."""
        server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", port, backlog=2048
        )
        self.port = server.sockets[0].getsockname()[1]
        return server


@contextmanager
def running(provider: Loopback) -> Iterator[Loopback]:
    """The provider at work in a thread of this process, until the block ends."""
    loop, ready = asyncio.new_event_loop(), threading.Event()

    def live() -> None:
        server = loop.run_until_complete(provider.start())
        ready.set()
        loop.run_forever()
        server.close()
        provider.hang_up()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class _Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def __init__(self, provider: Loopback) -> None:
        self.provider, self.buffer, self.busy = provider, bytearray(), False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.provider.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.transport is not None:
            self.provider.open.discard(self.transport)
        self.transport = None
        self._leave()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            first, *lines = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            whole = end + 4 + int(headers.get("content-length", "0"))
            if len(self.buffer) < whole:
                return
            body = bytes(self.buffer[end + 4 : whole])
            del self.buffer[:whole]
            self._take(first.split(" ")[1], headers, body)

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        if path.endswith("/stats"):
            return self._write(200, json.dumps(self.provider.stats()).encode(), {})
        kind = next((known for known in (CHAT, RESPONSES, MESSAGES) if path.partition("?")[0].endswith(known)), None)
        if kind is None:
            return self._write(404, b'{"error": {"message": "no such path"}}', {})
        provider = self.provider
        asked_body = json.loads(body)
        key = hashlib.sha256(body).digest()
        asked = Asked(kind, headers, asked_body, last_words(asked_body), provider.sent[key])
        provider.sent[key] += 1
        provider.calls += 1
        provider.in_flight += 1
        provider.most_in_flight = max(provider.most_in_flight, provider.in_flight)
        self.busy = True
        provider.seen.append(asked)
        what = provider.outcome(asked, key)
        if provider.delay_s:
            asyncio.get_running_loop().call_later(provider.delay_s, self._answer, asked, key, what, len(body))
        else:
            self._answer(asked, key, what, len(body))
        return None

    def _answer(self, asked: Asked, key: bytes, what: Reply | Fault, size: int) -> None:
        if self.transport is None:
            return
        if isinstance(what, Fault):
            self._fail(what)
            return
        input_tokens = what.input_tokens if what.input_tokens is not None else size // 4
        output_tokens = what.output_tokens if what.output_tokens is not None else max(1, len(what.text or "") // 4)
        provider = self.provider
        provider.answered[key] += 1
        provider.statuses["200"] += 1
        provider.input_tokens += input_tokens
        provider.output_tokens += output_tokens
        made = SHAPES[asked.path](asked, what, input_tokens, output_tokens)
        self._write(200, json.dumps(made).encode(), {})

    def _fail(self, fault: Fault) -> None:
        assert self.transport is not None
        self.provider.statuses["hang" if fault.hang else "cut" if fault.cut else str(fault.status)] += 1
        if fault.cut:
            self.transport.close()
        elif not fault.hang:
            self._write(fault.status, fault.body, fault.headers)

    def _write(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self._leave()
        if self.transport is not None:
            extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            head = (
                f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{extra}content-length: {len(body)}\r\n\r\n"
            )
            self.transport.write(head.encode("latin-1") + body)

    def _leave(self) -> None:
        if self.busy:
            self.busy = False
            self.provider.in_flight -= 1


def last_words(body: Mapping[str, Any]) -> str:
    """The text of the last turn, whichever api it was written for."""
    turns = body.get("messages") or body.get("input") or ""
    if isinstance(turns, str):
        return turns
    content = turns[-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _chat(asked: Asked, reply: Reply, input_tokens: int, output_tokens: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.text, "refusal": reply.refusal}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": reply.model or f"{asked.body['model']}-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": reply.stop, "logprobs": None}],
        "usage": {
            "prompt_tokens": input_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
            "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
        },
    }


def _responses(asked: Asked, reply: Reply, input_tokens: int, output_tokens: int) -> dict[str, Any]:
    part = (
        {"type": "refusal", "refusal": reply.refusal}
        if reply.refusal
        else {"type": "output_text", "text": reply.text or "", "annotations": []}
    )
    cut = reply.stop == "length"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "model": reply.model or f"{asked.body['model']}-2026",
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": []},
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]},
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": input_tokens,
            "input_tokens_details": {"cached_tokens": reply.cached_tokens},
            "output_tokens": output_tokens,
            "output_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
            "total_tokens": input_tokens + output_tokens,
        },
    }


def _messages(asked: Asked, reply: Reply, input_tokens: int, output_tokens: int) -> dict[str, Any]:
    stop = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}.get(reply.stop, reply.stop)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": reply.model or f"{asked.body['model']}-2026",
        "content": [{"type": "text", "text": reply.text}] if reply.text is not None else [],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": input_tokens - reply.cached_tokens - reply.cache_write_tokens,
            "cache_read_input_tokens": reply.cached_tokens,
            "cache_creation_input_tokens": reply.cache_write_tokens,
            "output_tokens": output_tokens,
        },
    }


SHAPES = {CHAT: _chat, RESPONSES: _responses, MESSAGES: _messages}


def main() -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=SHARE", help=", ".join(FAULTS))
    given = parser.parse_args()
    faults = {name: float(share) for name, _, share in (fault.partition("=") for fault in given.fault)}
    provider = Loopback(faults=faults, seed=given.seed, delay_s=given.delay_s, keep=1)

    async def serve() -> None:
        server = await provider.start(given.port)
        sys.stdout.write(json.dumps({"port": provider.port}) + "\n")
        sys.stdout.flush()
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
