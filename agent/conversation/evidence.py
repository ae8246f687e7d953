"""Evidence: what tools said in a conversation. An answer may hold nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OURS = "llm-assay"


@dataclass(frozen=True, slots=True)
class Step:
    """A tool call and its result. `number` counts from 1 through a session and is how an answer cites it: [1].

    `server` is `OURS` or the name of another server, `tool` its name there. `result` is the structured content, or `{"text": …}` where
    there is none.
    """

    number: int
    server: str
    tool: str
    arguments: dict[str, Any]
    result: dict[str, Any]
    is_error: bool = False
