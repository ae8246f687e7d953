"""An answer as every protocol gives it, and the part of a chat that does not depend on the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from pricer.predictors.protocol import Usage


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: `role` is system, user or assistant."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply: its words, whether the provider `cut` it at its length or `refused` on the model's behalf, its bill, its model's id."""

    text: str
    cut: bool
    refused: bool
    usage: Usage
    model: str | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request asks for beside its turns; None is the provider's default. `schema` is a JSON schema with the name of its answer."""

    output_tokens: int
    temperature: float | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    schema: dict[str, Any] | None = None
    schema_name: str = "answer"


class Api(Protocol):
    """A protocol of asking: a body to send to PATH, and the reading of what comes back. Modules fit it."""

    PATH: str
    OPTIONAL: dict[str, str]

    def request(self, model: str, turns: list[Turn], wishes: Wishes, official: bool) -> dict[str, Any]:
        """The body of a request. `official` says that the protocol's own maker listens."""

    def answered(self, body: dict[str, Any]) -> Answered | None:
        """The reply in a body; None if there is none."""


def whole(value: object) -> int | None:
    """A count of tokens; None for anything that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def part(value: object, key: str) -> int | None:
    """A count inside of an object that may be missing."""
    return whole(value.get(key)) if isinstance(value, dict) else None


def words(content: object) -> str:
    """The text of a message's content: a string, or parts of which some are text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [piece.get("text") for piece in content if isinstance(piece, dict)]
    return "".join(text for text in texts if isinstance(text, str))
