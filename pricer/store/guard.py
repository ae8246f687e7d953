"""The leak guard: what belongs to the family of the one that asks is dropped from what is found, so that no copy tells the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pricer.products.families import SIMILAR, TEXT_WORDS, TITLE_WORDS, features, jaccard, normal
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PAIRS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Shingles:
    """The runs of words in some titles or texts, as a 0/1 matrix `(n, 2**31 - 1)`; `judged` `(n,)` where there are enough words."""

    matrix: Any
    judged: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Sequence[str], run: int, least: int) -> Self:
        """Of texts as they are written."""
        import numpy as np

        words = normal(texts)
        judged = np.array([one.count(" ") + 1 >= least for one in words], bool)
        return cls(features(words, run), judged)

    def near_duplicates(
        self, others: Self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Whether this one's `rows[i]` and the others' `columns[i]` are near-duplicates, `(m,)`."""
        import numpy as np
        from scipy.sparse import vstack

        both, offset = vstack([self.matrix, others.matrix]).tocsr(), self.matrix.shape[0]
        sizes = np.asarray(both.sum(axis=1)).ravel()
        near = self.judged[rows] & others.judged[columns]
        for at in range(0, len(rows), PAIRS_AT_ONCE):
            part = slice(at, at + PAIRS_AT_ONCE)
            near[part] &= jaccard(both, sizes, rows[part], columns[part] + offset) >= SIMILAR
        return near


@dataclass(frozen=True, slots=True)
class Guard:
    """What the guard knows of the listings that can be found: their titles, texts, and the number of each one's family `(known,)`."""

    titles: Shingles
    texts: Shingles
    families: npt.NDArray[np.int64]

    @classmethod
    def of(cls, listings: Sequence[Listing], families: Sequence[str] = ()) -> Self:
        """The guard of these listings; without families each is a family of its own."""
        import numpy as np

        keys = families or [one.id for one in listings]
        numbered = {key: at for at, key in enumerate(dict.fromkeys(keys))}
        return cls(*_shingles(listings), np.array([numbered[key] for key in keys], dtype=np.int64))

    def relatives(self, listings: Sequence[Listing], places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of the found `places` `(n, k)` belong to the family of the listing that asked: near-duplicates of it by the measure that
        makes families (`pricer.products.families`), and whoever shares a family with one of these."""
        import numpy as np

        rows, columns = np.repeat(np.arange(len(places)), places.shape[1]), places.ravel()
        titles, texts = _shingles(listings)
        near = titles.near_duplicates(self.titles, rows, columns) | texts.near_duplicates(self.texts, rows, columns)
        found = self.families[places]
        own = np.where(near.reshape(places.shape), found, -1)
        return np.asarray((found[:, :, None] == own[:, None, :]).any(axis=2), bool)

    def told(self) -> dict[str, npt.NDArray[Any]]:
        """As plain arrays."""
        arrays: dict[str, npt.NDArray[Any]] = {"guard_families": self.families}
        for name in ("titles", "texts"):
            one: Shingles = getattr(self, name)
            arrays[f"guard_{name}_columns"] = one.matrix.indices.astype("int32")
            arrays[f"guard_{name}_starts"] = one.matrix.indptr
            arrays[f"guard_{name}_judged"] = one.judged
        return arrays

    @classmethod
    def restore(cls, arrays: dict[str, npt.NDArray[Any]]) -> Self:
        """From plain arrays; KeyError or ValueError where they are not those of a guard."""
        return cls(_restored(arrays, "titles"), _restored(arrays, "texts"), arrays["guard_families"])


def _shingles(listings: Sequence[Listing]) -> tuple[Shingles, Shingles]:
    return (
        Shingles.of([one.title for one in listings], 1, TITLE_WORDS),
        Shingles.of([one.text for one in listings], 3, TEXT_WORDS),
    )


def _restored(arrays: dict[str, npt.NDArray[Any]], name: str) -> Shingles:
    import numpy as np
    from scipy.sparse import csr_matrix

    columns, starts = arrays[f"guard_{name}_columns"], arrays[f"guard_{name}_starts"]
    ones = np.ones(len(columns), np.float32)
    matrix = csr_matrix((ones, columns.astype(np.int64), starts), shape=(len(starts) - 1, 2**31 - 1))
    return Shingles(matrix, arrays[f"guard_{name}_judged"])
