"""The watcher: looks at every watch, waits, looks again, until it is asked to stop. One at a time; a death leaves nothing half done."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.files import write_json
from pricer.process import began, held, last_words, launch
from pricer.watching import alerts
from pricer.watching.check import Checked, check

LOCK, CARD, LOG = ".watcher.lock", "watcher.json", "watcher.log"
COMMAND = (sys.executable, "-P", "-m", "pricer.watching")
UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LEAST_S, MOST_S = 1.0, 7 * 86400.0
STOPPING_S = 90.0

Report = Callable[[Sequence[Checked]], None]


def seconds(said: str) -> float:
    """`30s`, `10m`, `1h`, `2d` in seconds. `BadInput` for anything else, under a second or over a week."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", said.strip().lower())
    every = float(found[1]) * UNITS_S[found[2]] if found else 0.0
    if not LEAST_S <= every <= MOST_S:
        raise BadInput(f"wanted a time between looks like 30s, 10m, 1h or 2d, found {said!r:.40}")
    return every


def run(every_s: float, report: Report, *, once: bool = False, stop: threading.Event | None = None) -> None:
    """Look at the watches every `every_s` seconds until `stop` is set; SIGTERM and Ctrl-C set it. `BadInput` when a watcher runs already."""
    asked = stop or threading.Event()
    with _alone(every_s), _signals(asked):
        while not asked.is_set():
            try:
                report(check(now(), asked.is_set))
            except PricerError as error:  # a damaged watch, another look that takes long: the next look may go well
                if once:
                    raise
                report([Checked("watches", "", problem=str(error))])
            if once:
                return
            asked.wait(every_s)


def detach(every_s: float) -> int:
    """Start the watcher as a process of its own; its number. `BadInput` when one runs, `PricerError` when it does not come up."""
    folder = alerts.watch_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if running() is not None:
        raise BadInput("a watcher runs already; assay watch stop ends it")
    (folder / CARD).unlink(missing_ok=True)
    launch([*COMMAND, str(every_s)], folder / LOG)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        card = running()
        if card is not None:
            return int(card["pid"])
        time.sleep(0.05)
    raise PricerError(f"the watcher did not come up: {last_words(folder / LOG) or 'it said nothing'}")


def stop_running() -> bool:
    """Ask the watcher to stop and wait until it has; whether there was one."""
    card = running()
    if card is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(card["pid"]), signal.SIGTERM)
    deadline = time.monotonic() + STOPPING_S
    while held(alerts.watch_folder() / LOCK) and time.monotonic() < deadline:
        time.sleep(0.05)
    return True


def running() -> dict[str, Any] | None:
    """What the watcher wrote of itself (`pid`, `began`, `every_s`); None when none runs."""
    folder = alerts.watch_folder()
    if not (folder / LOCK).exists() or not held(folder / LOCK):
        return None
    try:
        card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
        pid = int(card["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return card if card.get("began") == began(pid) else None


def now() -> dt.datetime:
    """The time in UTC, without its zone."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@contextmanager
def _alone(every_s: float) -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder = alerts.watch_folder()
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=2)  # a reader holds it for an instant
    except Timeout:
        raise BadInput("a watcher runs already; assay watch stop ends it") from None
    try:
        write_json({"pid": os.getpid(), "began": began(os.getpid()), "every_s": every_s}, folder / CARD)
        yield
    finally:
        (folder / CARD).unlink(missing_ok=True)
        lock.release()


@contextmanager
def _signals(asked: threading.Event) -> Iterator[None]:
    """SIGTERM and Ctrl-C set the event; the look that is under way ends first. Only the main thread can have it so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, lambda *_: asked.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
