"""The audit: near-duplicates across splits, searched for without the method that made the families, and prices in prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pricer.products.dataset import Dataset
from pricer.products.families import SIMILAR, TEXT_WORDS, TITLE_WORDS, features, normal
from pricer.products.messages import question, stated_price
from pricer.products.tokens import tokenizer

if TYPE_CHECKING:
    from pricer.products.curate import Settings

# So many comparisons of two items at most; when every held-out item against all would be more, an even sample of them is compared.
COMPARISONS = 80_000_000
KINDS = (("title", 1, TITLE_WORDS), ("text", 3, TEXT_WORDS))
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Straddler:
    """Two near-duplicates in different splits."""

    kind: str
    similarity: float
    one: str
    two: str


@dataclass(frozen=True, slots=True)
class Lot:
    """Some items: their ids, splits, and normal titles or texts."""

    ids: list[str]
    split: list[str]
    words: list[str]

    def of_at_least(self, words: int) -> Lot:
        """Those that have enough words to be judged."""
        chosen = [place for place, text in enumerate(self.words) if text.count(" ") + 1 >= words]
        return Lot(*([column[place] for place in chosen] for column in (self.ids, self.split, self.words)))


def audit(dataset: Dataset, settings: Settings) -> dict[str, Any]:
    """What was checked, how much of it, and what was found; the last should be none."""
    held_out, step = _held_out(dataset)
    searches = [Search(kind, held_out[kind].of_at_least(least), ngram) for kind, ngram, least in KINDS]
    prompts, found = _Prompts(settings), list[Straddler]()
    for table in dataset.tables(["id", "title", "text", "target", "split"]):
        prompts.check(table["text"].to_pylist(), table["target"].to_pylist())
        for search, (kind, _, least) in zip(searches, KINDS, strict=True):
            found += search.straddlers(_lot(table, kind).of_at_least(least))
    return {
        "similar": SIMILAR, "held_out_compared": len(held_out["title"].ids), "exhaustive": step == 1,
        "straddlers": len(found),
        "examples": [[one.kind, round(one.similarity, 3), one.one, one.two] for one in found[:EXAMPLES]],
        "prompts": prompts.told(),
    }  # fmt: skip


class Search:
    """An exhaustive search for near-duplicates of held-out items, by an exact product of 0/1 matrices: no hashing into buckets."""

    def __init__(self, kind: str, held_out: Lot, ngram: int) -> None:
        import numpy as np

        self.kind, self.held_out, self.ngram = kind, held_out, ngram
        whole = features(held_out.words, ngram)
        self.columns = np.unique(whole.indices)
        self.matrix, self.sizes = _narrowed(whole, self.columns), _row_sums(whole)

    def straddlers(self, others: Lot) -> list[Straddler]:
        """The pairs at or above `SIMILAR` of a held-out item with one of `others` in another split."""
        import numpy as np

        if not self.held_out.ids or not others.ids:
            return []
        whole = features(others.words, self.ngram)
        sizes, shared = _row_sums(whole), (self.matrix @ _narrowed(whole, self.columns).T).tocoo()
        similarity = shared.data / (self.sizes[shared.row] + sizes[shared.col] - shared.data)
        found = []
        for hit in np.flatnonzero(similarity >= SIMILAR):
            one, two = shared.row[hit], shared.col[hit]
            if self.held_out.split[one] != others.split[two]:
                found.append(Straddler(self.kind, float(similarity[hit]), self.held_out.ids[one], others.ids[two]))
        return found


def _held_out(dataset: Dataset) -> tuple[dict[str, Lot], int]:
    """The items of validation and test to compare, every `step`-th of them, and `step`."""
    import pyarrow as pa

    splits = [split for table in dataset.tables(["split"]) for split in table["split"].to_pylist()]
    count = sum(split != "train" for split in splits)
    step = max(1, -(-count * len(splits) // COMPARISONS))
    lots = {kind: Lot([], [], []) for kind, _, _ in KINDS}
    seen = 0
    for table in dataset.tables(["id", "title", "text", "split"]):
        chosen = []
        for row, split in enumerate(table["split"].to_pylist()):
            if split != "train":
                if seen % step == 0:
                    chosen.append(row)
                seen += 1
        for kind, lot in lots.items():
            some = _lot(table.take(pa.array(chosen, pa.int64())), kind)
            lots[kind] = Lot(lot.ids + some.ids, lot.split + some.split, lot.words + some.words)
    return lots, step


def _lot(table: Any, kind: str) -> Lot:
    return Lot(table["id"].to_pylist(), table["split"].to_pylist(), normal(table[kind].to_pylist()))


def _row_sums(matrix: Any) -> Any:
    import numpy as np

    return np.asarray(matrix.sum(axis=1)).ravel()


def _narrowed(matrix: Any, columns: Any) -> Any:
    """The matrix with only these columns, in order, numbered from 0."""
    import numpy as np
    from scipy.sparse import csr_matrix

    if not len(columns):
        return csr_matrix((matrix.shape[0], 1), dtype=np.float32)
    places = np.searchsorted(columns, matrix.indices)
    known = columns[np.minimum(places, len(columns) - 1)] == matrix.indices
    starts = np.r_[0, np.cumsum(known)][matrix.indptr]
    return csr_matrix((matrix.data[known], places[known].astype(np.int32), starts), (matrix.shape[0], len(columns)))


class _Prompts:
    """Every test prompt, counted and searched for its own answer."""

    def __init__(self, settings: Settings) -> None:
        self.encoder = tokenizer(settings.tokenizer, threads=0)
        self.budget, self.usd = settings.prompt_tokens, settings.columns.unit == "usd"
        self.checked = self.over = self.holding = self.longest = 0

    def check(self, texts: list[str], targets: list[float | None]) -> None:
        """Check the prompts of these items."""
        messages = [question(text) for text in texts]
        counts = self.encoder.count(messages)
        self.checked += len(messages)
        self.longest = max([self.longest, *counts])
        self.over += sum(count > self.budget for count in counts)
        if self.usd:
            pairs = zip(messages, targets, strict=True)
            self.holding += sum(bool(stated_price(message, usd)) for message, usd in pairs if usd is not None)

    def told(self) -> dict[str, int]:
        return {
            "checked": self.checked, "over_budget": self.over, "longest_tokens": self.longest, "holding_the_answer": self.holding,
        }  # fmt: skip
