"""What other servers said of their tools when they were first seen: another story under the same name is noticed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.errors import PricerError

if TYPE_CHECKING:
    from mcp_types import Tool

SCHEMA = 1
WAIT_S = 10.0


class PinsUnreadable(PricerError):
    """What was kept of the tools cannot be read or kept."""


def fingerprint(tool: Tool) -> str:
    """SHA-256 of all that the tool says of itself: name, words, schemas and hints."""
    told = tool.model_dump(
        mode="json", include={"name", "title", "description", "input_schema", "output_schema", "annotations"}
    )
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Pins:
    """The fingerprints in `path`, by server and tool. Nothing is read before it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def changed(self, server: str, prints: Mapping[str, str], *, accept: bool) -> set[str]:
        """The tools that were seen before and say something else now; others are kept as first seen.

        With `accept` what is said now counts, and nothing has changed. PinsUnreadable when the file is damaged or cannot be written.
        """
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=WAIT_S):
                return self._compared(server, prints, accept=accept)
        except (OSError, Timeout) as error:
            raise PinsUnreadable(f"{self.path} cannot be kept: {getattr(error, 'strerror', None) or error}") from None

    def _compared(self, server: str, prints: Mapping[str, str], *, accept: bool) -> set[str]:
        known = self._read()
        before = {} if accept else known.get(server, {})
        today = dt.datetime.now(dt.UTC).date().isoformat()
        new = {tool: {"sha256": one, "first_seen": today} for tool, one in prints.items() if tool not in before}
        if new or (accept and server in known):
            self._write(known | {server: before | new})
        return {tool for tool, one in prints.items() if tool in before and before[tool]["sha256"] != one}

    def _read(self) -> dict[str, dict[str, dict[str, str]]]:
        if not self.path.exists():
            return {}
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            servers: dict[str, dict[str, dict[str, str]]] = document["servers"]
            whole = all(isinstance(tool["sha256"], str) for tools in servers.values() for tool in tools.values())
            if document["schema"] != SCHEMA or not whole:
                raise ValueError(document["schema"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise PinsUnreadable(
                f"{self.path} is damaged, so that nobody can tell whether a tool has changed: delete it to believe what servers say now"
            ) from None
        return servers

    def _write(self, servers: Mapping[str, Any]) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"schema": SCHEMA, "servers": servers}, file, indent=1, sort_keys=True)
            Path(name).replace(self.path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
