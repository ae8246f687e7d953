"""So many requests a minute for each caller: a token bucket, and the layer that answers 429 when one is empty."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.identity import principal_of

MOST_CALLERS = 10_000  # remembered; whoever called longest ago is forgotten first, with a full bucket by then


@dataclass(slots=True)
class Bucket:
    """What is left, as of a time in seconds."""

    left: float
    at_s: float


class Buckets:
    """A bucket of `burst` requests for each caller, filled again at `per_minute`."""

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float]) -> None:
        self._per_s, self._burst, self._clock = per_minute / 60, burst, clock
        self._of: OrderedDict[str, Bucket] = OrderedDict()

    def wait_s(self, who: str) -> float:
        """0 when a request may pass, which takes it out of the bucket; else the seconds until one may."""
        now_s = self._clock()
        bucket = self._of.setdefault(who, Bucket(self._burst, now_s))
        self._of.move_to_end(who)
        if len(self._of) > MOST_CALLERS:
            self._of.popitem(last=False)
        bucket.left = min(self._burst, bucket.left + (now_s - bucket.at_s) * self._per_s)
        bucket.at_s = now_s
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_s
        bucket.left -= 1
        return 0


class RateLimit:
    """Stands behind the SDK's authentication: counts a token's holder by name, and whoever shows no good token by address."""

    def __init__(self, app: ASGIApp, buckets: Buckets) -> None:
        self._app, self._buckets = app, buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The next layer's answer, or 429 with the seconds to wait."""
        if scope["type"] == "http" and (wait_s := self._buckets.wait_s(_caller(scope))):
            await refuse(send, 429, "Too many requests", {"retry-after": str(math.ceil(wait_s))})
            return
        await self._app(scope, receive, send)


async def refuse(send: Send, status: int, why: str, headers: dict[str, str] | None = None) -> None:
    """Answer with a JSON-RPC error that has no id, as the SDK does."""
    told: dict[str, Any] = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": why}}
    body = json.dumps(told).encode()
    named = {"content-type": "application/json", "content-length": str(len(body))} | (headers or {})
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def _caller(scope: Scope) -> str:
    if isinstance(scope.get("user"), AuthenticatedUser):
        return principal_of(scope)
    return f"address {peer_of(scope)}"


def peer_of(scope: Scope) -> str:
    """The address that the request came from."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
