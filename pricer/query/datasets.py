"""The data sets under the home folder: which there are, and the SQL that reads their files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.products.dataset import MANIFEST, complete
from pricer.products.items import DROPPED_COLUMNS, ITEM_COLUMNS, Column
from pricer.query.relations import literal, quoted

GLOB = frozenset("*?[]{}")  # DuckDB reads these as patterns, so that another folder's files could answer


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set: its folder's name, its manifest, and its files relative to the folder of all data sets, in order."""

    name: str
    manifest: dict[str, Any]
    items: tuple[str, ...]
    dropped: tuple[str, ...]


def data_sets(folder: Path) -> tuple[DataSet, ...]:
    """Every data set in `folder`, by name. One without a readable manifest is half-written and is not one."""
    found = []
    for place in complete(folder):
        manifest = _manifest(place / MANIFEST)
        if manifest is None:
            continue
        if GLOB & set(place.name):
            raise BadInput(
                f"data set folder {place.name!r}: its name may hold none of * ? [ ] {{ }}; rename the folder"
            )
        items = tuple(f"{place.name}/{path.name}" for path in sorted(place.glob("items-*.parquet")))
        dropped = tuple(f"{place.name}/{path.name}" for path in sorted(place.glob("dropped.parquet")))
        found.append(DataSet(place.name, manifest, items, dropped))
    return tuple(found)


def data_set_rows(sets: Sequence[DataSet]) -> list[dict[str, Any]]:
    """The rows of `datasets`; what a manifest does not say is null."""
    return [
        {
            "dataset": each.name,
            "source_kind": _within(each.manifest, "source", "kind"), "source_name": _within(each.manifest, "source", "name"),
            "synthetic": _within(each.manifest, "source", "synthetic"), "raw": _within(each.manifest, "funnel", "raw"),
            "kept": _within(each.manifest, "funnel", "kept"), "dropped": _dropped(each.manifest),
            "target": _within(each.manifest, "target", "name"), "unit": _within(each.manifest, "target", "unit"),
            "fingerprint": each.manifest.get("fingerprint"),
        }
        for each in sets
    ]  # fmt: skip


def products_select(sets: Sequence[DataSet]) -> str | None:
    """The query behind `products`; None when there is no item."""
    parts = []
    for each in sets:
        price = '"target"' if _within(each.manifest, "target", "unit") == "usd" else "NULL"
        parts += _select(each.name, ITEM_COLUMNS, each.items, f", CAST({price} AS DOUBLE)")
    return " UNION ALL ".join(parts) or None


def dropped_select(sets: Sequence[DataSet]) -> str | None:
    """The query behind `dropped`; None when nothing was."""
    return (
        " UNION ALL ".join(part for each in sets for part in _select(each.name, DROPPED_COLUMNS, each.dropped)) or None
    )


def _select(name: str, columns: Sequence[Column], files: Sequence[str], more: str = "") -> list[str]:
    if not files:
        return []
    wanted = ", ".join(f"CAST({quoted(column.name)} AS {column.type})" for column in columns)
    return [
        f"SELECT {literal(name)}, {wanted}{more} FROM "  # noqa: S608 - names are ours, the data set's is quoted
        f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"
    ]


def _manifest(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _within(manifest: dict[str, Any], part: str, name: str) -> Any:
    inner = manifest.get(part)
    return inner.get(name) if isinstance(inner, dict) else None


def _dropped(manifest: dict[str, Any]) -> int | None:
    reasons = _within(manifest, "funnel", "dropped")
    if isinstance(reasons, dict):
        return sum(count for count in reasons.values() if isinstance(count, int))
    return reasons if isinstance(reasons, int) else None
