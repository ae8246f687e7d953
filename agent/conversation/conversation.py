"""A conversation: questions in, answers out, with tools between, under limits and with the user's word where it is needed."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from langchain.agents import create_agent
from langchain.agents.middleware import ClearToolUsesEdit, ContextEditingMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.types import Command, Interrupt

import prompts
from agent.conversation.bounds import APPROVAL, Approval, Bounds, LimitReached, Refusals, Spending
from agent.conversation.events import Called, Event, Noticed, Question, Reply, Returned, Said, Turn
from agent.conversation.evidence import OURS, Step
from agent.conversation.failing import failure_of
from agent.conversation.grounding import ungrounded
from agent.conversation.limits import Limits
from agent.conversation.session import Session, in_call_order, step_of, steps_of, whose
from agent.gateway.redaction import Veil

if TYPE_CHECKING:
    from agent.gateway.gateway import Gateway
    from catalog.tariff import Tariff

Approve = Callable[[Question], Awaitable[Reply]]
Watch = Callable[[Event], None]
LONGEST_QUESTION = 20_000
KEPT_TOKENS = 60_000  # of tool results in the prompt; older ones are left out of it, not out of the session
ASKS = {
    "run_baseline": "Train a baseline on this machine and score it? It costs nothing; its answers are kept as a run.",
    "run_frontier_price": "Ask this model, on your own machine, for each item? Nobody charges; its answers are kept as a run.",
    "cancel_job": "Stop this job? What it has done is kept.",
}
NO_RESULT = (
    "no result: {why}. Whether it was made, and what it did by then, is not known: look before you call it again."
)
UNGROUNDED = (
    "These figures or names of your answer stand in no tool result and were not said by the user: {figures}. Write the answer again with "
    "only what the results hold, or say that you do not know."
)


async def refuse(question: Question) -> Reply:  # noqa: ARG001
    """Nobody is there to ask: no."""
    return Reply(yes=False)


def ignore(event: Event) -> None:
    """Nobody watches."""


class Conversation:
    """An agent with a memory. Use as `async with`; the gateway it is given is opened by whoever made it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a conversation is made of
        self, model: BaseChatModel, gateway: Gateway, limits: Limits | None = None, approve: Approve = refuse,
        session: Session | None = None, watch: Watch = ignore, tariff: Tariff | None = None, resumed: bool = False, unpriced: bool = False,
    ) -> None:  # fmt: skip
        self.model, self.gateway, self.approve, self.watch, self.session = model, gateway, approve, watch, session
        self.spending = Spending(limits or Limits(), tariff, unpriced)
        self.veil = session.veil if session else Veil()
        self.messages: list[BaseMessage] = session.messages() if session and resumed else []
        self.spending.after_model(self.messages)  # the limits are a session's, however often it is resumed
        self.steps: list[Step] = list(steps_of(self.messages))
        # A result is cited by the place of its call, however late it comes.
        self._numbers = {str(message.tool_call_id): place for place, message in enumerate(_results(self.messages), 1)}
        self._arguments: dict[str, dict[str, Any]] = {}
        self._graph: Any = None

    async def __aenter__(self) -> Conversation:
        """Build the graph from the gateway's tools."""
        middleware: list[Any] = [Bounds(self.spending), Refusals(), Approval()]
        if self.model._llm_type != "planner":
            middleware.append(ContextEditingMiddleware(edits=[ClearToolUsesEdit(trigger=KEPT_TOKENS, keep=4)]))
        others = sorted({tool.metadata["assay"]["server"] for tool in self.gateway.tools if tool.metadata} - {OURS})
        named = f"- Tools named SERVER__TOOL belong to other servers: {', '.join(others)}." if others else ""
        system = prompts.text("assistant", today=dt.datetime.now(dt.UTC).date().isoformat(), others=named)
        self._graph = create_agent(
            self.model, self.gateway.tools, system_prompt=system, middleware=middleware, checkpointer=InMemorySaver()
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing is held open here."""

    async def ask(self, text: str) -> Turn:
        """The answer to a question. It never raises for what a model, a tool or the user did: `Turn.how` says how it ended.

        Cancelled (Ctrl-C), it keeps what was answered so far and raises `CancelledError` on.
        """
        # Bytes that are no UTF-8 come as lone surrogates.
        whole = text[:LONGEST_QUESTION].encode("utf-8", "replace").decode()
        question = HumanMessage(self.veil.text(whole))
        self.spending.begin()
        self._trace("question", text=question.text)
        asked = [*self.messages, question]
        began = self.spending.tokens
        new: list[BaseMessage] = [question]
        how: Literal["answered", "limit", "stopped", "failed"] = "answered"
        why: str | None = None
        found: tuple[str, ...] = ()
        try:
            await self._run(asked, new)
            found = await self._grounded(asked, new)
        except LimitReached as limit:
            how, why = "limit", str(limit)
        except GraphRecursionError:
            how, why = "limit", "the model went on without an answer"
        except asyncio.CancelledError:
            self._keep(new, "stopped by the user")
            raise
        except Exception as error:  # noqa: BLE001 - a provider's client raises what it likes; it must not end the session
            how, why = "failed", self.veil.text(failure_of(error))
        if why:
            self.watch(Noticed(why))
        steps = self._keep(new, why)
        answer = "" if why or not isinstance(new[-1], AIMessage) else new[-1].text
        turn = Turn(answer, how, why, steps, found, self.spending.tokens - began, self._usd())
        self._trace("answer", how=how, why=why, text=answer, ungrounded=list(found), tokens=turn.tokens, usd=turn.usd)
        return turn

    async def _run(self, messages: Sequence[BaseMessage], new: list[BaseMessage]) -> None:
        """Let the agent work; what it and its tools say is appended to `new` as it comes."""
        config: Any = {
            "configurable": {"thread_id": uuid.uuid4().hex},
            "recursion_limit": 4 * self.spending.limits.turns + 8,
        }
        payload: Any = {"messages": list(messages)}
        while True:
            async for mode, chunk in self._graph.astream(payload, config, stream_mode=["messages", "updates"]):
                self._heard(mode, chunk, new)
            state = await self._graph.aget_state(config)
            waiting: list[Interrupt] = [one for task in state.tasks for one in task.interrupts]
            if not waiting:
                return
            payload = Command(resume={one.id: await self._word(one.value) for one in waiting})

    def _heard(self, mode: str, chunk: Any, new: list[BaseMessage]) -> None:
        if mode == "messages":
            message = chunk[0]
            if isinstance(message, AIMessageChunk) and message.text:
                self.watch(Said(self.veil.text(message.text)))
            return
        for update in chunk.values():
            for message in update.get("messages", []) if isinstance(update, dict) else []:
                if isinstance(message, AIMessage | ToolMessage) and _key(message) not in {_key(known) for known in new}:
                    new.append(message)
                    self._told(message)

    def _told(self, message: BaseMessage) -> None:
        if isinstance(message, ToolMessage):
            number = self._numbers.setdefault(message.tool_call_id, len(self._numbers) + 1)
            step = step_of(message, number, self._arguments.get(message.tool_call_id, {}))
            self.steps.append(step)
            self.watch(Returned(step))
            self._trace(
                "result",
                number=step.number,
                server=step.server,
                tool=step.tool,
                is_error=step.is_error,
                result=step.result,
            )
        elif isinstance(message, AIMessage):
            usage = dict(message.usage_metadata) if message.usage_metadata else None
            self._trace(
                "model",
                calls=[{"name": call["name"], "arguments": call["args"]} for call in message.tool_calls],
                usage=usage,
            )
            for call in message.tool_calls:
                self._numbers.setdefault(str(call["id"]), len(self._numbers) + 1)
                self._arguments[str(call["id"])] = dict(call["args"])
                server, tool = whose(call["name"])
                self.watch(Called(server, tool, call["args"]))

    async def _word(self, asked: Any) -> Any:
        """What the user says to an interrupt: of a tool that needs approval, or of a server with a form."""
        if asked.get("type") == APPROVAL:
            question = Question("approval", asked["server"], asked["tool"], _approval_text(asked), asked["arguments"])
            return (await self._answered(question)).yes
        responses: dict[str, dict[str, Any]] = {}
        for request in asked["requests"]:
            server, tool = whose(asked["tool_name"])
            if request["mode"] != "form":
                responses[request["key"]] = {"action": "decline"}
                continue
            question = Question("form", server, tool, request["message"], schema=request["requested_schema"])
            reply = await self._answered(question)
            responses[request["key"]] = (
                {"action": "accept", "content": reply.content} if reply.yes else {"action": "decline"}
            )
        return {"responses": responses}

    async def _answered(self, question: Question) -> Reply:
        reply = await self.approve(question)
        self._trace(
            "asked",
            kind=question.kind,
            server=question.server,
            tool=question.tool,
            text=question.text,
            yes=reply.yes,
            content=reply.content,
        )
        return reply

    async def _grounded(self, asked: list[BaseMessage], new: list[BaseMessage]) -> tuple[str, ...]:
        """What of the answer has no evidence, after the model was told once and has written it again."""
        found = self._without_evidence(new)
        if not found or self.model._llm_type in ("planner", "choosing"):
            return found
        self._trace("ungrounded", figures=list(found))
        note = HumanMessage(UNGROUNDED.format(figures=", ".join(found)), name="grounding")
        self.watch(Noticed(f"checked again: {', '.join(found)} had no evidence"))
        first = new[-1].text
        new.append(note)
        try:
            await self._run([*asked, *new[1:]], new)
        except (LimitReached, GraphRecursionError) as limit:
            self._close(new, str(limit))
            new.append(AIMessage(first))  # an answer with doubts is worth more than none
        return self._without_evidence(new)

    def _without_evidence(self, new: list[BaseMessage]) -> tuple[str, ...]:
        last = new[-1]
        if not isinstance(last, AIMessage):
            return ()
        said = [
            message.text
            for message in [*self.messages, *new]
            if isinstance(message, HumanMessage) and message.name is None
        ]
        return ungrounded(last.text, self.steps, said)

    def _keep(self, new: list[BaseMessage], why: str | None) -> tuple[Step, ...]:
        """Add what was said to the session, whole: calls without an answer are closed, and an end without words gets some."""
        self._close(new, why)
        if not isinstance(new[-1], AIMessage):
            new.append(AIMessage(f"({why or 'no answer'})"))
        new[:] = in_call_order(new)
        first = len(steps_of(self.messages)) + 1
        self.messages.extend(new)
        steps = steps_of(new, first)
        self.steps = list(steps_of(self.messages))
        self._written(lambda session: session.keep(new))
        return steps

    @staticmethod
    def _close(new: list[BaseMessage], why: str | None) -> None:
        """Give every call without a result one that says so: no provider takes a call back without."""
        open_calls = [call for message in new if isinstance(message, AIMessage) for call in message.tool_calls]
        answered = {message.tool_call_id for message in new if isinstance(message, ToolMessage)}
        for call in open_calls:
            if call["id"] not in answered:
                new.append(
                    ToolMessage(
                        NO_RESULT.format(why=why or "stopped"),
                        name=call["name"],
                        tool_call_id=str(call["id"]),
                        status="error",
                    )
                )

    def _usd(self) -> str | None:
        return None if self.spending.unpriced else f"{self.spending.usd:f}"

    def _trace(self, what: str, **told: Any) -> None:
        self._written(lambda session: session.trace(what, **told))

    def _written(self, write: Callable[[Session], None]) -> None:
        """A disk that is full must not end the conversation."""
        if self.session:
            try:
                write(self.session)
            except OSError as error:
                self.watch(Noticed(f"the session could not be written: {error.strerror or error}"))


def _results(messages: Sequence[BaseMessage]) -> list[ToolMessage]:
    return [message for message in in_call_order(messages) if isinstance(message, ToolMessage)]


def _key(message: BaseMessage) -> str:
    """What tells a message from another: a result that a resumed step hands out again is the same."""
    return message.tool_call_id if isinstance(message, ToolMessage) else message.id or str(id(message))


def _approval_text(asked: dict[str, Any]) -> str:
    if asked["server"] == OURS and asked["tool"] in ASKS:
        return ASKS[asked["tool"]]
    return f"Run {asked['tool']} of the server {asked['server']!r}? It is not known to read only."
