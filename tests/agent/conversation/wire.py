"""A provider on the loopback that speaks chat completions as a stream, with tool calls: what a hosted model's client meets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}


@dataclass
class Wire:
    """Its replies, one after the other: a text, a tool call as (name, arguments), or an HTTP status; `bodies` is what it was sent."""

    replies: Sequence[str | tuple[str, dict[str, Any]] | int]
    bodies: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


@contextmanager
def listening(wire: Wire) -> Iterator[Wire]:
    """The provider at work until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            wire.bodies.append(body)
            reply = wire.replies[min(len(wire.bodies), len(wire.replies)) - 1]
            if isinstance(reply, int):
                self.send_error(reply, "made to fail")
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for chunk in _chunks(reply):
                self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    wire.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _chunks(reply: str | tuple[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The reply in pieces, as a provider streams it."""
    if isinstance(reply, str):
        pieces: list[dict[str, Any]] = [{"content": word + " "} for word in reply.split(" ")]
        stop = "stop"
    else:
        name, arguments = reply
        text = json.dumps(arguments)
        half = len(text) // 2
        head = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}
        parts = [{"index": 0, "function": {"arguments": one}} for one in (text[:half], text[half:])]
        pieces = [{"tool_calls": [part]} for part in (head, *parts)]
        stop = "tool_calls"
    for piece in pieces:
        yield _chunk([{"index": 0, "delta": {"role": "assistant", **piece}, "finish_reason": None}])
    yield _chunk([{"index": 0, "delta": {}, "finish_reason": stop}])
    yield {**_chunk([]), "usage": USAGE}


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "chat-1", "object": "chat.completion.chunk", "created": 0, "model": "double", "choices": choices}
