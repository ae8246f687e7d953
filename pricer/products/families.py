"""Families: near-duplicates found by MinHash, verified exactly, joined, and kept together in one split.

Two items are near-duplicates when the words of their titles, or the three-word shingles of their texts, have a Jaccard similarity
of at least `SIMILAR`. Signatures and banding follow Broder (1997) and Leskovec, Rajaraman and Ullman, Mining of Massive
Datasets, chapter 3; keeping only the low byte of each hash for verification follows Li and König, "b-Bit Minwise Hashing" (2010).
With 32 bands of 4 rows a pair at 0.8 is missed with probability (1 - 0.8^4)^32 = 5e-8.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pricer.products.engine import quiet_daft

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Hashes = npt.NDArray[np.uint64]
    Bands = npt.NDArray[np.uint32]
    Bytes = npt.NDArray[np.uint8]
    Pairs = tuple[Ints, Ints]

SIMILAR = 0.8
BANDS, ROWS = 32, 4
TITLE_WORDS, TEXT_WORDS = 3, 6
SEED = 1
WORD = re.compile(r"[^\W_]+")
NO_WORD = {code: " " for code in range(128) if not chr(code).isalnum()}
# In a bucket above this size each item is compared with its neighbours in order of signature instead of with all.
CROWD = 512
NEIGHBOURS = 32
PAIRS_AT_ONCE = 200_000
VERIFIED_AT_ONCE = 50_000
# The agreement of 128 hashes scatters by 0.035 around a similarity of 0.8: four of that below are verified on the words.
MARGIN = 0.14


@dataclass(frozen=True, slots=True)
class Sketch:
    """What families need to know of n items: hashes of content and id `(n,)`, and for title and text the band keys `(n, 32)`
    and the low bytes of the signature `(n, 128)`. `has_title` and `has_text` say where there are enough words to judge."""

    content: Hashes
    id: Hashes
    title_bands: Bands
    title_low: Bytes
    has_title: npt.NDArray[np.bool_]
    text_bands: Bands
    text_low: Bytes
    has_text: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Words:
    """Normal titles and texts of some items."""

    titles: Sequence[str]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Families:
    """For each of n items a family number `(n,)`, the same for all members: the least content hash among them."""

    family: Hashes


Reader = Callable[["Ints"], Words]


def sketch(ids: Sequence[str], titles: Sequence[str], texts: Sequence[str], wholes: Sequence[str]) -> Sketch:
    """The sketch of items given by their ids, cleaned titles, curated texts, and all that is known of them."""
    import numpy as np

    title_words, text_words = normal(titles), normal(texts)
    title_bands, title_low = _signature(title_words, 1)
    text_bands, text_low = _signature(text_words, 3)
    return Sketch(
        content=_hashes(wholes), id=_hashes(ids),
        title_bands=title_bands, title_low=title_low,
        has_title=np.array([words.count(" ") + 1 >= TITLE_WORDS for words in title_words], bool),
        text_bands=text_bands, text_low=text_low,
        has_text=np.array([words.count(" ") + 1 >= TEXT_WORDS for words in text_words], bool),
    )  # fmt: skip


def normal(texts: Sequence[str]) -> list[str]:
    """Each text as lower-case words of letters and digits with one space between."""
    return [_normal(text) for text in texts]


def _normal(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().translate(NO_WORD).split())
    return " ".join(WORD.findall(text.lower()))


def families(sketches: Sketch, read: Reader) -> Families:
    """The families of all items: those that share an id, a content, or near-duplicate titles or texts, directly or by others.

    `read(numbers)` gives the normal titles and texts of the items with these numbers.
    """
    import numpy as np

    groups = _Groups(len(sketches.content))
    for keys in (sketches.id, sketches.content):
        groups.join_equal(keys)
    for kind, bands, low, has in (
        ("titles", sketches.title_bands, sketches.title_low, sketches.has_title),
        ("texts", sketches.text_bands, sketches.text_low, sketches.has_text),
    ):
        suspects = _suspects(bands, low, np.flatnonzero(has))
        groups.join(*_verified(suspects, kind, read))
    least = np.full(groups.count, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(least, groups.label, sketches.content)
    return Families(least[groups.label])


def agreement(one: Bytes, two: Bytes) -> npt.NDArray[np.float64]:
    """The similarity of pairs of signatures `(m, 128)`, estimated from the share of equal low bytes, chance taken off."""
    import numpy as np

    share = (one == two).mean(axis=1)
    corrected: npt.NDArray[np.float64] = np.maximum(0.0, (share - 1 / 256) / (1 - 1 / 256))
    return corrected


def features(texts: Sequence[str], ngram: int) -> Any:
    """A sparse 0/1 matrix `(n, 2**31 - 1)` of the runs of `ngram` words in each normal text, hashed to columns."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from scipy.sparse import csr_matrix

    split = pc.split_pattern(pa.array(texts, pa.large_string()), " ")
    lengths = np.asarray(pc.list_value_length(split), np.int64)
    words = split.flatten()
    hashed = _word_hashes(words)
    rows = np.repeat(np.arange(len(texts)), lengths)
    runs, inside = hashed.copy(), np.ones(len(hashed), bool)
    for step in range(1, ngram):
        runs = runs * np.uint64(0x9E3779B97F4A7C15) + np.roll(hashed, -step)
        inside &= np.roll(rows, -step) == rows
    if ngram > 1:
        inside[-(ngram - 1) :] = False
    columns = ((runs[inside] ^ (runs[inside] >> np.uint64(33))) % np.uint64(2**31 - 1)).astype(np.int64)
    matrix = csr_matrix((np.ones(len(columns), np.float32), (rows[inside], columns)), shape=(len(texts), 2**31 - 1))
    matrix.data[:] = 1
    return matrix


