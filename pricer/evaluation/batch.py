"""The runner for batches: items go to the provider in large parts, at half the price of asking one by one, and their answers are read
when they are ready, even by another process on another day."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from catalog.tariff import Tariff
from pricer.errors import BadInput, PricerError
from pricer.evaluation.batch_ledger import Entry, Ledger
from pricer.evaluation.budget import Budget
from pricer.evaluation.patience import Patience, Sleep
from pricer.evaluation.run import UNANSWERED, Answer, Writer
from pricer.evaluation.runner import (
    Ended,
    Progress,
    Report,
    already_spent,
    charged,
    dearest,
    pending,
    quiet,
)
from pricer.predictors.batcher import Batcher, Status
from pricer.predictors.protocol import Busy, Guess, Refused, Rejected
from pricer.products.items import Item, Listing

POLL_S = 60.0
LOOKS = 2  # a new batch may be listed late


def nobody(_: str) -> None:
    """Tell nobody."""


def converse_in_batches(
    batcher: Batcher, writer: Writer, budget: Budget, tariff: Tariff | None, report: Report = quiet, *, size: int | None = None,
    poll_s: float = POLL_S, again: bool = False,
) -> Ended:  # fmt: skip
    """Have every item without an answer answered in batches of at most `size`, as `BatchConversation` does."""
    return BatchConversation(batcher, writer, budget, tariff, report, size=size, poll_s=poll_s, again=again).run()


@dataclass
class BatchConversation:
    """One process that hands over, waits and reads. `size` is the most items of a batch (None: what the provider takes), `attempts` the
    most batches for one item, `at_once` the most batches at the provider. `tell` hears what a user should know."""

    batcher: Batcher
    writer: Writer
    budget: Budget
    tariff: Tariff | None
    report: Report = quiet
    size: int | None = None
    poll_s: float = POLL_S
    again: bool = False
    attempts: int = 3
    at_once: int = 4
    sleep: Sleep = asyncio.sleep
    now: Callable[[], float] = time.time
    tell: Callable[[str], None] = nobody
    calls: int = 0
    _hold: bool = False
    _running: dict[str, int] = field(default_factory=dict)
    _broken: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 1:
            raise BadInput(f"batch size {self.size}: wanted at least 1")
        self._most = min(self.size or self.batcher.most_requests, self.batcher.most_requests)

    def run(self) -> Ended:
        """Until every item is answered, the cap is reached or the user stops. An interrupt leaves batches at the provider: the same run,
        begun again, reads them. `PricerError` when the provider fails for long or refuses a batch whole."""
        try:
            return asyncio.run(self._run())
        except asyncio.CancelledError:
            return Ended("stopped", self.calls)

    async def _run(self) -> Ended:
        self._ledger = Ledger(self.writer.run.folder)
        self._waiting = {item.listing.id: item for item in pending(self.writer, again=self.again)}
        answers = self.writer.lines.answers
        # What is asked again begins to count again.
        self._tried = Counter({id_: count for id_, count in self._ledger.attempts.items() if id_ not in answers})
        self._failed = sum(answer.guess.failure is not None for answer in answers.values())
        self._patience = Patience(self.batcher.asker.name, self.poll_s, self.sleep)
        self._account()
        try:
            with self._patience.interruptible():
                return Ended(await self._converse(), self.calls)
        finally:
            await self.batcher.close()

    def _account(self) -> None:
        """What earlier processes spent is spent, and what they left at the provider is reserved, room or not: it is under way."""
        self.budget.spent += already_spent(self.batcher.asker, self.writer, self.tariff) + self._ledger.vain_usd
        self.budget.reserved += sum((self._worst(entry) for entry in self._ledger.open.values()), Decimal(0))

    async def _converse(self) -> str:
        await self._recover()
        while not self._patience.stopped:
            why = await self._hand_over()
            if self._patience.stopped:
                break
            if not self._ledger.open:
                return why
            closed = await self._read_ready()
            self._report()
            if not closed:
                await self._patience.pause()
        return "stopped"

    # --- handing over

    async def _recover(self) -> None:
        """Learn what became of batches that were about to be handed over when an earlier process was killed."""
        for entry in [entry for entry in self._ledger.open.values() if entry.batch is None]:
            found = await self._found(entry)
            if found is not None:
                self._ledger.submitted(entry, found, found=True)
                self.tell(f"batch {found} had been handed over when the run was killed: it is read, not paid again")
            elif not self._patience.stopped:
                self._withdraw(entry, "not found at the provider")
                self.tell(f"a batch of {len(entry.ids):,} items had not reached the provider: it is handed over now")

    async def _hand_over(self) -> str:
        """Fill the places at the provider; why no more is handed over: `done` when nothing is left, `budget`, or `waiting`."""
        while len(self._ledger.open) < self.at_once and not self._hold and not self._patience.stopped:
            left = self._unclaimed()
            chunk = self._chunk(left)
            if not chunk:
                return "budget" if left else "done"
            await self._submit(chunk)
        return "waiting"

    def _unclaimed(self) -> list[Item]:
        claimed = {id_ for entry in self._ledger.open.values() for id_ in entry.ids}
        return [item for id_, item in self._waiting.items() if id_ not in claimed]

    def _chunk(self, left: list[Item]) -> list[Item]:
        """The first items that fit into one batch and under the cap, which their worst case is reserved from."""
        chunk: list[Item] = []
        size_bytes = 0
        for item in left:
            size_bytes += self.batcher.size_bytes(item.listing)
            full = len(chunk) == self._most or (chunk and size_bytes > self.batcher.most_bytes)
            if full or not self.budget.reserve(dearest(self.batcher.asker, item.listing, self.tariff)):
                break
            chunk.append(item)
        return chunk

    async def _submit(self, chunk: list[Item]) -> None:
        entry = self._ledger.intend([item.listing.id for item in chunk], self.now())
        try:
            batch = await self._handed_over(entry, [item.listing for item in chunk])
        except (Refused, Rejected) as error:
            self._withdraw(entry, str(error))
            if isinstance(error, Refused):
                raise
            raise PricerError(
                f"{self.batcher.asker.name}: a batch of {len(chunk):,} items was refused: {error}"
            ) from error
        if batch is not None:
            self._ledger.submitted(entry, batch)
            self.calls += len(chunk)

    async def _handed_over(self, entry: Entry, listings: list[Listing]) -> str | None:
        """The batch's id; None when the user stopped before there was one. A broken hand-over is looked for before it is repeated."""
        troubles = 0
        while not self._patience.stopped:
            try:
                return await self.batcher.submit(listings, entry.mark)
            except Busy as busy:
                troubles += 1
                await self._patience.trouble(busy, troubles)
                found = await self._found(entry) if busy.billed else None
                if found is not None:
                    return found
        return None

    async def _found(self, entry: Entry) -> str | None:
        """The batch with this entry's mark, or None when there is none in two looks a while apart, or the user stopped."""
        looks, told = 0, False
        while not self._patience.stopped:
            found = await self._patience.insist(
                partial(self.batcher.find, entry.mark, len(entry.ids), entry.begun, self._ledger.known)
            )
            if found is None:
                return None
            if found.batch is not None:
                return found.batch
            looks += not found.undecided
            if found.undecided and not told:
                told = True
                self.tell(
                    f"{found.undecided} running batch(es) of {len(entry.ids):,} items may be this run's: waiting for their end"
                )
            if looks == LOOKS:
                return None
            await self._patience.pause()
        return None

    # --- reading

    async def _read_ready(self) -> bool:
        """Read every batch that has ended; whether there was one."""
        closed = False
        for entry in list(self._ledger.open.values()):
            batch = entry.batch
            if batch is None or self._patience.stopped:
                continue
            status = await self._patience.insist(partial(self.batcher.poll, batch))
            if status is None:
                continue
            if status.state == "running":
                self._running[batch] = status.done
                continue
            self._running.pop(batch, None)
            if status.state == "ended":
                closed |= await self._read(entry, batch, status.done)
            else:
                self._refused_whole(entry, batch, status)
                closed = True
        return closed

    async def _read(self, entry: Entry, batch: str, done: int) -> bool:
        """Keep each answer as it is read, then close the entry; False when the reading broke off and is to be done again."""
        ids = {entry.mark.custom_id(id_): id_ for id_ in entry.ids if id_ in self._waiting}
        unanswered: dict[str, Busy | None] = dict.fromkeys(ids.values())
        read = 0
        refused: Refused | None = None
        try:
            async for result in self.batcher.results(batch):
                read += 1
                id_ = ids.get(result.custom_id)
                if id_ is None or id_ not in unanswered:
                    continue
                if isinstance(result.outcome, Guess):
                    del unanswered[id_]
                    self._keep(id_, result.outcome)
                elif isinstance(result.outcome, Busy):
                    unanswered[id_] = result.outcome
                else:
                    refused = result.outcome
                    unanswered[id_] = Busy(str(refused))
        except Busy as busy:
            self._broken[batch] += 1
            await self._patience.trouble(busy, self._broken[batch])
            return False
        # What the provider had done and does not show may have been billed.
        missing = Busy("not among the results", billed=read < done)
        self._close(entry, {id_: busy or missing for id_, busy in unanswered.items()})
        if refused is not None:
            raise refused
        return True

    def _keep(self, id_: str, guess: Guess) -> None:
        worst = dearest(self.batcher.asker, self._waiting.pop(id_).listing, self.tariff)
        usd = charged(guess.usage, self.tariff)
        self.budget.settle(worst, worst if usd is None else usd)
        self._failed += guess.failure is not None
        self.writer.answered(id_, Answer(guess, self._tried[id_] + 1, usd), settles=0)
        self._report()

    def _close(self, entry: Entry, unanswered: dict[str, Busy]) -> None:
        """Settle what nobody answered: it waits for the next batch, or is a failure after the last."""
        vain_usd = Decimal(0)
        for id_, busy in unanswered.items():
            worst = dearest(self.batcher.asker, self._waiting[id_].listing, self.tariff)
            billed = worst if busy.billed else Decimal(0)
            self.budget.settle(worst, billed)
            vain_usd += billed
            self._tried[id_] += 1
            if self._tried[id_] >= self.attempts:
                self._give_up(id_, str(busy))
        self._ledger.closed(entry, vain_usd)
        self._hold = False

    def _give_up(self, id_: str, why: str) -> None:
        del self._waiting[id_]
        self._failed += 1
        failure = f"{UNANSWERED}: {self._tried[id_]} batches, the last: {why}"
        self.writer.answered(id_, Answer(Guess(failure=failure), self._tried[id_], Decimal(0)), settles=0)

    def _refused_whole(self, entry: Entry, batch: str, status: Status) -> None:
        """A queue without room takes less, or later; anything else no batch of this run would pass."""
        self._withdraw(entry, f"{batch} {status.state}: {status.why}")
        name = self.batcher.asker.name
        if status.state == "failed":
            raise PricerError(
                f"{name}: the provider refused batch {batch} whole: {status.why}; mend it, the same command goes on"
            )
        self._hold = bool(self._ledger.open)
        if not self._hold and len(entry.ids) == 1:
            raise PricerError(f"{name}: the provider's queue takes not even one item: {status.why}; try later")
        if not self._hold:
            self._most = len(entry.ids) // 2

    def _withdraw(self, entry: Entry, why: str) -> None:
        self._ledger.void(entry, why)
        self.budget.settle(self._worst(entry), Decimal(0))

    def _worst(self, entry: Entry) -> Decimal:
        """The most that the items of an entry which still wait for their answer can cost."""
        waiting = (self._waiting[id_] for id_ in entry.ids if id_ in self._waiting)
        return sum((dearest(self.batcher.asker, item.listing, self.tariff) for item in waiting), Decimal(0))

    def _report(self) -> None:
        done = len(self.writer.lines.answers) + sum(self._running.values())
        self.report(Progress(done, len(self.writer.run.items), self._failed, self.budget.spent))
