"""Finished data sets of a few items, written without loading them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from pricer.products.curate import PRICE_EDGES, TOKEN_EDGES
from pricer.products.dataset import Dataset
from pricer.products.items import DROPPED_COLUMNS, ITEM_COLUMNS
from pricer.products.parts import write_parquet

TYPES = {"VARCHAR": pa.string(), "DOUBLE": pa.float64(), "INTEGER": pa.int32(), "BIGINT": pa.int64()}
SHA = "7e764058d4dbd2afebc7b254763cafff60eed8c5052298f1d9a90d3e8ad9d6c7"


def item(number: int, **changed: Any) -> dict[str, Any]:
    """An item that is a family by itself."""
    return {
        "id": f"i{number}", "title": f"title {number}", "text": f"text {number}", "description": "", "features": "", "details": "{}",
        "brand": None, "category": "Tools", "target": float(number), "label": None, "tokens": 100 + number, "raw_chars": 500,
        "family": f"f{number:03}", "split": "train", "source_file": "toy.jsonl", "source_line": number,
    } | changed  # fmt: skip


def drop(reason: str, found: str | None = None) -> dict[str, Any]:
    """A dropped record."""
    return {"id": "d", "reason": reason, "found": found, "category": None, "source_file": "toy.jsonl", "source_line": 1}


def shelved(
    folder: Path, items: list[dict[str, Any]], drops: list[dict[str, Any]] | None = None, **changed: Any
) -> Dataset:
    """A data set of these items, in two files where there are several; `changed` are parts of its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    half = max(1, len(items) // 2)
    for place, rows in enumerate((items[:half], items[half:])):
        if rows or not place:
            write_parquet(_table(rows, ITEM_COLUMNS), folder / f"items-{place:05}.parquet")
    write_parquet(_table(drops or [], DROPPED_COLUMNS), folder / "dropped.parquet")
    return Dataset(folder, _manifest(items, drops or []) | changed)


def _table(rows: list[dict[str, Any]], columns: Any) -> pa.Table:
    schema = pa.schema([(column.name, TYPES[column.type]) for column in columns])
    return pa.Table.from_pylist(rows, schema)


def _manifest(items: list[dict[str, Any]], drops: list[dict[str, Any]]) -> dict[str, Any]:
    held_out = sum(one["split"] != "train" for one in items)
    return {
        "format": 1, "name": "toys", "limit": None, "seed": 0, "fingerprint": "ab" * 32, "rules_fingerprint": "cd" * 8,
        "source": {
            "kind": "jsonl", "name": "toy.jsonl", "files": [{"name": "toy.jsonl", "bytes": 1234, "sha256": SHA}], "licence": None,
            "repository": None, "revision": None, "synthetic": False, "columns": ["title", "price"],
        },
        "target": {"name": "price", "unit": "usd", "is_label": False},
        "columns": {"parts": [["title", "title"], ["target", "price"]], "text": [], "is_label": False, "unit": "usd"},
        "funnel": {"raw": len(items) + len(drops), "kept": len(items), "dropped": dict(Counter(one["reason"] for one in drops))},
        "rules": [
            {"name": "text-money", "kind": "text", "pattern": "[$]\\d+", "reason": "could be the answer", "hits": 1234, "items": 1111,
             "samples": [["was $43.00, a bargain", "was , a bargain"]]},
            {"name": "text-links", "kind": "text", "pattern": "www", "reason": "addresses", "hits": 0, "items": 0, "samples": []},
        ],
        "before": {
            "price": {"edges": list(PRICE_EDGES), "counts": [len(items)] + [1] * (len(PRICE_EDGES) - 1)},
            "tokens": {"edges": list(TOKEN_EDGES), "counts": [1] * len(TOKEN_EDGES)},
            "category": {"Tools": len(items)},
        },
        "audit": {
            "similar": 0.8, "held_out_compared": held_out, "exhaustive": True, "straddlers": 0, "examples": [],
            "prompts": {"checked": len(items), "over_budget": 0, "longest_tokens": 175, "holding_the_answer": 0},
        },
        "coincidences": {"own_dollar_in_text": 3, "neighbours_dollar_in_text": 4},
        "settings": {"text_tokens": 160, "prompt_tokens": 180, "least": 0.5, "most": 999.49},
        "tokenizer": {"name": "llama3", "fingerprint": "ef" * 8},
        "files": {"items-00000.parquet": 100},
    }  # fmt: skip
