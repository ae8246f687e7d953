"""What a file held before `assay connect` came: kept in the user's folder, so that --undo can put it back. No content is kept here."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from catalog.snapshot import home
from pricer.errors import PricerError
from pricer.files import write_json


@dataclass(frozen=True, slots=True)
class Record:
    """`backup` is the copy of the file before the first change, None if there was no file; `written_sha256` is of what we left there
    last, None once others changed the file between two of our changes."""

    file: str
    backup: str | None
    written_sha256: str | None


def recorded(path: Path) -> Record | None:
    """What is known of the file; None when nothing is, or it cannot be read."""
    try:
        found = json.loads(_place(path).read_text(encoding="utf-8"))
        return Record(found["file"], found["backup"], found["written_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(path: Path, record: Record) -> None:
    """Keep what is known of the file."""
    _place(path).parent.mkdir(parents=True, exist_ok=True)
    write_json(asdict(record), _place(path))


def ready(path: Path) -> None:
    """Nothing, if a record can be kept; `PricerError` before anything else is changed where it cannot."""
    folder = _place(path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PricerError(
            f"cannot keep in {home()} what stood in the file: {error.strerror or error}; nothing was changed"
        ) from None


def forget(path: Path) -> None:
    """Let go of what is known of the file."""
    _place(path).unlink(missing_ok=True)


def sha256(raw: bytes) -> str:
    """The hash under which content is recognised."""
    return hashlib.sha256(raw).hexdigest()


def _place(path: Path) -> Path:
    return home() / "connections" / f"{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]}.json"
