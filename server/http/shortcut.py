"""A kept answer given at the door: the SDK spends some 4 ms on the stream of an answer that is already there, this 0.1 ms.

It stands behind authentication and takes a call only where the SDK's own checks would let it pass; anything else goes on to the SDK.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, authorization_context
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.answers import Answers

LARGEST = 8 * 1024  # bytes of a body that is looked at
META = "io.modelcontextprotocol/"


class Shortcut:
    """An ASGI layer right around the SDK's endpoint. Calls that are counted (`counted` says of whom) are left to the SDK."""

    def __init__(
        self, app: ASGIApp, answers: Answers, manager: StreamableHTTPSessionManager, counted: Callable[[Scope], bool]
    ) -> None:
        self._app, self._answers, self._manager, self._counted = app, answers, manager, counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The kept answer, or the SDK's."""
        headers = _headers(scope)
        if headers is None or self._counted(scope):
            await self._app(scope, receive, send)
            return
        came: list[Message] = [await receive()]
        while came[-1].get("more_body") and len(came) < LARGEST:
            came.append(await receive())
        answer = self._answer(scope, headers, b"".join(one.get("body", b"") for one in came))
        if answer is None:
            await self._app(scope, _replayed(came, receive), send)
            return
        session = headers.get(b"mcp-session-id")
        pairs = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        pairs += [(b"mcp-session-id", session)] if session else []
        await send({"type": "http.response.start", "status": 200, "headers": pairs})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> bytes | None:
        version = headers.get(b"mcp-protocol-version", b"").decode("latin-1")
        message = _call(body)
        if message is None or not (
            self._in_session(scope, headers)
            if version in HANDSHAKE_PROTOCOL_VERSIONS
            else version in MODERN_PROTOCOL_VERSIONS and _agrees(message["params"], headers, version)
        ):
            return None
        key = self._answers.key(version, message["params"])
        kept = None if key is None else self._answers.kept(key)
        return (
            None
            if kept is None
            else b'{"jsonrpc":"2.0","id":%s,"result":%s}' % (json.dumps(message["id"]).encode(), kept)
        )

    def _in_session(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        """Whether the session is there and belongs to the caller. Its idle time then begins anew. The SDK keeps both in private."""
        session = headers.get(b"mcp-session-id", b"").decode("latin-1")
        transport, user = self._manager._server_instances.get(session), scope.get("user")
        owner = authorization_context(user) if isinstance(user, AuthenticatedUser) else None
        if transport is None or transport.is_terminated or self._manager._session_owners.get(session) != owner:
            return False
        idle_s, until = self._manager.session_idle_timeout, transport.idle_scope
        if until is None or until.cancel_called or idle_s is None:
            return False
        if until.deadline != math.inf:  # else another request holds it open
            until.deadline = anyio.current_time() + idle_s
        return True


def _headers(scope: Scope) -> dict[bytes, bytes] | None:
    """The headers of a small POST that the SDK would take; None for any other request."""
    headers = dict(scope["headers"])
    size, accept = headers.get(b"content-length", b""), headers.get(b"accept", b"")
    fits = (
        scope["method"] == "POST"
        and len(headers) == len(scope["headers"])
        and b"transfer-encoding" not in headers  # it would count in place of the length
        and size.isdigit()
        and int(size) <= LARGEST
        and headers.get(b"content-type") == b"application/json"
        and b"application/json" in accept
        and b"text/event-stream" in accept
    )
    return headers if fits else None


def _call(body: bytes) -> dict[str, Any] | None:
    """The message, if it is a tool call as everybody writes it."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or set(told) != {"jsonrpc", "id", "method", "params"}:
        return None
    proper = told["jsonrpc"] == "2.0" and told["method"] == "tools/call" and isinstance(told["params"], dict)
    return told if proper and type(told["id"]) in (int, str) else None


def _agrees(params: dict[str, Any], headers: dict[bytes, bytes], version: str) -> bool:
    """Whether headers and body of a request without a session say the same, as its protocol wants it."""
    meta = params.get("_meta")
    return (
        isinstance(meta, dict)
        and meta.get(f"{META}protocolVersion") == version
        and isinstance(meta.get(f"{META}clientCapabilities"), dict)
        and headers.get(b"mcp-method") == b"tools/call"
        and headers.get(b"mcp-name") == str(params.get("name")).encode()
        and not any(name.startswith(b"mcp-param-") for name in headers)
    )


def _replayed(came: list[Message], receive: Receive) -> Receive:
    waiting = iter(came)

    async def again() -> Message:
        for message in waiting:
            return message
        return await receive()

    return again
