"""Pace: how many calls may be in flight. It starts at what the user allows, halves when the provider says slow down, and recovers call by
call (additive increase, multiplicative decrease: Chiu and Jain 1989)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

LEAST = 1.0
QUIET_S = 1.0  # one burst of refusals is one signal


class Pace:
    """A gate for at most `allowed` calls at a time, at most `most` at any time."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self.most = most
        self.allowed = float(most)
        self.in_flight = 0
        self.peak = 0
        self._clock = clock
        self._open_at = 0.0
        self._slowed_at = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait until a call may begin."""
        while True:
            wait_s = self._open_at - self._clock()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            elif self.in_flight >= int(self.allowed):
                turn = asyncio.get_running_loop().create_future()
                self._waiting.append(turn)
                await turn
            else:
                break
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def leave(self) -> None:
        """A call has ended."""
        self.in_flight -= 1
        while self._waiting and self.in_flight < int(self.allowed):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break

    def slow_down(self, after_s: float | None) -> None:
        """The provider limits the rate: half as many at a time, and nobody begins before `after_s` have passed."""
        now = self._clock()
        if after_s is not None:
            self._open_at = max(self._open_at, now + after_s)
        if now - self._slowed_at >= QUIET_S:
            self._slowed_at = now
            self.allowed = max(LEAST, self.allowed / 2)

    def went_well(self) -> None:
        """A call was answered: one more at a time for each round of calls."""
        self.allowed = min(float(self.most), self.allowed + 1 / self.allowed)
