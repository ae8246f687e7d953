"""Waiting for a provider: pauses that the user may cut short, calls made again while it is busy, and an end to that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pricer.errors import PricerError
from pricer.evaluation.interrupts import on_interrupt
from pricer.predictors.protocol import Busy

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[object]]
# After so many failed calls in a row the provider is taken to be down.
TROUBLES = 20
LONGEST_WAIT_S = 300.0


class Patience:
    """`stopped` is set once the user has interrupted. It belongs to the event loop in which it was made."""

    def __init__(self, name: str, wait_s: float, sleep: Sleep) -> None:
        self.name, self.wait_s, self.sleep = name, wait_s, sleep
        self._stop = asyncio.Event()

    @property
    def stopped(self) -> bool:
        """Whether the user wants an end."""
        return self._stop.is_set()

    async def insist(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """What the call gives, made again while the provider is busy; None when the user stopped."""
        troubles = 0
        while not self.stopped:
            try:
                return await call()
            except Busy as busy:
                troubles += 1
                await self.trouble(busy, troubles)
        return None

    async def trouble(self, busy: Busy, times: int) -> None:
        """Wait as long as the provider asks after a call has failed so many times in a row; `PricerError` after too many."""
        if times >= TROUBLES:
            raise PricerError(
                f"{self.name}: a call failed {TROUBLES} times (the last: {busy}); batches go on at the provider, the same command "
                "reads them"
            ) from busy
        await self.pause(min(self.wait_s if busy.after_s is None else busy.after_s, LONGEST_WAIT_S))

    async def pause(self, wait_s: float | None = None) -> None:
        """Sleep, or less when the user stops."""
        sleeping = asyncio.ensure_future(self.sleep(self.wait_s if wait_s is None else wait_s))
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((sleeping, stopping), return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                sleeping.result()  # raises what made it fail
        finally:
            sleeping.cancel()
            stopping.cancel()
            await asyncio.gather(sleeping, stopping, return_exceptions=True)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let the first interrupt end the waiting once no call is in flight, and the second drop what is in flight."""
        this = asyncio.current_task()
        assert this is not None

        def interrupt() -> None:
            if self.stopped:
                this.cancel()
            self._stop.set()

        with on_interrupt(interrupt):
            yield
