"""Products that a user brings in a file of their own, CSV or JSON lines: all of them, or the rows that cannot be read."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pricer.errors import BadInput
from pricer.products.own_file import number
from pricer.products.text import clean
from pricer.store.product import Product

SHOWN = 5  # bad rows that are named
COLUMNS = {
    "id": ("id",), "title": ("title", "name"), "text": ("text", "description"), "price": ("price", "price_usd"),
    "category": ("category",), "brand": ("brand",), "label": ("label",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Brought:
    """The products of a file in its order, and the columns that were left out."""

    products: tuple[Product, ...]
    left_out: tuple[str, ...]


def read_rows(path: Path) -> Brought:
    """The products of a file with id, title, text or description, price, category, brand, label; an id and a title or text are needed.

    `BadInput` names each row that cannot be used by file:line; then none is to be added.
    """
    products: dict[str, Product] = {}
    wrong: list[str] = []
    left_out: dict[str, None] = {}
    for line, fields, fault in _rows(path):
        left_out |= dict.fromkeys(name for name in fields if not any(name in names for names in COLUMNS.values()))
        try:
            if fault:
                raise ValueError(fault)
            product = _product(fields, f"{path.name}:{line}")
            if earlier := products.get(product.id):
                raise ValueError(f"id {product.id!r} stands at {earlier.source} already")
        except ValueError as error:
            wrong.append(f"{path.name}:{line}: {error}")
        else:
            products[product.id] = product
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise BadInput("nothing was added; mend these rows and try again: " + "; ".join(wrong[:SHOWN]) + more)
    if not products:
        raise BadInput(f"{path.name}: wanted rows with id, title, text, price, category; the file has none")
    return Brought(tuple(products.values()), tuple(left_out))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    """Line, fields by name in small letters, and why the row cannot be read."""
    name = path.name.removesuffix(".gz")
    if not name.endswith((".csv", ".jsonl", ".ndjson")):
        raise BadInput(f"{path.name}: wanted a .csv or .jsonl file, plain or .gz")
    try:
        with _opened(path) as file:
            yield from _table(file) if name.endswith(".csv") else _lines(file)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: cannot be read: {error!s:.120}") from None


def _opened(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _table(file: TextIO) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    table = csv.reader(file)
    head = [name.strip().lower() for name in next(table, [])]
    start = table.line_num + 1
    for cells in table:
        line, start = start, table.line_num + 1
        if any(cells):
            fault = None if len(cells) == len(head) else f"wanted {len(head)} cells, found {len(cells)}"
            yield line, dict(zip(head, cells, strict=False)), fault


def _lines(file: TextIO) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    for line, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield line, {}, f"wanted a JSON object, found {text.strip()!r:.60} ({error!s:.60})"
            continue
        if isinstance(told, dict):
            yield line, {str(name).lower(): value for name, value in told.items()}, None
        else:
            yield line, {}, f"wanted a JSON object, found {text.strip()!r:.60}"


def _product(fields: dict[str, Any], source: str) -> Product:
    """The product of a row; ValueError says what is wrong with it."""
    told = {name: _text(fields, names) for name, names in COLUMNS.items() if name != "price"}
    if not told["id"] or not (told["title"] or told["text"]):
        raise ValueError(
            f"wanted an id and a title or text, found {', '.join(name for name, value in told.items() if value) or 'neither'}"
        )
    return Product(
        id=told["id"], title=told["title"] or (told["text"] or "")[:80], text=told["text"] or told["title"] or "", category=told["category"],
        brand=told["brand"], price=_price(fields), label=told["label"], source=source,
    )  # fmt: skip


def _text(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of the columns that says something, as one tidy line."""
    for name in names:
        found = fields.get(name)
        if found is None or found == "":
            continue
        if isinstance(found, bool | dict | list):
            raise ValueError(f"{name}: wanted text, found {found!r:.60}")
        if said := clean(str(found)):
            return said
    return None


def _price(fields: dict[str, Any]) -> float | None:
    for name in COLUMNS["price"]:
        found = fields.get(name)
        if found is None or (isinstance(found, str) and not found.strip()):
            continue
        value = number(found.strip().removeprefix("$") if isinstance(found, str) else found)
        if value is None or value < 0:
            raise ValueError(f"{name}: wanted a number from 0 or nothing, found {found!r:.60}")
        return value
    return None
