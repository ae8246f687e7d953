"""Alerts over MCP: the resource, and word of a new one to clients of both eras, in memory and over stdio."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.server import MCPServer
from mcp.server.subscriptions import ResourceUpdated

from pricer.watching.alerts import Alert, Claims, Said, keep
from server.alerts import URI, AlertNotices

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 20.0
QUICK_S = 0.02
OLDER = pytest.mark.filterwarnings(
    "ignore:resources/:mcp.MCPDeprecationWarning"
)  # the client says that these clients are old
SERVE = """
from mcp.server import MCPServer
from server.alerts import AlertNotices
notices = AlertNotices(poll_s=0.02)
server = MCPServer("alerts", lifespan=notices.lifespan, subscriptions=notices.bus)
notices.register(server)
server.run()
"""


def toy(one: str) -> Alert:
    claims = Claims(
        "toy/one", "host", Said("1", "list", "2026-11-01"), Said("2", "list", "2026-11-20"), "2026-11-01", "2026-11-20"
    )
    return Alert(
        one, "2026-11-21T10:00:00Z", "catalog", "price", "toy/one: input price", "2026-11-20", "2", None, None, claims
    )


def server() -> MCPServer[Any]:
    notices = AlertNotices(poll_s=QUICK_S)
    made: MCPServer[Any] = MCPServer("alerts", lifespan=notices.lifespan, subscriptions=notices.bus)
    notices.register(made)
    return made


async def listened(client: Client) -> list[str]:
    """The addresses of which a listening client was told, up to the first."""
    told = []
    with anyio.fail_after(DEADLINE_S):
        async with client.listen(resource_subscriptions=[URI]) as events:
            keep(toy("a1"))
            async for event in events:
                assert isinstance(event, ResourceUpdated)
                told.append(event.uri)
                break
    return told


async def subscribed(connect: Callable[..., Client]) -> list[str]:
    """The same of a client from before 2026-07-28."""
    told: list[str] = []
    came = anyio.Event()

    async def heard(message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            told.append(str(message.params.uri))
            came.set()

    async with connect(mode="legacy", message_handler=heard) as client:
        await client.subscribe_resource(URI)
        keep(toy("a1"))
        with anyio.fail_after(DEADLINE_S):
            await came.wait()
    return told


def over_stdio(**how: Any) -> Client:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Client(
        stdio_client(StdioServerParameters(command=sys.executable, args=["-c", SERVE], env=environment)), **how
    )


def test_the_resource_holds_the_alerts_with_their_words() -> None:
    keep(toy("a1"))

    async def go() -> str:
        async with Client(server()) as client:
            content = (await client.read_resource(URI)).contents[0]
            assert isinstance(content, types.TextResourceContents)
            return content.text

    told = json.loads(anyio.run(go))
    assert told["total"] == 1
    assert told["alerts"][0]["headline"] == "toy/one: input price: 1 → 2 (+100 %)"


def test_without_alerts_the_resource_is_an_empty_list() -> None:
    async def go() -> str:
        async with Client(server()) as client:
            return (await client.read_resource(URI)).contents[0].text  # type: ignore[union-attr]

    assert json.loads(anyio.run(go)) == {"alerts": [], "total": 0}


def test_a_listening_client_is_told_of_a_new_alert() -> None:
    async def go() -> list[str]:
        async with Client(server()) as client:
            return await listened(client)

    assert anyio.run(go) == [URI]


@OLDER
def test_a_client_of_an_older_protocol_is_told_of_a_new_alert() -> None:
    assert anyio.run(lambda: subscribed(lambda **how: Client(server(), **how)))[0] == URI


def test_both_eras_are_told_that_alerts_can_be_subscribed_to() -> None:
    async def go(mode: str) -> Any:
        async with Client(server(), mode=mode) as client:
            return client.server_capabilities.resources

    assert [anyio.run(go, mode).subscribe for mode in ("legacy", "auto")] == [True, True]


@OLDER
def test_what_does_not_change_cannot_be_subscribed_to() -> None:
    async def go() -> str:
        async with Client(server(), mode="legacy") as client:
            with pytest.raises(MCPError) as refused:
                await client.subscribe_resource("assay://licenses")
            return str(refused.value)

    assert "only assay://alerts" in anyio.run(go)


@OLDER
def test_after_unsubscribing_nobody_is_left_to_tell() -> None:
    notices = AlertNotices(poll_s=QUICK_S)
    made: MCPServer[Any] = MCPServer("alerts", lifespan=notices.lifespan, subscriptions=notices.bus)
    notices.register(made)

    async def go() -> list[int]:
        async with Client(made, mode="legacy") as client:
            await client.subscribe_resource(URI)
            before = notices.subscribers
            await client.unsubscribe_resource(URI)
            return [before, notices.subscribers]

    assert anyio.run(go) == [1, 0]


@OLDER
def test_a_client_that_leaves_is_forgotten() -> None:
    notices = AlertNotices(poll_s=QUICK_S)
    made: MCPServer[Any] = MCPServer("alerts", lifespan=notices.lifespan, subscriptions=notices.bus)
    notices.register(made)

    async def go() -> None:
        async with Client(made, mode="legacy") as client:
            await client.subscribe_resource(URI)

    anyio.run(go)
    assert notices.subscribers == 0


@OLDER
@pytest.mark.parametrize("era", ["2026-07-28", "older"])
def test_word_of_an_alert_comes_over_stdio(era: str) -> None:
    async def modern() -> list[str]:
        async with over_stdio() as client:
            return await listened(client)

    ask: Callable[[], Awaitable[list[str]]] = modern if era == "2026-07-28" else lambda: subscribed(over_stdio)
    assert anyio.run(ask)[0] == URI
