"""A small home folder with two data sets, and the hostile statements with secrets planted for them to find."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pricer.products.items import DROPPED_COLUMNS, ITEM_COLUMNS, Column
from pricer.query.relations import literal

SECRET = "QX7-PLANTED-SECRET"  # found in an output, it shows a hole
CORPUS = Path(__file__).with_name("hostile.toml")

KITCHEN: list[dict[str, Any]] = [
    {"id": "k1", "title": "Kettle", "category": "Kitchen", "target": 30.0, "tokens": 10, "family": "f1", "split": "train"},
    {"id": "k2", "title": "Kettle, black", "category": "Kitchen", "target": 34.0, "tokens": 12, "family": "f1", "split": "train"},
    {"id": "k3", "title": "Pan", "category": "Kitchen", "target": 50.0, "tokens": 8, "family": "f2", "split": "test"},
    {"id": "k4", "title": "Drill 日本", "category": "Tools", "target": 120.5, "tokens": 20, "family": "f3", "split": "train"},
]  # fmt: skip
TICKETS: list[dict[str, Any]] = [
    {"id": "t1", "title": "Login fails", "category": None, "target": 2.0, "tokens": 5, "family": "g1", "split": "train"},
    {"id": "t2", "title": "Slow page", "category": None, "target": 4.0, "tokens": 7, "family": "g2", "split": "test"},
]  # fmt: skip
DROPPED: list[dict[str, Any]] = [
    {"id": "x1", "reason": "price missing", "found": "from $7.99", "category": "Kitchen"},
    {"id": "x2", "reason": "price missing", "found": "", "category": "Tools"},
    {"id": None, "reason": "not JSON", "found": "{{", "category": None},
]
MANIFEST = {
    "format": 1, "name": "kitchen", "source": {"kind": "file", "name": "kitchen.jsonl", "synthetic": True},
    "funnel": {"raw": 7, "kept": 4, "dropped": {"price missing": 2, "not JSON": 1}}, "fingerprint": "abc123",
    "target": {"name": "price", "unit": "usd"},
}  # fmt: skip


def write_home(home: Path) -> None:
    """`kitchen` (US dollars, two files), `tickets` (hours, with a bare manifest) and `half`, which was never finished."""
    sets = home / "datasets"
    write_rows(sets / "kitchen" / "items-00000.parquet", ITEM_COLUMNS, KITCHEN[:2])
    write_rows(sets / "kitchen" / "items-00001.parquet", ITEM_COLUMNS, KITCHEN[2:])
    write_rows(sets / "kitchen" / "dropped.parquet", DROPPED_COLUMNS, DROPPED)
    (sets / "kitchen" / "manifest.json").write_text(json.dumps(MANIFEST))
    write_rows(sets / "tickets" / "items-00000.parquet", ITEM_COLUMNS, TICKETS)
    (sets / "tickets" / "manifest.json").write_text(json.dumps({"format": 1, "target": {"unit": "hours"}}))
    write_rows(sets / "half" / "items-00000.parquet", ITEM_COLUMNS, KITCHEN)


def write_rows(path: Path, columns: tuple[Column, ...], rows: list[dict[str, Any]]) -> None:
    """Write rows as parquet; a column that a row leaves out is null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = ", ".join(f'"{column.name}" {column.type}' for column in columns)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t ({shape})")
        for row in rows:
            values = [row.get(column.name) for column in columns]
            connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(values))})", values)
        connection.execute(f"COPY t TO {literal(str(path))} (FORMAT parquet)")


@dataclass(frozen=True)
class Hostile:
    """A hostile statement and its kind."""

    kind: str
    sql: str


def hostile(folder: Path) -> list[Hostile]:
    """The statements that must be refused, `{dir}` being `folder`."""
    groups = _corpus()["group"]
    return [
        Hostile(group["kind"], sql.replace("{dir}", str(folder))) for group in groups for sql in group["statements"]
    ]


def bombs() -> Iterator[Hostile]:
    """The statements that want all memory or all time."""
    for bomb in _corpus()["bomb"]:
        for sql in bomb.get("statements", ()):
            yield Hostile(bomb["kind"], sql)
        if times := bomb.get("times"):
            nested = bomb["open"] * times + bomb["core"] + bomb["close"] * times
            yield Hostile(bomb["kind"], bomb.get("before", "") + nested)


def plant(folder: Path) -> None:
    """Files of every kind that a statement might read, each with the secret in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secret.txt").write_text(SECRET)
    (folder / "secret.csv").write_text(f"a,b\n{SECRET},1\n")
    (folder / "secret.json").write_text(json.dumps({"a": SECRET}))
    (folder / "schema.sql").write_text(f"CREATE TABLE planted AS SELECT '{SECRET}' AS a;")
    (folder / "load.sql").write_text("")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT '{SECRET}' AS a) TO '{folder / 'secret.parquet'}' (FORMAT parquet)")
        connection.execute(
            f"ATTACH '{folder / 'secret.db'}' AS d; CREATE TABLE d.a AS SELECT '{SECRET}' AS a; DETACH d"
        )


def _corpus() -> dict[str, Any]:
    return tomllib.loads(CORPUS.read_text(encoding="utf-8"))
