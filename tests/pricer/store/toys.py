"""An encoder that costs nothing and counts what it is asked, products, a data set of them on disk, and damage."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pricer.products.dataset import datasets_folder
from pricer.store.product import COLUMNS, Product

DIMENSIONS = 16


class ToyEncoder:
    """Each text has a direction of its own; texts that share words lie nearer. `encoded` keeps every passage that was asked for."""

    def __init__(self, name: str = "toy") -> None:
        self._name = name
        self.encoded: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self._name.encode()).hexdigest()

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return self.queries(texts)

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [np.sum([_direction(word) for word in text.split() or [""]], axis=0) for text in texts]
        found = np.array(rows, dtype=np.float32).reshape(len(texts), DIMENSIONS)
        lengths: NDArray[np.float32] = np.linalg.norm(found, axis=1, keepdims=True)
        return found / lengths


def _direction(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    drawn: NDArray[np.float64] = np.random.default_rng(seed).normal(size=DIMENSIONS)
    return drawn


def product(number: int, text: str | None = None) -> Product:
    """Product `number`: every third has no price, every second no brand."""
    return Product(
        id=f"p{number}",
        title=f"thing {number}",
        text=text or f"thing {number} of kind {number % 7} in colour {number % 11}",
        category=f"kind {number % 7}",
        brand="Acme" if number % 2 else None,
        price=None if number % 3 == 0 else float(number),
        family=f"f{number}",
        split=("train", "validation", "test")[number % 3],
        source=f"things.jsonl:{number + 1}",
    )


def shelf(count: int, start: int = 0) -> list[Product]:
    """Products `start` to `start + count - 1`."""
    return [product(number) for number in range(start, start + count)]


def keep_dataset(products: Sequence[Product], name: str = "things") -> str:
    """A data set of these products in the home folder; its name."""
    folder = datasets_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row(one) for one in products]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / "items-0000.parquet")
    files = {"items-0000.parquet": (folder / "items-0000.parquet").stat().st_size}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": files}))
    return name


SCHEMA = pa.schema(
    [(name, {"target": pa.float64(), "source_line": pa.int64()}.get(name, pa.string())) for name in COLUMNS]
)


def _row(one: Product) -> dict[str, object]:
    file, _, line = one.source.rpartition(":")
    told = {name: getattr(one, name) for name in COLUMNS if hasattr(one, name)}
    return told | {"target": one.price, "source_file": file, "source_line": int(line)}


def index_file(folder: Path, name: str = "data_level0.bin") -> Path:
    """An index file of the collection in use."""
    return sorted(folder.glob(f"chroma/*/*/{name}"))[-1]


def truncate(path: Path) -> None:
    """Cut the file in half."""
    os.truncate(path, path.stat().st_size // 2)


def scribble(path: Path) -> None:
    """Overwrite the middle of the file."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.seek(size // 4)
        file.write(bytes(range(256)) * (size // 1024))
