"""A first greeting with a server over stdio, as a client gives it: initialize, then the list of tools. No MCP library is loaded for it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

PROTOCOL = "2025-11-25"
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Greeting:
    """How it went: seconds until `initialize` was answered, the server's name, version and number of tools; else `failure` says why."""

    seconds: float | None
    name: str | None
    version: str | None
    tools: int | None
    failure: str | None


class _NoAnswer(Exception):
    """The server ended, kept silent, or said something that is no protocol."""


def greet(command: Sequence[str], limit_s: float, environment: Mapping[str, str] = os.environ) -> Greeting:
    """What the server answers within `limit_s` seconds; it is ended afterwards, whatever it did."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - the command that a client would start
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=dict(environment)
            )
        except OSError as error:
            return _failed(f"could not start {command[0]}: {error.strerror or error}")
        try:
            return _greeted(process, began, limit_s)
        except _NoAnswer as error:
            process.kill()
            return _failed(f"{error}{_last_line(said)}")
        finally:
            _end(process)


def _greeted(process: subprocess.Popen[bytes], began: float, limit_s: float) -> Greeting:
    assert process.stdin is not None and process.stdout is not None, "they are pipes"
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()  # it closes the pipe at its end
    about = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": "assay-doctor", "version": "1"}}
    _send(process.stdin, {"id": 1, "method": "initialize", "params": about})
    info = _answer(lines, 1, began + limit_s).get("serverInfo", {})
    seconds = time.monotonic() - began
    _send(process.stdin, {"method": "notifications/initialized"})
    _send(process.stdin, {"id": 2, "method": "tools/list"})
    tools = _answer(lines, 2, began + limit_s).get("tools", [])
    return Greeting(seconds, info.get("name"), info.get("version"), len(tools), None)


def _send(pipe: IO[bytes], message: dict[str, Any]) -> None:
    try:
        pipe.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        pipe.flush()
    except OSError:
        raise _NoAnswer("the server ended before it answered") from None


def _answer(lines: queue.SimpleQueue[bytes], number: int, until: float) -> dict[str, Any]:
    """The result of the request of that number; other messages are passed over."""
    while True:
        try:
            line = lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise _NoAnswer("no answer in time") from None
        if not line:
            raise _NoAnswer("the server ended before it answered")
        try:
            message = json.loads(line)
        except ValueError:
            raise _NoAnswer(f"the server printed what is no message: {line[:60]!r}") from None
        if isinstance(message, dict) and message.get("id") == number:
            if not isinstance(message.get("result"), dict):
                raise _NoAnswer("the server answered with an error")
            return dict(message["result"])


def _pump(pipe: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    """Lines into the queue, an empty one when the pipe ends, which is then closed."""
    with pipe:
        for line in pipe:
            lines.put(line)
    lines.put(b"")


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        assert process.stdin is not None, "it is a pipe"
        process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(said: IO[bytes]) -> str:
    """The end of what it said on stderr, in brackets: most often the reason."""
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return f" ({lines[-1][:200]})" if lines else ""


def _failed(why: str) -> Greeting:
    return Greeting(None, None, None, None, why)
