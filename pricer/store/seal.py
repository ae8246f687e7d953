"""The seal on an embedded collection: which index files it had when it was last written. Chroma loads a damaged index file without
a word (and finds half of what is there) or dies with the process, so the files are compared before it sees them."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricer.files import write_json

SEAL, DATABASE = "seal.json", "chroma.sqlite3"
SAVED = "index_metadata.pickle"  # an index folder has it once the index was saved; until then its vectors are in the database

Stamp = tuple[str, tuple[tuple[str, int, int], ...]]  # the seal's own mark; name, size and time of each index file


@dataclass(frozen=True, slots=True)
class Seal:
    """What the collection was when it was sealed: how many products, and each index file with size, time and SHA-256."""

    mark: str
    count: int
    files: dict[str, dict[str, Any]]


def read(folder: Path) -> Seal | None:
    """The seal of a collection's folder; None when there is none that can be read."""
    with suppress(OSError, ValueError, TypeError):
        return Seal(**json.loads((folder / SEAL).read_text(encoding="utf-8")))
    return None


def write(folder: Path, count: int) -> None:
    """Seal the folder as it is now. Files whose size and time stand as they were are not read again."""
    before = read(folder)
    known = before.files if before else {}
    files = {name: _told(folder / name, known.get(name, {})) for name in _names(folder)}
    write_json({"mark": secrets.token_hex(8), "count": count, "files": files}, folder / SEAL)


def stamp(folder: Path) -> Stamp:
    """What changes whenever somebody writes the collection. Costs a few calls to the file system, reads no index file."""
    seal = read(folder)
    files = sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in _files(folder))
    return (seal.mark if seal else "", tuple(files))


def differing(folder: Path, *, thorough: bool = False) -> list[str]:
    """The index files that are not as they were sealed, missing ones among them. `thorough` reads every file; otherwise one whose size
    and time stand as they were is believed."""
    seal = read(folder)
    if seal is None:
        return [SEAL]
    names = _names(folder)
    there = {name: _told(folder / name, {} if thorough else seal.files.get(name, {})) for name in names}
    return sorted(
        name
        for name in seal.files.keys() | there.keys()
        if there.get(name, {}).get("sha256") != seal.files.get(name, {}).get("sha256")
    )


def mark(folder: Path) -> None:
    """Note that writing begins: files that differ from the seal may be a killed writer's."""
    _mark(folder).touch()


def unmark(folder: Path) -> None:
    """Note that writing has ended, and the seal with it."""
    _mark(folder).unlink(missing_ok=True)


def marked(folder: Path) -> bool:
    """Whether a writer is at work or was killed at it."""
    return _mark(folder).exists()


def _mark(folder: Path) -> Path:
    """Beside the folder, so that it outlives a folder that is made anew."""
    return folder.with_name(f"{folder.name}.writing")


def _names(folder: Path) -> list[str]:
    return sorted(name for name, _ in _files(folder))


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """The index files. Those of an index that was never saved are left out: each opening fills them with whatever is in memory."""
    with os.scandir(folder) as indexes:
        for index in indexes:
            if index.is_dir():
                with os.scandir(index) as inside:
                    files = {file.name: file for file in inside}
                if SAVED in files:
                    yield from ((f"{index.name}/{name}", file.stat()) for name, file in files.items())


def _told(path: Path, known: dict[str, Any]) -> dict[str, Any]:
    stat = path.stat()
    if (known.get("size"), known.get("mtime_ns")) == (stat.st_size, stat.st_mtime_ns):
        return known
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": digest}
