"""Jobs side by side on a few threads: for work in libraries that let go of the interpreter while they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

WORKERS = 2

Result = TypeVar("Result")


def side_by_side(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """What the jobs return, in their order; the first error of a job is raised.

    Each job should keep to one thread: jobs side by side lose no time waiting for one another, as the threads of one job do on a
    busy machine.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]
