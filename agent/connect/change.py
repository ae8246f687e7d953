"""What connecting or undoing would do to a file, decided before anything is written, and then done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.connect import record
from agent.connect.clients import Client
from agent.connect.edit import entry_of, with_entry, without_entry
from agent.connect.entry import NAME, merged
from agent.connect.file import Held, read, replace
from agent.connect.jsonc import Broken
from pricer.errors import BadInput


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it is and as it would be (`after` None: no file). `what`: added, updated, removed, restored, or nothing."""

    client: Client
    held: Held
    after: bytes | None
    what: str
    former: dict[str, Any] | None
    entry: dict[str, Any] | None
    note: str | None = None

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do."""
        return self.after != self.held.raw


def connecting(client: Client, path: Path, ours: dict[str, Any]) -> Change:
    """Our entry set in the client's file, everything else kept. `BadInput` says what is wrong with the file and what to paste."""
    held = read(path)
    try:
        former = entry_of(held.text, client.container, NAME, client.comments)
        entry = merged(former, ours)
        if former == entry:
            return Change(client, held, held.raw, "nothing", former, entry)
        text = with_entry(held.text, client.container, NAME, entry, client.comments)
    except Broken as error:
        raise BadInput(
            _refusal(client, path, error) + "; then run this again. Or set it in by hand:\n" + pasted(client, ours)
        ) from None
    return Change(client, held, held.encoded(text), "added" if former is None else "updated", former, entry)


def undoing(client: Client, path: Path) -> Change:
    """Our entry as it was before the first change here, or gone. The whole file as it was, if nobody changed it since."""
    held = read(path)
    known = record.recorded(path)
    backup = read(Path(known.backup)) if known and known.backup else None
    lost = backup is not None and backup.raw is None
    try:
        now = entry_of(held.text, client.container, NAME, client.comments)
        if known and not lost and held.raw is not None and record.sha256(held.raw) == known.written_sha256:
            raw = backup.raw if backup else None
            return Change(client, held, raw, "restored" if raw is not None else "removed", now, None)
        former = entry_of(backup.text, client.container, NAME, client.comments) if backup and not lost else None
        note = f"{known.backup} is gone, so the entry is taken out" if known and lost else None
        if now is None and former is None:
            return Change(client, held, held.raw, "nothing", None, None, note)
        if former is not None:
            text = with_entry(held.text, client.container, NAME, former, client.comments)
            return Change(client, held, held.encoded(text), "restored", now, former, note)
        text = without_entry(held.text, client.container, NAME, client.comments)
    except Broken as error:
        raise BadInput(_refusal(client, path, error) + f"; then run this again, or take {NAME!r} out by hand") from None
    return Change(client, held, held.encoded(text), "removed", now, None, note)


def carry_out(change: Change, moment: dt.datetime, mode: int) -> Path | None:
    """The path of the copy of the file as it was; None where there was no file or nothing to do."""
    if not change.is_needed:
        return None
    path, raw = change.held.path, change.after
    record.ready(path)
    copy = replace(change.held, raw, moment, mode)
    if change.what in ("added", "updated") and raw is not None:
        record.keep(path, _record_after(change, copy, raw))
    else:
        record.forget(path)
    return copy


def pasted(client: Client, ours: dict[str, Any]) -> str:
    """The lines to set into the file by hand."""
    return with_entry("", client.container, NAME, ours, comments=False).rstrip("\n")


def _record_after(change: Change, copy: Path | None, raw: bytes) -> record.Record:
    """The oldest copy stays the one to go back to, as long as our entry has been there since; the hash only while nobody else wrote."""
    path, before = change.held.path, change.held.raw
    known = record.recorded(path) if change.what == "updated" else None
    if known is None:
        return record.Record(str(path.absolute()), str(copy) if copy else None, record.sha256(raw))
    undisturbed = before is not None and record.sha256(before) == known.written_sha256
    return record.Record(known.file, known.backup, record.sha256(raw) if undisturbed else None)


def _refusal(client: Client, path: Path, error: Broken) -> str:
    return f"{path} is no configuration that {client.label} can read: {error}. Nothing was written. Mend it"
