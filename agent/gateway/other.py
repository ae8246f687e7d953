"""One other server as the assistant meets it: its tools under safe names, and calls that are guarded on the way out and back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException

from agent.gateway.allowing import Allowed
from agent.gateway.attempt import Unanswered
from agent.gateway.audit import Audit, Call, Outcome
from agent.gateway.config import ServerConfig
from agent.gateway.connection import Connection
from agent.gateway.pins import Pins, PinsUnreadable, fingerprint
from agent.gateway.redaction import Veil
from agent.gateway.words import MOST_RESULT, BadTool, described, named, plain, schema_of, text_of, told

if TYPE_CHECKING:
    from mcp_types import CallToolResult, Tool

MOST_TOOLS = 100  # of one server: providers take 128 in all
MOST_SAID = 400  # characters of a problem that are not ours

Answer = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all other servers."""

    allowed: Allowed
    pins: Pins
    veil: Veil
    audit: Audit


class NotDone(ToolException):
    """A call without an answer that counts; the text is what the model reads."""

    def __init__(self, outcome: Outcome, text: str, size_bytes: int | None = None) -> None:
        super().__init__(text)
        self.outcome, self.size_bytes = outcome, size_bytes


class OtherServer:
    """A server beside ours. Whatever it does is in `problems` at worst."""

    def __init__(self, config: ServerConfig, rules: Rules, *, accept: bool) -> None:
        self.name = config.name
        self.listed: list[str] = []
        self.problems: list[str] = []
        self._rules, self._accept = rules, accept
        self._connection = Connection(config)
        self._tools: dict[str, Tool] = {}
        self._prints: dict[str, str] = {}
        self._gone: str | None = None
        self._reconnected = False
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Connect and choose the tools that can be shown; failing is a problem, no error."""
        try:
            remote = await self._connection.open()
        except Unanswered as error:
            self._problem(f"cannot be used: {error.why}")
            return
        self.listed = [tool.name for tool in remote]
        self._tools = await self._unchanged(self._shown(remote))
        self._prints = {name: fingerprint(tool) for name, tool in self._tools.items()}

    def offers(self, tool: str) -> bool:
        """Whether the tool is still there as it was shown."""
        return self._gone is None and tool in self._tools

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()

    def tools(self, taken: set[str]) -> list[BaseTool]:
        """The tools that are left, under names that nobody has `taken`; their names are added to it."""
        made = []
        for tool in self._tools.values():
            try:
                made.append(self._made(tool, taken))
            except BadTool as error:
                self._problem(f"{plain(tool.name, 80)} is left out: {error}")
        return made

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        """The answer as data of this server, without keys. NotDone when there is none, or when the call is not made."""
        began_s, size = time.perf_counter(), None
        outcome: Outcome = "stopped"
        try:
            result = await self._answer(tool, arguments)
            size = len(result.model_dump_json().encode("utf-8", "replace"))
            answer = self._said(tool, result, size)
            outcome = "answered"
        except NotDone as error:
            outcome, size = error.outcome, error.size_bytes
            raise
        finally:
            self._rules.audit.write(Call(self.name, tool, arguments, outcome, time.perf_counter() - began_s, size))
        return answer

    def _shown(self, remote: Sequence[Tool]) -> list[Tool]:
        chosen = [tool for tool in remote if self._rules.allowed.shows(self.name, tool.name)]
        once = {tool.name: tool for tool in reversed(chosen)}
        if len(once) < len(chosen):
            self._problem("lists several tools under the same name: only the first of each is shown")
        shown = [tool for tool in chosen if once[tool.name] is tool]
        if len(shown) > MOST_TOOLS:
            self._problem(f"has {len(shown)} tools: the first {MOST_TOOLS} are shown; choose with an allow-list")
        return shown[:MOST_TOOLS]

    async def _unchanged(self, tools: Sequence[Tool]) -> dict[str, Tool]:
        prints = {tool.name: fingerprint(tool) for tool in tools}
        try:
            changed = await asyncio.to_thread(self._rules.pins.changed, self.name, prints, accept=self._accept)
        except PinsUnreadable as error:
            self._problem(f"is left out: {error}")
            return {}
        for name in sorted(changed):
            self._problem(
                f"{plain(name, 80)} is left out: it describes itself otherwise than when it was first seen. "
                f"Look at it, then take it with --accept {self.name}"
            )
        return {tool.name: tool for tool in tools if tool.name not in changed}

    def _made(self, tool: Tool, taken: set[str]) -> BaseTool:
        says_it_reads = tool.annotations is not None and tool.annotations.read_only_hint is True
        reads = self._rules.allowed.reads(self.name, tool.name, says_it_reads=says_it_reads)
        schema, name = schema_of(tool.input_schema), named(self.name, tool.name, taken)
        taken.add(name)

        async def call(**arguments: Any) -> Answer:
            return await self.call(tool.name, arguments)

        return StructuredTool(
            name=name,
            description=described(self.name, tool.description),
            args_schema=schema,
            coroutine=call,
            response_format="content_and_artifact",
            metadata={"assay": {"server": self.name, "tool": tool.name, "approval": not reads, "free_asks": False}},
            handle_tool_error=True,
        )

    async def _answer(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        if self._rules.veil.holds(arguments):
            raise NotDone(
                "refused", f"Not called: the arguments hold a key, and no key is sent to {self.name!r}. Leave it out."
            )
        await self._ready(tool)
        try:
            return await self._connection.call(tool, arguments)
        except Unanswered as error:
            why = self._clean(error.why)
            if not error.late:
                self._problem(f"broke off in a call of {plain(tool, 80)}: {why}")
            raise NotDone(
                "timeout" if error.late else "lost",
                f"The MCP server {self.name!r} gave no answer: {why}. What it did by then is not known; other tools still work.",
            ) from None

    async def _ready(self, tool: str) -> None:
        """Nothing, when the tool can be called as it was shown; NotDone otherwise. A lost server is connected anew, once."""
        async with self._turn:
            if self._gone is None and self._connection.stale:
                self._compare(await self._listed_again())
        if self._gone is not None:
            raise NotDone("lost", f"The MCP server {self.name!r} is gone: {self._gone}. Other tools still work.")
        if tool not in self._tools:
            raise NotDone(
                "refused", f"Not called: {self.name!r} changed or withdrew this tool since it was shown. Do without it."
            )

    async def _listed_again(self) -> Sequence[Tool]:
        try:
            remote = await self._connection.tools()
            self._connection.stale = False
            return remote
        except Unanswered as error:
            why = error.why
        if not self._reconnected:
            self._reconnected = True
            await self._connection.close()
            try:
                return await self._connection.open()
            except Unanswered as error:
                why = error.why
        self._gone = self._clean(why)
        self._problem(f"is gone: {self._gone}")
        await self._connection.close()
        return ()

    def _compare(self, remote: Sequence[Tool]) -> None:
        if self._gone is not None:
            return
        now = {tool.name: fingerprint(tool) for tool in remote}
        for name in [one for one, before in self._prints.items() if one in self._tools and now.get(one) != before]:
            del self._tools[name]
            how = "changed what it says of itself" if name in now else "was withdrawn"
            self._problem(
                f"{plain(name, 80)} {how} during the session and is left out"
                + (f"; look at it, then start with --accept {self.name}" if name in now else "")
            )

    def _said(self, tool: str, result: CallToolResult, size: int) -> Answer:
        text = self._rules.veil.text(text_of(result.content))
        if result.is_error:
            raise NotDone("error", told(self.name, text or f"{tool} failed without a word"), size)
        structured = self._rules.veil.data(result.structured_content)
        if structured is None or len(json.dumps(structured, ensure_ascii=False)) > MOST_RESULT:
            structured = {"text": plain(text, MOST_RESULT)}
        shown = text or json.dumps(structured, ensure_ascii=False)
        return told(self.name, shown), {"structured_content": structured}

    def _clean(self, text: str) -> str:
        return plain(self._rules.veil.text(text), MOST_SAID)

    def _problem(self, text: str) -> None:
        self.problems.append(f"{self.name}: {self._clean(text)}")
