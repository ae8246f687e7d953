"""Bytes in chunks: a file's, what a gzip file holds, and the places where either may be cut into blocks of whole lines."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pricer.errors import BadInput

LINES_PER_BLOCK = 10_000
BYTES_PER_BLOCK = 16 * 2**20
CHUNK_BYTES = 2**20
EXCERPT_CHARS = 80
UTF8_MARK = b"\xef\xbb\xbf"
GZIP_MARK = b"\x1f\x8b"
# Longest first: the UTF-32 mark begins with the UTF-16 one.
OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32LE",
    b"\x00\x00\xfe\xff": "UTF-32BE",
    b"\xff\xfe": "UTF-16LE",
    b"\xfe\xff": "UTF-16BE",
}


class Damaged(Exception):
    """A gzip file that cannot be unpacked from here on; everything before has been given."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of bytes, the line ends in it, and whether a block ends with it."""

    data: bytes
    newlines: int
    ends: bool


def content(path: Path) -> Iterator[bytes]:
    """What a file holds, in chunks, unpacked if its name ends in .gz; `Damaged` as `unpacked` raises it."""
    return unpacked(path) if path.suffix.lower() == ".gz" else _plain(path)


def unpacked(path: Path) -> Iterator[bytes]:
    """What a gzip file holds, members joined, in chunks of at most `CHUNK_BYTES`.

    `Damaged` comes after the last byte that can be had: truncation, a bad checksum, bytes that are not gzip.
    """
    member, fresh = zlib.decompressobj(wbits=31), True
    for chunk in _plain(path):
        packed = chunk
        # Zeros between members are padding.
        while packed := packed.lstrip(b"\0") if fresh else packed:
            before = member.copy()
            try:
                yield member.decompress(packed, CHUNK_BYTES)
            except zlib.error as error:
                yield from _up_to_damage(before, packed)
                raise Damaged(str(error)) from error
            fresh = member.eof
            packed = member.unused_data if fresh else member.unconsumed_tail
            member = zlib.decompressobj(wbits=31) if fresh else member
    if not fresh:
        yield member.flush()
        if not member.eof:
            raise Damaged("the file ends in the middle of the packed data")


def pieces(
    chunks: Iterable[bytes], most_lines: int = LINES_PER_BLOCK, most_bytes: int = BYTES_PER_BLOCK
) -> Iterator[Piece]:
    """The same bytes, cut where blocks end: at the first line end with `most_lines` lines or `most_bytes` bytes behind it.

    Where blocks end does not depend on how the bytes came in chunks.
    """
    lines_left, bytes_left = most_lines, most_bytes
    for chunk in chunks:
        at = 0
        while at < len(chunk):
            newlines = chunk.count(b"\n", at)
            end = _block_end(chunk, at, newlines, lines_left, bytes_left)
            if end is None:
                yield Piece(chunk[at:] if at else chunk, newlines, ends=False)
                lines_left, bytes_left = lines_left - newlines, bytes_left - (len(chunk) - at)
                break
            yield Piece(chunk[at:end], chunk.count(b"\n", at, end), ends=True)
            at, lines_left, bytes_left = end, most_lines, most_bytes


def first_bytes(path: Path, size: int) -> bytes:
    """The first bytes of what a file holds, as far as they can be had."""
    held = b""
    try:
        for chunk in content(path):
            held += chunk
            if len(held) >= size:
                break
    except Damaged:
        pass
    return held[:size]


def refuse_what_is_not_text(path: Path, name: str) -> None:
    """`BadInput` when a file's first bytes say that it is not UTF-8 text, or is no gzip although it is called so."""
    with path.open("rb") as file:
        first = file.read(2)
    if path.suffix.lower() == ".gz" and first not in (GZIP_MARK, b""):
        raise BadInput(
            f"{name}: wanted gzip, found a file that begins with {first!r}; if it is not packed, drop the .gz"
        )
    encoding = _other_encoding(first_bytes(path, 4))
    if encoding:
        raise BadInput(
            f"{name}: wanted UTF-8 text, found {encoding}; "
            f"convert it: iconv -f {encoding.split()[0]} -t UTF-8 OLD > NEW, or save it as UTF-8 where it was made"
        )


def excerpt(line: bytes) -> str:
    """The first characters of a line, for a report."""
    return line[: 4 * EXCERPT_CHARS].decode("utf-8", "replace").strip()[:EXCERPT_CHARS]


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _up_to_damage(member: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    """zlib gives nothing of a call that fails; byte by byte, everything before the damage comes out."""
    try:
        for at in range(len(packed)):
            yield member.decompress(packed[at : at + 1])
    except zlib.error:
        return


def _block_end(chunk: bytes, at: int, newlines: int, lines_left: int, bytes_left: int) -> int | None:
    """The place after the line end with which a block ends, if it ends within the chunk."""
    ends = []
    if newlines >= lines_left:
        ends.append(_after_newline(chunk, at, lines_left))
    if len(chunk) - at >= bytes_left:
        found = chunk.find(b"\n", at + max(bytes_left - 1, 0))
        ends += [found + 1] if found >= 0 else []
    return min(ends, default=None)


def _after_newline(data: bytes, low: int, nth: int) -> int:
    """The place after the `nth` line end from `low` on, of which there must be so many."""
    high = len(data)
    while high - low > 4096:
        middle = (low + high) // 2
        found = data.count(b"\n", low, middle)
        low, high, nth = (low, middle, nth) if found >= nth else (middle, high, nth - found)
    for _ in range(nth):
        low = data.index(b"\n", low) + 1
    return low


def _other_encoding(head: bytes) -> str | None:
    for mark, encoding in OTHER_MARKS.items():
        if head.startswith(mark):
            return f"{encoding} with a byte order mark"
    if b"\0" in head:
        return "UTF-16LE" if head[:1] != b"\0" else "UTF-16BE"
    return None
