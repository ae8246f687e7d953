"""Parquet: cut by row groups, read in batches; nested values become Python lists and dicts of JSON's types."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricer import installed
from pricer.errors import BadInput
from pricer.products.shards import Raw, Shard
from pricer.products.sources.chunks import LINES_PER_BLOCK

ROWS_PER_BATCH = 1_000
PURPOSE = "reads Parquet files"

# Arrow types whose Python values are JSON's already.
_PLAIN = frozenset(
    f"{name}" for name in ("null", "bool", "string", "large_string", "string_view", "int8", "int16", "int32", "int64")
) | {"uint8", "uint16", "uint32", "uint64"}


def columns(path: Path, name: str) -> list[str]:
    """The schema's top-level names."""
    with _opened(path, name) as file:
        return list(file.schema_arrow.names)


def shards(path: Path, name: str, work: Path, most_rows: int = LINES_PER_BLOCK) -> Iterator[Shard]:
    """Shards of whole row groups, small ones together, as many as make `most_rows`."""
    del work
    with _opened(path, name) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    shard, row = Shard(0, "parquet", str(path), name, 0, 0), 1
    for group, size in enumerate(sizes, start=1):
        shard, row = replace(shard, stop=group), row + size
        if row - shard.first_line >= most_rows or group == len(sizes):
            yield shard
            shard = replace(shard, start=group, first_line=row)


def read(shard: Shard) -> Iterator[Raw]:
    """A shard's rows. Of a row group that is damaged, the rest is one fault, and the next one is read."""
    row = shard.first_line
    with _opened(Path(shard.path), shard.file) as file:
        for group in range(shard.start, shard.stop):
            after = row + file.metadata.row_group(group).num_rows
            yield from _rows(file, group, row, after)
            row = after


def plain(value: Any) -> Any:
    """A value in JSON's types: dates as ISO text, decimals as their digits, bytes as text; None for NaN and for other bytes."""
    if isinstance(value, dict):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return _leaf(value)


def _opened(path: Path, name: str) -> Any:
    """The file, open. `BadInput` when it is no Parquet."""
    arrow, parquet = installed.load("pyarrow", PURPOSE), installed.load("pyarrow.parquet", PURPOSE)
    try:
        return parquet.ParquetFile(path)
    except (arrow.ArrowException, OSError) as error:
        raise BadInput(
            f"{name}: wanted a Parquet file, found one that cannot be opened: {_first_line(error)}"
        ) from error


def _rows(file: Any, group: int, row: int, after: int) -> Iterator[Raw]:
    arrow = installed.load("pyarrow", PURPOSE)
    rich = [field.name for field in file.schema_arrow if str(field.type) not in _PLAIN]
    try:
        for batch in file.iter_batches(batch_size=ROWS_PER_BATCH, row_groups=[group]):
            for fields in batch.to_pylist(maps_as_pydicts="lossy"):
                yield Raw(row, {**fields, **{name: plain(fields[name]) for name in rich}})
                row += 1
    except (arrow.ArrowException, OSError) as error:
        yield Raw(row, None, "parquet damaged", f"rows {row} to {after - 1} lost: {_first_line(error)}")


def _leaf(value: Any) -> Any:
    match value:
        case float():
            return None if math.isnan(value) else value
        case bytes():
            return _text(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case Decimal() | dt.timedelta():
            return str(value)
        case _:
            return value


def _text(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
