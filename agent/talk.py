"""`assay chat` and `assay ask --model`: the assistant in a terminal. Heavy libraries are imported once the arguments are right."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import print_json
from pricer.errors import BadInput

if TYPE_CHECKING:
    from agent.conversation.limits import Limits
    from agent.talk_loop import Setting

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
    from agent.talk_loop import run, talked
    from agent.talk_screen import TalkScreen

    run(talked(setting, TalkScreen()))


def answered(
    question: str, model: str, base_url: str | None, mcp_config: Path | None, limits: Limits, allow_unpriced: bool,
    trace: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """One question to the assistant; what only the user may decide is refused when nobody is there to ask."""
    setting = _setting(model, base_url, mcp_config, (None, None), limits, allow_unpriced, None, trace)
    from agent.talk_loop import document, once, run
    from agent.talk_screen import TalkScreen

    turn = run(once(setting, TalkScreen(quiet=as_json), question))
    if as_json:
        print_json(document(setting, turn))
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
    from agent.talk_loop import Setting

    name = model or (session.model if session else default_model())
    if session and name == session.model:
        base_url = (
            base_url or session.base_url
        )  # else a conversation with a server of one's own would go on at the provider's
    session = session or new_session(name, *copies)
    session.base_url = base_url
    allow, accept = (tuple(given or ()) for given in others)
    return Setting(
        name, base_url, mcp_config, allow, accept, limits, allow_unpriced, session, bool(resume)
    )  # fmt: skip