def _word_hashes(words: Any) -> Hashes:
    import numpy as np

    coded = words.dictionary_encode()
    distinct, places = _hashes(coded.dictionary.to_pylist()), np.asarray(coded.indices, np.int64)
    return np.take(distinct, places)


def _suspects(bands: Bands, low: Bytes, judged: Ints) -> Pairs:
    """Pairs that share a band and whose signatures agree as those of near-duplicates do, or nearly, each once."""
    import numpy as np

    found = np.zeros(0, np.int64)
    for band in range(BANDS):
        for one, two in _candidates(bands[judged, band], judged, low):
            near = agreement(low[one], low[two]) >= SIMILAR - MARGIN
            first, second = np.minimum(one[near], two[near]), np.maximum(one[near], two[near])
            found = np.union1d(found, first * len(bands) + second)
    return found // max(1, len(bands)), found % max(1, len(bands))


def _verified(suspects: Pairs, kind: str, read: Reader) -> Pairs:
    """The suspects whose Jaccard similarity, counted on the words themselves, is at least `SIMILAR`."""
    import numpy as np

    one, two = suspects
    numbers = np.union1d(one, two)
    if not len(numbers):
        return suspects
    words = read(numbers)
    matrix = features(words.titles, 1) if kind == "titles" else features(words.texts, 3)
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    rows, columns = np.searchsorted(numbers, one), np.searchsorted(numbers, two)
    near = [
        jaccard(matrix, sizes, rows[start : start + VERIFIED_AT_ONCE], columns[start : start + VERIFIED_AT_ONCE])
        >= SIMILAR
        for start in range(0, len(rows), VERIFIED_AT_ONCE)
    ]
    kept = np.concatenate(near)
    return one[kept], two[kept]


def jaccard(matrix: Any, sizes: Any, rows: Ints, columns: Ints) -> npt.NDArray[np.float64]:
    """The Jaccard similarities `(m,)` of pairs of rows of a 0/1 matrix whose row sums are `sizes`."""
    import numpy as np

    both = np.asarray(matrix[rows].multiply(matrix[columns]).sum(axis=1)).ravel()
    return np.asarray(both / np.maximum(1, sizes[rows] + sizes[columns] - both), np.float64)


