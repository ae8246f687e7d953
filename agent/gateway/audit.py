"""The audit log: a line of JSON for every call of a tool, ours and others', readable by its owner alone."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.gateway.redaction import Veil

MOST_ARGUMENTS = 2000  # characters
Outcome = Literal["answered", "asked", "error", "refused", "timeout", "lost", "stopped"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `bytes` is the size of the answer as the server gave it, None when none came."""

    server: str
    tool: str
    arguments: dict[str, Any]
    outcome: Outcome
    duration_s: float
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Audit:
    """Appends calls to `path`, without keys. A disk that is full or read-only does not end the work: the line is lost."""

    path: Path
    veil: Veil

    def write(self, call: Call) -> None:
        """Append a line for the call."""
        line = json.dumps(self._row(call), ensure_ascii=False, default=str)
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, (line + "\n").encode("utf-8", "replace"))
            finally:
                os.close(handle)

    def _row(self, call: Call) -> dict[str, Any]:
        arguments = self.veil.data(call.arguments)
        text = json.dumps(arguments, ensure_ascii=False, default=str)
        return {
            "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "server": call.server,
            "tool": call.tool,
            "arguments": arguments
            if len(text) <= MOST_ARGUMENTS
            else f"{text[:MOST_ARGUMENTS]}… ({len(text):,} characters)",
            "outcome": call.outcome,
            "duration_s": round(call.duration_s, 3),
            "bytes": call.bytes,
        }
