"""Middleware that bounds an agent: how often, how long, how dear; and that asks before a tool spends, trains or writes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.types import interrupt

from agent.conversation.limits import Limits
from agent.conversation.models import MOST_OUTPUT_TOKENS

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest, ModelResponse, ToolCallRequest
    from langgraph.types import Command

    from catalog.tariff import Tariff

APPROVAL = "approval"
FREE = ("local/", "ollama/", "vllm/", "llamacpp/", "lmstudio/")
# What a call may cost is not to be understated: at most half a token for an ASCII character, at most one and a half for any other.
CHARACTERS_PER_TOKEN = 2.0
WEIGHT_OF_OTHERS = 3
REFUSED = "The user did not approve this call: it was not made, nothing was spent or written. Do not call it again unless they ask."


class LimitReached(Exception):
    """A limit of the conversation; its text is for the user."""


@dataclass
class Spending:
    """What a session has used, and what is left. `tariff` None: nobody charges, or, `unpriced`, nobody knows what."""

    limits: Limits
    tariff: Tariff | None = None
    unpriced: bool = False
    tokens: int = 0
    usd: Decimal = Decimal(0)
    turns: int = 0
    calls: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """A new question: turns and calls count anew."""
        self.turns = 0
        self.calls.clear()

    def before_model(self, characters: int) -> int:
        """Reserve a call of the model, and say how many tokens it may read; `LimitReached` when a limit would be passed."""
        most_in = int(characters / CHARACTERS_PER_TOKEN)
        if self.turns >= self.limits.turns:
            raise LimitReached(
                f"the model was asked {self.turns} times for this question, the most allowed (--max-turns)"
            )
        if self.tokens >= self.limits.tokens:
            raise LimitReached(f"this session has used {self.tokens:,} of {self.limits.tokens:,} tokens (--max-tokens)")
        if self.tariff and self.usd + self.tariff.at_most(most_in, MOST_OUTPUT_TOKENS) > self.limits.usd:
            raise LimitReached(
                f"the next call of the model may pass ${self.limits.usd:f}, the most this session may cost (--max-cost-usd); "
                f"${self.usd:.4f} is spent"
            )
        self.turns += 1
        return most_in

    def unknown(self, most_in: int) -> None:
        """Count a call whose use nobody told, or that was stopped: where somebody charges, as the dearest that it can have been."""
        if self.tariff:
            self.tokens += most_in + MOST_OUTPUT_TOKENS
            self.usd += self.tariff.at_most(most_in, MOST_OUTPUT_TOKENS)

    def after_model(self, messages: Sequence[BaseMessage], most_in: int = 0) -> None:
        """Count what the model used."""
        if most_in and not any(isinstance(one, AIMessage) and one.usage_metadata for one in messages):
            self.unknown(most_in)
        for message in messages:
            usage = message.usage_metadata if isinstance(message, AIMessage) else None
            if usage:
                self.tokens += usage["input_tokens"] + usage["output_tokens"]
                self.usd += self._cost(usage)

    def before_tool(self, call_id: str) -> None:
        """Count a tool call once, however often it is resumed."""
        if call_id not in self.calls and len(self.calls) >= self.limits.tool_calls:
            raise LimitReached(
                f"{len(self.calls)} tools were called for this question, the most allowed (--max-tool-calls)"
            )
        self.calls.add(call_id)

    def _cost(self, usage: Mapping[str, Any]) -> Decimal:
        if self.tariff is None:
            return Decimal(0)
        details = usage.get("input_token_details") or {}
        return self.tariff.cost(
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
            cached_tokens=details.get("cache_read") or 0,
        )


class Bounds(AgentMiddleware):
    """Holds the limits. A limit that is reached ends the question: it is the user's, not the model's, to raise it."""

    def __init__(self, spending: Spending) -> None:
        super().__init__()
        self.spending = spending

    async def awrap_model_call(
        self, request: ModelRequest, handler: Callable[[ModelRequest], Awaitable[ModelResponse]]
    ) -> ModelResponse:
        """The model's reply, counted."""
        tools = sum(
            len(str(getattr(tool, "args_schema", tool))) + len(str(getattr(tool, "description", "")))
            for tool in request.tools
        )
        system = len(request.system_message.text) if request.system_message else 0
        most_in = self.spending.before_model(sum(_size(message) for message in request.messages) + tools + system)
        try:
            response = await handler(request)
        except asyncio.CancelledError:
            self.spending.unknown(most_in)
            raise
        self.spending.after_model(response.result, most_in)
        used = {str(call["id"]) for one in request.messages if isinstance(one, AIMessage) for call in one.tool_calls}
        return replace(response, result=[_sound(one, used) for one in response.result])

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """The tool's answer, counted."""
        self.spending.before_tool(str(request.tool_call["id"]))
        return await handler(request)


