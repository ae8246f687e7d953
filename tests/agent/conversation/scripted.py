"""A chat model that says what a test wrote down for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

Reply = AIMessage | Callable[[list[BaseMessage]], AIMessage] | Exception


class Scripted(BaseChatModel):
    """Gives its replies one after the other, whatever it is asked; `heard` are the prompts it was given."""

    replies: list[Any]
    heard: list[list[BaseMessage]]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *rest: Any, **kwargs: Any) -> ChatResult:
        self.heard.append(list(messages))
        reply = self.replies[len(self.heard) - 1]
        if isinstance(reply, Exception):
            raise reply
        message = reply(messages) if callable(reply) else reply
        return ChatResult(generations=[ChatGeneration(message=message)])


def scripted(*replies: Reply) -> Scripted:
    """The model with those replies."""
    return Scripted(replies=list(replies), heard=[])


def call(tool: str, **arguments: Any) -> AIMessage:
    """A reply that calls a tool."""
    return calls((tool, arguments))


def calls(*wanted: tuple[str, dict[str, Any]]) -> AIMessage:
    """A reply that calls several tools at once."""
    made = [
        {"name": tool, "args": arguments, "id": uuid.uuid4().hex, "type": "tool_call"} for tool, arguments in wanted
    ]
    return AIMessage(
        "", tool_calls=made, usage_metadata={"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    )


def says(text: str) -> AIMessage:
    """A reply in words."""
    return AIMessage(text, usage_metadata={"input_tokens": 100, "output_tokens": 10, "total_tokens": 110})
