"""What each caller has used up today: calls, and the caps of runs that were started. In one SQLite file, so that a restart forgets nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from pricer.errors import PricerError

KEPT_DAYS = 7
TABLES = """
CREATE TABLE IF NOT EXISTS calls (day TEXT, who TEXT, n INTEGER NOT NULL, PRIMARY KEY (day, who)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS booked (id INTEGER PRIMARY KEY, day TEXT, who TEXT, run TEXT, usd TEXT NOT NULL);
"""


class Spent(Exception):
    """A caller's budget does not reach; the words are for the model that called."""


class Ledger:
    """The book. Every change is one transaction, so that calls at the same time, or from two servers, cannot both take the last of it."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._book = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
            self._book.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {TABLES}")
        except (OSError, sqlite3.Error) as error:
            raise PricerError(f"{path}: cannot keep the budgets there ({error}); delete it to begin anew") from None

    def count(self, who: str, most: int, day: dt.date) -> None:
        """One more call; `Spent` when it would be more than `most` that day."""
        with self._alone():
            row = self._book.execute("SELECT n FROM calls WHERE day=? AND who=?", (str(day), who)).fetchone()
            made = 0 if row is None else int(row[0])
            if made >= most:
                raise Spent(
                    f"This token may make {most:,} calls a day and has made them. It may call again after midnight UTC; whoever runs "
                    "the server can raise calls_per_day."
                )
            self._book.execute("INSERT OR REPLACE INTO calls VALUES (?, ?, ?)", (str(day), who, made + 1))

    def reserve(self, who: str, run: str, cap_usd: Decimal, most_usd: Decimal, day: dt.date) -> int:
        """The booking of a cap, for `release`. A cap holds for a run in all, so of all bookings of a run only the highest counts. `Spent`
        when the day's caps would exceed `most_usd`."""
        with self._alone():
            caps = self._caps(who, day)
            added = max(Decimal(0), cap_usd - caps.get(run, Decimal(0)))
            left = max(Decimal(0), most_usd - sum(caps.values(), Decimal(0)))
            if added > left:
                raise Spent(
                    f"This token may start runs with caps of ${most_usd:f} a day in all, and ${left:f} of that is left until midnight "
                    f"UTC. Nothing was started. Call again with max_cost_usd of at most {left + cap_usd - added:f}, or ask whoever runs "
                    "the server to raise usd_per_day."
                )
            row = self._book.execute(
                "INSERT INTO booked (day, who, run, usd) VALUES (?, ?, ?, ?)", (str(day), who, run, str(cap_usd))
            )
            return int(row.lastrowid or 0)

    def release(self, booking: int) -> None:
        """Give a booking back: nothing was started for it. What other calls booked for the same run stays."""
        with self._alone():
            self._book.execute("DELETE FROM booked WHERE id=?", (booking,))

    def forget_before(self, day: dt.date) -> None:
        """Drop what is older than a week before `day`."""
        first = str(day - dt.timedelta(days=KEPT_DAYS))
        with self._alone():
            for table in ("calls", "booked"):
                self._book.execute(f"DELETE FROM {table} WHERE day < ?", (first,))  # noqa: S608 - our own two names

    def close(self) -> None:
        """Let go of the file."""
        self._book.close()

    def _caps(self, who: str, day: dt.date) -> dict[str, Decimal]:
        caps: dict[str, Decimal] = {}
        for run, usd in self._book.execute("SELECT run, usd FROM booked WHERE day=? AND who=?", (str(day), who)):
            caps[run] = max(caps.get(run, Decimal(0)), Decimal(usd))
        return caps

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._book.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._book.execute("ROLLBACK")
            raise
        self._book.execute("COMMIT")
