"""Spreadsheets: the first sheet that has rows, staged as JSON lines in which a line's number is the row's number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pricer import installed
from pricer.errors import BadInput
from pricer.products.shards import Shard
from pricer.products.sources import staging
from pricer.products.sources.parquet import plain
from pricer.products.sources.table import distinct

# Whole numbers up to here are exact in a spreadsheet, whose numbers are all doubles.
LARGEST_WHOLE = 2**53


def columns(path: Path, name: str) -> list[str]:
    """The names in the first row that is not blank."""
    with _sheet(path, name) as sheet:
        for number, row in enumerate(sheet.iter_rows(), start=1):
            if not _blank(row):
                return list(_names(row, f"{name}:{number}"))
    return []


def shards(path: Path, name: str, work: Path) -> Iterator[Shard]:
    """Shards of the staged rows."""
    folder = staging.folder_for(work, path)
    for block in staging.staged(folder, partial(staging.blocks, chunks=_lines(path, name))):
        yield staging.block_shard(folder, block, name)


def _lines(path: Path, name: str) -> Iterator[bytes]:
    """A line for each row of the sheet; blank rows, the header and what stands above it are blank lines."""
    dumps = installed.load("orjson", "stages spreadsheets").dumps
    names: tuple[str, ...] = ()
    with _sheet(path, name) as sheet:
        for number, row in enumerate(sheet.iter_rows(), start=1):
            if _blank(row):
                yield b"\n"
            elif not names:
                names = _names(row, f"{name}:{number}")
                yield b"\n"
            else:
                yield dumps(dict(zip(names, map(_value, row), strict=False))) + b"\n"


@contextmanager
def _sheet(path: Path, name: str) -> Iterator[Any]:
    """The first visible sheet that has rows, the first sheet of all when none has."""
    calamine = installed.load("python_calamine", "reads spreadsheets")
    try:
        with calamine.load_workbook(path) as book:
            seen = [kind.name for kind in book.sheets_metadata if kind.visible == calamine.SheetVisibleEnum.Visible]
            sheets = (book.get_sheet_by_name(title) for title in seen)
            yield next((sheet for sheet in sheets if sheet.start is not None), book.get_sheet_by_index(0))
    except (calamine.CalamineError, OSError) as error:
        raise BadInput(
            f"{name}: wanted a spreadsheet without a password, found one that cannot be opened: {error}"
        ) from error


def _names(row: list[Any], place: str) -> tuple[str, ...]:
    return distinct([str(cell) for cell in row], place)


def _blank(row: list[Any]) -> bool:
    return all(cell == "" for cell in row)


def _value(cell: Any) -> Any:
    """A cell in JSON's types: None when empty, whole numbers as such."""
    if cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= LARGEST_WHOLE:
        return int(cell)
    return plain(cell)
