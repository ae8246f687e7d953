"""Doubles for tests: predictors that say what a script tells them, and count what was asked of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pricer.predictors.protocol import Busy, Guess, Refused, Rejected, Usage
from pricer.products.items import Listing

Event = Guess | Busy | Rejected | Refused
WORST = Usage(input_tokens=100, output_tokens=10)


@dataclass(frozen=True, slots=True)
class Scripted:
    """A predictor whose guess for each listing id is given; KeyError for a listing that the script does not know."""

    name: str
    answers: Mapping[str, Guess]

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The scripted guesses."""
        return [self.answers[one.id] for one in listings]


@dataclass(slots=True)
class ScriptedAsker:
    """An asker that replays a list of events for each listing id: a guess is returned, an exception raised. The last one repeats.

    It counts: `calls` by listing id, `in_flight` now and `most_in_flight` ever, `closed` how often it was closed. Each attempt takes
    `turns` turns of the event loop, so that attempts overlap without a clock. Where `gate` is given, it also waits for it.
    """

    name: str
    script: Mapping[str, Sequence[Event]]
    worst: Usage = WORST
    turns: int = 1
    gate: asyncio.Event | None = None
    calls: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    closed: int = 0

    def worst_case(self, listing: Listing) -> Usage:  # noqa: ARG002
        """The same for every listing."""
        return self.worst

    async def ask(self, listing: Listing) -> Guess:
        """The next event of the listing's script."""
        events = self.script[listing.id]
        event = events[min(self.calls[listing.id], len(events) - 1)]
        self.calls[listing.id] += 1
        await self._pass_time()
        if isinstance(event, Guess):
            return event
        raise event

    async def close(self) -> None:
        """Count it."""
        self.closed += 1

    async def _pass_time(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            for _ in range(self.turns):
                await asyncio.sleep(0)
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self.in_flight -= 1
