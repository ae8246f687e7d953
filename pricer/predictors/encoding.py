"""Target encoding: what a brand or a category has cost in training, as a column. Training rows see it out of fold only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pricer.predictors.protocol import Examples
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FOLDS = 5
WEIGHT = 5.0  # examples of the overall mean that every group is mixed with


@dataclass(frozen=True, slots=True)
class Encoding:
    """Mean value on the model's scale, and number of examples, of each brand and each category; the mean for what training lacks."""

    overall: float
    groups: tuple[dict[str, tuple[float, int]], ...]

    @classmethod
    def learn(cls, listings: Sequence[Listing], values: npt.NDArray[np.float64]) -> Self:
        """The means of these training values, each mixed with `WEIGHT` examples of the overall mean (Micci-Barreca 2001)."""
        overall = float(values.mean())
        return cls(overall, tuple(_means(keys, values, overall) for keys in zip(*map(_keys, listings), strict=True)))

    def table(self, listings: Sequence[Listing]) -> npt.NDArray[np.float64]:
        """`(n, 4)`: for the brand and for the category, the mean and the logarithm of the number of examples."""
        import numpy as np

        unknown = (self.overall, 0)
        rows = [
            [group.get(key, unknown) for group, key in zip(self.groups, _keys(one), strict=True)] for one in listings
        ]
        table = np.array(rows, dtype=np.float64).reshape(len(listings), 4)
        table[:, 1::2] = np.log1p(table[:, 1::2])
        return table

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "overall": self.overall,
            "groups": [{key: list(pair) for key, pair in one.items()} for one in self.groups],
        }

    @classmethod
    def restore(cls, told: dict[str, Any]) -> Self:
        """From JSON."""
        groups = ({key: (float(mean), int(count)) for key, (mean, count) in one.items()} for one in told["groups"])
        return cls(float(told["overall"]), tuple(groups))


def out_of_fold(train: Examples, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The encodings of the training listings, `(n, 4)`, each learned without the listing's own fold."""
    import numpy as np

    fold = folds(train)
    table = np.empty((len(values), 4))
    for one in range(FOLDS):
        inside = fold == one
        rest = [listing for listing, taken in zip(train.listings, inside, strict=True) if not taken]
        encoding = Encoding.learn(rest or train.listings, values[~inside] if rest else values)
        table[inside] = encoding.table(
            [listing for listing, taken in zip(train.listings, inside, strict=True) if taken]
        )
    return table


def folds(train: Examples) -> npt.NDArray[np.int64]:
    """The fold of each training listing, `(n,)`, from 0 to `FOLDS` - 1: its family decides, so near-duplicates share one."""
    import numpy as np

    keys = train.families or tuple(one.id for one in train.listings)
    return np.array([_digest(key) % FOLDS for key in keys], dtype=np.int64)


def _keys(listing: Listing) -> tuple[str, str]:
    """Brand and category; the empty one is that of listings that state none."""
    return (listing.brand or "").lower(), listing.category or ""


def _means(keys: Sequence[str], values: npt.NDArray[np.float64], overall: float) -> dict[str, tuple[float, int]]:
    sums: dict[str, tuple[float, int]] = {}
    for key, value in zip(keys, values.tolist(), strict=True):
        total, count = sums.get(key, (0.0, 0))
        sums[key] = (total + value, count + 1)
    return {key: ((total + WEIGHT * overall) / (count + WEIGHT), count) for key, (total, count) in sums.items()}


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")
