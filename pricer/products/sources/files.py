"""Files on this machine as one source: which formats there are, what is said of them, and their shards in one order."""

from __future__ import annotations

import difflib
import glob
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.products.shards import Shard
from pricer.products.sources import lines, parquet, sheet, table


@dataclass(frozen=True, slots=True)
class Format:
    """How files of a kind are read: their column names, and their shards given the name to show and a folder to stage in."""

    name: str
    columns: Callable[[Path, str], list[str]]
    shards: Callable[[Path, str, Path], Iterator[Shard]]


_LINES = Format("jsonl", lines.columns, lines.shards)
_TABLE = Format("csv", table.columns, table.shards)
_SHEET = Format("xlsx", sheet.columns, sheet.shards)

FORMATS = {
    ".jsonl": _LINES,
    ".ndjson": _LINES,
    ".jsonl.gz": _LINES,
    ".ndjson.gz": _LINES,
    ".json": _LINES,
    ".json.gz": _LINES,
    ".csv": _TABLE,
    ".tsv": _TABLE,
    ".csv.gz": _TABLE,
    ".tsv.gz": _TABLE,
    ".parquet": Format("parquet", parquet.columns, parquet.shards),
    ".xlsx": _SHEET,
    ".xls": _SHEET,
    ".ods": _SHEET,
}

# A file name that begins so tells the split, if other files of the source are named for other splits.
_SPLIT = re.compile(r"(train|validation|valid|val|dev|test)(?=[-_.])", re.IGNORECASE)
_SPLITS = {"train": "train", "test": "test"}


@dataclass(frozen=True, slots=True)
class File:
    """A file and the name under which reports show it."""

    path: Path
    name: str

    @property
    def format(self) -> Format:
        found = format_of(self.name)
        assert found is not None, f"{self.name!r} is of no known format"
        return found


@dataclass(frozen=True)
class Files:
    """A source of local files, in order."""

    files: tuple[File, ...]

    def describe(self) -> dict[str, Any]:
        """Kind, names, sizes, checksums and columns. `BadInput` when there is nothing in any of them."""
        return self._description

    def shards(self, work: Path) -> Iterator[Shard]:
        """The shards of one file after the other."""
        places = count()
        splits = split_names([file.name for file in self.files])
        for file, split in zip(self.files, splits, strict=True):
            if not file.path.stat().st_size:
                continue
            for shard in file.format.shards(file.path, file.name, work):
                yield replace(shard, index=next(places), kind=f"{shard.kind}:{split}" if split else shard.kind)

    @cached_property
    def _description(self) -> dict[str, Any]:
        files = [_measured(file) for file in self.files]
        if not any(file["bytes"] for file in files):
            raise BadInput(f"wanted records in {_listed(self.files)}, found an empty file")
        return {
            "kind": "+".join(sorted({file.format.name for file in self.files})),
            "name": _listed(self.files),
            "files": files,
            "repository": None,
            "revision": None,
            "licence": None,
            "synthetic": False,
            "columns": self._columns(),
        }

    def _columns(self) -> list[str]:
        """Every column of any file, in order of appearance, and `split` where the files are named for splits."""
        full = [file for file in self.files if file.path.stat().st_size]
        names = [name for file in full for name in file.format.columns(file.path, file.name)]
        named_for_splits = any(split_names([file.name for file in self.files]))
        return list(dict.fromkeys([*names, *(["split"] if named_for_splits else [])]))


def format_of(name: str) -> Format | None:
    """The format that a file's name tells by its ending."""
    lower = name.lower()
    ending = next((ending for ending in sorted(FORMATS, key=len, reverse=True) if lower.endswith(ending)), None)
    return FORMATS[ending] if ending else None


def split_names(names: Sequence[str]) -> list[str | None]:
    """The split that each file is named for: `train-00000-of-00002.parquet`. None for all unless train and another one are there."""
    found = [_SPLIT.match(name.rpartition("/")[2]) for name in names]
    splits = [_SPLITS.get(match[1].lower(), "validation") if match else None for match in found]
    several = "train" in splits and len(set(splits) - {None}) > 1
    return splits if several else [None] * len(names)


def local(paths: Sequence[str]) -> Files:
    """The files that paths, folders and patterns name, each once. `BadInput` says what is not there or cannot be read."""
    found: dict[Path, Path] = {}
    for path in (path for given in paths for path in _named(given)):
        # Not resolved: a link is shown under its own name, which tells its format.
        found.setdefault(path.resolve(), Path(os.path.abspath(path)))  # noqa: PTH100
    root = os.path.commonpath([path.parent for path in found.values()])
    return Files(tuple(File(path, path.relative_to(root).as_posix()) for path in found.values()))


def _nearest(name: str, found: Collection[str]) -> list[str]:
    """The closest names, whatever their case; names that contain it come after."""
    lower = {known.lower(): known for known in found}
    close = difflib.get_close_matches(name.lower(), lower, 3)
    close += [known for known in lower if name.lower() in known and known not in close]
    return [lower[known] for known in close[:3]]


def _named(given: str) -> list[Path]:
    """The files that one argument names."""
    path = Path(given).expanduser()
    if path.is_dir():
        return _within(path, given)
    if path.is_file():
        return [_readable(path, given)]
    matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 (a pattern may be absolute)
    matches = [match for match in matches if match.is_file() and format_of(match.name)]
    if matches:
        return matches
    raise BadInput(_no_such_file(path, given))


def _within(folder: Path, given: str) -> list[Path]:
    """All files of known formats in a folder and below, without hidden ones."""
    below = sorted(path for path in folder.rglob("*") if path.is_file())
    shown = [path for path in below if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    found = [path for path in shown if format_of(path.name)]
    if not found:
        others = ", ".join(repr(path.name) for path in shown[:3]) or "nothing"
        raise BadInput(f"{given!r}: wanted files that end in {_endings()}, found {others}")
    return found


def _readable(path: Path, given: str) -> Path:
    if format_of(path.name) is None:
        raise BadInput(
            f"{given!r}: wanted a file that ends in {_endings()}, found {path.suffix or 'no ending'!r}; rename it"
        )
    if not os.access(path, os.R_OK):
        raise BadInput(f"{given!r}: wanted a file that may be read, found one without permission; see chmod")
    return path


def _no_such_file(path: Path, given: str) -> str:
    folder = path.parent
    beside = sorted(other.name for other in folder.iterdir()) if folder.is_dir() else []
    near = _nearest(path.name, beside)
    hint = f"; nearest: {', '.join(map(repr, near))}" if near else ""
    return f"wanted a file, folder or pattern of files, found nothing at {given!r}{hint}"


def _endings() -> str:
    return ", ".join(FORMATS)


def _measured(file: File) -> dict[str, Any]:
    with file.path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"name": file.name, "bytes": file.path.stat().st_size, "sha256": digest}


def _listed(files: Sequence[File]) -> str:
    names = [file.name for file in files]
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"
