"""New rows of a growing file: CSV, JSON lines or Parquet. What was read is not read again; a file that was rewritten is noticed."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pricer.errors import BadInput

MOST_BYTES = 512 * 2**20  # new ones at a look
WHOLE = 64 * 2**20  # of a longer file only head and tail are compared
EDGE = 2**20
END = "\0end of what was read"  # a record of its own, unless a cell is still open
LINES = (".csv", ".tsv", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read: bytes and lines (of Parquet: rows), a print of what they hold, and the file's size and time then."""

    offset: int = 0
    line: int = 0
    print: str = ""
    size: int = -1
    mtime_ns: int = -1
    head: str = ""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row and its line in the file, from 1; of Parquet its number."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look found. `how`: nothing new, rows after those read, or a file that is another one: all its rows. `unread` counts lines
    that could not be read."""

    how: Literal["same", "more", "rewritten"]
    rows: tuple[FileRow, ...]
    place: Place
    unread: int = 0


def read_new(path: Path, place: Place) -> Reading:
    """The rows after `place`, or all when what stood before it has changed. `BadInput` when the file cannot be read."""
    try:
        stat = path.stat()
        if place.size == stat.st_size and place.mtime_ns == stat.st_mtime_ns and _is_read(path, place):
            return Reading("same", (), place)
        read = _read_parquet if path.suffix == ".parquet" else _read_lines
        return read(path, place)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from None


def _is_read(path: Path, place: Place) -> bool:
    return path.suffix == ".parquet" or place.offset >= place.size


def _read_lines(path: Path, place: Place) -> Reading:
    stat = path.stat()
    kept = stat.st_size >= place.offset and _print(path, place.offset) == place.print
    start = place if kept else Place()
    if stat.st_size - start.offset > MOST_BYTES:
        raise BadInput(
            f"{path.name}: {(stat.st_size - start.offset) / 1e6:,.0f} MB are new, wanted at most 536; split the file"
        )
    with path.open("rb") as file:
        file.seek(start.offset)
        fresh = file.read(stat.st_size - start.offset)
    separator = None
    if path.suffix in (".csv", ".tsv"):
        separator = (
            json.loads(start.head)["separator"] if start.head else _separator(fresh.decode("utf-8", "replace"), path)
        )
    whole = _whole_lines(fresh, separator, settled=(stat.st_size, stat.st_mtime_ns) == (place.size, place.mtime_ns))
    rows, unread, head = _parsed(whole, path, start)
    after = Place(
        start.offset + len(whole), start.line + whole.count(b"\n"), _print(path, start.offset + len(whole)),
        stat.st_size, stat.st_mtime_ns, head,
    )  # fmt: skip
    how: Literal["same", "more", "rewritten"] = "rewritten" if not kept and place.offset else "more" if rows else "same"
    return Reading(how, tuple(rows), after, unread)


def _whole_lines(fresh: bytes, separator: str | None, *, settled: bool) -> bytes:
    """The lines that are complete. The last one without a line end may still be written: it counts when the file stood still since the
    last look. A cell in quotes may hold line ends."""
    whole = fresh if settled else fresh[: fresh.rfind(b"\n") + 1]
    return _whole_records(whole, separator) if separator else whole


def _whole_records(whole: bytes, separator: str) -> bytes:
    """The lines up to the last record that is complete. Only a quote at the beginning of a cell opens one: 5" does not."""
    lines = whole.split(b"\n")
    texts = [line.decode("utf-8", "replace") + "\n" for line in lines]
    reader, done = csv.reader([*texts, END], delimiter=separator), 0
    try:
        for cells in reader:
            if cells == [END]:
                return whole
            done = reader.line_num if reader.line_num <= len(lines) else done
    except csv.Error:  # said with its line where the rows are read
        return whole
    return b"".join(line + b"\n" for line in lines[:done])


def _parsed(whole: bytes, path: Path, start: Place) -> tuple[list[FileRow], int, str]:
    if path.suffix in (".csv", ".tsv"):
        return _csv(whole, path, start)
    found, unread = [], 0
    for number, line in enumerate(whole.split(b"\n"), start.line + 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            unread += not isinstance(row, dict)
            if isinstance(row, dict):
                found.append(FileRow(number, row))
    return found, unread, ""


def _csv(whole: bytes, path: Path, start: Place) -> tuple[list[FileRow], int, str]:
    text = whole.decode("utf-8-sig" if start.offset == 0 else "utf-8", errors="replace")
    head = json.loads(start.head) if start.head else None
    separator = head["separator"] if head else _separator(text, path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    names: list[str] | None = head["names"] if head else None
    found, unread, line = [], 0, start.line
    try:
        for cells in reader:
            first, line = line + 1, start.line + reader.line_num
            if names is None:
                names = [cell.strip() for cell in cells]
            elif cells and len(cells) == len(names):
                found.append(FileRow(first, dict(zip(names, cells, strict=True))))
            else:
                unread += bool(cells)
    except csv.Error as error:
        raise BadInput(f"{path.name}:{line}: wanted a CSV row ({error})") from None
    return found, unread, json.dumps({"separator": separator, "names": names}) if names is not None else ""


def _separator(text: str, path: Path) -> str:
    first = text.partition("\n")[0]
    return "\t" if path.suffix == ".tsv" else max(",;\t", key=first.count)


def _read_parquet(path: Path, place: Place) -> Reading:
    from pricer.installed import require

    require("reading Parquet", "full", "pyarrow")
    import pyarrow.lib
    from pyarrow import parquet

    stat = path.stat()
    try:
        rows = [{name: _plain(cell) for name, cell in row.items()} for row in parquet.read_table(path).to_pylist()]
    except pyarrow.lib.ArrowException as error:
        raise BadInput(
            f"{path.name}: wanted Parquet, found something else ({str(error).splitlines()[0]:.80})"
        ) from None
    kept = len(rows) >= place.offset and _rows_print(rows[: place.offset]) == place.print
    first = place.offset if kept else 0
    after = Place(len(rows), len(rows), _rows_print(rows), stat.st_size, stat.st_mtime_ns)
    found = tuple(FileRow(number, row) for number, row in enumerate(rows[first:], first + 1))
    return Reading("rewritten" if not kept and place.offset else "more" if found else "same", found, after)


def _plain(cell: Any) -> Any:
    """A cell as JSON holds it: times as ISO text, decimals as numbers, anything else odd as text."""
    if cell is None or isinstance(cell, bool | int | float | str):
        return cell
    if isinstance(cell, Decimal):
        return float(cell)
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def _rows_print(rows: list[dict[str, Any]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(sorted(row.items())).encode())
    return digest.hexdigest() if rows else ""


def _print(path: Path, upto: int) -> str:
    """A hash of the first `upto` bytes; of more than 64 MiB only of the first and the last of them."""
    if not upto:
        return ""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if upto <= WHOLE:
            for _ in range(math.ceil(upto / EDGE)):
                digest.update(file.read(min(EDGE, upto - file.tell())))
        else:
            digest.update(file.read(EDGE))
            file.seek(upto - EDGE)
            digest.update(file.read(EDGE))
    return digest.hexdigest()


def noted(path: Path) -> Place:
    """The place before anything is read, with size and time of the file: one that stands still until the next look is whole."""
    stat = path.stat()
    return Place(size=stat.st_size, mtime_ns=stat.st_mtime_ns)


def place_of(told: Mapping[str, Any] | None) -> Place:
    """The place that was kept as JSON; the start of the file when there is none."""
    return Place(**told) if told else Place()
