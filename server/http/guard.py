"""The outermost layer: requests for another host or from another site are turned away, all are logged, open streams end at shutdown."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.identity import principal_of
from server.http.rate import peer_of, refuse
from server.http.settings import EVERYWHERE, LOOPBACK_NAMES, PATH, Settings, bracketed, is_loopback

HEALTH = "/health"
KNOWN = (PATH, HEALTH, "/.well-known/oauth-protected-resource" + PATH)
SESSION_SHOWN = 8  # of 32: enough to follow one, too little to take it over
log = logging.getLogger("assay.http")


@dataclass(frozen=True, slots=True)
class Names:
    """Under which names this server is called (`hosts`, as in a Host header), and which sites may call it from a browser."""

    hosts: frozenset[str]

    def refusal(self, host: str | None, origin: str | None) -> tuple[int, str] | None:
        """Status and words; None when both are ours. A browser names the site in Origin; other clients leave it out."""
        if host is None or host.lower() not in self.hosts:
            return 421, "This server does not go by that name"
        if origin is not None and _authority(origin) not in self.hosts:
            return 403, "Calls from another site are refused"
        return None


def names_of(settings: Settings) -> Names:
    """The bound address with its port, on loopback every name for it; and each allowed name with any port written beside it, or none."""
    own: tuple[str, ...] = () if settings.host in EVERYWHERE else (settings.host,)
    if is_loopback(settings.host):
        own = tuple(dict.fromkeys((settings.host, *LOOPBACK_NAMES)))
    public = urlsplit(settings.public_url).netloc if settings.public_url else ""
    named = {name.lower() for name in (*settings.allow_hosts, public) if name}
    return Names(
        frozenset({f"{bracketed(one)}:{settings.port}".lower() for one in own} | named | _with(named, settings))
    )


class Streams:
    """The open streams of the server: told to end when it shuts down."""

    def __init__(self) -> None:
        self.closing = anyio.Event()


class Guard:
    """An ASGI layer around everything else."""

    def __init__(self, app: ASGIApp, names: Names, streams: Streams) -> None:
        self._app, self._names, self._streams = app, names, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, answer = time.perf_counter(), _Watched(send)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        try:
            refusal = self._names.refusal(headers.get(b"host"), headers.get(b"origin"))
            if refusal and scope["path"] != HEALTH:  # a health check calls an address, not a name
                await refuse(answer, *refusal)
            elif scope["method"] == "GET" or headers.get(b"mcp-method") == "subscriptions/listen":
                await self._until_closing(scope, receive, answer)
            else:
                await self._app(scope, receive, answer)
        finally:
            _told(scope, answer.status, time.perf_counter() - began_s, headers.get(b"mcp-session-id"))

    async def _until_closing(self, scope: Scope, receive: Receive, answer: _Watched) -> None:
        """A stream without an end of its own would hold up the shutdown."""
        async with anyio.create_task_group() as group:

            async def leave() -> None:
                await self._streams.closing.wait()
                group.cancel_scope.cancel()

            group.start_soon(leave)
            await self._app(scope, receive, answer)
            group.cancel_scope.cancel()
        await answer.end()


class _Watched:
    """`send`, with the status that went through it."""

    def __init__(self, send: Send) -> None:
        self._send, self.status, self._ended = send, 0, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self._ended = not message.get("more_body", False)
        await self._send(message)

    async def end(self) -> None:
        """Finish an answer that was cut off."""
        if not self.status:
            await refuse(self, 503, "The server is shutting down")
        elif not self._ended:
            await self({"type": "http.response.body", "body": b""})


def _with(named: Iterable[str], settings: Settings) -> set[str]:
    """The names that came without a port, with ours."""
    return {f"{name}:{settings.port}" for name in named if urlsplit(f"//{name}").port is None}


def _authority(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") and parts.netloc else None


def _told(scope: Scope, status: int, seconds: float, session: str | None) -> None:
    """One line, without query, headers, body and unknown paths: those may hold what is nobody's business."""
    log.info(
        "%s %s %s %s %s %.0f ms%s",
        peer_of(scope),
        principal_of(scope),
        scope["method"],
        scope["path"] if scope["path"] in KNOWN else "(another path)",
        status or "-",
        seconds * 1000,
        f" session {ascii(session[:SESSION_SHOWN])[1:-1]}" if session else "",
    )
