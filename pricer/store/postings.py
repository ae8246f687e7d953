"""What the word index keeps of each product, and how words find and score them. All within the caller's transaction."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pricer.store.spelling import document_words

if TYPE_CHECKING:
    from pricer.store.product import Filter, Product

FORMAT = 1
# So many of a query's rarest words, which stand in so many products altogether, find the candidates; all its words score them. For
# validation rows that ask with their text (bench/retrieval_quality.py, price notion) nDCG@10 is 0.197; with all words finding and scoring,
# 0.202 in thirty times the time; with the 12 rarest doing both, 0.137.
RAREST = 12
POSTINGS = 2_000
WIDER = 10  # times POSTINGS, where a filter leaves too few
CANDIDATES = 50
SATURATION = 1.2  # k1 and b of BM25: Robertson & Zaragoza, The Probabilistic Relevance Framework (2009), section 3.4
LENGTH_SHARE = 0.75
DROPPED_AT_ONCE = 500
# Each text is kept as its words, a blank between them, so that the tokenizer has nothing to decide but blanks.
TABLES = f"""
CREATE TABLE about(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, category TEXT, price REAL, split TEXT NOT NULL);
CREATE INDEX by_category ON about(category);
CREATE TABLE terms(term TEXT PRIMARY KEY, products INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE totals(products INTEGER NOT NULL, words INTEGER NOT NULL);
INSERT INTO totals VALUES(0, 0);
CREATE VIRTUAL TABLE words USING fts5(body, tokenize = 'ascii');
PRAGMA user_version = {FORMAT};
"""


@dataclass(frozen=True, slots=True)
class Scored:
    """A product's id and its BM25 score, above 0; greater is better, and only scores of one query compare."""

    id: str
    score: float


def learn(db: sqlite3.Connection, products: Sequence[Product]) -> None:
    terms: Counter[str] = Counter()
    length = 0
    for product in products:
        words = document_words(_text(product))
        terms.update(set(words))
        length += len(words)
        row = db.execute(
            "INSERT INTO about(id, hash, category, price, split) VALUES(?, ?, ?, ?, ?)",
            (product.id, product.content_hash, product.category, product.price, product.split),
        ).lastrowid
        db.execute("INSERT INTO words(rowid, body) VALUES(?, ?)", (row, " ".join(words)))
    db.executemany(
        "INSERT INTO terms VALUES(?, ?) ON CONFLICT(term) DO UPDATE SET products = products + excluded.products",
        sorted(terms.items()),
    )
    db.execute("UPDATE totals SET products = products + ?, words = words + ?", (len(products), length))


def forget(db: sqlite3.Connection, ids: Sequence[str]) -> None:
    for first in range(0, len(ids), DROPPED_AT_ONCE):
        some = ids[first : first + DROPPED_AT_ONCE]
        rows = db.execute(
            f"SELECT row, body FROM about JOIN words ON words.rowid = row WHERE id IN ({_marks(some)})",  # noqa: S608 - question marks
            some,
        ).fetchall()
        split = [body.split() for _, body in rows]
        terms = Counter(term for words in split for term in set(words))
        db.executemany("DELETE FROM words WHERE rowid = ?", [(row,) for row, _ in rows])
        db.executemany("DELETE FROM about WHERE row = ?", [(row,) for row, _ in rows])
        db.executemany(
            "UPDATE terms SET products = products - ? WHERE term = ?", [(count, term) for term, count in terms.items()]
        )
        db.executemany("DELETE FROM terms WHERE term = ? AND products = 0", [(term,) for term in terms])
        db.execute("UPDATE totals SET products = products - ?, words = words - ?", (len(rows), sum(map(len, split))))


def _text(product: Product) -> str:
    """Title and text, the title once: a curated text begins with it."""
    return product.text if product.text.startswith(product.title) else f"{product.title}\n{product.text}"


def counts(db: sqlite3.Connection, words: Sequence[str]) -> dict[str, int]:
    """In how many products each word stands, for the words that stand in any."""
    return dict(db.execute(f"SELECT term, products FROM terms WHERE term IN ({_marks(words)})", words))  # noqa: S608


def rarest(counts: dict[str, int], *, wider: bool = False) -> list[str]:
    """The rarest words, at least one, that stand in no more than POSTINGS products altogether; ten times as many for a wider search."""
    left = POSTINGS * WIDER if wider else POSTINGS
    chosen: list[str] = []
    for word in sorted(counts, key=lambda word: (counts[word], word))[:RAREST]:
        left -= counts[word]
        if chosen and left < 0:
            break
        chosen.append(word)
    return chosen


def candidates(db: sqlite3.Connection, words: Sequence[str], k: int, only: Filter | None) -> list[tuple[str, str]]:
    """Id and text of the products that the words find, by FTS5's own rank."""
    if not words:
        return []
    # Words are letters and digits alone, and each is quoted: nothing in a query can be an operator of MATCH.
    match = " OR ".join(f'"{word}"' for word in words)
    kept, values = _where(only)
    joined = "JOIN about ON row = words.rowid" if kept else ""
    # The sort carries rows, not texts. All that is put into the statement is ours; what was asked comes in as values.
    ranked = f"SELECT words.rowid AS place, bm25(words) AS rated FROM words {joined} WHERE words MATCH ?{kept} ORDER BY rated LIMIT ?"  # noqa: S608
    sql = f"SELECT id, body FROM ({ranked}) JOIN about ON row = place JOIN words ON words.rowid = place"  # noqa: S608
    return db.execute(sql, (match, *values, max(k, CANDIDATES))).fetchall()


def _where(only: Filter | None) -> tuple[str, list[object]]:
    if only is None:
        return "", []
    wanted: list[tuple[str, object]] = [
        ("category = ?", only.category), ("price >= ?", only.least), ("price <= ?", only.most),
    ]  # fmt: skip
    given = [(condition, value) for condition, value in wanted if value is not None]
    splits = [f"split IN ({_marks(only.splits)})"] if only.splits else []
    return "".join(f" AND {one}" for one in (*(c for c, _ in given), *splits)), [*(v for _, v in given), *only.splits]


def scored(db: sqlite3.Connection, found: Sequence[tuple[str, str]], counts: dict[str, int]) -> Iterator[Scored]:
    """BM25 of each text for all words of the query."""
    products, words = db.execute("SELECT products, words FROM totals").fetchone()
    weights = {word: math.log(1 + (products - count + 0.5) / (count + 0.5)) for word, count in counts.items()}
    for name, body in found:
        text = body.split()
        spread = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * len(text) * products / words)
        times = Counter(word for word in text if word in weights)
        yield Scored(name, sum(weights[word] * n * (SATURATION + 1) / (n + spread) for word, n in times.items()))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
