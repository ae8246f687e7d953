"""What was added to a store and removed from it by hand: one line each, on the disk before it is applied."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.store.product import Product


@dataclass(frozen=True, slots=True)
class Journal:
    """The file; it need not exist."""

    path: Path

    def standing(self) -> dict[str, int | None]:
        """For each id that was touched by hand, where its last line begins if that added it, and None if that removed it.

        A last line that a kill cut short is none. `BadInput` names a damaged line.
        """
        standing: dict[str, int | None] = {}
        for offset, row in self._rows():
            if "removed" in row:
                standing[row["removed"]] = None
            else:
                standing[row["added"]["id"]] = offset
        return standing

    def products(self, standing: dict[str, int | None]) -> Iterator[Product]:
        """The products that stand added, one in memory at a time."""
        offsets = sorted(offset for offset in standing.values() if offset is not None)
        if not offsets:
            return
        with self.path.open("rb") as file:
            for offset in offsets:
                file.seek(offset)
                yield Product(**json.loads(file.readline())["added"])

    def add(self, products: Iterable[Product]) -> None:
        """Note that these were added. Once this returns, it outlives the process and the power."""
        self._append({"added": asdict(product)} for product in products)

    def remove(self, ids: Iterable[str]) -> None:
        """Note that these were removed."""
        self._append({"removed": one} for one in ids)

    def _append(self, rows: Iterable[dict[str, Any]]) -> None:
        lines = b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)
        if not lines:
            return
        try:
            with self.path.open("ab") as file:
                file.truncate(self._whole())
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise PricerError(
                f"could not write {self._name}: {error.strerror or error}; nothing was changed, try again"
            ) from error

    def _whole(self) -> int:
        """The length up to the last line end: what stands behind it was cut short by a kill."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            if file.read() in (b"", b"\n"):
                return size
            file.seek(0)
            return sum(len(line) for line in file if line.endswith(b"\n"))

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        offset = 0
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                yield offset, self._row(line, number)
                offset += len(line)

    def _row(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row: dict[str, Any] = json.loads(line)
            if set(row) == {"removed"} and isinstance(row["removed"], str):
                return row
            if set(row) == {"added"} and isinstance(Product(**row["added"]).id, str):
                return row
        except (ValueError, TypeError):
            pass
        raise BadInput(
            f"{self._name}:{number}: wanted what was added or removed by hand, found {line[:60]!r}; "
            f"mend or delete that line, then: assay store repair {self.path.parent.name}"
        )

    @property
    def _name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"
