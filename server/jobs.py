"""Jobs: measurements in processes of their own, which outlive the client and the server. All that is known of one lies in its folder.

`job.json` is written before the process starts, `progress.json` while it works, `result.json` or `error.json` last. The worker holds a
lock for as long as it lives, so that no other process with its number is taken for it, and its death is seen however it dies.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from catalog.snapshot import home
from pricer.errors import BadInput, PricerError
from pricer.process import STARTING_S, began, held, last_words, launch
from server.cards import (
    CANCELLED,
    ERROR,
    JOB,
    LOCK,
    LOG,
    PROGRESS,
    RESULT,
    WORKER,
    Card,
    Wish,
    read_card,
    read_json,
    write_whole,
)

# -P keeps a `server` package that lies in the client's working folder from being taken for this one.
COMMAND = (sys.executable, "-P", "-m", "server.worker")
ID = re.compile(r"[a-z]{1,12}-[0-9a-f]{8}")
State = Literal["running", "done", "stopped", "budget", "failed", "died"]
ENDED: dict[str, State] = {"done": "done", "replayed": "done", "stopped": "stopped", "budget": "budget"}


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its folder tells it. `stopping` when somebody has asked it to end and it still lets calls in flight finish.

    `progress` holds stage, done, total, failures, usd and the estimate as far as they are known; `result` the document of the run;
    `why` the refusal of a failed job, or the last words of one that died.
    """

    id: str
    created: float
    wish: Wish
    state: State
    stopping: bool
    progress: dict[str, Any]
    run: str | None
    result: dict[str, Any]
    why: str | None


def start(wish: Wish) -> str:
    """The id of a new job, or of the one that is at this very work. `BadInput` while another cap's or a stopping one is at it."""
    with _alone():
        for job in recent():
            if job.state == "running" and job.wish == wish and not job.stopping:
                return job.id
            if job.state == "running" and job.wish.model_copy(update={"cap_usd": wish.cap_usd}) == wish:
                how = "and is stopping" if job.stopping else f"under a cap of ${job.wish.cap_usd or 0:f}"
                raise BadInput(
                    f"{job.id} is at this run already, {how}: wait for its end with get_job and wait_s, then call again"
                )
        card = Card(id=f"{wish.kind}-{secrets.token_hex(4)}", created=time.time(), wish=wish)
        folder = jobs_folder() / card.id
        folder.mkdir()
        write_whole(folder / JOB, card.model_dump(mode="json"))
        launch([*COMMAND, str(folder)], folder / LOG)
        return card.id


def read(job_id: str) -> Job:
    """The job; `BadInput` names those there are."""
    folder = jobs_folder() / job_id
    if not ID.fullmatch(job_id) or not (folder / JOB).is_file():
        there = ", ".join(job.id for job in recent(6))
        raise BadInput(f"no job {job_id!r:.60}; there is {there or 'none yet'}")
    return _read(folder)


def recent(most: int = 20) -> list[Job]:
    """The last jobs, newest first. A folder that cannot be read is none."""
    found = []
    for path in sorted(jobs_folder().glob(f"*/{JOB}"), key=_written, reverse=True)[:most]:
        with contextlib.suppress(BadInput):
            found.append(_read(path.parent))
    return found


def cancel(job_id: str) -> bool:
    """Ask the job to end, once; False when it has ended or was asked before.

    A worker that has not begun reads the mark and ends by itself; one that has gets one signal, upon which what is in flight
    finishes. A second signal would drop calls that are paid for.
    """
    job, folder = read(job_id), jobs_folder() / job_id
    if job.state != "running":
        return False
    try:
        (folder / CANCELLED).touch(exist_ok=False)
    except FileExistsError:
        return False
    with contextlib.suppress(OSError, BadInput):  # it has not begun, or has just ended
        worker = read_json(folder / WORKER)
        if held(folder / LOCK) and began(worker["pid"]) == worker["began"]:
            os.kill(worker["pid"], signal.SIGTERM)
    return True


def jobs_folder() -> Path:
    """Where jobs lie: `jobs` in the home folder."""
    return home() / "jobs"


@contextmanager
def _alone() -> Iterator[None]:
    """One start at a time, so that the same work is not begun twice."""
    from filelock import FileLock, Timeout

    folder = jobs_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=10):
            yield
    except Timeout:
        raise PricerError("another process is starting a job and does not end; try again") from None
    except OSError as error:
        raise PricerError(f"cannot keep a job in {folder.name}: {error.strerror or error}") from None


def _read(folder: Path) -> Job:
    card = read_card(folder)
    cancelled = (folder / CANCELLED).exists()
    progress = read_json(folder / PROGRESS) if (folder / PROGRESS).exists() else {}
    if not (ended := _ended(folder)):
        if held(folder / LOCK) or _may_still_begin(folder, card):
            return Job(card.id, card.created, card.wish, "running", cancelled, progress, None, {}, None)
        ended = _ended(folder)  # it may have ended between the two looks
    if error := ended.get("error"):
        return Job(card.id, card.created, card.wish, "failed", False, progress, None, {}, error)
    if "ended" in ended:
        state = ENDED[ended["ended"]]
        return Job(card.id, card.created, card.wish, state, False, progress, ended["run"], ended["result"], None)
    if cancelled:
        return Job(card.id, card.created, card.wish, "stopped", False, progress, None, {}, None)
    return Job(card.id, card.created, card.wish, "died", False, progress, None, {}, last_words(folder / LOG))


def _ended(folder: Path) -> dict[str, Any]:
    """What the worker wrote last; empty while it has not."""
    return next((read_json(folder / name) for name in (RESULT, ERROR) if (folder / name).exists()), {})


def _may_still_begin(folder: Path, card: Card) -> bool:
    return not (folder / WORKER).exists() and time.time() - card.created < STARTING_S


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
