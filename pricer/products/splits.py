"""Splits: which family goes to training, validation or test, and what leaves when a source's own splits straddle a family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pricer.products.items import SPLITS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint64]
    Codes = npt.NDArray[np.int8]

SHARES = (0.8, 0.1, 0.1)
# Places in SPLITS; an item whose source states no split has none.
TRAIN, VALIDATION, TEST, NONE = 0, 1, 2, -1
DUPLICATE = "exact duplicate"
SAME_ID = "id used twice"


@dataclass(frozen=True, slots=True)
class Placed:
    """For each item its split as a place in `SPLITS` `(n,)`, and why it leaves `(n,)`: an index into `reasons`, 0 for those that stay."""

    split: Codes
    leaves: Codes
    reasons: tuple[str, ...]


def place(content: Hashes, ids: Hashes, family: Hashes, stated: Codes, seed: int) -> Placed:
    """Splits by family, or the source's own where it states them.

    A family's split depends on the seed and the family alone. Stated splits stay, and of a family that straddles them only the
    members in the most protected split stay: test before validation before training. Of exact duplicates, and of items that share
    an id, one stays: the most protected, then the one with the least hash, whatever the order of the input.
    """
    import numpy as np

    split = np.where(stated != NONE, stated, by_family(family, seed)).astype(np.int8)
    split = _whole_families(split, family, stated)
    leaves = np.zeros(len(content), np.int8)
    leaves[_repeats(content, split, ids)] = 1
    leaves[_repeats(ids, split, content) & (leaves == 0)] = 2
    strongest = _strongest(split, family, leaves == 0)
    straddles = (split < strongest) & (leaves == 0)
    leaves[straddles] = np.where(strongest[straddles] == TEST, 3, 4)
    reasons = ("", DUPLICATE, SAME_ID, "near-duplicate of a test item", "near-duplicate of a validation item")
    return Placed(split, leaves, reasons)


def by_family(family: Hashes, seed: int) -> Codes:
    """The split of each family: its hash, mixed with the seed, as a fraction of 1 against `SHARES`."""
    import numpy as np

    mixed = family + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    fraction = (mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64
    edges = np.cumsum(SHARES)[:-1]
    return np.searchsorted(edges, fraction, side="right").astype(np.int8)


def names(split: Codes) -> list[str]:
    """The names of splits given by their places."""
    return [SPLITS[code] for code in split.tolist()]


def _whole_families(split: Codes, family: Hashes, stated: Codes) -> Codes:
    """Items without a stated split follow the most protected stated one of their family."""
    import numpy as np

    free = stated == NONE
    if free.all() or not free.any():
        return split
    _, inverse = np.unique(family, return_inverse=True)
    strongest = np.full(inverse.max() + 1, NONE, np.int8)
    np.maximum.at(strongest, inverse[~free], stated[~free])
    follow = free & (strongest[inverse] != NONE)
    split = split.copy()
    split[follow] = strongest[inverse][follow]
    return split


def _repeats(keys: Hashes, split: Codes, tie: Hashes) -> npt.NDArray[np.bool_]:
    """Where a key stands again: all but the most protected, then least `tie`, of each."""
    import numpy as np

    order = np.lexsort((tie, -split, keys))
    again = np.zeros(len(keys), bool)
    again[order[1:]] = keys[order][1:] == keys[order][:-1]
    return again


def _strongest(split: Codes, family: Hashes, counted: npt.NDArray[np.bool_]) -> Codes:
    """For each item the most protected split among the counted members of its family."""
    import numpy as np

    if not len(family):
        return split
    _, inverse = np.unique(family, return_inverse=True)
    strongest = np.full(inverse.max() + 1, NONE, np.int8)
    np.maximum.at(strongest, inverse[counted], split[counted])
    return strongest[inverse]
