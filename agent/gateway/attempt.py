"""Work that others do for us: it ends in time, and whatever goes wrong in it is one exception."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

CLEANUP_S = 10.0  # a server that ignores the end of its input and SIGTERM is killed after 4 s
MOST_WHY = 300  # characters
SPEAKING = frozenset({"RuntimeError", "MCPError"})  # whose text says enough without the name

Result = TypeVar("Result")


class Unanswered(Exception):
    """The other side did not do its part; `late` when it was out of time."""

    def __init__(self, why: str, *, late: bool = False) -> None:
        super().__init__(why)
        self.why, self.late = why, late


async def attempted(work: Coroutine[Any, Any, Result], limit_s: float) -> Result:
    """What the work returns. Unanswered when it fails in any way, or is not done after `limit_s` and was called off.

    It runs as a task of its own, so that no list is needed of what libraries raise when the other side breaks off or talks nonsense.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=limit_s)
        late = not task.done()
    finally:
        await _called_off(task)
    if late or task.cancelled():
        raise Unanswered(f"no answer in {limit_s:g} s" if late else "called off", late=late)
    error = task.exception()
    if error is not None:
        raise Unanswered(_why(error)) from error
    return task.result()


async def _called_off(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CLEANUP_S)
    if task.done() and not task.cancelled():
        task.exception()  # else asyncio complains that nobody looked


def _why(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    said = str(error).removeprefix("Client failed to connect: ")
    return (said if said and type(error).__name__ in SPEAKING else f"{type(error).__name__}: {said}")[:MOST_WHY]
