"""The ledger of a run's batches: what was about to be handed over, what was, and what has been read. Each line is on the disk before
the next step is taken, so that a kill at any place pays for no batch twice."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.evaluation.run import cut_torn_line
from pricer.predictors.batcher import Mark

BATCHES = "batches.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch that is not closed: its mark, its listing ids, when it was begun (a Unix time), and its id once the provider gave one."""

    mark: Mark
    ids: tuple[str, ...]
    begun: float
    batch: str | None = None


class Ledger:
    """The file and what it tells: `open` entries by chunk, how many closed batches held each listing, what those cost in vain."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / BATCHES
        self.open: dict[str, Entry] = {}
        self.attempts: Counter[str] = Counter()
        self.vain_usd = Decimal(0)
        self.known: set[str] = set()
        self._run, self._begun = secrets.token_hex(8), 0
        for number, line in enumerate(_whole_lines(self.path), 1):
            self._take(line, number)

    def intend(self, ids: Sequence[str], now: float) -> Entry:
        """Note that a batch of these listings is about to be handed over, before it is."""
        words = "\0".join([self._run, str(self._begun), *ids])
        chunk = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._write({"intent": chunk, "run": self._run, "at": round(now, 2), "ids": list(ids)})
        return self.open[chunk]

    def submitted(self, entry: Entry, batch: str, *, found: bool = False) -> None:
        """Note the id that the provider gave; `found` when it was learned by searching rather than from the hand-over."""
        self._write({"submitted": entry.mark.chunk, "batch": batch} | ({"found": True} if found else {}))

    def void(self, entry: Entry, why: str) -> None:
        """Note that nothing of this entry is at the provider, nor will be billed."""
        self._write({"void": entry.mark.chunk, "why": why})

    def closed(self, entry: Entry, vain_usd: Decimal) -> None:
        """Note that all results have been kept, and what was billed, at worst, without an answer."""
        self._write({"closed": entry.mark.chunk, "vain_usd": str(vain_usd)})

    def _write(self, row: dict[str, Any]) -> None:
        try:
            cut_torn_line(self.path)
            with self.path.open("ab") as file:
                file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise PricerError(
                f"could not write {self.path.parent.name}/{BATCHES}: {error.strerror or error}"
            ) from error
        self._apply(row)

    def _take(self, line: bytes, number: int) -> None:
        try:
            self._apply(json.loads(line))
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise BadInput(
                f"{self.path.parent.name}/{BATCHES}:{number}: wanted a line of the batch ledger, found {line[:60]!r} ({error!r:.60}); "
                "look up the batches at the provider, or name another folder with --run"
            ) from None

    def _apply(self, row: dict[str, Any]) -> None:
        if "intent" in row:
            self._run, self._begun = row["run"], self._begun + 1
            self.open[row["intent"]] = Entry(Mark(row["run"], row["intent"]), tuple(row["ids"]), float(row["at"]))
        elif "submitted" in row:
            entry = self.open[row["submitted"]]
            self.open[row["submitted"]] = Entry(entry.mark, entry.ids, entry.begun, row["batch"])
            self.known.add(row["batch"])
        elif "void" in row:
            del self.open[row["void"]]
        else:
            self.attempts.update(self.open.pop(row["closed"]).ids)
            self.vain_usd += Decimal(row["vain_usd"])


def unfinished(folder: Path) -> tuple[Entry, ...]:
    """The batches of a run that may still run, or wait to be read, at the provider. Asking their items one by one pays for them twice."""
    return tuple(Ledger(folder).open.values())


def still_there(folder: Path) -> str | None:
    """A sentence for the user about batches left at the provider, or None if there are none."""
    left = unfinished(folder)
    if not left:
        return None
    ids = ", ".join(entry.batch or "one whose id was not kept" for entry in left[:4])
    more = f" and {len(left) - 4} more" if len(left) > 4 else ""
    items = sum(len(entry.ids) for entry in left)
    return (
        f"{items:,} items are with the provider in {len(left)} batch{'es' if len(left) > 1 else ''} ({ids}{more}), which go on without "
        "this program: the same command reads them when they are ready and pays for nothing twice"
    )


def _whole_lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(f"{path.parent.name}/{BATCHES}: cannot be read: {error.strerror or error}") from None
