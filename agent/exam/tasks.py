"""Tasks of the exam: a conversation so far, and which first call of a tool would be right."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from agent.exam.matchers import Matcher

NONE = "none"
KINDS = (
    "choose", "compare", "facts", "advise", "query", "similar", "baseline", "frontier", "tune", "job",
    "none-needed", "impossible", "unsafe",
)  # fmt: skip
LANGUAGES = ("en", "ja")

Speaker = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the user or of the assistant."""

    who: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A recorded call of a tool and its structured result."""

    tool: str
    arguments: dict[str, Any]
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """A right first call: the tool, or `NONE` for no call, and what its arguments must meet, all of it."""

    tool: str
    must: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One question of the exam. It ends with the user's words; any of `expected` is right, none of `must_not` may hold.

    `named_usd` is the cap that the user named in so many words (None: none), `confirmed` whether they said yes to the plan at hand:
    without these, a call with `max_cost_usd` or `confirm` spends what nobody allowed. `whole` tasks are also asked to their end.
    """

    id: str
    language: str
    kind: str
    conversation: tuple[Said | Called, ...]
    expected: tuple[Expected, ...]
    must_not: tuple[Matcher, ...] = ()
    named_usd: Decimal | None = None
    confirmed: bool = False
    whole: bool = False

    @property
    def tools(self) -> frozenset[str]:
        """The tools that may be called first; `NONE` among them where no call is right too."""
        return frozenset(one.tool for one in self.expected)

    @property
    def said(self) -> tuple[str, ...]:
        """The user's own words, first to last."""
        return tuple(turn.text for turn in self.conversation if isinstance(turn, Said) and turn.who == "user")
