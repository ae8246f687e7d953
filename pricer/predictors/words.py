"""Words of listings as numbers: the one text that all word models read, and counts or weights of its words and pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from pricer.predictors.saved import State
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

WORD = r"(?u)\b\w[\w.-]*\w\b|\b\w\b"  # 3.5, AC-220 and x are words of their own


def document(listing: Listing) -> str:
    """All that is known of a listing, uncut, in lines: title, brand, category, features, details, description."""
    return "\n".join(
        (
            listing.title,
            listing.brand or "",
            listing.category or "",
            listing.details,
            listing.features,
            listing.description,
        )
    )


def documents(listings: Sequence[Listing]) -> list[str]:
    """The document of each listing."""
    return [document(one) for one in listings]


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, in order."""
    return re.findall(WORD, text.lower())


@dataclass(frozen=True, slots=True)
class Cut:
    """How a text is cut into terms: by `word`, or into pieces of words (`char_wb`) of `shortest` to `longest`; which are kept.

    `most` terms at most, the commonest, each in `least_documents` documents or more. `weighted` means TF-IDF: 1 + log(count), times
    the inverse document frequency, each row of length 1 (Manning, Raghavan, Schütze 2008, chapter 6); else plain counts.
    """

    by: str = "word"
    shortest: int = 1
    longest: int = 1
    most: int | None = None
    least_documents: int = 1
    weighted: bool = True
    stop_words: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms learned from training texts. The same text gives the same row, whatever stands beside it."""

    cut: Cut
    vocabulary: tuple[str, ...]
    weights: npt.NDArray[np.float64]

    @classmethod
    def learn(cls, texts: Sequence[str], cut: Cut) -> Self:
        """The terms of these texts, in alphabetical order; one that never occurs when they hold none at all."""
        import numpy as np

        counter = _counter(cut)
        counter.set_params(max_features=cut.most, min_df=cut.least_documents if len(texts) > cut.least_documents else 1)
        try:
            counts = counter.fit_transform(texts)
        except ValueError:  # only empty texts, or nothing but stop words
            return cls(cut, ("\0",), np.ones(1))
        seen_in = np.bincount(counts.indices, minlength=counts.shape[1])
        inverse = np.log((1 + len(texts)) / (1 + seen_in)) + 1
        return cls(
            cut, tuple(counter.get_feature_names_out().tolist()), inverse if cut.weighted else np.ones(len(inverse))
        )

    def rows(self, texts: Sequence[str]) -> csr_matrix:
        """Counts or weights of the terms in each text: `(n, terms)`, sparse, float64."""
        import numpy as np
        from scipy.sparse import csr_matrix
        from sklearn.preprocessing import normalize

        counter = _counter(self.cut)
        counter.set_params(vocabulary={term: place for place, term in enumerate(self.vocabulary)})
        if not texts:
            return csr_matrix((0, len(self.vocabulary)), dtype=np.float64)
        rows = csr_matrix(counter.transform(texts), dtype=np.float64)
        if not self.cut.weighted:
            return rows
        rows.data = (1 + np.log(rows.data)) * self.weights[rows.indices]
        return csr_matrix(normalize(rows, copy=False))

    def state(self, prefix: str) -> State:
        """The terms as data, under names that begin with `prefix`."""
        return State(
            {f"{prefix}_cut": asdict(self.cut)},
            {f"{prefix}_weights": self.weights},
            {f"{prefix}_vocabulary": json.dumps(self.vocabulary)},
        )

    @classmethod
    def restore(cls, state: State, prefix: str) -> Self:
        """The terms of a state."""
        vocabulary = tuple(json.loads(state.texts[f"{prefix}_vocabulary"]))
        return cls(Cut(**state.told[f"{prefix}_cut"]), vocabulary, state.arrays[f"{prefix}_weights"])


def joined(*states: State) -> State:
    """One state of several, whose names differ."""
    told: dict[str, Any] = {}
    arrays: dict[str, npt.NDArray[Any]] = {}
    texts: dict[str, str] = {}
    for state in states:
        assert not (told.keys() & state.told.keys() or arrays.keys() & state.arrays.keys()), (
            "parts of a state share a name"
        )
        told |= state.told
        arrays |= state.arrays
        texts |= state.texts
    return State(told, arrays, texts)


def under(prefix: str, state: State) -> State:
    """The state with the prefix before every name, so that it can be joined to one with the same names."""
    return State(*({f"{prefix}{name}": value for name, value in part.items()} for part in _parts(state)))


def out_of(prefix: str, state: State) -> State:
    """What stands under the prefix, with its own names."""
    return State(
        *({name.removeprefix(prefix): part[name] for name in part if name.startswith(prefix)} for part in _parts(state))
    )


def _parts(state: State) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    return state.told, state.arrays, state.texts


def _counter(cut: Cut) -> CountVectorizer:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(
        analyzer=cut.by,
        ngram_range=(cut.shortest, cut.longest),
        stop_words=cut.stop_words,
        token_pattern=WORD if cut.by == "word" else None,
    )