class Approval(AgentMiddleware):
    """Asks before a tool that is not known to read only. Those of ours that ask by themselves, with the price, are not asked twice."""

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """The tool's answer, or that it was refused."""
        told = about(request.tool)
        call = request.tool_call
        if request.tool is not None and needs_word(told, call["args"]):
            question = {"type": APPROVAL, "server": told["server"], "tool": told["tool"], "arguments": call["args"]}
            if not interrupt(question):
                return ToolMessage(REFUSED, name=call["name"], tool_call_id=str(call["id"]), status="error")
        return await handler(request)


class Refusals(AgentMiddleware):
    """A call that breaks becomes an error the model reads; it does not end the conversation."""

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """The tool's answer, or what broke."""
        from fastmcp.exceptions import FastMCPError
        from langchain_core.tools import ToolException
        from mcp import MCPError
        from pydantic import ValidationError

        call = request.tool_call
        try:
            return await handler(request)
        except (
            ToolException,
            FastMCPError,
            MCPError,
            ValidationError,
            OSError,
            TimeoutError,
            NotImplementedError,
            ValueError,
        ) as error:
            words = f"{call['name']} could not be called: {type(error).__name__}: {error!s:.300}"
            return ToolMessage(words, name=call["name"], tool_call_id=str(call["id"]), status="error")


def about(tool: Any) -> dict[str, Any]:
    """What the gateway noted on a tool; nothing noted means that nothing is known of it, so that it needs approval."""
    noted = (tool.metadata or {}).get("assay") if tool is not None else None
    return {"server": "unknown", "tool": getattr(tool, "name", "unknown"), "approval": True, **(noted or {})}


def needs_word(told: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    """Whether the user is asked before this call. A run of a model on the user's own machine starts without a question of the server's."""
    if told["approval"]:
        return True
    return (
        bool(told.get("free_asks"))
        and arguments.get("confirm") is not False
        and str(arguments.get("model", "")).strip().startswith(FREE)  # the server strips it too
    )


def _sound(message: BaseMessage, used: set[str]) -> BaseMessage:
    """The reply as every provider takes it back: no call that could not be read, no id of an earlier call."""
    if not isinstance(message, AIMessage):
        return message
    if message.invalid_tool_calls:
        names = ", ".join(str(call["name"]) for call in message.invalid_tool_calls)
        said = message.text or ("" if message.tool_calls else f"(a call of {names} could not be read; ask again)")
        message = message.model_copy(update={"invalid_tool_calls": [], "content": said, "additional_kwargs": {}})
    calls = []
    for call in message.tool_calls:
        fresh = call["id"] and call["id"] not in used
        calls.append(call if fresh else {**call, "id": f"call_{uuid.uuid4().hex[:24]}"})
        used.add(str(calls[-1]["id"]))
    return message if calls == message.tool_calls else message.model_copy(update={"tool_calls": calls})


def _size(message: BaseMessage) -> int:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    text = message.text + "".join(str(call["args"]) for call in calls)
    return len(text) + (WEIGHT_OF_OTHERS - 1) * sum(not character.isascii() for character in text)
