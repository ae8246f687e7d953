"""A data set on disk: Parquet files of items and drops, and a manifest written last. Without its manifest it is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.snapshot import home
from pricer.errors import BadInput
from pricer.products.items import ITEM_COLUMNS, Item, Listing

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
MANIFEST = "manifest.json"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A complete data set: its folder and what its manifest tells."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """The name it is called by."""
        return self.folder.name

    def tables(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The items, file by file, in the order of the source."""
        import pyarrow.parquet as pq

        for path in sorted(self.folder.glob("items-*.parquet")):
            yield pq.read_table(path, columns=columns)

    def items(self, split: str | None = None) -> Iterator[Item]:
        """The items of one split, or all, in the order of the source."""
        for table in self.tables([column.name for column in ITEM_COLUMNS]):
            for row in table.to_pylist():
                if split in (None, row["split"]):
                    yield _item(row)


def datasets_folder(root: Path | None = None) -> Path:
    """Where data sets live: `datasets` in the home folder."""
    return (root or home()) / "datasets"


def installed(root: Path | None = None) -> list[Dataset]:
    """The complete data sets, by name."""
    return [Dataset(folder, _manifest(folder)) for folder in complete(datasets_folder(root))]


def complete(folder: Path) -> list[Path]:
    """The folders in `folder` that hold a manifest, by name; what begins with a dot is work in progress or set aside."""
    if not folder.is_dir():
        return []
    return sorted(path.parent for path in folder.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))


def open_dataset(name: str, root: Path | None = None) -> Dataset:
    """The data set called `name`; `BadInput` says which there are, or that it is damaged."""
    folder = datasets_folder(root) / name
    if not (folder / MANIFEST).is_file() or folder.parent != datasets_folder(root):
        names = [one.name for one in installed(root)]
        near = get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]}?" if near else "there is " + (", ".join(names) or "none yet")
        raise BadInput(f"no data set named {name!r}; {hint}. Make one: assay data load SOURCE --name {name}")
    return Dataset(folder, _manifest(folder))


def fingerprint_of(paths: list[Path]) -> str:
    """The SHA-256 of files' contents in order: the same items in the same order give the same value."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest, checked against the files beside it."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in told["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"data set {folder.name}: damaged ({error!s:.80}); load it again with --name {folder.name}"
        ) from None
    if told.get("format") != FORMAT:
        raise BadInput(f"data set {folder.name}: wanted format {FORMAT}, found {told.get('format')!r}; load it again")
    wrong = [name for name, size in sizes.items() if size != told["files"][name]]
    if wrong:
        raise BadInput(f"data set {folder.name}: {wrong[0]} is not as long as its manifest says; load it again")
    manifest: dict[str, Any] = told
    return manifest


def _item(row: dict[str, Any]) -> Item:
    listing = Listing(**{name: row[name] for name in Listing.__dataclass_fields__})
    return Item(
        listing, row["target"], row["label"], row["tokens"], row["family"], row["split"], row["source_line"]
    )  # fmt: skip
