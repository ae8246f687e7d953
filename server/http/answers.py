"""Answers of the tools that only read the catalogue, kept as long as catalogue and day stay the same; few are worked out at a time."""

from __future__ import annotations

import datetime as dt
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from catalog import snapshot

FROM_CATALOGUE = ("compare_models", "recommend_models")
MOST_BYTES = 16 * 1024 * 1024
LONGEST_QUESTION = 4096  # characters
# Each is Python in a thread: more at once only wait for one another, and the event loop for all of them.
AT_ONCE = 2
# Protocol, question, and what the answer rests on: the catalogue's file with its time and size, and the day.
Key = tuple[str, str, Path, int, int, dt.date]


class Answers:
    """What was answered, as JSON by question. It depends on arguments, catalogue and day, not on who asks."""

    def __init__(self, today: Callable[[], dt.date]) -> None:
        self._today, self._bytes = today, 0
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._few = anyio.Semaphore(AT_ONCE)

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """The SDK's middleware around every message: the kept answer, or the tool's own."""
        key = self.key(ctx.protocol_version, ctx.params or {}) if ctx.method == "tools/call" else None
        if key is None:
            return await call_next(ctx)
        if (told := self._told(key)) is not None:
            return told
        async with self._few:
            if (told := self._told(key)) is not None:  # somebody else asked the same meanwhile
                return told
            result = await call_next(ctx)
        if isinstance(result, dict) and not result.get("isError"):
            self._keep(key, json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode())
        return result

    def key(self, protocol: str, params: Mapping[str, Any]) -> Key | None:
        """What decides the answer of a tool call; None for one of another tool, or a question too long to keep."""
        if params.get("name") not in FROM_CATALOGUE:
            return None
        asked = json.dumps({name: value for name, value in params.items() if name != "_meta"}, sort_keys=True)
        if len(asked) > LONGEST_QUESTION:
            return None
        path = snapshot.active()
        found = path.stat()
        return protocol, asked, path, found.st_mtime_ns, found.st_size, self._today()

    def kept(self, key: Key) -> bytes | None:
        """The result as JSON; None when it has to be worked out."""
        if (found := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return found

    def _told(self, key: Key) -> dict[str, Any] | None:
        kept = self.kept(key)
        return None if kept is None else json.loads(kept)

    def _keep(self, key: Key, result: bytes) -> None:
        self._bytes += _size(key, result) - (_size(key, self._kept.pop(key)) if key in self._kept else 0)
        self._kept[key] = result
        while self._bytes > MOST_BYTES:
            self._bytes -= _size(*self._kept.popitem(last=False))


def _size(key: Key, result: bytes) -> int:
    return len(key[1]) + len(result)
