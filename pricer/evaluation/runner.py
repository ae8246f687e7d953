"""The runner: asks for every item that has no answer yet, at the provider's pace, within the cap, and keeps each answer as it arrives."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from catalog.tariff import Tariff
from pricer.errors import BadInput, PricerError
from pricer.evaluation.budget import Budget
from pricer.evaluation.interrupts import on_interrupt
from pricer.evaluation.pace import Pace
from pricer.evaluation.run import UNANSWERED, Answer, Writer, nobody_answered
from pricer.predictors.protocol import Asker, Busy, Guess, Predictor, Rejected, Usage
from pricer.products.items import Item, Listing

CHUNK = 256
# After so many items in a row that nobody answered, the provider is taken to be down.
GIVE_UP_AFTER = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard to try. `concurrency` is the most calls in flight, `attempts` the most for one item, times in seconds."""

    concurrency: int = 16
    attempts: int = 8
    timeout_s: float = 60.0
    backoff_s: float = 0.5
    longest_wait_s: float = 60.0

    def __post_init__(self) -> None:
        if not 1 <= self.concurrency <= 1000:
            raise BadInput(f"--concurrency {self.concurrency}: wanted 1 to 1,000")
        if not 0 < self.timeout_s <= 3600:
            raise BadInput(f"--timeout {self.timeout_s:g}: wanted more than 0 and at most 3,600 seconds")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `usd` is what has been charged, as far as that is known."""

    done: int
    total: int
    failures: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Ended:
    """Why the runner stopped: `done`, `stopped` by the user, or `budget`. `calls` are attempts made by this process."""

    why: str
    calls: int = 0


Report = Callable[[Progress], None]


def quiet(_: Progress) -> None:
    """Tell nobody."""


def predict_all(predictor: Predictor, writer: Writer, report: Report = quiet) -> Ended:
    """Guess every item that has no answer yet, a few hundred at a time, each block kept before the next begins."""
    from time import perf_counter

    waiting = pending(writer)
    for first in range(0, len(waiting), CHUNK):
        block = waiting[first : first + CHUNK]
        began = perf_counter()
        guesses = predictor.predict([item.listing for item in block])
        each_s = (perf_counter() - began) / len(block)
        for item, guess in zip(block, guesses, strict=True):
            timed = replace(guess, latency_s=each_s) if guess.latency_s is None else guess
            writer.answered(item.listing.id, Answer(timed, 1, Decimal(0)))
        report(progress(writer, Decimal(0)))
    return Ended("done")


def pending(writer: Writer, *, again: bool = False) -> list[Item]:
    """The items without an answer; with `again` also those that nobody answered last time."""
    answers = writer.lines.answers
    return [
        item
        for item in writer.run.items
        if (kept := answers.get(item.listing.id)) is None or (again and nobody_answered(kept))
    ]


def progress(writer: Writer, usd: Decimal) -> Progress:
    """How far the run is, earlier processes included."""
    answers = writer.lines.answers
    failures = sum(answer.guess.failure is not None for answer in answers.values())
    return Progress(len(answers), len(writer.run.items), failures, usd)


def charged(usage: Usage | None, tariff: Tariff | None) -> Decimal | None:
    """What an answer cost; None when its tokens or its price are not known."""
    if tariff is None or usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    return tariff.cost(
        input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cached_tokens=usage.cached_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens or 0, reasoning_tokens=usage.reasoning_tokens or 0,
    )  # fmt: skip


def dearest(asker: Asker, listing: Listing, tariff: Tariff | None) -> Decimal:
    """The most that one attempt at this listing can cost; nothing where there is no price to reckon with."""
    if tariff is None:
        return Decimal(0)
    usage = asker.worst_case(listing)
    return tariff.at_most(usage.input_tokens or 0, usage.output_tokens or 0)


def already_spent(asker: Asker, writer: Writer, tariff: Tariff | None) -> Decimal:
    """What earlier processes spent: every answer at its price, every attempt that may have been billed in vain at its worst."""
    by_id = {item.listing.id: item for item in writer.run.items}
    spent = sum((answer.usd for answer in writer.lines.answers.values() if answer.usd is not None), Decimal(0))
    return spent + sum(
        (dearest(asker, by_id[id_].listing, tariff) * count for id_, count in writer.lines.vain.items()), Decimal(0)
    )


@dataclass
class Conversation:
    """One process asking. `free` says that nobody charges for the model, `again` asks once more for what nobody answered."""

    asker: Asker
    writer: Writer
    limits: Limits
    budget: Budget
    tariff: Tariff | None
    report: Report = quiet
    free: bool = False
    again: bool = False
    seed: int = 0
    calls: int = 0
    _stopping: str | None = None
    _failures_in_row: int = 0
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    _calling: set[asyncio.Task[Any] | None] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - jitter, not a secret

    def run(self) -> Ended:
        """Ask until every item is answered, the cap is reached or the user stops. An interrupt lets what is in flight finish; a second
        one drops it. `PricerError` when the provider answers nobody."""
        return asyncio.run(self._run())

    async def _run(self) -> Ended:
        waiting = pending(self.writer, again=self.again)
        self.budget.spent += already_spent(self.asker, self.writer, self.tariff)
        self._pace = Pace(self.limits.concurrency, asyncio.get_running_loop().time)
        self._failed = sum(answer.guess.failure is not None for answer in self.writer.lines.answers.values())
        queue = iter(waiting)
        workers = [asyncio.create_task(self._work(queue)) for _ in range(min(self.limits.concurrency, len(waiting)))]
        try:
            with self._interruptible(workers):
                done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION) if workers else (set(), None)
            for worker in done:
                if not worker.cancelled():
                    worker.result()  # raises what made it fail
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await self.asker.close()
        return Ended(self._stopping or "done", self.calls)

    async def _work(self, queue: Iterator[Item]) -> None:
        for item in queue:
            if self._stopping:
                return
            await self._settle_item(item)

    async def _settle_item(self, item: Item) -> None:
        """Try until there is an answer, attempts run out, or the run stops."""
        why = ""
        worst = dearest(self.asker, item.listing, self.tariff)
        for attempt in range(1, self.limits.attempts + 1):
            await self._pace.enter()
            try:
                if self._stopping or not await self._reserved(worst):
                    return
                guess = await self._attempt(item, worst)
            except Busy as busy:
                why = str(busy)
                wait_s = self._wait_s(busy, attempt)
            else:
                self._keep(item, guess, attempt, worst)
                return
            finally:
                self._pace.leave()
            if self._stopping:
                return
            if attempt < self.limits.attempts:
                await asyncio.sleep(wait_s)
        self._unanswered(item, why)

    async def _attempt(self, item: Item, worst: Decimal) -> Guess:
        """One attempt; the reservation is settled unless there is a guess to settle it by."""
        self.calls += 1
        self.writer.asked(item.listing.id)
        this = asyncio.current_task()
        self._calling.add(this)
        try:
            async with asyncio.timeout(self.limits.timeout_s):
                return await self.asker.ask(item.listing)
        except Rejected as rejected:
            return Guess(failure=f"rejected: {rejected}", usage=Usage(0, 0))
        except TimeoutError:
            self.budget.settle(worst, worst)
            raise Busy(f"no answer within {self.limits.timeout_s:g} s", billed=True) from None
        except Busy as busy:
            self.budget.settle(worst, worst if busy.billed else Decimal(0))
            if not busy.billed:
                self.writer.free(item.listing.id)
            raise
        except BadInput:
            self.writer.free(item.listing.id)
            raise
        finally:
            self._calling.discard(this)

    async def _reserved(self, worst: Decimal) -> bool:
        """Whether the cap has room. Calls in flight may settle below what was reserved for them, so wait while there are any."""
        while not self.budget.reserve(worst):
            if self.budget.reserved == 0:
                self._stopping = self._stopping or "budget"
                return False
            self._settled.clear()
            await self._settled.wait()
            if self._stopping:
                return False
        return True

    def _keep(self, item: Item, guess: Guess, attempt: int, worst: Decimal) -> None:
        usd = Decimal(0) if self.free else charged(guess.usage, self.tariff)
        self.budget.settle(worst, worst if usd is None else usd)
        self._settled.set()
        self._pace.went_well()
        self._failures_in_row = 0
        self._failed += guess.failure is not None
        self.writer.answered(item.listing.id, Answer(guess, attempt, usd))
        self._tell()

    def _unanswered(self, item: Item, why: str) -> None:
        """Keep that nobody answered; when that happens to one item after the other, stop: the provider is down."""
        self._failures_in_row += 1
        if self._failures_in_row >= GIVE_UP_AFTER:
            raise PricerError(
                f"{self.asker.name}: the last {GIVE_UP_AFTER} items went unanswered after {self.limits.attempts} attempts each "
                f"(the last: {why}); what is saved stays, the same command goes on"
            )
        self._failed += 1
        failure = f"{UNANSWERED}: {self.limits.attempts} attempts, the last: {why}"
        answer = Answer(Guess(failure=failure), self.limits.attempts, Decimal(0))
        self.writer.answered(item.listing.id, answer, settles=0)
        self._tell()

    def _wait_s(self, busy: Busy, attempt: int) -> float:
        """How long to wait before the next attempt: what the provider asks for, else twice as long each time, with jitter."""
        self._settled.set()
        if busy.slow_down:
            self._pace.slow_down(busy.after_s)
        if busy.after_s is not None:
            return min(busy.after_s, self.limits.longest_wait_s)
        backoff_s = self.limits.backoff_s * 2 ** (attempt - 1) * (0.5 + self._random.random())
        return float(min(backoff_s, self.limits.longest_wait_s))

    def _tell(self) -> None:
        self.report(
            Progress(len(self.writer.lines.answers), len(self.writer.run.items), self._failed, self.budget.spent)
        )

    @contextmanager
    def _interruptible(self, workers: Sequence[asyncio.Task[None]]) -> Iterator[None]:
        """Let the first interrupt end all that is not in flight, and the second drop what is."""

        def interrupt() -> None:
            for worker in workers:
                if self._stopping == "stopped" or worker not in self._calling:
                    worker.cancel()
            self._stopping = "stopped"

        with on_interrupt(interrupt):
            yield
