"""A conversation's messages as exchanges: what the user said, which tools were called, what was answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.conversation.evidence import OURS, Step

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage, ToolMessage

BETWEEN = "__"  # stands between another server's name and its tool's


@dataclass(frozen=True, slots=True)
class Exchange:
    """The user's words and what followed. `turns` counts the model's messages; `answer` is None while there is none."""

    said: str
    steps: tuple[Step, ...]
    turns: int
    answer: str | None

    def last(self, tool: str) -> Step | None:
        """The newest step of one of our tools."""
        return next((step for step in reversed(self.steps) if step.server == OURS and step.tool == tool), None)

    def every(self, tool: str) -> tuple[Step, ...]:
        """All steps of one of our tools, refused ones too."""
        return tuple(step for step in self.steps if step.server == OURS and step.tool == tool)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation. `now` is what is to be answered, `calls` how many tool calls were ever made."""

    before: tuple[Exchange, ...]
    now: Exchange
    calls: int

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, oldest first."""
        return tuple(step for exchange in (*self.before, self.now) for step in exchange.steps)

    def last(self, tool: str) -> Step | None:
        """The newest step of one of our tools that was not refused."""
        ours = (step for step in reversed(self.steps) if step.server == OURS and step.tool == tool)
        return next((step for step in ours if not step.is_error), None)


def talk_of(messages: Sequence[BaseMessage]) -> Talk:
    """The exchanges of `messages`; what stands before the user's first words is left out."""
    called = {call["id"]: call for message in messages for call in getattr(message, "tool_calls", ())}
    found, number = [], 0
    for part in _parts(messages):
        steps = []
        for message in part:
            if message.type == "tool":
                number += 1
                steps.append(_step(number, message, called.get(message.tool_call_id, {})))  # type: ignore[attr-defined]
        spoken = [message for message in part if message.type == "ai"]
        last = part[-1]
        answer = words_of(last) if last.type == "ai" and not getattr(last, "tool_calls", ()) else None
        found.append(Exchange(words_of(part[0]), tuple(steps), len(spoken), answer))
    now = found.pop() if found else Exchange("", (), 0, None)
    return Talk(tuple(found), now, len(called))


def words_of(message: BaseMessage) -> str:
    """The text of a message, whether its content is a string or blocks."""
    content = message.content
    if isinstance(content, str):
        return content
    blocks = (block if isinstance(block, str) else block.get("text", "") for block in content)
    return "\n".join(str(block) for block in blocks if block)


def _parts(messages: Sequence[BaseMessage]) -> Iterator[list[BaseMessage]]:
    """Runs of messages, each from a word of the user up to the next."""
    part: list[BaseMessage] = []
    for message in messages:
        if message.type == "human":
            if part:
                yield part
            part = [message]
        elif part:
            part.append(message)
    if part:
        yield part


def _step(number: int, message: ToolMessage | BaseMessage, call: dict[str, Any]) -> Step:
    name = str(call.get("name") or getattr(message, "name", None) or "")
    server, between, tool = name.partition(BETWEEN)
    whose, own = (server, tool) if between else (OURS, name)
    is_error = getattr(message, "status", "success") == "error"
    return Step(number, whose, own, dict(call.get("args") or {}), _result(message), is_error)


def _result(message: BaseMessage) -> dict[str, Any]:
    """The structured content of a tool's message, wherever it stands; else its text."""
    artifact = getattr(message, "artifact", None)
    if isinstance(artifact, dict) and isinstance(artifact.get("structured_content"), dict):
        found: dict[str, Any] = artifact["structured_content"]
        return found
    text = words_of(message)
    try:
        read = json.loads(text)
    except ValueError:
        return {"text": text}
    return read if isinstance(read, dict) else {"text": text}
