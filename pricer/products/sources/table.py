"""Tables as text, separated by comma, semicolon, tab or bar: cut between records, read back row by row under their header."""

from __future__ import annotations

import csv
import io
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pricer.errors import BadInput
from pricer.products.shards import Raw, Shard
from pricer.products.sources import staging
from pricer.products.sources.chunks import (
    BYTES_PER_BLOCK,
    CHUNK_BYTES,
    LINES_PER_BLOCK,
    UTF8_MARK,
    content,
    excerpt,
    first_bytes,
    refuse_what_is_not_text,
)

OPEN_QUOTE = "quote never closed"
DELIMITERS = ",;\t|"
LONGEST_RECORD_BYTES = 8 * 2**20
# Each such line is looked at up to the length above: after so many in a row the file is no CSV.
MOST_OPEN_QUOTES = 100
SAMPLE_BYTES = 2**16
SAMPLE_RECORDS = 20


@dataclass(frozen=True, slots=True)
class Header:
    """The column names, what separates them, and where the first record begins (byte and line)."""

    names: tuple[str, ...]
    delimiter: str
    stop: int
    next_line: int


def columns(path: Path, name: str) -> list[str]:
    """The header's names, also of a packed file."""
    refuse_what_is_not_text(path, name)
    return list(_header(first_bytes(path, SAMPLE_BYTES), name).names)


def shards(path: Path, name: str, work: Path) -> Iterator[Shard]:
    """Shards of a plain file in place; a packed file is first unpacked under `work`."""
    refuse_what_is_not_text(path, name)
    if path.suffix.lower() != ".gz":
        yield from cut(path, name)
        return
    folder = staging.folder_for(work, path)
    build = partial(staging.single_block, chunks=content(path), kind="csv", suffix=".csv")
    for block in staging.staged(folder, build):
        if block.kind == "csv":
            yield from cut(folder / block.name, name)
        else:
            yield staging.block_shard(folder, block, name)


def cut(
    path: Path, name: str, most_records: int = LINES_PER_BLOCK, most_bytes: int = BYTES_PER_BLOCK
) -> Iterator[Shard]:
    """A plain file's shards, by byte offsets at which records begin: line ends within quotes are none of them."""
    header = _header(first_bytes(path, SAMPLE_BYTES), name)
    shard = partial(Shard, 0, "csv", str(path), name)
    start = stop = header.stop
    first_line, count = header.next_line, 0
    with path.open("rb") as file:
        file.seek(start)
        for record in _records(file, sys.maxsize, first_line, header.delimiter, name):
            stop, count = stop + record.size, count + 1
            # Cut only where nothing behind was looked at: a worker whose shard ended there would judge otherwise.
            if record.settled and (count >= most_records or stop - start >= most_bytes):
                yield shard(start, stop, first_line)
                start, first_line, count = stop, record.next_line, 0
    if stop > start:
        yield shard(start, stop, first_line)


def read(shard: Shard) -> Iterator[Raw]:
    """A shard's rows as records by column name; a line number is that of the line on which the record begins."""
    path = Path(shard.path)
    header = _header(first_bytes(path, SAMPLE_BYTES), shard.file)
    with path.open("rb") as file:
        file.seek(shard.start)
        for record in _records(file, shard.stop - shard.start, shard.first_line, header.delimiter, shard.file):
            if record.fault is not None or any(map(str.strip, record.row)):
                yield _raw(record, header.names)


def distinct(cells: Sequence[str], name: str) -> tuple[str, ...]:
    """Column names from a header's cells, `column 3` where one is empty. `BadInput` when one stands twice."""
    names = tuple(cell.strip() or f"column {place}" for place, cell in enumerate(cells, start=1))
    twice = next((found for found in names if names.count(found) > 1), None)
    if twice is not None:
        raise BadInput(
            f"{name}: wanted each column once, found {twice!r} {names.count(twice)} times; rename one of them"
        )
    return names


@dataclass(slots=True)
class _Line:
    """A physical line. Of one that is too long only the beginning is kept, yet `size` counts all of it."""

    data: bytes
    size: int


@dataclass(slots=True)
class _Record:
    """A row or a fault, and its place. It is settled when no line behind it was looked at before it was given."""

    line: int
    next_line: int
    size: int
    row: list[str]
    fault: str | None = None
    found: str | None = None
    settled: bool = True


class _Unreadable(Exception):
    """The record cannot be read on; the message is the fault."""


def _records(file: BinaryIO, size: int, first_line: int, delimiter: str, name: str) -> Iterator[_Record]:
    """Every record in the next `size` bytes, blank lines among them as empty rows, so that sizes and lines add up.

    A record that cannot be read is one fault for its first line; reading goes on with the next line.
    """
    csv.field_size_limit(LONGEST_RECORD_BYTES)
    feed = _Feed(file, size, first_line)
    reader = csv.reader(feed, delimiter=delimiter)
    unclosed = 0
    while unclosed <= MOST_OPEN_QUOTES:
        try:
            yield feed.record(next(reader))
            unclosed = 0
        except StopIteration:
            return
        except csv.Error:
            yield feed.first_line_alone("not CSV")
        except _Unreadable as error:
            yield (record := feed.first_line_alone(str(error)))
            unclosed += record.fault == OPEN_QUOTE
    raise BadInput(
        f"{name}: wanted quotes around whole cells, doubled within them, found {unclosed} lines in a row with a quote "
        "that is never closed; write it anew with a library for CSV"
    )


