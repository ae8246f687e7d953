"""Limits of a conversation: how often a model may be asked, how often it may call, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pricer.errors import BadInput


@dataclass(frozen=True, slots=True)
class Limits:
    """`turns` are calls of the model and `tool_calls` those of tools, for one question; `tokens` (in and out) and `usd`, the chat model's
    own bill, for a session. What a measurement costs has its own cap, agreed to each time."""

    turns: int = 12
    tool_calls: int = 20
    tokens: int = 200_000
    usd: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        for name, least in (("turns", 1), ("tool_calls", 0), ("tokens", 1), ("usd", 0)):
            value = getattr(self, name)
            if value < least:
                raise BadInput(f"--max-{name.replace('_', '-')} {value}: wanted at least {least}")