class _Groups:
    """Connected components that grow: `label` `(n,)` numbers the group of each item."""

    def __init__(self, size: int) -> None:
        import numpy as np

        self.label: Ints = np.arange(size, dtype=np.int64)
        self.count = size

    def join_equal(self, keys: Hashes) -> None:
        """Join all items whose keys are equal."""
        import numpy as np

        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        self.join(order[:-1][same], order[1:][same])

    def join(self, one: Ints, two: Ints) -> None:
        """Join the groups of `one[i]` and `two[i]` for every i."""
        import numpy as np
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        if not len(one):
            return
        edges = (np.ones(len(one), np.int8), (self.label[one], self.label[two]))
        self.count, merged = connected_components(coo_matrix(edges, shape=(self.count, self.count)), directed=False)
        self.label = merged.astype(np.int64)[self.label]


def _candidates(keys: Bands, items: Ints, low: Bytes) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of items that share a bucket of one band, in portions."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    shared = sizes > 1
    ones: list[Any] = []
    twos: list[Any] = []
    pending = 0
    for size in np.unique(sizes[shared]):
        members = items[order[starts[sizes == size][:, None] + np.arange(size)]]
        for portion in _portions(members, int(size)):
            one, two = _pairs(portion, low)
            ones.append(one)
            twos.append(two)
            pending += len(one)
            if pending >= PAIRS_AT_ONCE:
                yield np.concatenate(ones), np.concatenate(twos)
                ones, twos, pending = [], [], 0
    if ones:
        yield np.concatenate(ones), np.concatenate(twos)


def _portions(members: Ints, size: int) -> Iterator[Ints]:
    """Buckets of one size `(buckets, size)`, so many at a time that their pairs fit in memory."""
    each = max(1, PAIRS_AT_ONCE // (min(size, 2 * NEIGHBOURS) * size))
    for start in range(0, len(members), each):
        yield members[start : start + each]


def _pairs(members: Ints, low: Bytes) -> tuple[Ints, Ints]:
    """All pairs inside each bucket; in a crowd only near neighbours in order of signature, which depends on content alone."""
    import numpy as np

    size = members.shape[1]
    if size <= CROWD:
        first, second = np.triu_indices(size, 1)
        return members[:, first].ravel(), members[:, second].ravel()
    ranked = np.stack([bucket[np.lexsort(low[bucket].T)] for bucket in members])
    ones = [ranked[:, :-step].ravel() for step in range(1, NEIGHBOURS + 1)]
    twos = [ranked[:, step:].ravel() for step in range(1, NEIGHBOURS + 1)]
    return np.concatenate(ones), np.concatenate(twos)


def _signature(words: Sequence[str], ngram: int) -> tuple[Bands, Bytes]:
    """Band keys `(n, 32)` and low bytes `(n, 128)` of the MinHash over runs of `ngram` words."""
    import numpy as np
    import pyarrow as pa

    daft = quiet_daft()
    if not words:
        return np.zeros((0, BANDS), np.uint32), np.zeros((0, BANDS * ROWS), np.uint8)
    series = daft.Series.from_arrow(pa.array(words, pa.large_string()))
    hashed = series.minhash(num_hashes=BANDS * ROWS, ngram_size=ngram, seed=SEED).to_arrow()
    values = hashed.flatten().to_numpy().reshape(len(words), BANDS, ROWS)
    mixed = np.zeros((len(words), BANDS), np.uint32)
    for row in range(ROWS):
        mixed = (mixed ^ values[:, :, row]) * np.uint32(0x9E3779B1)
        mixed ^= mixed >> np.uint32(15)
    return mixed, (values.reshape(len(words), -1) & 0xFF).astype(np.uint8)


def _hashes(texts: Sequence[str]) -> Hashes:
    import numpy as np

    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, np.uint64).copy()
