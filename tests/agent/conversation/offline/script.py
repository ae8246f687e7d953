"""Conversations for tests: the planner, and the server in memory that answers its calls."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import anyio
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from mcp import Client

from agent.conversation.offline.model import PlannerModel
from server.app import ENTRIES, build_server

TOOLS = tuple(entry.fn.__name__ for entry in ENTRIES)
PLANNER = PlannerModel().bind_tools([{"name": name} for name in TOOLS])
MOST_TURNS = 12
SPENDING = ("run_baseline", "run_frontier_price", "start_fine_tune", "cancel_job")


def move(*messages: BaseMessage | str, model: PlannerModel = PLANNER) -> AIMessage:
    """The planner's next message after these; a text is the user's."""
    said = [HumanMessage(one) if isinstance(one, str) else one for one in messages]
    return model.invoke(said)


def talked(*questions: str, before: Sequence[BaseMessage] = ()) -> list[BaseMessage]:
    """All messages of a conversation in which the user says `questions` and the real server answers every call."""

    async def go() -> list[BaseMessage]:
        messages = list(before)
        async with Client(build_server()) as client:
            for question in questions:
                messages.append(HumanMessage(question))
                await _answered(client, messages)
        return messages

    return anyio.run(go)


async def _answered(client: Client, messages: list[BaseMessage]) -> None:
    for _ in range(MOST_TURNS):
        message = PLANNER.invoke(messages)
        messages.append(message)
        if not message.tool_calls:
            return
        for call in message.tool_calls:
            result = await client.call_tool(call["name"], call["args"])
            text = getattr(result.content[0], "text", "")
            messages.append(told(call, result.structured_content, text=text, is_error=bool(result.is_error)))
    raise AssertionError("the planner found no end")


def told(call: ToolCall, result: dict[str, Any] | None, *, text: str = "", is_error: bool = False) -> ToolMessage:
    """A result as the gateway hands it over."""
    status = "error" if is_error else "success"
    artifact = None if is_error else {"structured_content": result}
    return ToolMessage(
        text or json.dumps(result), tool_call_id=call["id"], name=call["name"], status=status, artifact=artifact
    )


def calls(messages: Sequence[BaseMessage]) -> list[tuple[str, dict[str, Any]]]:
    """The tools called, with their arguments."""
    return [
        (call["name"], call["args"])
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    ]


def answers(messages: Sequence[BaseMessage]) -> list[str]:
    """The texts that ended a turn."""
    return [str(one.content) for one in messages if isinstance(one, AIMessage) and not one.tool_calls]


def spent(messages: Sequence[BaseMessage]) -> list[tuple[str, dict[str, Any]]]:
    """The calls that may spend, train, write or stop: estimates and plans are none."""
    return [(tool, args) for tool, args in calls(messages) if tool in SPENDING and args.get("confirm") is not False]


def figures(text: str) -> set[Decimal]:
    """The figures of a text, citations left out."""
    plain = re.sub(r"\[\d+\](?!\w)", " ", text)
    return {Decimal(found.replace(",", "")) for found in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", plain)}


def evidence(messages: Sequence[BaseMessage]) -> set[Decimal]:
    """The figures of all results and of the user's own words."""
    texts = [str(one.content) for one in messages if isinstance(one, ToolMessage | HumanMessage)]
    texts += [json.dumps(arguments) for _, arguments in calls(messages)]
    return set().union(*map(figures, texts))
