"""Where raw records come from: each source cuts its input into shards, and `read` gives a shard's records to a worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

from pricer.products.shards import Raw, Shard

# Which module's `read` understands a kind of shard.
READERS = {
    "lines": "lines",
    "csv": "table",
    "parquet": "parquet",
    "course": "repositories",
    "damaged": "staging",
    "sample": "sample",
    "posts": "posts",
}


def read(shard: Shard) -> Iterator[Raw]:
    """The records of a shard in their order, faults among them; blank lines are left out.

    A kind may carry a split (`parquet:test`), which records without a `split` of their own take on.
    """
    kind, _, split = shard.kind.partition(":")
    assert kind in READERS, f"no reader for a shard of kind {shard.kind!r}"
    module = import_module(f"pricer.products.sources.{READERS[kind]}")
    records: Iterator[Raw] = iter(module.read(shard))
    return (_in_split(raw, split) for raw in records) if split else records


def _in_split(raw: Raw, split: str) -> Raw:
    if raw.fields is None or raw.fields.get("split"):
        return raw
    return replace(raw, fields={**raw.fields, "split": split})
