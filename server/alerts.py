"""`assay://alerts`: the newest alerts of `assay watch`, and word to every client that subscribed when there is another.

A client of protocol 2026-07-28 opens a `subscriptions/listen` stream, older ones send `resources/subscribe`: both then get
`notifications/resources/updated`. While the server serves, one task looks every few seconds whether a file has come.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

if TYPE_CHECKING:
    from mcp.server import MCPServer
    from mcp.server.context import ServerRequestContext
    from mcp.server.session import ServerSession

URI = "assay://alerts"
POLL_S = 3.0
MOST = 50
MOST_SUBSCRIBERS = 1000
NO_RESOURCE = -32002


class AlertNotices:
    """Who wants to know of alerts, and the task that tells them. `poll_s` is the time between looks."""

    def __init__(self, poll_s: float = POLL_S) -> None:
        self.bus = InMemorySubscriptionBus()
        self._poll_s = poll_s
        self._sessions: dict[int, ServerSession] = {}

    @property
    def subscribers(self) -> int:
        """How many clients of older protocols are subscribed."""
        return len(self._sessions)

    @asynccontextmanager
    async def lifespan(self, _: MCPServer[Any]) -> AsyncIterator[dict[str, Any]]:
        """While the server serves, look for alerts. What is there when it starts is no news."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._look, _stamp())
            try:
                yield {}
            finally:
                tasks.cancel_scope.cancel()

    def register(self, server: MCPServer[Any]) -> None:
        """Add the resource, and the subscriptions of older clients, which the SDK leaves to the server."""

        @server.resource(
            URI, mime_type="application/json", description="Newest alerts of assay watch, with their evidence"
        )
        def alerts() -> str:
            return document()

        # MCPServer has no public way to serve resources/subscribe; its own completions are registered through the same attribute.
        low = server._lowlevel_server
        low.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
        low.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe)

    async def _subscribe(self, context: ServerRequestContext[Any], params: SubscribeRequestParams) -> EmptyResult:
        if str(params.uri) != URI:
            raise MCPError(NO_RESOURCE, f"{str(params.uri)[:80]} does not change; only {URI} can be subscribed to")
        connection = context.session._connection  # the session is made anew for every request
        if id(connection) not in self._sessions:
            if len(self._sessions) >= MOST_SUBSCRIBERS:
                raise MCPError(NO_RESOURCE, f"{MOST_SUBSCRIBERS} clients are subscribed already; read {URI} instead")
            connection.exit_stack.callback(self._sessions.pop, id(connection), None)
        self._sessions[id(connection)] = context.session
        return EmptyResult()

    async def _unsubscribe(self, context: ServerRequestContext[Any], params: UnsubscribeRequestParams) -> EmptyResult:
        if str(params.uri) == URI:
            self._sessions.pop(id(context.session._connection), None)
        return EmptyResult()

    async def _look(self, before: tuple[int, int]) -> None:
        while True:
            await anyio.sleep(self._poll_s)
            now = await anyio.to_thread.run_sync(_stamp)
            if now != before:
                before = now
                await self._tell()

    async def _tell(self) -> None:
        await self.bus.publish(ResourceUpdated(URI))
        for key, session in list(self._sessions.items()):
            try:
                await session.send_resource_updated(URI)
            except (anyio.ClosedResourceError, anyio.BrokenResourceError, MCPError):
                self._sessions.pop(key, None)


def document() -> str:
    """The newest alerts as JSON, each with its words."""
    from pricer.watching.alerts import every
    from pricer.watching.explain import document as explained

    found = every()
    return json.dumps({"alerts": [explained(one) for one in found[:MOST]], "total": len(found)}, ensure_ascii=False)


def _stamp() -> tuple[int, int]:
    from pricer.watching.alerts import stamp

    try:
        return stamp()
    except OSError:  # a file went while it was looked at: the next look sees it
        return (-1, -1)