class _Feed:
    """Hands physical lines to csv.reader, and knows those of the record in hand so that they can be taken back."""

    def __init__(self, file: BinaryIO, size: int, first_line: int) -> None:
        self._file, self._left, self._next_line = file, size, first_line
        self._back: deque[_Line] = deque()
        self._taken: list[_Line] = []
        self._size = 0
        self._undecodable: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else self._fetch()
        if line is None:
            if self._taken:
                raise _Unreadable(OPEN_QUOTE)
            raise StopIteration
        self._taken.append(line)
        self._size += line.size
        if line.size > LONGEST_RECORD_BYTES:
            raise _Unreadable("line too long" if len(self._taken) == 1 else OPEN_QUOTE)
        if self._size > LONGEST_RECORD_BYTES:
            raise _Unreadable(OPEN_QUOTE)
        return self._decoded(line.data)

    def record(self, row: list[str]) -> _Record:
        """The record whose lines were taken; the next one begins behind it."""
        record = _Record(self._next_line, self._next_line + len(self._taken), self._size, row)
        record.settled = not self._back
        if self._undecodable is not None:
            record.fault, record.found = "not UTF-8", self._undecodable
        self._begin(record.next_line)
        return record

    def first_line_alone(self, fault: str) -> _Record:
        """The first line as a record that could not be read; the other lines are given again."""
        first, *others = self._taken
        record = _Record(self._next_line, self._next_line + 1, first.size, [], fault, excerpt(first.data))
        record.settled = not (others or self._back)
        self._back.extendleft(reversed(others))
        self._begin(record.next_line)
        return record

    def _begin(self, line: int) -> None:
        self._taken, self._size, self._undecodable, self._next_line = [], 0, None, line

    def _fetch(self) -> _Line | None:
        if self._left <= 0 or not (data := self._file.readline(LONGEST_RECORD_BYTES + 1)):
            return None
        size, end = len(data), data
        while size > LONGEST_RECORD_BYTES and not end.endswith(b"\n") and (end := self._file.readline(CHUNK_BYTES)):
            size += len(end)
        self._left -= size
        return _Line(data, size)

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            at = f"byte 0x{data[error.start]:02x} at offset {error.start} of the line"
            self._undecodable = f"{at}, save the file as UTF-8: {excerpt(data)}"
            return data.decode("utf-8", "surrogateescape")


def _raw(record: _Record, names: tuple[str, ...]) -> Raw:
    if record.fault is not None:
        return Raw(record.line, None, record.fault, record.found)
    row = record.row
    if len(row) < len(names) or any(cell for cell in row[len(names) :]):
        found = f"{len(row)} instead of {len(names)}: {excerpt(','.join(row).encode('utf-8', 'replace'))}"
        return Raw(record.line, None, "wrong number of columns", found)
    return Raw(record.line, dict(zip(names, row, strict=False)))


def _header(sample: bytes, name: str) -> Header:
    """The header, which is the first record that is not blank."""
    if b"\r" in sample and b"\n" not in sample:
        raise BadInput(
            f"{name}: wanted lines that end in LF or CRLF, found CR alone; convert it: tr '\\r' '\\n' < OLD > NEW"
        )
    mark = len(UTF8_MARK) if sample.startswith(UTF8_MARK) else 0
    delimiter = _delimiter(sample[mark:])
    stop = mark
    for record in _records(io.BytesIO(sample[mark:]), sys.maxsize, 1, delimiter, name):
        stop += record.size
        if stop >= SAMPLE_BYTES:
            raise BadInput(f"{name}: wanted a header of fewer than {SAMPLE_BYTES:,} bytes, found more")
        if record.fault is not None:
            raise BadInput(
                f"{name}:{record.line}: wanted a header of column names, found: {record.fault} ({record.found})"
            )
        if any(map(str.strip, record.row)):
            return Header(distinct(record.row, f"{name}:{record.line}"), delimiter, stop, record.next_line)
    raise BadInput(f"{name}: wanted a header of column names, found an empty file")


def _delimiter(sample: bytes) -> str:
    """The separator under which the rows are as wide as the header most often; of equals, the one that makes more columns."""
    cut_off = len(sample) >= SAMPLE_BYTES - len(UTF8_MARK)
    text = sample[: sample.rfind(b"\n") + 1 if cut_off else None].decode("utf-8", "replace")
    return max(DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    """The share of the first rows that are as wide as the header, and that width."""
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter)
    try:
        widths = [len(row) for row in islice(reader, SAMPLE_RECORDS) if row]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]
