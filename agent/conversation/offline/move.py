"""What the planner does next: calls of tools, or words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """A tool by name, with its arguments."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calls:
    """Tools to call, those of one move together."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """Words that end the turn."""

    text: str


Move = Calls | Say


def call(tool: str, **arguments: Any) -> Calls:
    """One call; arguments that are None are left out."""
    return Calls((Call(tool, {name: value for name, value in arguments.items() if value is not None}),))
