"""What a store holds: products as their data set states them, and the answers to a search among them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pricer.products.dataset import Dataset
from pricer.products.items import SPLITS
from pricer.store.encoder import passage_text

BATCH = 256  # products encoded and written at once
COLUMNS = (
    "id", "title", "text", "category", "brand", "target", "label", "family", "split", "source_file", "source_line",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """A product: its words, its price in the data set's unit or its label, and the place it comes from (`file.jsonl.gz:123`)."""

    id: str
    title: str
    text: str
    category: str | None = None
    brand: str | None = None
    price: float | None = None
    label: str | None = None
    family: str = ""
    split: str = ""
    source: str = ""

    @property
    def content_hash(self) -> str:
        """The SHA-256 of all fields, in hex: another value means that the product has changed."""
        return hashlib.sha256(json.dumps([getattr(self, name) for name in FIELDS]).encode()).hexdigest()

    @property
    def passage(self) -> str:
        """What is encoded."""
        return passage_text(self)


FIELDS = tuple(Product.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which products are wanted: of one category, with a price from `least` to `most` (in the data set's unit), of some splits.

    What is not given restricts nothing. A product without a price is in no price range.
    """

    category: str | None = None
    least: float | None = None
    most: float | None = None
    splits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """A product and the cosine of its vector to the one asked for, from -1 to 1."""

    product: Product
    similarity: float


@dataclass(frozen=True, slots=True)
class Changes:
    """How many products were added, changed, deleted, and found as they were."""

    added: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0


def products(dataset: Dataset, splits: tuple[str, ...] = SPLITS) -> Iterator[Product]:
    """The products of a data set in the order of the source, a portion of a file in memory at a time."""
    import pyarrow.parquet as pq

    for path in sorted(dataset.folder.glob("items-*.parquet")):
        with pq.ParquetFile(path) as file:
            for block in file.iter_batches(batch_size=4 * BATCH, columns=list(COLUMNS)):
                yield from (_product(row) for row in block.to_pylist() if row["split"] in splits)


def _product(row: dict[str, Any]) -> Product:
    told = {name: row[name] for name in ("id", "title", "text", "category", "brand", "label", "family", "split")}
    return Product(**told, price=row["target"], source=f"{row['source_file']}:{row['source_line']}")
