"""What a data set holds, in figures: sizes, quantiles, distributions before and after curation, drift between splits, families."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pricer.products.counted import Counted, binned, quantiles, smirnov, together, variation
from pricer.products.dataset import Dataset
from pricer.products.description import (
    Description,
    Drift,
    Drop,
    Families,
    Family,
    Group,
    Groups,
    Histogram,
    Split,
)
from pricer.products.items import SPLITS
from pricer.products.text import clean
from pricer.products.verdicts import verdicts

if TYPE_CHECKING:
    import duckdb

MEMORY = "1GB"  # of the database; what does not fit in it goes to a temporary folder
DISTINCT = 1_000_000  # beyond so many distinct values a distribution is counted to five significant digits
GROUPS = 40
LARGEST = 3
FOUND = 3
TOLD = (
    "name", "source", "target", "funnel", "audit", "best_reachable", "coincidences", "settings", "tokenizer", "seed", "limit", "fingerprint",
)  # fmt: skip


def describe(dataset: Dataset) -> Description:
    """The figures of a data set, computed from its files in bounded memory, and what its manifest says of the time before."""
    manifest = dataset.manifest
    with _database(dataset) as base:
        rounded = _distinct(base) > DISTINCT
        targets, tokens = _by_split(base, _rounding(rounded)), _by_split(base, "tokens")
        category = _groups(base, "category", _cleaned(manifest["before"]["category"]))
        label = _groups(base, "label", {}) if manifest["target"]["is_label"] else None
        return Description(
            manifest=manifest,
            whole=_whole(base, targets, tokens),
            splits=_splits(base, targets, tokens),
            target_bins=_histogram(manifest["before"]["price"], targets),
            token_bins=_histogram(manifest["before"]["tokens"], tokens),
            categories=_largest(category),
            labels=_largest(label) if label is not None else None,
            drift=tuple(_drift(split, targets, tokens, label or category) for split in SPLITS[1:]),
            families=_families(base),
            drops=_drops(base, manifest["funnel"]["dropped"]),
            titles=_titles(base, [id_ for example in manifest["audit"]["examples"] for id_ in example[2:]]),
            rounded=rounded,
        )


def document(description: Description) -> dict[str, Any]:
    """The description as plain data for JSON."""
    told = asdict(description)
    manifest = told.pop("manifest")
    rules = [{name: rule[name] for name in ("name", "kind", "reason", "hits", "items")} for rule in manifest["rules"]]
    said = {name: asdict(verdict) for name, verdict in verdicts(description).items()}
    figures: dict[str, Any] = _plain(told)
    return {name: manifest.get(name) for name in TOLD} | figures | {"rules": rules, "verdicts": said}


# --- reading the files


@contextmanager
def _database(dataset: Dataset) -> Iterator[duckdb.DuckDBPyConnection]:
    """The items and drops as SQL tables read from their files, and a table of families."""
    import duckdb
    import pyarrow.dataset as pads

    with tempfile.TemporaryDirectory(prefix="assay-") as scratch:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY, "temp_directory": scratch, "autoinstall_known_extensions": False,
        }  # fmt: skip
        with duckdb.connect(config=config) as base:
            for name, pattern in (("items", "items-*.parquet"), ("dropped", "dropped.parquet")):
                base.register(
                    name, pads.dataset([str(path) for path in sorted(dataset.folder.glob(pattern))], format="parquet")
                )
            base.execute(
                "CREATE TEMP TABLE families AS SELECT family, min(split) AS split, min(split) <> max(split) AS straddles, "
                "count(*) AS items FROM items GROUP BY family"
            )
            yield base


def _distinct(base: duckdb.DuckDBPyConnection) -> int:
    return int(_rows(base, "SELECT count(*) FROM (SELECT DISTINCT target FROM items)")[0][0])


def _rounding(rounded: bool) -> str:
    """The SQL of a target, to five significant digits where `rounded`."""
    return (
        "CASE target WHEN 0 THEN 0 ELSE round(target, 4 - floor(log10(target))::INTEGER) END" if rounded else "target"
    )


def _by_split(base: duckdb.DuckDBPyConnection, value: str) -> dict[str, Counted]:
    """The distribution of an SQL value in each split, nulls left out."""
    found = base.execute(
        f"SELECT split, {value} AS value, count(*) AS items FROM items WHERE value IS NOT NULL GROUP BY ALL ORDER BY ALL"  # noqa: S608 - our own column names
    ).fetchnumpy()
    of = {split: found["split"] == split for split in SPLITS}
    return {
        split: Counted(found["value"][here].astype("float64"), found["items"][here].astype("int64")) for split, here in of.items()
    }  # fmt: skip


def _splits(
    base: duckdb.DuckDBPyConnection, targets: dict[str, Counted], tokens: dict[str, Counted]
) -> tuple[Split, ...]:
    rows = _rows(
        base,
        "SELECT split, sum(items), count(*) FROM (SELECT split, family, count(*) AS items FROM items GROUP BY ALL) GROUP BY split",
    )
    sizes = {split: (int(items), families) for split, items, families in rows}
    return tuple(
        Split(split, *sizes.get(split, (0, 0)), quantiles(targets[split]), quantiles(tokens[split])) for split in SPLITS
    )


def _whole(base: duckdb.DuckDBPyConnection, targets: dict[str, Counted], tokens: dict[str, Counted]) -> Split:
    """All splits as one, under the name of "all"."""
    items, count = _rows(base, "SELECT coalesce(sum(items), 0), count(*) FROM families")[0]
    return Split(
        "all",
        int(items),
        count,
        quantiles(together(list(targets.values()))),
        quantiles(together(list(tokens.values()))),
    )


def _groups(base: duckdb.DuckDBPyConnection, column: str, before: Mapping[str | None, int]) -> list[Group]:
    """The groups that a column makes, the largest first."""
    query = f"SELECT {column}, split, count(*) FROM items GROUP BY ALL"  # noqa: S608 - our own column names
    counts = {(name, split): items for name, split, items in _rows(base, query)}
    names = {name for name, _ in counts} | set(before)
    groups = [
        Group(name, before.get(name, 0) if before else None, tuple(counts.get((name, split), 0) for split in SPLITS))
        for name in names
    ]
    return sorted(groups, key=lambda group: (-group.after, -(group.before or 0), group.name or ""))


def _families(base: duckdb.DuckDBPyConnection) -> Families:
    count, singletons, straddling = _rows(
        base, "SELECT count(*), count(*) FILTER (items = 1), count(*) FILTER (straddles) FROM families"
    )[0]
    rows = _rows(
        base, "SELECT family, items, split FROM families WHERE items > 1 ORDER BY items DESC, family LIMIT ?", LARGEST
    )
    titles = "SELECT DISTINCT title FROM items WHERE family = ? ORDER BY title LIMIT ?"
    return Families(count, singletons, straddling, tuple(
        Family(family, items, split, tuple(title for (title,) in _rows(base, titles, family, FOUND))) for family, items, split in rows
    ))  # fmt: skip


def _drops(base: duckdb.DuckDBPyConnection, dropped: Mapping[str, int]) -> tuple[Drop, ...]:
    """The reasons in the order of the manifest."""
    examples: dict[str, list[str]] = {}
    query = (
        "SELECT reason, found FROM dropped WHERE found NOT LIKE 'family %' GROUP BY reason, found "
        "QUALIFY row_number() OVER (PARTITION BY reason ORDER BY count(*) DESC, found) <= ? ORDER BY reason, count(*) DESC, found"
    )
    for reason, found in _rows(base, query, FOUND):
        examples.setdefault(reason, []).append(found)
    return tuple(Drop(reason, count, tuple(examples.get(reason, ()))) for reason, count in dropped.items())


def _titles(base: duckdb.DuckDBPyConnection, ids: list[str]) -> dict[str, str]:
    """The titles of items by id."""
    return dict(_rows(base, "SELECT id, title FROM items WHERE list_contains(?, id) ORDER BY id", ids)) if ids else {}


def _rows(base: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return base.execute(query, list(values)).fetchall()


# --- working with what was read


def _cleaned(before: Mapping[str, int]) -> dict[str | None, int]:
    """The categories as items name them, which are cleaned."""
    counts = Counter[str | None]()
    for name, count in before.items():
        counts[clean(name) or None] += count
    return dict(counts)


def _histogram(before: Mapping[str, Any], after: Mapping[str, Counted]) -> Histogram:
    counts = [binned(counted, before["edges"]) for counted in after.values()]
    return Histogram(
        tuple(before["edges"]), tuple(before["counts"]), tuple(sum(column) for column in zip(*counts, strict=True))
    )


def _largest(groups: list[Group]) -> Groups:
    rows, others = groups[:GROUPS], groups[GROUPS:]
    if not others:
        return Groups(tuple(rows), 0, None)
    before = None if others[0].before is None else sum(group.before or 0 for group in others)
    rest = Group(None, before, tuple(sum(column) for column in zip(*(group.items for group in others), strict=True)))
    return Groups(tuple(rows), len(others), rest)


def _drift(split: str, targets: Mapping[str, Counted], tokens: Mapping[str, Counted], groups: list[Group]) -> Drift:
    place = SPLITS.index(split)
    return Drift(
        split, smirnov(targets[SPLITS[0]], targets[split]), smirnov(tokens[SPLITS[0]], tokens[split]),
        variation([group.items[0] for group in groups], [group.items[place] for group in groups]),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """Tuples as lists, and floats without the noise of the last digits."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value
