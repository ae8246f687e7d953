"""The planner behind the face of a chat model: messages in, tool calls or words out, the same every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool

from agent.conversation.offline.decide import decide
from agent.conversation.offline.history import talk_of
from agent.conversation.offline.move import Say


class PlannerModel(BaseChatModel):
    """A chat model without a model: rules read the user's words, results become sentences. It calls only tools in `bound`.

    All it knows is in the messages, so that a conversation that was kept goes on where it stopped.
    """

    bound: frozenset[str] = frozenset()

    @property
    def _llm_type(self) -> str:
        return "planner"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": "planner"}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,  # noqa: ARG002 - the planner chooses by its rules
        **kwargs: Any,  # noqa: ARG002
    ) -> PlannerModel:
        """The same model, with the names of `tools`."""
        return PlannerModel(bound=frozenset(map(_name, tools)))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        talk = talk_of(messages)
        move = decide(talk, self.bound)
        if isinstance(move, Say):
            return _result(move.text, [])
        calls = [
            ToolCall(name=one.tool, args=one.arguments, id=f"planner-{talk.calls + place}")
            for place, one in enumerate(move.calls, 1)
        ]
        return _result("", calls)


def _result(text: str, calls: list[ToolCall]) -> ChatResult:
    nothing = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    message = AIMessage(content=text, tool_calls=calls, usage_metadata=nothing)
    return ChatResult(generations=[ChatGeneration(message=message)])


def _name(tool: Any) -> str:
    """The name of a tool in any of the shapes that LangChain takes."""
    if isinstance(tool, dict):
        return str(tool.get("function", tool).get("name", ""))
    return str(getattr(tool, "name", None) or getattr(tool, "__name__", ""))
