"""The line to one other server: a process or an address, connected, listed, called and closed, each within its time."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any, TextIO

from agent.gateway.attempt import CLEANUP_S, Unanswered, attempted
from agent.gateway.config import ServerConfig

if TYPE_CHECKING:
    from fastmcp.client import Client
    from fastmcp.client.transports import ClientTransport
    from mcp_types import CallToolResult, ServerNotification, Tool

MOST_PAGES = 20  # of a list of tools
LOOK_S = 5.0  # for the list of a server that was connected before
LAST_WORDS = 300  # characters
# The SDK adds HOME, PATH, USER and the like; a child sees nothing else but these and its own entry's variables.
PASSED_ON = ("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")


class Connection:
    """One connection at a time. `stale` says that the list of tools may no longer hold, or that nobody may be there."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.stale = False
        self._client: Client[ClientTransport] | None = None
        self._words: TextIO | None = None

    async def open(self) -> list[Tool]:
        """Connect and list the tools. Unanswered, with the server's last words, when that fails; then nothing is left running."""
        try:
            self._words = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed in close
            self._client = self._new_client(self._words)
            tools = await attempted(_opened(self._client), self.config.start_timeout_s)
        except Unanswered as error:
            await self._shut()
            raise Unanswered(self._with_last_words(error.why), late=error.late) from None
        except BaseException:
            await self._shut()
            raise
        self.stale = False
        return tools

    async def tools(self) -> list[Tool]:
        """The tools as the server lists them now. Unanswered when it does not."""
        assert self._client is not None
        return await attempted(self._client.list_tools(max_pages=MOST_PAGES), min(LOOK_S, self.config.start_timeout_s))

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """The server's answer as it came. Unanswered when there is none in time; the connection is stale then."""
        try:
            return await attempted(self._called(tool, arguments), self.config.timeout_s)
        except Unanswered:
            self.stale = True
            raise

    async def close(self) -> None:
        """End the connection and the process; safe to do twice."""
        await self._shut()
        if self._words is not None:
            self._words.close()
            self._words = None

    async def _called(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        # Not the client's own call_tool: that checks the answer against the server's schema, whose patterns could keep us busy for ever.
        from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult

        assert self._client is not None
        request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=arguments))
        return await self._client.session.send_request(request, CallToolResult)

    async def _shut(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            try:
                await attempted(_closed(client), CLEANUP_S)
            except Unanswered:
                return  # it was told to end and killed; there is no more to do

    def _new_client(self, words: TextIO) -> Client[ClientTransport]:
        """A client that cannot be asked anything: no forms, no sampling, no folders. Its log goes nowhere."""
        from fastmcp.client import Client

        return Client(
            self._transport(words),
            name=self.config.name,
            log_handler=_ignored,
            message_handler=self._told,
            init_timeout=self.config.start_timeout_s,
        )

    def _transport(self, words: TextIO) -> ClientTransport:
        from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport

        config = self.config
        if config.transport == "stdio":
            assert config.command is not None
            return StdioTransport(
                config.command,
                list(config.args),
                env=environment(config),
                cwd=config.cwd,
                keep_alive=False,
                log_file=words,
            )
        assert config.url is not None
        kind = SSETransport if config.transport == "sse" else StreamableHttpTransport
        return kind(config.url, headers=dict(config.headers))

    async def _told(self, message: ServerNotification | Exception) -> None:
        from mcp_types import ToolListChangedNotification

        if isinstance(message, ToolListChangedNotification):
            self.stale = True

    def _with_last_words(self, why: str) -> str:
        if self._words is None:
            return why
        size = os.fstat(self._words.fileno()).st_size
        self._words.seek(max(0, size - 4 * LAST_WORDS))
        lines = self._words.read().strip().splitlines()
        return f"{why}; it said: {lines[-1][:LAST_WORDS]}" if lines else why


def environment(config: ServerConfig) -> dict[str, str]:
    """What a stdio server's process sees of ours, and its own entry's variables: no key of ours unless the entry names it."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | dict(config.env)


async def _opened(client: Client[ClientTransport]) -> list[Tool]:
    await client.__aenter__()  # type: ignore[no-untyped-call] # left by _closed
    return await client.list_tools(max_pages=MOST_PAGES)


async def _closed(client: Client[ClientTransport]) -> None:
    await client.close()  # type: ignore[no-untyped-call]


async def _ignored(_message: object) -> None:
    """A server's log is its own affair."""
