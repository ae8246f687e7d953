"""A look at every watch: alerts are written first, then what was seen; a kill in between repeats the look and ends in the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from catalog import snapshot
from catalog.errors import CatalogError
from pricer.errors import BadInput, PricerError
from pricer.watching import alerts, offers, runs, table, watches
from pricer.watching.alerts import Alert
from pricer.watching.watches import CatalogWatch, TableWatch, Watch

LOCK = ".check.lock"
PATIENCE_S = 60.0  # for a look that another process is taking


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at one watch came to. `problem` says why it could not be taken, None where it was."""

    watch: str
    kind: str
    new: tuple[Alert, ...] = ()
    settled: tuple[Alert, ...] = ()
    notes: tuple[str, ...] = ()
    looked_at: int = 0
    problem: str | None = None
    charts: dict[str, list[float]] = field(default_factory=dict)


def check(now: dt.datetime, stop: Callable[[], bool] = lambda: False) -> list[Checked]:
    """Look at every watch in turn; `now` in UTC without a zone. A watch that cannot be looked at does not keep the others from it.
    With `stop` the rest is left for the next time."""
    with _alone():
        found = []
        for watch in watches.every():
            if stop():
                break
            found.append(_checked(watch, now))
        return found


def _checked(watch: Watch, now: dt.datetime) -> Checked:
    kind = watches.kind_of(watch)
    try:
        return _look(watch, kind, now)
    except (PricerError, CatalogError, OSError, KeyError, TypeError, ValueError) as error:  # a damaged state among them
        return Checked(
            watch.name,
            kind,
            problem=f"{type(error).__name__}: {error}"
            if not isinstance(error, PricerError | CatalogError)
            else str(error),
        )


def _look(watch: Watch, kind: str, now: dt.datetime) -> Checked:
    state = watches.load_state(watch.name)
    if isinstance(watch, CatalogWatch):
        seen = offers.look(watch, now)
        new = _kept(seen.look)
        snapshot.save(seen.keep, watches.seen_path(watch.name))
        look = seen.look
    else:
        look = table.look(watch, state, now) if isinstance(watch, TableWatch) else runs.look(watch, state, now)
        new = _kept(look)
    settled_ids = {one for one, how in look.settled if alerts.settle(one, how)}
    watches.save_state(watch.name, look.state)
    by_id = {one.id: one for one in alerts.every()} if settled_ids else {}
    settled = tuple(by_id[one] for one in sorted(settled_ids) if one in by_id)
    return Checked(watch.name, kind, new, settled, look.notes, look.looked_at, None, look.charts)


def _kept(look: table.Look) -> tuple[Alert, ...]:
    """The alerts of a look that are new, all of them written."""
    return tuple(one for one in look.found if alerts.keep(one))


@contextmanager
def _alone() -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder = alerts.watch_folder()
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=PATIENCE_S)
    except Timeout:
        raise BadInput("another process is looking at the watches; try again in a minute") from None
    try:
        _sweep()
        yield
    finally:
        lock.release()


def _sweep() -> None:
    """Remove what a kill left half written. Nobody else writes there while the lock is held."""
    for folder in (alerts.alerts_folder(), watches.state_path("any").parent):
        for path in [*folder.glob(".*.tmp"), *folder.glob("*.part")]:
            path.unlink(missing_ok=True)
