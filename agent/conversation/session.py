"""Sessions on disk: what was said and what tools answered, so that a conversation can go on tomorrow, and be looked at.

A session is a folder `chats/ID` in the home folder: `session.json` (model, day), `messages.jsonl` (LangChain's messages, one a line) and
`trace.jsonl` (every step with its time). Keys are blotted out before anything is written.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from agent.conversation.evidence import OURS, Step
from agent.gateway.redaction import Veil, veil
from catalog.snapshot import home
from pricer.errors import BadInput

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

ID = re.compile(r"[0-9]{8}-[0-9a-f]{6}")
META, MESSAGES, TRACE = "session.json", "messages.jsonl", "trace.jsonl"


@dataclass
class Session:
    """One conversation's folder. Nothing is made on disk before the first line is written."""

    folder: Path
    model: str
    veil: Veil = field(default_factory=lambda: veil(os.environ, ()))
    copies: tuple[Path, ...] = ()
    base_url: str | None = None

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.name

    def messages(self) -> list[BaseMessage]:
        """All that was said, in order, without a turn that a crash has torn."""
        from langchain_core.messages import messages_from_dict

        return _ended(messages_from_dict(_lines(self.folder / MESSAGES)))

    def keep(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages."""
        from langchain_core.messages import messages_to_dict

        self._append(self.folder / MESSAGES, messages_to_dict(messages))

    def trace(self, what: str, **told: Any) -> None:
        """Append a step to the trace, and to the copies that were asked for."""
        line = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"), "what": what, **told}
        for path in (self.folder / TRACE, *self.copies):
            self._append(path, [line])

    def _append(self, path: Path, documents: Sequence[dict[str, Any]]) -> None:
        if not (self.folder / META).exists():
            self._found()
        text = "".join(
            json.dumps(self.veil.data(document), ensure_ascii=False, default=str) + "\n" for document in documents
        )
        with open(path, "a+b", opener=_private) as file:
            if file.seek(0, os.SEEK_END) and _last_byte(file) != b"\n":
                text = "\n" + text  # a crash tore the line before: it must not take this one with it
            file.write(text.encode("utf-8", "replace"))

    def _found(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        told = {
            "format": 1,
            "model": self.model,
            "base_url": self.base_url,
            "begun": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
        temporary = self.folder / f".{META}.tmp"
        temporary.write_text(json.dumps(told) + "\n", encoding="utf-8")
        temporary.replace(self.folder / META)


def new_session(model: str, *copies: Path) -> Session:
    """A session of today; `copies` are files that get the trace too."""
    for path in copies:
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise BadInput(f"--trace {path}: wanted a file in a folder that is there")
    today = dt.datetime.now(dt.UTC).strftime("%Y%m%d")
    return Session(sessions_folder() / f"{today}-{secrets.token_hex(3)}", model, copies=copies)


def open_session(name: str, *copies: Path) -> Session:
    """A session by its id, or the last one as `last`; `BadInput` names those there are."""
    there = sessions()
    chosen = there[0].name if name == "last" and there else name
    folder = sessions_folder() / chosen
    if not ID.fullmatch(chosen) or folder not in there:
        named = ", ".join(one.name for one in there[:6]) or "none yet: assay chat begins one"
        raise BadInput(f"no session {name!r:.60}; there is {named}")
    return Session(folder, model_of(folder), copies=copies, base_url=_meta(folder).get("base_url"))


def sessions() -> list[Path]:
    """The folders of all sessions, the last one first."""
    return sorted((path.parent for path in sessions_folder().glob(f"*/{META}")), key=_used, reverse=True)


def model_of(folder: Path) -> str:
    """The chat model that a session was begun with."""
    return str(_meta(folder)["model"])


def _meta(folder: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((folder / META).read_text(encoding="utf-8"))
        return {"base_url": None, "model": told["model"], **told}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"session {folder.name}: {META} cannot be read ({error!s:.80})") from None


def sessions_folder() -> Path:
    """Where sessions lie."""
    return home() / "chats"


def steps_of(messages: Sequence[BaseMessage], first: int = 1) -> tuple[Step, ...]:
    """The evidence in messages: each tool result with its call, numbered from `first` in the order of the calls, not of the answers."""
    from langchain_core.messages import ToolMessage

    found: list[Step] = []
    for message in in_call_order(messages):
        if isinstance(message, ToolMessage):
            found.append(step_of(message, first + len(found), call_of(message, messages)))
    return tuple(found)


def step_of(message: Any, number: int, arguments: dict[str, Any]) -> Step:
    """One result as a step."""
    server, tool = whose(message.name or "")
    return Step(number, server, tool, arguments, result_of(message), message.status == "error")


def whose(name: str) -> tuple[str, str]:
    """The server and the tool behind a tool's name: SERVER__TOOL, or one of ours."""
    server, apart, tool = name.partition("__")
    return (server, tool) if apart else (OURS, name)


def call_of(result: Any, messages: Sequence[BaseMessage]) -> dict[str, Any]:
    """The arguments of the call that a result answers."""
    from langchain_core.messages import AIMessage

    for message in messages:
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if call["id"] == result.tool_call_id:
                return dict(call["args"])
    return {}


def in_call_order(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The messages, the results behind each call of tools in the order in which it asked for them."""
    from langchain_core.messages import AIMessage, ToolMessage

    found: list[BaseMessage] = []
    results = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    placed: set[str] = set()
    for message in messages:
        if isinstance(message, ToolMessage):
            if message.tool_call_id not in placed:
                placed.add(message.tool_call_id)
                found.append(message)
            continue
        found.append(message)
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if str(call["id"]) in results and str(call["id"]) not in placed:
                placed.add(str(call["id"]))
                found.append(results[str(call["id"])])
    return found


def result_of(message: Any) -> dict[str, Any]:
    """The structured content of a tool's message; its text where it has none."""
    artifact = message.artifact
    if isinstance(artifact, dict) and isinstance(artifact.get("structured_content"), dict):
        return dict(artifact["structured_content"])
    try:
        told = json.loads(message.text)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"text": message.text}


def _lines(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if not path.exists():
        return found
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):  # others than \n stand within a text
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _ended(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The turns that ended in words: a call without its result is refused by every provider."""
    from langchain_core.messages import AIMessage, HumanMessage

    turns: list[list[BaseMessage]] = []
    for message in messages:
        if not turns or (isinstance(message, HumanMessage) and message.name is None):
            turns.append([])
        turns[-1].append(message)
    whole = [turn for turn in turns if isinstance(turn[-1], AIMessage) and not turn[-1].tool_calls]
    return [message for turn in whole for message in turn]


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def _used(folder: Path) -> float:
    path = folder / MESSAGES
    return (path if path.exists() else folder / META).stat().st_mtime


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
