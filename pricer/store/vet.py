"""Whether a collection gives back what it holds. Run as a module on an embedded collection whose writer was killed: a damaged index
may take the process with it, and then it is this one.

    python -m pricer.store.vet FOLDER NAME
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pricer.store.product import Filter, Product

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pricer.store.collection import Collection

LONGEST_S = 600
SAMPLE = 64  # products that are asked for by their own vector
FOUND = 0.9  # the share of them that must be found; a sound index finds all but those with a twin
SHOWN = 3


def survives(folder: Path, name: str) -> str | None:
    """What is wrong with the collection in `folder`, asked in a process of its own; None when nothing is."""
    try:
        ended = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", __name__, str(folder), name], capture_output=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"reading it did not end in {LONGEST_S} s"
    if ended.returncode == 0:
        return None
    if ended.returncode < 0:
        return f"reading it kills the process (signal {-ended.returncode})"
    return (ended.stderr.decode(errors="replace").strip().splitlines() or ["reading it failed"])[-1][:300]


def faults(collection: Collection) -> list[str]:
    """What is wrong with an open collection, in words: products that are not as they were written, vectors that are missing or not of
    length 1, an index that does not find its own products."""
    import numpy as np

    wrong, broken, sample, asked = [], [], [], []
    for products, hashes, vectors in _portions(collection):
        wrong += [product.id for product, told in zip(products, hashes, strict=True) if product.content_hash != told]
        lengths = np.linalg.norm(vectors, axis=1)
        broken += [product.id for product, length in zip(products, lengths, strict=True) if not abs(length - 1) < 0.01]
        every = max(1, collection.count() // SAMPLE)
        sample += products[::every]
        asked += list(vectors[::every])
    found = [f"{len(wrong)} products are not as they were written ({', '.join(wrong[:SHOWN])})"] if wrong else []
    found += [f"{len(broken)} vectors are not of length 1 ({', '.join(broken[:SHOWN])})"] if broken else []
    return found or _unfound(collection, sample, asked)


def _portions(collection: Collection) -> Iterator[tuple[list[Product], list[str], NDArray[np.float32]]]:
    ids = collection.ids()
    for start in range(0, len(ids), collection.page):
        some = ids[start : start + collection.page]
        products, vectors = collection.portion(some)
        hashes = collection.hashes(some)
        yield products, [hashes[product.id] for product in products], vectors


def _unfound(collection: Collection, sample: Sequence[Product], vectors: Sequence[NDArray[np.float32]]) -> list[str]:
    import numpy as np

    if not sample:
        return []
    nearest = collection.nearest(np.asarray(vectors, dtype=np.float32), 1, Filter())
    found = sum(bool(row) and row[0].similarity > 0.999 for row in nearest)
    if found >= FOUND * len(sample):
        return []
    return [f"the index finds {found} of {len(sample)} products by their own vector"]


def main() -> None:
    """Exit 0 when the collection is sound, else say on stderr what is not."""
    from chromadb.errors import ChromaError

    from pricer.store.place import connected

    try:
        found = faults(connected(Path(sys.argv[1]), sys.argv[2]).collection)
    except ChromaError as error:
        found = [f"it cannot be read ({error!s:.200})"]
    if found:
        sys.exit("; ".join(found))


if __name__ == "__main__":
    main()
