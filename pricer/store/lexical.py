"""The words of a store's products in SQLite's FTS5: exact names, numbers and makers that a vector blurs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pricer.errors import PricerError
from pricer.store import postings
from pricer.store.postings import Scored
from pricer.store.spelling import query_words

if TYPE_CHECKING:
    from pricer.store.product import Filter, Product

FILE = "lexical.sqlite"
WAIT_S = 30.0  # for another process that writes
MOST_QUERY_WORDS = 512  # of a query that are looked at


@dataclass(frozen=True, slots=True)
class Words:
    """The word index in a store's folder. It opens its file for each call, so that threads and processes may share it.

    Every call is one transaction: a killed process leaves the index as it was before. `PricerError` when the file is damaged.
    """

    folder: Path

    def put(self, products: Iterable[Product]) -> None:
        """Have these products in the index, in place of what it had under their ids."""
        latest = {product.id: product for product in products}
        if not latest:
            return
        with self._open(create=True) as db:
            postings.forget(db, list(latest))
            postings.learn(db, list(latest.values()))

    def drop(self, ids: Iterable[str]) -> None:
        """Have none of these ids in the index; those that it does not know change nothing."""
        if self.path.is_file():
            with self._open() as db:
                postings.forget(db, list(dict.fromkeys(ids)))

    def search(self, text: str, k: int, only: Filter | None = None) -> list[Scored]:
        """At most `k` products that share a word with `text`, best first; equal scores by id.

        The rarest words find the candidates, so that a query of any length over 100,000 products takes milliseconds; all its words
        score them. A query of nothing but function words, or of words that no product has, finds nothing.
        """
        asked = query_words(text)[:MOST_QUERY_WORDS]
        if not asked:
            return []
        with self._open() as db:
            counts = postings.counts(db, asked)
            few = postings.rarest(counts)
            found = postings.candidates(db, few, k, only)
            if len(found) < k and len(few) < len(more := postings.rarest(counts, wider=True)):
                found = postings.candidates(db, more, k, only)
            scored = list(postings.scored(db, found, counts))
        return sorted(scored, key=lambda one: (-one.score, one.id))[:k]

    def count(self) -> int:
        """How many products it holds; none where there is no file."""
        if not self.path.is_file():
            return 0
        with self._open() as db:
            return int(db.execute("SELECT products FROM totals").fetchone()[0])

    def known(self) -> dict[str, str]:
        """The content hash of each product in the index, by id."""
        with self._open() as db:
            return dict(db.execute("SELECT id, hash FROM about ORDER BY row"))

    def has_category(self, name: str) -> bool:
        """Whether a product is of that category."""
        with self._open() as db:
            return db.execute("SELECT 1 FROM about WHERE category = ? LIMIT 1", (name,)).fetchone() is not None

    def categories(self) -> list[str]:
        """The categories of the products, those with most products first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT category FROM about WHERE category IS NOT NULL GROUP BY category ORDER BY count(*) DESC, category"
            )
            return [name for (name,) in rows]

    def clear(self) -> None:
        """Forget everything, a damaged file too."""
        for path in self.folder.glob(f"{FILE}*"):
            path.unlink(missing_ok=True)

    def faults(self) -> list[str]:
        """What is wrong with the file itself, in words; nothing when it is sound, or not there."""
        if not self.path.is_file():
            return []
        try:
            with self._open() as db:
                db.execute("INSERT INTO words(words) VALUES('integrity-check')")
                found = [str(said) for (said,) in db.execute("PRAGMA quick_check(3)") if said != "ok"]
        except PricerError as error:
            return [str(error)]
        return [f"word index: {said}" for said in found]

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """The index within one transaction; one that is not there is made, or refused."""
        if not create and not self.path.is_file():
            raise self._damaged("its file is missing")
        try:
            db = sqlite3.connect(self.path, timeout=WAIT_S, isolation_level=None)
            try:
                _prepare(db, create)
                db.execute("BEGIN IMMEDIATE" if create else "BEGIN")
                yield db
                db.execute("COMMIT")
            finally:
                db.close()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise PricerError(
                    f"store {self.folder.name}: another process has written to its word index for over {WAIT_S:.0f} s"
                ) from None
            raise self._damaged(str(error)) from None

    def _damaged(self, why: str) -> PricerError:
        name = self.folder.name
        return PricerError(
            f"store {name}: its word index cannot be used ({why}); make it anew: assay store repair {name}"
        )


def _prepare(db: sqlite3.Connection, create: bool) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0 and create:
        db.execute("PRAGMA journal_mode = WAL")  # searches go on while a batch is written
        db.executescript(f"BEGIN IMMEDIATE; {postings.TABLES} COMMIT;")
    elif version != postings.FORMAT:
        raise sqlite3.DatabaseError(f"wanted format {postings.FORMAT}, found {version}")
