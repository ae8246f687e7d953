"""The lines of a training file as a stream: plain or gzip, decoded, each read; what keeps one from being read is told at once."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, Protocol

from pricer.errors import BadInput
from pricer.tuning.chat_line import Line, Message, read_line

MOST_LINE_BYTES, MOST_FILE_BYTES = 4 * 2**20, 4 * 2**30
UTF8_MARK, UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Read:
    """A line of a file that has been read: its number from 1 and its text."""

    number: int
    text: str
    line: Line


class Listener(Protocol):
    """Who is told of problems: their kind, line and column from 1 (None: the whole file), and what was found."""

    def add(self, kind: str, number: int | None, at: int | None, found: str) -> None: ...


def lines(path: Path, problems: Listener) -> Iterator[Read]:
    """The lines that hold anything, in their order. `BadInput` when there is no such file."""
    for number, raw in enumerate(_raw_lines(path, problems), 1):
        if number == 1 and raw.startswith(UTF16_MARKS):
            problems.add("encoding", 1, 1, "the file is UTF-16")
            return
        if number == 1 and raw.startswith(UTF8_MARK):
            problems.add("bom", 1, 1, "the file begins with a byte order mark")
        text = _decoded(raw.removeprefix(UTF8_MARK) if number == 1 else raw, number, problems)
        if text is None:
            continue
        if not text.strip():
            problems.add("blank", number, 1, "an empty line")
            continue
        if number == 1 and _begins_list(text):
            problems.add("list", 1, 1, "the whole file is one JSON list")
            return
        yield Read(number, text, read_line(text))


def readable(path: Path) -> Iterator[Read]:
    """The lines whose form is right, in their order; faulty ones are passed over."""
    return (read for read in lines(path, _Silent()) if not read.line.faults)


def question_of(line: Line) -> int:
    """A number that stands for a line's question: equal for equal turns before the last, 64 bits of a hash."""
    return _hash(line.question)


def answer_of(line: Line) -> int:
    """The same for its answer."""
    return _hash(line.messages[-1:])


class _Silent:
    """Listens to nothing."""

    def add(self, kind: str, number: int | None, at: int | None, found: str) -> None:
        """Nothing."""


def _decoded(raw: bytes, number: int, problems: Listener) -> str | None:
    if len(raw) > MOST_LINE_BYTES:
        problems.add("long", number, 1, "a line that is too long")
        return None
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        at = len(raw[: error.start].decode("utf-8")) + 1
        problems.add("encoding", number, at, f"the byte 0x{raw[error.start]:02x} is no UTF-8")
        return None


def _begins_list(text: str) -> bool:
    """Whether the first line begins a list of examples, or is one."""
    if not text.lstrip().startswith("["):
        return False
    faults = read_line(text).faults
    return faults[0].kind != "object" or "{" in text


def _raw_lines(path: Path, problems: Listener) -> Iterator[bytes]:
    """The file's lines as bytes; of one that is too long, its beginning."""
    with _opened(path) as file:
        total = 0
        try:
            while raw := file.readline(MOST_LINE_BYTES + 1):
                rest = raw
                while len(rest) > MOST_LINE_BYTES and not rest.endswith(b"\n") and total < MOST_FILE_BYTES:
                    rest = file.readline(MOST_LINE_BYTES + 1)
                    total += len(rest)
                total += len(raw)
                yield raw
                if total >= MOST_FILE_BYTES:
                    problems.add("long", None, None, "the file is too long; the rest was not read")
                    return
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            problems.add("compressed", None, None, f"the compressed file is damaged or cut off ({error!s:.60})")


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    """The file, unpacked where its first bytes say gzip, whatever it is called."""
    with suppress(OSError), path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        return gzip.open(path) if packed else path.open("rb")
    raise BadInput(f"{path.name}: wanted a file of JSON lines, found none that can be read")


def _hash(messages: Sequence[Message]) -> int:
    told = repr([(message.role, message.content) for message in messages])
    return int.from_bytes(blake2b(told.encode(), digest_size=8).digest())
