"""A filled-in task as rows, whatever a spreadsheet or a browser made of the file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricer.errors import BadInput

DELIMITERS = ",;\t"
LONGEST_NAME = 60  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """One answer as the file states it, with the line or place at which it stands."""

    place: str
    code: str
    answer: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A file that was filled in: its rows, the name it gives and the key of its task, where it states one."""

    rows: list[Row]
    name: str | None = None
    key: str | None = None


def read_file(path: Path) -> Filled:
    """The rows of a sheet (comma, semicolon or tab, UTF-8, UTF-16 or Windows letters) or of the page's JSON; else `BadInput`."""
    text = _text(path)
    return _of_json(text, path) if text.lstrip().startswith("{") else _of_sheet(text, path)


def _text(path: Path) -> str:
    """The file's text: UTF-8, UTF-16 with its mark, or what a spreadsheet of Western Europe writes."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path.name}: cannot be read: {error.strerror or error}") from None
    if data.startswith(b"PK"):
        raise BadInput(f"{path.name}: wanted a CSV or JSON file, found a workbook; save it as CSV")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _of_json(text: str, path: Path) -> Filled:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"{path.name}: wanted the JSON that the page downloads ({error!s:.80}); download it again"
        ) from None
    answers = told.get("answers")
    if not isinstance(answers, list) or not all(isinstance(one, dict) and "code" in one for one in answers):
        raise BadInput(
            f"{path.name}: wanted 'answers', a list of objects with 'code' and 'answer'; download it again from the page"
        )
    rows = [
        Row(f"answer {place}", _code(one["code"]), _cell(one.get("answer"))) for place, one in enumerate(answers, 1)
    ]
    return Filled(rows, _name(told.get("name")), None if told.get("task") is None else str(told["task"]))


def _of_sheet(text: str, path: Path) -> Filled:
    records = _records(text, path)
    first = next(records, None)
    if first is None:
        raise BadInput(f"{path.name}: wanted a sheet with the columns code and answer, found an empty file")
    names = [cell.strip().casefold() for cell in first[1]]
    for wanted in ("code", "answer"):
        if names.count(wanted) != 1:
            raise BadInput(
                f"{path.name}:{first[0]}: wanted one column {wanted!r}, found {names.count(wanted)} among {', '.join(names)[:120]!r}; "
                "keep the first row as it was"
            )
    rows: list[Row] = []
    name = None
    for line, cells in records:
        row = dict(zip(names, cells, strict=False))
        name = name or _name(row.get("name"))
        if any(cell.strip() for cell in cells):
            rows.append(Row(f"line {line}", _code(row.get("code", "")), _cell(row.get("answer"))))
    return Filled(rows, name)


def _records(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The records with the line on which each begins."""
    lines = text.splitlines(keepends=True)
    skipped = 1 if lines and lines[0].strip().casefold().startswith("sep=") else 0
    head = lines[skipped] if len(lines) > skipped else ""
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO("".join(lines[skipped:]), newline=""), delimiter=delimiter)
    line = 0
    try:
        for record in reader:
            yield skipped + line + 1, record
            line = reader.line_num
    except csv.Error as error:
        raise BadInput(
            f"{path.name}:{skipped + line + 1}: cannot be read as CSV ({error}); save it again as CSV"
        ) from None


def _code(value: Any) -> str:
    return str(value).strip().strip("'").casefold()


def _cell(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _name(value: Any) -> str | None:
    """A name that a table can hold on one line; None when there is none."""
    told = "".join(letter for letter in str(value or "") if letter.isprintable()).strip()
    return told[:LONGEST_NAME] or None
