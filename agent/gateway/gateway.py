"""The gateway: our server's tools in memory, those of other servers beside them, and no harm from any of the others."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from agent.gateway.allowing import Allowed
from agent.gateway.audit import Audit, Call, Outcome
from agent.gateway.config import ServerConfig
from agent.gateway.other import OtherServer, Rules
from agent.gateway.pins import Pins
from agent.gateway.redaction import veil
from catalog.snapshot import home

if TYPE_CHECKING:
    from types import TracebackType

    from langchain.mcp import MCPAdapter
    from langchain_core.tools import BaseTool
    from mcp.server import MCPServer

OURS = "llm-assay"
ASKS_ITSELF = frozenset({"run_frontier_price", "start_fine_tune"})  # through elicitation, when it would cost something
FREE_STARTS = frozenset({"run_frontier_price"})  # without a question when nobody charges for the model
# Loggers that would print on the terminal what other servers say, addresses with keys in them, and every refusal of ours.
NOISY = {
    **dict.fromkeys(("mcp.client", "mcp.shared", "client", "fastmcp", "httpx", "httpx2"), logging.CRITICAL + 1),
    "mcp.server": logging.ERROR,
}


class Gateway:
    """All tools in one place, while it is entered.

    `servers` are other servers, `allow` globs "server:tool" or "server" of what is shown of them (empty: everything, each call to be
    approved), `accept` the servers whose changed tools are taken as they are now, `audit` the log of calls (by default
    gateway/audit.jsonl in the home folder), `own` our server, built when it is not given.
    """

    def __init__(
        self,
        servers: Sequence[ServerConfig] = (),
        allow: Sequence[str] = (),
        audit: Path | None = None,
        own: MCPServer | None = None,
        accept: Sequence[str] = (),
    ) -> None:
        hidden = veil(os.environ, servers)
        folder = home() / "gateway"
        self._audit = Audit(audit or folder / "audit.jsonl", hidden)
        self._rules = Rules(Allowed(tuple(allow)), Pins(folder / "servers.json"), hidden, self._audit)
        self._own, self._accept, self._known = own, frozenset(accept), [one.name for one in servers]
        self._others = [
            OtherServer(one, self._rules, accept=one.name in self._accept)
            for one in servers
            if one.name != OURS and self._rules.allowed.server(one.name)
        ]
        self._stack = AsyncExitStack()
        self._ours: list[BaseTool] = []
        self._theirs: list[BaseTool] = []

    @property
    def tools(self) -> list[BaseTool]:
        """Ours, then those of other servers in their order; `metadata["assay"]` tells server, tool, approval and free_asks."""
        offered = {server.name: server for server in self._others}
        theirs = [(tool, (tool.metadata or {})["assay"]) for tool in self._theirs]
        return [*self._ours, *(tool for tool, told in theirs if offered[told["server"]].offers(told["tool"]))]

    @property
    def problems(self) -> list[str]:
        """What could not be connected or was left out, and why, a line each; more may come while it is entered."""
        return [*self._misnamed(), *(one for server in self._others for one in server.problems), *self._idle()]

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        try:
            adapter_type = _adapter_type()  # before it is made quiet: the import sets up a log of its own
            self._stack.enter_context(_quiet())
            self._ours = await self._in_memory(adapter_type)
            for server in self._others:
                self._stack.push_async_callback(server.close)
            await asyncio.gather(*(server.open() for server in self._others))
        except BaseException:
            await self._stack.aclose()
            raise
        taken = {tool.name for tool in self._ours}
        self._theirs = [tool for server in self._others for tool in server.tools(taken)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _in_memory(self, adapter_type: type[MCPAdapter]) -> list[BaseTool]:
        from server.app import build_server

        adapter = await self._stack.enter_async_context(adapter_type(self._own or build_server()))
        return [self._ours_as(tool) for tool in await adapter.list_tools()]

    def _ours_as(self, tool: BaseTool) -> BaseTool:
        hints = ((tool.metadata or {}).get("mcp", {}).get("tool", {})).get("annotations", {})
        told = {
            "server": OURS,
            "tool": tool.name,
            "approval": hints.get("read_only_hint") is not True and tool.name not in ASKS_ITSELF,
            "free_asks": tool.name in FREE_STARTS,
        }
        inner: Any = getattr(tool, "coroutine", None)
        assert inner is not None, f"{tool.name} cannot be called"

        async def call(**arguments: Any) -> Any:
            return await self._audited(tool.name, inner, arguments)

        return tool.model_copy(update={"coroutine": call, "metadata": {**(tool.metadata or {}), "assay": told}})

    async def _audited(self, tool: str, inner: Any, arguments: dict[str, Any]) -> Any:
        from langchain_core.tools import ToolException
        from langgraph.errors import GraphInterrupt

        began_s, size = time.perf_counter(), None
        outcome: Outcome = "stopped"
        try:
            answer = await inner(**arguments)
            outcome, size = "answered", len(str(answer[0]).encode("utf-8", "replace"))
        except GraphInterrupt:  # a question to the user: the call is made again with the answer
            outcome = "asked"
            raise
        except ToolException:
            outcome = "error"
            raise
        finally:
            self._audit.write(Call(OURS, tool, arguments, outcome, time.perf_counter() - began_s, size))
        return answer

    def _misnamed(self) -> list[str]:
        ours = (
            f"{OURS}: left out: it is here already, in memory; when it is another program, give its entry another name"
        )
        found = [ours] if OURS in self._known else []
        unknown = sorted(self._accept - set(self._known))
        return found + [f"{name}: accepted, but no server is called so" for name in unknown]

    def _idle(self) -> list[str]:
        # A server that could not be connected has listed nothing: what names it is not misspelt.
        listed = [(server.name, tool) for server in self._others for tool in server.listed or [""]]
        return [f"allow-list: {one!r} names no tool of these servers" for one in self._rules.allowed.idle(listed)]


def _adapter_type() -> type[MCPAdapter]:
    with warnings.catch_warnings():
        from langchain_core._api import LangChainBetaWarning

        warnings.simplefilter("ignore", LangChainBetaWarning)
        from langchain.mcp import MCPAdapter
    return MCPAdapter


@contextmanager
def _quiet() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in NOISY]
    before = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(NOISY[one.name])
    try:
        yield
    finally:
        for one, level in zip(loggers, before, strict=True):
            one.setLevel(level)
