"""Kept vectors: what has been encoded once is read from the disk ever after, for every store that uses the same encoder."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from catalog.snapshot import home
from pricer.errors import PricerError
from pricer.store.encoder import Encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Texts that are encoded between two commits: what an interrupted call loses at most, some seconds of two cores.
BLOCK = 256
# SQLite takes this many parameters in one statement in every build.
ASKED = 500
BUSY_S = 60.0
T = TypeVar("T")


def quiet(done: int, total: int) -> None:
    """Report nothing."""


class Vectors:
    """One SQLite file for an encoder's fingerprint: SHA-256 of a passage to its vector, as float32 bytes.

    It is a cache: a file that is damaged is set aside and begun anew, a row that is not a vector of length 1 is encoded again.
    Any number of processes and threads may use it at once.
    """

    def __init__(self, encoder: Encoder, path: Path | None = None) -> None:
        self.encoder = encoder
        self.path = path or home() / "vectors" / f"{Path(encoder.name).name}-{encoder.fingerprint[:12]}.sqlite"

    def passages(self, texts: Sequence[str], report: Callable[[int, int], None] = quiet) -> NDArray[np.float32]:
        """The encoder's passages, (n, dimensions), in the order of the texts; only what is missing is encoded, equal texts once.

        Every block is kept as it comes, so that an interrupted call has lost one block at most. `report` is told how many of the
        texts have their vectors. Raises `PricerError` when the file cannot be written.
        """
        import numpy as np

        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        kept = self._kept(list(dict.fromkeys(keys)))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in kept}
        order = sorted(missing, key=lambda key: -len(missing[key]))  # texts of one length make full batches
        copies = Counter(keys)
        done = len(keys) - sum(copies[key] for key in missing)
        report(done, len(keys))
        for block in _blocks(order, BLOCK):
            rows = self.encoder.passages([missing[key] for key in block])
            self._keep(block, rows)
            kept.update(zip(block, rows, strict=True))
            done += sum(copies[key] for key in block)
            report(done, len(keys))
        return np.stack([kept[key] for key in keys]) if keys else self.encoder.passages([])

    def _kept(self, keys: list[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors that are kept of these keys."""

        def read(file: sqlite3.Connection) -> dict[bytes, NDArray[np.float32]]:
            found: dict[bytes, bytes] = {}
            for asked in _blocks(keys, ASKED):
                marks = ",".join("?" * len(asked))
                found.update(file.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", asked))  # noqa: S608
            return _sound(found, self.encoder.dimensions)

        return self._with_file(read) if keys else {}

    def _keep(self, keys: Sequence[bytes], rows: NDArray[np.float32]) -> None:
        """Keep a block, all of it or nothing."""
        blobs = [(key, row.astype("<f4").tobytes()) for key, row in zip(keys, rows, strict=True)]

        def write(file: sqlite3.Connection) -> None:
            with file:
                file.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", blobs)

        self._with_file(write)

    def _with_file(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` makes of the open file. A damaged one is set aside, and `work` is done on a new one."""
        try:
            try:
                return self._once(work)
            except sqlite3.OperationalError:
                raise  # locked, full, read-only: nothing that a new file would mend
            except sqlite3.DatabaseError:
                self._set_aside()
                return self._once(work)
        except (OSError, sqlite3.Error) as error:
            raise PricerError(
                f"the kept vectors in {self.path} can be neither read nor written: {error}; free some space or mend the "
                "folder's rights, or delete the file, it is made again"
            ) from error

    def _once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` makes of the open file, which is made if there is none."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=BUSY_S)) as file:
            file.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )
            return work(file)

    def _set_aside(self) -> None:
        """Move the file out of the way, with the journal that SQLite keeps beside it."""
        for suffix in ("", "-journal"):
            path = self.path.with_name(self.path.name + suffix)
            with suppress(FileNotFoundError):
                path.replace(self.path.with_name(f"{self.path.stem}.damaged{suffix}"))


def _blocks(keys: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _sound(found: dict[bytes, bytes], dimensions: int) -> dict[bytes, NDArray[np.float32]]:
    """Those that are vectors of length 1: another length is damage that SQLite has not seen."""
    import numpy as np

    fitting = {key: blob for key, blob in found.items() if len(blob) == 4 * dimensions}
    rows = np.frombuffer(b"".join(fitting.values()), "<f4").reshape(-1, dimensions)
    right = np.abs(np.linalg.norm(rows.astype(np.float64), axis=1) - 1) < 1e-3
    return {key: row for key, row, good in zip(fitting, rows, right, strict=True) if good}
