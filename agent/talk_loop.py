"""A conversation at work in an event loop: lines in, answers out, Ctrl-C between."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pricer.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from agent.conversation.conversation import Conversation
    from agent.conversation.events import Turn
    from agent.conversation.limits import Limits
    from agent.conversation.session import Session
    from agent.talk_screen import TalkScreen
    from catalog.tariff import Tariff

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Setting:
    """How the assistant is set up."""

    model: str
    base_url: str | None
    mcp_config: Path | None
    allow: tuple[str, ...]
    accept: tuple[str, ...]
    limits: Limits
    allow_unpriced: bool
    session: Session
    resumed: bool


def run(work: Coroutine[Any, Any, Told]) -> Told:
    """The work, in an event loop whose Ctrl-C is ours."""
    with asyncio.Runner() as runner:
        return runner.run(work)


async def talked(setting: Setting, screen: TalkScreen) -> None:
    """The conversation, until the user leaves."""
    async with contextlib.AsyncExitStack() as open_things:
        talk = await _opened(setting, screen, open_things)
        screen.begin(talk, setting.model, setting.session.id)
        while (line := screen.line()) is not None:
            if line.startswith("/"):
                if not screen.command(line, talk):
                    break
            elif line:
                await _asked(talk, screen, line)
        screen.end(talk)


async def once(setting: Setting, screen: TalkScreen, question: str) -> Turn:
    """The answer to one question."""
    async with contextlib.AsyncExitStack() as open_things:
        talk = await _opened(setting, screen, open_things)
        for problem in talk.gateway.problems:
            screen.notice(problem)
        turn = await _asked(talk, screen, question)
        if turn is None:
            raise KeyboardInterrupt
        return turn


async def _asked(talk: Conversation, screen: TalkScreen, line: str) -> Turn | None:
    """The answer on the screen; None when Ctrl-C stopped it. What was answered so far is kept."""
    task = asyncio.create_task(talk.ask(line))
    with _on_interrupt(task.cancel):
        try:
            turn = await task
        except asyncio.CancelledError:
            screen.stopped()
            return None
    screen.answer(turn)
    return turn


@contextlib.contextmanager
def _on_interrupt(call: Callable[[], object]) -> Any:
    """Ctrl-C calls this while the block runs."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, call)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        if threading.current_thread() is threading.main_thread():
            # Not the runner's own handler: that stops the whole loop at the second Ctrl-C.
            signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(call))
        try:
            yield
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, before)
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


async def _opened(setting: Setting, screen: TalkScreen, open_things: contextlib.AsyncExitStack) -> Conversation:
    screen.starting()
    from agent.conversation.conversation import Conversation
    from agent.conversation.models import chat_model
    from agent.gateway.config import read_config
    from agent.gateway.gateway import Gateway
    from agent.gateway.redaction import veil

    servers = read_config(setting.mcp_config) if setting.mcp_config else ()
    setting.session.veil = veil(os.environ, servers)
    tariff = _tariff(setting)
    model = chat_model(setting.model, base_url=setting.base_url)
    if server := getattr(model, "server", None):
        open_things.callback(server.close)
    gateway = await open_things.enter_async_context(Gateway(servers, allow=setting.allow, accept=setting.accept))
    talk = Conversation(
        model,
        gateway,
        setting.limits,
        screen.approve,
        setting.session,
        screen.watch,
        tariff,
        resumed=setting.resumed,
        unpriced=tariff is None and not _is_free(setting),
    )
    return await open_things.enter_async_context(talk)


def _is_free(setting: Setting) -> bool:
    """Whether nobody charges for the model: it runs in this program or on this machine."""
    from agent.conversation.naming import PLANNER
    from pricer.predictors.chat.providers import connection

    name = setting.model
    if name == PLANNER or name.startswith("local/"):
        return True
    return ":" not in name.partition("/")[0] and connection(name, setting.base_url).own_machine


def _tariff(setting: Setting) -> Tariff | None:
    """What the chat model costs; None where nobody charges. `BadInput` where nobody knows, so that no cap could hold."""
    from pricer.conversation import terms_of
    from pricer.request import Chat

    name = setting.model
    slashed = ":" not in name.partition("/")[0]
    if slashed and not name.startswith("local/") and "/" in name and (tariff := terms_of(Chat(model=name)).tariff):
        return tariff
    if _is_free(setting):
        return None
    if setting.allow_unpriced:
        return None
    raise BadInput(
        f"--model {name}: no source prices it, so --max-cost-usd could not hold; use another model, or say --allow-unpriced"
    )


def document(setting: Setting, turn: Turn) -> dict[str, Any]:
    """The answer as JSON: that of `assay ask`, with the words and every step beside it."""
    last = next(
        (
            step.result
            for step in reversed(turn.steps)
            if step.server == "llm-assay" and step.tool == "recommend_models" and not step.is_error
        ),
        {},
    )
    return {
        "requirements": last.get("requirements", {}), "answered_by": setting.model,
        "shortlist": last.get("shortlist", []), "rejected": last.get("rejected", {"total": 0, "by_reason": {}}),
        "answer": turn.answer, "how": turn.how, "why": turn.why, "ungrounded": list(turn.ungrounded),
        "steps": [
            {"number": one.number, "server": one.server, "tool": one.tool, "arguments": one.arguments, "is_error": one.is_error, "result": one.result}
            for one in turn.steps
        ],
        "tokens": turn.tokens, "cost_usd": turn.usd, "session": setting.session.id,
    }  # fmt: skip
