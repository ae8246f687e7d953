"""JSON lines: cut into shards at line starts, read back line by line; what cannot be read is a fault with its line number."""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from pricer import installed
from pricer.errors import BadInput
from pricer.products.shards import Raw, Shard
from pricer.products.sources import staging
from pricer.products.sources.chunks import (
    BYTES_PER_BLOCK,
    CHUNK_BYTES,
    LINES_PER_BLOCK,
    UTF8_MARK,
    Damaged,
    content,
    excerpt,
    first_bytes,
    pieces,
    refuse_what_is_not_text,
)

LONGEST_LINE_BYTES = 50_000_000
LARGEST_ARRAY_BYTES = 64 * 2**20
RECORDS_LOOKED_AT = 100

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
# JSON has none of these, yet Python and pandas write them. A number that is not one is no value.
_CONSTANTS = {"NaN": None, "Infinity": float("inf"), "-Infinity": float("-inf")}


def columns(path: Path, name: str) -> list[str]:
    """The names found in the first hundred records, in order of appearance."""
    refuse_what_is_not_text(path, name)
    if _is_array(path):
        return _names(cast("Iterator[dict[str, Any]]", iter(_array(path, name))))
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
        return _names(_readable(records(cast("BinaryIO", file), sys.maxsize)))


def shards(path: Path, name: str, work: Path) -> Iterator[Shard]:
    """Shards of a plain file in place; a packed file and an array of JSON are first staged under `work`."""
    refuse_what_is_not_text(path, name)
    if _is_array(path):
        rows = partial(_array_lines, path, name)
    elif path.suffix.lower() == ".gz":
        rows = partial(content, path)
    else:
        yield from cut(path, name)
        return
    folder = staging.folder_for(work, path)
    for block in staging.staged(folder, lambda into: staging.blocks(into, rows())):
        yield staging.block_shard(folder, block, name)


def cut(path: Path, name: str, most_lines: int = LINES_PER_BLOCK, most_bytes: int = BYTES_PER_BLOCK) -> Iterator[Shard]:
    """A plain file's shards, by byte offsets that are line starts."""
    shard = Shard(0, "lines", str(path), name, 0, 0)
    line = 1
    for piece in pieces(content(path), most_lines, most_bytes):
        shard = replace(shard, stop=shard.stop + len(piece.data))
        line += piece.newlines
        if piece.ends:
            yield shard
            shard = replace(shard, start=shard.stop, first_line=line)
    if shard.stop > shard.start:
        yield shard


def read(shard: Shard) -> Iterator[Raw]:
    """A shard's records and faults; blank lines are counted and left out."""
    with Path(shard.path).open("rb") as file:
        file.seek(shard.start)
        yield from records(file, shard.stop - shard.start, shard.first_line)


def records(file: BinaryIO, size: int, first_line: int = 1) -> Iterator[Raw]:
    """The records of the next `size` bytes of a file that is at a line start."""
    loads = installed.load("orjson", "reads JSON lines").loads
    for line in _lines(file, size, first_line):
        if not line.data.strip():
            continue
        yield _parsed(line, loads)


@dataclass(slots=True)
class _Line:
    number: int
    data: bytes
    whole: bool = True


def _lines(file: BinaryIO, size: int, number: int) -> Iterator[_Line]:
    while size > 0 and (data := file.readline(LONGEST_LINE_BYTES + 1)):
        size -= len(data)
        whole = len(data) <= LONGEST_LINE_BYTES
        end = data
        while not whole and not end.endswith(b"\n") and (end := file.readline(CHUNK_BYTES)):
            size -= len(end)
        yield _Line(number, data.removeprefix(UTF8_MARK) if number == 1 else data, whole)
        number += 1


def _parsed(line: _Line, loads: Callable[[bytes], Any]) -> Raw:
    if not line.whole:
        return Raw(line.number, None, "line too long", f"more than {LONGEST_LINE_BYTES:,} bytes: {excerpt(line.data)}")
    try:
        return _object(line, loads(line.data))
    except ValueError:
        return _parsed_leniently(line)


def _parsed_leniently(line: _Line) -> Raw:
    """What orjson refuses although it can be read: halves of characters, NaN, infinities. Everything else is a fault."""
    try:
        value = json.loads(line.data.decode("utf-8"), parse_constant=_CONSTANTS.__getitem__)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and not line.data.endswith(b"\n"):
            return Raw(line.number, None, "truncated line", excerpt(line.data))
        at = f"byte 0x{line.data[error.start]:02x} at offset {error.start} of the line"
        return Raw(line.number, None, "not UTF-8", f"{at}: {excerpt(line.data)}")
    except (ValueError, RecursionError):
        fault = "not JSON" if line.data.endswith(b"\n") else "truncated line"
        return Raw(line.number, None, fault, excerpt(line.data))
    return _object(line, _mended(value))


def _object(line: _Line, value: object) -> Raw:
    if isinstance(value, dict):
        return Raw(line.number, value)
    return Raw(line.number, None, "not an object", excerpt(line.data))


def _mended(value: Any) -> Any:
    """The value with U+FFFD for each half of a character that stands alone."""
    if isinstance(value, str):
        return _HALF_CHARACTER.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(entry) for entry in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(entry) for name, entry in value.items()}
    return value


def _readable(raws: Iterator[Raw]) -> Iterator[dict[str, Any]]:
    """The fields of records that can be read, up to where a packed file is damaged."""
    try:
        for raw in raws:
            if raw.fields is not None:
                yield raw.fields
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return


def _names(found: Iterator[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for fields in islice(found, RECORDS_LOOKED_AT) for name in fields))


def _is_array(path: Path) -> bool:
    """Whether a .json file holds one array rather than an object a line."""
    if not path.name.lower().endswith((".json", ".json.gz")):
        return False
    return first_bytes(path, CHUNK_BYTES).removeprefix(UTF8_MARK).lstrip().startswith(b"[")


def _array(path: Path, name: str) -> list[dict[str, Any]]:
    """The objects of a small array. `BadInput` when it is large, damaged, or no array of objects."""
    loads = installed.load("orjson", "reads JSON").loads
    try:
        found = loads(_small(path, name).removeprefix(UTF8_MARK))
    except (ValueError, Damaged) as error:
        raise BadInput(f"{name}: wanted an array of objects, found broken JSON: {error}") from error
    odd = next((place for place, entry in enumerate(found, start=1) if not isinstance(entry, dict)), None)
    if odd is not None:
        raise BadInput(f"{name}: wanted an array of objects, found {str(found[odd - 1])[:40]!r} as entry {odd}")
    return cast("list[dict[str, Any]]", found)


def _small(path: Path, name: str) -> bytes:
    """All that a file holds, which must not be much."""
    held = b""
    for chunk in content(path):
        held += chunk
        if len(held) > LARGEST_ARRAY_BYTES:
            raise BadInput(
                f"{name}: wanted at most {LARGEST_ARRAY_BYTES:,} bytes of JSON in one array, found more; "
                "write one object a line: jq -c '.[]' OLD.json > NEW.jsonl"
            )
    return held


def _array_lines(path: Path, name: str) -> Iterator[bytes]:
    """One object a line, so that a line's number is the entry's place in the array, from 1."""
    dumps = installed.load("orjson", "writes JSON").dumps
    for entry in _array(path, name):
        yield dumps(entry) + b"\n"
