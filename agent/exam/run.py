"""The exam itself: every task asked once, the first call alone or the whole conversation, each answer kept before the next is asked."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.exam.answers import Answer, Book, Call, Mode
from agent.exam.asking import Ask, Tools, calls_of, looked_up, looks_up, messages, with_usage
from agent.exam.tasks import Task
from pricer.errors import PricerError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from agent.gateway.gateway import Gateway
    from catalog.tariff import Tariff

TIMEOUT_S = 600.0
MOST_OUTPUT_TOKENS = 4096
CHARACTERS_PER_TOKEN = 2.0  # fewer than any language has on average, so that a bill is not understated
# What clients of providers raise on purpose. An error of any other kind is ours: it ends the exam, which can be taken up again.
CLIENTS = (("openai", "OpenAIError"), ("anthropic", "AnthropicError"), ("httpx", "HTTPError"), ("httpx2", "HTTPError"))

Examine = Callable[[Task], Awaitable[Answer]]
Tell = Callable[[str], None]


class CapReached(PricerError):
    """The next call could pass the cap; what was answered is kept."""


@dataclass
class Bill:
    """What the exam has cost. `tariff` None: nobody charges."""

    tariff: Tariff | None = None
    cap_usd: Decimal | None = None
    usd: Decimal = Decimal(0)

    @property
    def left_usd(self) -> Decimal | None:
        """What may still be spent; None where there is no cap."""
        return None if self.cap_usd is None else max(self.cap_usd - self.usd, Decimal(0))

    def before(self, characters: int, calls: int = 1) -> None:
        """`CapReached` where so many calls of a prompt of that length could pass the cap."""
        if self.tariff is None or self.cap_usd is None:
            return
        at_most = calls * self.tariff.at_most(int(characters / CHARACTERS_PER_TOKEN), MOST_OUTPUT_TOKENS)
        if self.usd + at_most > self.cap_usd:
            raise CapReached(
                f"the next task may cost ${at_most:.4f}; ${self.usd:.4f} of ${self.cap_usd:f} is spent: raise --max-cost-usd"
            )

    def after(self, usage: Any) -> Decimal:
        """Count a reply; what it cost."""
        if self.tariff is None or not usage:
            return Decimal(0)
        usd = self.tariff.cost(input_tokens=usage["input_tokens"], output_tokens=usage["output_tokens"])
        self.usd += usd
        return usd


def exam_of(model: str, tasks: Sequence[Task], system: str, tools: Tools, way: str) -> dict[str, Any]:
    """What decides the answers: a book of another exam is not gone on with."""
    return {
        "model": model,
        "way": way,
        "tasks": _digest([repr((task.id, task.conversation)) for task in tasks]),
        "system": _digest(system),
        "tools": _digest(tools),
    }


async def run(tasks: Sequence[Task], book: Book, examine: Examine, mode: Mode, tell: Tell | None = None) -> None:
    """Ask what has no answer in the book yet, in order, and keep each answer; `tell` hears how far it is."""
    waiting = [task for task in tasks if (task.id, mode) not in book.answers]
    for done, task in enumerate(waiting, len(tasks) - len(waiting) + 1):
        answer = await examine(task)
        book.keep(answer)
        first = answer.failure or ", ".join(call.tool for call in answer.calls) or "no call"
        (tell or say)(f"{mode} {done}/{len(tasks)} {task.id}: {first} ({answer.elapsed_s:.1f} s)")


def first_calls(
    ask: Ask, system: str, tools: Tools, bill: Bill | None = None, *, calls: int = 1, timeout_s: float = TIMEOUT_S
) -> Examine:
    """Examines by the first reply alone; `calls` is how often `ask` asks the model for it. Who first looks which data sets are loaded is
    told, and asked again, once."""
    import asyncio

    account, listed = bill or Bill(), len(json.dumps(list(tools)))

    async def examine(task: Task) -> Answer:
        told = messages(task, system)
        account.before(listed + _characters(told), 2 * calls)
        began = time.perf_counter()
        try:
            reply = await asyncio.wait_for(ask(told), timeout_s)
            if looked := len(reply.tool_calls) == 1 and looks_up(task, reply):
                then = await asyncio.wait_for(ask([*told, *looked_up(reply)]), timeout_s)
                reply = with_usage(then, reply, then)
        except failures() as error:
            return Answer(task.id, "first", failure=_why(error), elapsed_s=_since(began))
        return _answer(task, reply, account, looked, _since(began))

    return examine


def whole_conversations(model: BaseChatModel, gateway: Gateway, bill: Bill | None = None) -> Examine:
    """Examines by the whole conversation, in which every approval is refused. A limit that is reached counts as a failure."""
    account = bill or Bill()

    async def examine(task: Task) -> Answer:
        from agent.conversation.conversation import Conversation
        from agent.conversation.limits import Limits

        left = account.left_usd
        limits = Limits() if left is None else Limits(usd=left)
        began = time.perf_counter()
        async with Conversation(model, gateway, limits, tariff=account.tariff) as conversation:
            turn = await conversation.ask(task.said[-1])
        usd = Decimal(turn.usd or 0)
        account.usd += usd
        calls = tuple(Call(step.tool, dict(step.arguments)) for step in turn.steps)
        failure = None if turn.how == "answered" else f"{turn.how}: {turn.why}"
        return Answer(
            task.id, "whole", calls, turn.answer, failure, turn.ungrounded, input_tokens=turn.tokens, usd=f"{usd:f}", elapsed_s=_since(began)
        )  # fmt: skip

    return examine


def failures() -> tuple[type[BaseException], ...]:
    """What counts as a model's failure: what clients that are loaded raise on purpose, a connection that broke, a reply nobody can read."""
    loaded = [getattr(sys.modules[name], error) for name, error in CLIENTS if name in sys.modules]
    return (*loaded, OSError, TimeoutError, ValueError, NotImplementedError, PricerError)


def say(line: str) -> None:
    """A line of progress on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _answer(task: Task, reply: AIMessage, account: Bill, looked: bool, elapsed_s: float) -> Answer:
    used = reply.usage_metadata
    usd = account.after(used)
    return Answer(
        task.id, "first", calls_of(reply), reply.text,
        input_tokens=used["input_tokens"] if used else 0, output_tokens=used["output_tokens"] if used else 0,
        usd=f"{usd:f}", elapsed_s=elapsed_s, looked_up=looked,
    )  # fmt: skip


def _why(error: BaseException) -> str:
    from agent.conversation.failing import failure_of

    return str(error) if isinstance(error, PricerError) else failure_of(error)


def _characters(told: Sequence[BaseMessage]) -> int:
    return sum(len(str(message.content)) for message in told)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 3)


def _digest(told: Any) -> str:
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:12]
