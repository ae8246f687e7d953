"""Processes that outlive whoever starts them: started apart, known to live by a lock that their death removes."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

STARTING_S = 30.0  # a process that has not begun after so long never will
LAST_WORDS = 300  # characters


def launch(command: Sequence[str], log: Path) -> None:
    """Start a process apart from this one: another session, no pipe to it, its words in a file."""
    with log.open("ab") as words:
        process = subprocess.Popen(  # noqa: S603 - our own modules
            list(command), stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True
        )
    threading.Thread(target=process.wait, daemon=True, name=log.parent.name).start()  # else it would stay as a zombie


@contextmanager
def alive(lock: Path) -> Iterator[None]:
    """The sign of life of this process, which its death removes, whatever it dies of. filelock's Timeout when another gives it."""
    from filelock import FileLock

    with FileLock(lock, timeout=STARTING_S):  # a reader holds it for an instant to see whether it is free
        yield


def held(lock: Path) -> bool:
    """Whether a process gives its sign of life."""
    from filelock import FileLock, Timeout

    look = FileLock(lock)
    try:
        look.acquire(timeout=0)
    except Timeout:
        return True
    look.release()
    return False


def began(pid: int) -> str | None:
    """When the process began, in ticks since the machine did, which no later process with its number shares; None where Linux's
    /proc is not there to tell, and the lock alone must do."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    return None


def last_words(log: Path) -> str | None:
    """The end of what a process wrote on its way out."""
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:LAST_WORDS] if lines else None
    return None
