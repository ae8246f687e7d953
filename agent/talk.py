"""`assay chat` and `assay ask --model`: the assistant in a terminal. Heavy libraries are imported once the arguments are right."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from agent.output import print_json
from pricer.errors import BadInput

if TYPE_CHECKING:
    from agent.conversation.conversation import Conversation
    from agent.conversation.events import Turn
    from agent.conversation.limits import Limits
    from agent.conversation.session import Session
    from agent.talk_screen import TalkScreen
    from catalog.tariff import Tariff

Told = TypeVar("Told")

Model = Annotated[
    str | None,
    typer.Option(
        help="planner (offline, no key), provider/model, local/smollm2-135m, local/PATH.gguf. Default: ASSAY_MODEL, else planner."
    ),
]
BaseUrl = Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")]
McpConfig = Annotated[
    Path | None, typer.Option(help="Other MCP servers: the file that Claude Desktop, Cursor or VS Code reads.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option(help="SERVER or SERVER:TOOL with *; =read behind it: no approval for what only reads."),
]
Accept = Annotated[list[str] | None, typer.Option(help="A server whose tools have changed since they were first seen.")]
Turns = Annotated[int, typer.Option("--max-turns", help="Model calls for one question.")]
ToolCalls = Annotated[int, typer.Option("--max-tool-calls", help="Tool calls for one question.")]
Tokens = Annotated[int, typer.Option("--max-tokens", help="Tokens of the session, in and out.")]
Cap = Annotated[str, typer.Option("--max-cost-usd", help="The chat model's own bill for the session, in dollars.")]
Unpriced = Annotated[bool, typer.Option("--allow-unpriced", help="Talk to a model whose price no source knows.")]
Trace = Annotated[Path | None, typer.Option(help="Also write every step to this file, as JSON lines, without keys.")]
Resume = Annotated[str | None, typer.Option(help="Go on with a session: its id, or last.")]


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


def chat(
    model: Model = None,
    base_url: BaseUrl = None,
    mcp_config: McpConfig = None,
    allow: Allow = None,
    accept: Accept = None,
    max_turns: Turns = 12,
    max_tool_calls: ToolCalls = 20,
    max_tokens: Tokens = 200_000,
    max_cost_usd: Cap = "1",
    allow_unpriced: Unpriced = False,
    resume: Resume = None,
    trace: Trace = None,
) -> None:
    """Talk with the assistant: it asks, shortlists, proposes a measurement with its price, and runs what you approve."""
    limits = _limits(max_turns, max_tool_calls, max_tokens, max_cost_usd)
    setting = _setting(model, base_url, mcp_config, (allow, accept), limits, allow_unpriced, resume, trace)
    from agent.talk_screen import TalkScreen

    _run(_talked(setting, TalkScreen()))


def answered(
    question: str, model: str, base_url: str | None, mcp_config: Path | None, limits: Limits, allow_unpriced: bool,
    trace: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """One question to the assistant; what only the user may decide is refused when nobody is there to ask."""
    setting = _setting(model, base_url, mcp_config, (None, None), limits, allow_unpriced, None, trace)
    from agent.talk_screen import TalkScreen

    screen = TalkScreen(quiet=as_json)
    turn = _run(_once(setting, screen, question))
    if as_json:
        print_json(_document(setting, turn))
    if turn.how == "failed":
        raise typer.Exit(1)
    if turn.how == "limit":
        raise typer.Exit(3)


def limits_of(max_cost_usd: str = "1", turns: int = 12, tool_calls: int = 20, tokens: int = 200_000) -> Limits:
    """The limits that options name; `BadInput` for an amount that is none."""
    return _limits(turns, tool_calls, tokens, max_cost_usd)


def _limits(turns: int, tool_calls: int, tokens: int, usd: str) -> Limits:
    from agent.conversation.limits import Limits

    try:
        amount = Decimal(usd.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise BadInput(f"--max-cost-usd {usd!r}: wanted dollars, such as 0.50")
    return Limits(turns, tool_calls, tokens, amount)


def _setting(
    model: str | None, base_url: str | None, mcp_config: Path | None, others: tuple[list[str] | None, list[str] | None],
    limits: Limits, allow_unpriced: bool, resume: str | None, trace: Path | None,
) -> Setting:  # fmt: skip
    from agent.conversation.session import new_session, open_session

    copies = (trace,) if trace else ()
    session = open_session(resume, *copies) if resume else None
    from agent.conversation.naming import default_model

    name = model or (session.model if session else default_model())
    allow, accept = (tuple(given or ()) for given in others)
    return Setting(
        name, base_url, mcp_config, allow, accept, limits, allow_unpriced, session or new_session(name, *copies), bool(resume)
    )  # fmt: skip


def _run(work: Coroutine[Any, Any, Told]) -> Told:
    """The work, in an event loop whose Ctrl-C is ours."""
    with asyncio.Runner() as runner:
        return runner.run(work)


async def _talked(setting: Setting, screen: TalkScreen) -> None:
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


async def _once(setting: Setting, screen: TalkScreen, question: str) -> Turn:
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
        yield
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
        model, gateway, setting.limits, screen.approve, setting.session, screen.watch, tariff, resumed=setting.resumed
    )
    return await open_things.enter_async_context(talk)


def _tariff(setting: Setting) -> Tariff | None:
    """What the chat model costs; None where nobody charges. `BadInput` where nobody knows, so that no cap could hold."""
    from agent.conversation.naming import PLANNER
    from pricer.conversation import terms_of
    from pricer.predictors.chat.providers import connection
    from pricer.request import Chat

    name = setting.model
    if name == PLANNER or name.startswith("local/"):
        return None
    slashed = ":" not in name.partition("/")[0]
    if slashed:
        terms = terms_of(Chat(model=name))
        if terms.tariff or terms.free or connection(name, setting.base_url).own_machine:
            return terms.tariff
    if setting.allow_unpriced:
        return None
    raise BadInput(
        f"--model {name}: no source prices it, so --max-cost-usd could not hold; use another model, or say --allow-unpriced"
    )


def _document(setting: Setting, turn: Turn) -> dict[str, Any]:
    """The answer as JSON: that of `assay ask`, with the words and every step beside it."""
    last = next(
        (step.result for step in reversed(turn.steps) if step.tool == "recommend_models" and not step.is_error), {}
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
