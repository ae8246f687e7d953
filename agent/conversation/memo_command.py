"""`assay memo`: the decision memo of a session as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import Json, print_json

if TYPE_CHECKING:
    from agent.conversation.evidence import Step


@dataclass(frozen=True, slots=True)
class Held:
    """What a session holds: its id, its evidence, and the user's own words."""

    id: str
    steps: tuple[Step, ...]
    texts: tuple[str, ...]


def memo(
    session: Annotated[str, typer.Argument(help="A session: its id, or last.")] = "last",
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("memo.md"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is no memo.")] = False,
    as_json: Json = False,
) -> None:
    """Write a session's decision as a memo in Markdown: every figure links to a fact or a run."""
    from server.tools import today

    held = write_memo(session, out, today(), force=force)
    if as_json:
        print_json({"path": str(out), "session": held.id, "steps": len(held.steps)})
    else:
        typer.echo(f"{out}: the decision of session {held.id}, from {len(held.steps)} steps")


def write_memo(
    session: str, out: Path, today: dt.date, *, force: bool = False, read: Callable[[str], Held] | None = None
) -> Held:
    """Write the memo of a session into `out`, as `save_memo` does; what the session held. `BadInput` for a session that there is not."""
    from agent.conversation.memo import memo as written
    from agent.conversation.memo import source_addresses

    _check(out, force)
    held = (read or held_by)(session)
    save_memo(out, written(held.steps, today, held.texts, source_addresses()), force=force)
    return held


def save_memo(out: Path, text: str, *, force: bool = False) -> None:
    """Put a memo into `out`, whole or not at all, without the keys of the environment. `BadInput` where `out` is something else than a
    memo and `force` was not said."""
    import os

    from agent.gateway.redaction import veil
    from pricer.files import write_text

    _check(out, force)
    write_text(veil(os.environ, ()).text(text), out)


def held_by(session: str) -> Held:
    """What a session on disk holds."""
    from langchain_core.messages import HumanMessage

    from agent.conversation.session import open_session, steps_of

    opened = open_session(session)
    messages = opened.messages()
    said = tuple(message.text for message in messages if isinstance(message, HumanMessage))
    return Held(opened.id, steps_of(messages), said)


def _check(out: Path, force: bool) -> None:
    from agent.conversation.memo import MARK
    from pricer.errors import BadInput

    if out.is_dir() or not out.absolute().parent.is_dir():
        raise BadInput(f"--out {out}: wanted a file in a folder that is there")
    if out.exists() and not force and not out.read_bytes().startswith(MARK.encode()):
        raise BadInput(f"--out {out}: that file is no memo of assay and stays as it is; name another, or say --force")
