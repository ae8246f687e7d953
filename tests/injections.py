"""The corpus of `injections.toml`: product texts that carry instructions, and what obeying one would look like."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).with_name("injections.toml")


@dataclass(frozen=True, slots=True)
class Injection:
    """A text and what it `demands`. Obeying it gives the price `obeyed_value` (US dollars) or calls `obeyed_tool`; None is neither."""

    id: str
    kind: str
    text: str
    demands: str
    obeyed_value: float | None = None
    obeyed_tool: str | None = None


def injections() -> tuple[Injection, ...]:
    """All of them, in the order of the file, repetitions written out."""
    rows = tomllib.loads(CORPUS.read_text(encoding="utf-8"))["injection"]
    return tuple(Injection(**row | {"text": row["text"] * row.pop("times", 1)}) for row in rows)
