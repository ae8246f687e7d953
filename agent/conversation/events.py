"""What happens in a conversation, as its watchers hear it, and what it asks of the user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from agent.conversation.evidence import Step


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer, as it comes."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A tool was called."""

    server: str
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Returned:
    """A tool has answered."""

    step: Step


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that the user should know: a limit, a server that is gone, a figure without evidence."""

    text: str


Event = Said | Called | Returned | Noticed


@dataclass(frozen=True, slots=True)
class Question:
    """Something only the user may decide. `approval`: a tool that spends, trains or writes is about to run. `form`: a server asks for the
    fields of `schema`; `text` is its question."""

    kind: Literal["approval", "form"]
    server: str
    tool: str
    text: str
    arguments: dict[str, Any] = field(default_factory=dict)
    schema: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """The user's word: yes or no, and for a form what they filled in."""

    yes: bool
    content: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question's answer. `ungrounded` are figures in it that neither the evidence nor the user holds; `why` says what ended it when it
    was not answered; `tokens` are those of the chat model, `usd` its bill as text, None where nobody knows."""

    answer: str
    how: Literal["answered", "limit", "stopped", "failed"]
    why: str | None
    steps: tuple[Step, ...]
    ungrounded: tuple[str, ...] = ()
    tokens: int = 0
    usd: str | None = "0"
