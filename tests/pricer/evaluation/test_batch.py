from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.tariff import given
from pricer.errors import BadInput, PricerError
from pricer.evaluation.batch import BatchConversation, converse_in_batches
from pricer.evaluation.batch_ledger import BATCHES, Ledger, still_there, unfinished
from pricer.evaluation.budget import Budget
from pricer.evaluation.patience import TROUBLES
from pricer.evaluation.run import load_run, writing
from pricer.evaluation.runner import Ended, Progress
from pricer.predictors.batcher import Found, Mark, Result, Status
from pricer.predictors.protocol import Busy, Guess, Refused, Rejected, Usage
from pricer.predictors.scripted import ScriptedAsker
from pricer.products.items import Listing
from tests.pricer.evaluation.toys import guess, items, plan

# The worst case of the scripted asker, 100 tokens in and 10 out, is 0.001 + 0.001; an answer, 50 in and 5 out, is half of it.
TARIFF = given(Decimal(10), Decimal(100))
WORST, ANSWER = Decimal("0.002"), Decimal("0.001")


class Killed(Exception):
    """The process ends here."""


@dataclass
class Held:
    """A batch at the provider."""

    mark: Mark
    listings: tuple[Listing, ...]
    polls_left: int
    begun: float


@dataclass
class Provider:
    """A provider that outlives the processes that ask it. `fates` says what becomes of a listing the n-th time it is asked (the last one
    repeats; None is an answer), `states` what a poll says before anything else, `late` how many looks find nothing yet."""

    polls: int = 1
    fates: Mapping[str, Sequence[Guess | Busy | Refused | None]] = field(default_factory=dict)
    states: list[Status] = field(default_factory=list)
    late: int = 0
    undecided: int = 0
    held: dict[str, Held] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def sizes(self) -> list[int]:
        """How many listings each batch had."""
        return [len(one.listings) for one in self.held.values()]


class Scripted:
    """A batcher over the provider. `at` names the call at which something happens in place of it, or after it (`after …`)."""

    def __init__(
        self, provider: Provider, at: Mapping[str, Callable[[], None]] | None = None, most: int = 1000
    ) -> None:
        self.provider, self.at = provider, dict(at or {})
        self.asker = ScriptedAsker("toy", {})
        self.most_requests, self.most_bytes = most, 10_000
        self.closed = 0

    def size_bytes(self, listing: Listing) -> int:
        return 10

    async def submit(self, listings: Sequence[Listing], mark: Mark) -> str:
        self._at("submit")
        batch = f"batch_{len(self.provider.held)}"
        self.provider.held[batch] = Held(mark, tuple(listings), self.provider.polls, 1000.0)
        self.provider.asked.update(one.id for one in listings)
        self._at("after submit")
        return batch

    async def find(self, mark: Mark, count: int, since: float, known: Collection[str]) -> Found:
        self._at("find")
        if self.provider.undecided:
            self.provider.undecided -= 1
            return Found(None, 1)
        if self.provider.late:
            self.provider.late -= 1
            return Found(None)
        return Found(
            next((id_ for id_, one in self.provider.held.items() if one.mark == mark and id_ not in known), None)
        )

    async def poll(self, batch: str) -> Status:
        self._at("poll")
        if self.provider.states:
            return self.provider.states.pop(0)
        one = self.provider.held[batch]
        one.polls_left -= 1
        total = len(one.listings)
        return Status("running", 0, total, 0) if one.polls_left > 0 else Status("ended", total, total, 0)

    async def results(self, batch: str) -> AsyncIterator[Result]:
        held = self.provider.held[batch]
        for number, one in enumerate(held.listings):
            self._at(f"result {number}")
            fates = self.provider.fates.get(one.id, [None])
            fate = fates[min(self.provider.asked[one.id], len(fates)) - 1]
            yield Result(held.mark.custom_id(one.id), fate or guess(float(one.id[1:]) + 1))

    async def cancel(self, batch: str) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed += 1

    def _at(self, where: str) -> None:
        if where in self.at:
            self.at[where]()


def _kill() -> None:
    raise Killed


def _once(*errors: Exception) -> Callable[[], None]:
    """Raises these, one each time, and then nothing."""
    left = list(errors)

    def strike() -> None:
        if left:
            raise left.pop(0)

    return strike


async def _no_time(_: float) -> None:
    return


def _converse(folder: Path, batcher: Scripted, count: int, cap: str | None = None, **other: Any) -> Ended:
    with writing(folder, plan(), items(count)) as writer:
        budget = other.pop("budget", None) or Budget(None if cap is None else Decimal(cap))
        known = {"sleep": _no_time, "now": lambda: 1000.0}
        return BatchConversation(batcher, writer, budget, TARIFF, **(known | other)).run()


def _values(folder: Path) -> list[float | None]:
    return [one.guess.value for one in load_run(folder).outcomes]


def test_every_item_is_handed_over_once_and_kept(tmp_path: Path) -> None:
    provider = Provider(polls=3)
    batcher = Scripted(provider)
    assert _converse(tmp_path, batcher, 10) == Ended("done", 10)
    assert _values(tmp_path) == [number + 1.0 for number in range(10)]
    assert provider.sizes == [10]
    assert load_run(tmp_path).cost_usd == 10 * ANSWER
    assert batcher.closed == 1


def test_a_finished_run_hands_nothing_over(tmp_path: Path) -> None:
    provider = Provider()
    _converse(tmp_path, Scripted(provider), 5)
    assert _converse(tmp_path, Scripted(provider), 5) == Ended("done", 0)
    assert provider.sizes == [5]


@pytest.mark.parametrize(("size", "most", "sizes"), [(4, 1000, [4, 4, 2]), (None, 3, [3, 3, 3, 1]), (1000, 1000, [10])])
def test_batches_are_no_larger_than_asked_for_or_taken(
    tmp_path: Path, size: int | None, most: int, sizes: list[int]
) -> None:
    provider = Provider()
    _converse(tmp_path, Scripted(provider, most=most), 10, size=size)
    assert provider.sizes == sizes


def test_batches_are_no_larger_in_bytes_than_the_provider_takes(tmp_path: Path) -> None:
    provider = Provider()
    batcher = Scripted(provider)
    batcher.most_bytes = 45  # four listings of ten
    _converse(tmp_path, batcher, 10)
    assert provider.sizes == [4, 4, 2]


def test_no_more_batches_are_at_the_provider_than_allowed(tmp_path: Path) -> None:
    provider, open_then = Provider(polls=2), []
    at = {"submit": lambda: open_then.append(len(unfinished(tmp_path)))}
    _converse(tmp_path, Scripted(provider, at), 12, size=2, at_once=3)
    assert max(open_then) == 3  # the one about to be handed over included
    assert provider.sizes == [2] * 6


# --- killed and begun again


@pytest.mark.parametrize("stage", ["submit", "after submit", "poll", "result 0", "result 3"])
def test_a_run_killed_at_any_stage_goes_on_with_one_paid_batch_and_one_answer_each(tmp_path: Path, stage: str) -> None:
    provider = Provider(polls=2)
    with pytest.raises(Killed):
        _converse(tmp_path, Scripted(provider, {stage: _kill}), 6)
    budget = Budget(Decimal(1))
    assert _converse(tmp_path, Scripted(provider), 6, budget=budget).why == "done"
    assert provider.sizes == [6]
    assert _values(tmp_path) == [1, 2, 3, 4, 5, 6]
    answers = [json.loads(line)["id"] for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert sorted(answers) == [f"i{number}" for number in range(6)]
    assert (budget.spent, budget.reserved) == (6 * ANSWER, Decimal(0))
    assert still_there(tmp_path) is None


def test_what_became_of_a_batch_that_was_being_handed_over_is_told(tmp_path: Path) -> None:
    provider, told = Provider(), list[str]()
    with pytest.raises(Killed):
        _converse(tmp_path, Scripted(provider, {"after submit": _kill}), 2)
    _converse(tmp_path, Scripted(provider), 2, tell=told.append)
    assert told == ["batch batch_0 had been handed over when the run was killed: it is read, not paid again"]


def test_a_batch_that_the_provider_lists_late_is_still_found(tmp_path: Path) -> None:
    provider = Provider()
    with pytest.raises(Killed):
        _converse(tmp_path, Scripted(provider, {"after submit": _kill}), 2)
    provider.late, provider.undecided = 1, 5
    _converse(tmp_path, Scripted(provider), 2)
    assert provider.sizes == [2]


def test_a_broken_hand_over_is_looked_for_before_it_is_repeated(tmp_path: Path) -> None:
    provider = Provider()
    broken = Busy("connection lost", billed=True)
    _converse(tmp_path, Scripted(provider, {"after submit": _once(broken), "submit": _once(broken)}), 3)
    assert provider.sizes == [3]


def test_the_intent_is_on_disk_before_the_hand_over_and_holds_no_words_of_the_items(tmp_path: Path) -> None:
    seen: list[str] = []
    at = {"submit": lambda: seen.append((tmp_path / BATCHES).read_text())}
    _converse(tmp_path, Scripted(Provider(), at), 2)
    [row] = [json.loads(line) for line in seen]
    assert row["ids"] == ["i0", "i1"]
    assert set(row) == {"intent", "run", "at", "ids"}


def test_a_line_of_the_ledger_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    entry = ledger.intend(["a"], 1.0)
    with (tmp_path / BATCHES).open("ab") as file:
        file.write(b'{"submit')
    again = Ledger(tmp_path)
    assert again.open == {entry.mark.chunk: entry}
    again.submitted(entry, "batch_9")
    assert [one.batch for one in unfinished(tmp_path)] == ["batch_9"]


def test_a_damaged_ledger_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / BATCHES).write_text('{"submitted": "nothing", "batch": "b"}\n')
    with pytest.raises(BadInput, match=r"batches.jsonl:1: wanted a line of the batch ledger"):
        Ledger(tmp_path)


def test_two_batches_of_the_same_items_have_marks_of_their_own(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.intend(["a"], 1.0).mark.chunk != ledger.intend(["a"], 1.0).mark.chunk


def test_the_name_of_a_request_fits_both_providers() -> None:
    name = Mark("ab" * 8, "cd" * 8).custom_id("any id, with = and \ud800 " * 50)
    assert len(name) <= 64
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


# --- what is not answered


def test_what_expired_goes_into_the_next_batch(tmp_path: Path) -> None:
    provider = Provider(fates={"i1": [Busy("expired"), None], "i2": [Busy("500"), Busy("expired"), None]})
    _converse(tmp_path, Scripted(provider), 4)
    assert provider.sizes == [4, 2, 1]
    answers = load_run(tmp_path).lines.answers
    assert [answers[f"i{number}"].attempts for number in range(4)] == [1, 2, 3, 1]
    assert _values(tmp_path) == [1, 2, 3, 4]


def test_batches_for_one_item_are_bounded_and_then_it_is_a_failure(tmp_path: Path) -> None:
    provider = Provider(fates={"i1": [Busy("expired")]})
    assert _converse(tmp_path, Scripted(provider), 2).why == "done"
    kept = load_run(tmp_path).lines.answers["i1"]
    assert kept.guess.failure == "no answer: 3 batches, the last: expired"
    assert provider.asked == {"i0": 1, "i1": 3}


def test_batches_of_earlier_processes_count(tmp_path: Path) -> None:
    provider = Provider(fates={"i0": [Busy("expired")]})

    def third() -> None:
        if len(provider.held) == 2:
            raise Killed

    with pytest.raises(Killed):
        _converse(tmp_path, Scripted(provider, {"submit": third}), 1)
    _converse(tmp_path, Scripted(provider), 1)
    assert provider.asked["i0"] == 3


def test_what_nobody_answered_is_asked_again_only_when_told_to(tmp_path: Path) -> None:
    provider = Provider(fates={"i0": [Busy("x"), Busy("x"), Busy("x"), None]})
    _converse(tmp_path, Scripted(provider), 2)
    assert _converse(tmp_path, Scripted(provider), 2) == Ended("done", 0)
    assert _converse(tmp_path, Scripted(provider), 2, again=True) == Ended("done", 1)
    assert _values(tmp_path) == [1, 2]


def test_an_item_missing_from_the_results_counts_as_billed_and_is_asked_again(tmp_path: Path) -> None:
    provider = Provider()
    batcher = Scripted(provider)
    whole = batcher.results

    async def all_but_the_first(batch: str) -> AsyncIterator[Result]:
        first = len(provider.held) == 1
        async for result in whole(batch):
            if not first:
                yield result
            first = False

    batcher.results = all_but_the_first  # type: ignore[method-assign]
    budget = Budget(Decimal(1))
    _converse(tmp_path, batcher, 3, budget=budget)
    assert provider.sizes == [3, 1]
    assert budget.spent == 3 * ANSWER + WORST
    again = Budget(Decimal(1))
    _converse(tmp_path, Scripted(provider), 3, budget=again)
    assert again.spent == budget.spent  # the ledger remembers


def test_a_refused_request_stops_the_run_once_the_others_are_kept(tmp_path: Path) -> None:
    provider = Provider(fates={"i0": [Refused("no such model")]})
    with pytest.raises(Refused, match="no such model"):
        _converse(tmp_path, Scripted(provider), 3)
    assert set(load_run(tmp_path).lines.answers) == {"i1", "i2"}
    assert unfinished(tmp_path) == ()


def test_a_batch_that_the_provider_refuses_whole_stops_the_run_with_its_words(tmp_path: Path) -> None:
    provider = Provider(states=[Status("failed", 0, 3, 0, "line 1: bad url")])
    with pytest.raises(PricerError, match="refused batch batch_0 whole: line 1: bad url"):
        _converse(tmp_path, Scripted(provider), 3)
    assert unfinished(tmp_path) == ()


@pytest.mark.parametrize("refusal", [Refused("wrong key"), Rejected("not like that")])
def test_a_hand_over_that_is_refused_leaves_nothing_behind(tmp_path: Path, refusal: Exception) -> None:
    with pytest.raises(PricerError, match=str(refusal)):
        _converse(tmp_path, Scripted(Provider(), {"submit": _once(refusal)}), 3)
    assert unfinished(tmp_path) == ()


def test_a_full_queue_takes_smaller_batches(tmp_path: Path) -> None:
    provider = Provider(states=[Status("full", 0, 8, 0, "queue full")])
    assert _converse(tmp_path, Scripted(provider), 8, at_once=1).why == "done"
    assert provider.sizes == [8, 4, 4]


def test_a_full_queue_with_batches_of_ours_waits_for_them(tmp_path: Path) -> None:
    running = Status("running", 0, 2, 0)
    provider = Provider(states=[running, Status("full", 0, 2, 0, "queue full")])
    assert _converse(tmp_path, Scripted(provider), 4, size=2, at_once=2).why == "done"
    assert provider.sizes == [2, 2, 2]


# --- a provider in trouble


@pytest.mark.parametrize("stage", ["submit", "poll", "result 1"])
def test_calls_that_fail_are_made_again(tmp_path: Path, stage: str) -> None:
    provider = Provider()
    assert _converse(tmp_path, Scripted(provider, {stage: _once(*[Busy("503")] * 5)}), 3).why == "done"
    assert provider.sizes == [3]
    assert _values(tmp_path) == [1, 2, 3]


@pytest.mark.parametrize("stage", ["submit", "poll", "result 1"])
def test_a_provider_that_is_down_ends_the_run_with_the_batch_in_the_ledger(tmp_path: Path, stage: str) -> None:
    provider = Provider()
    with pytest.raises(PricerError, match=f"a call failed {TROUBLES} times"):
        _converse(tmp_path, Scripted(provider, {stage: _once(*[Busy("503")] * TROUBLES)}), 3)
    assert len(unfinished(tmp_path)) == 1
    _converse(tmp_path, Scripted(provider), 3)
    assert provider.sizes == [3]


# --- the cap


def test_a_cap_below_one_item_hands_nothing_over(tmp_path: Path) -> None:
    provider = Provider()
    assert _converse(tmp_path, Scripted(provider), 3, cap="0.0019") == Ended("budget", 0)
    assert provider.sizes == []


def test_a_batch_that_does_not_fit_is_made_smaller_and_what_was_saved_is_used(tmp_path: Path) -> None:
    provider = Provider()
    # 0.0105 holds five worst cases; they cost 0.005, which leaves two more, then one, and then 0.0025 - 0.001 is less than one.
    assert _converse(tmp_path, Scripted(provider), 100, cap="0.0105").why == "budget"
    assert provider.sizes == [5, 2, 1, 1]
    assert load_run(tmp_path).cost_usd == 9 * ANSWER


def test_a_batch_left_at_the_provider_counts_against_the_cap_of_the_next_process(tmp_path: Path) -> None:
    provider = Provider(polls=2)
    with pytest.raises(Killed):
        _converse(tmp_path, Scripted(provider, {"poll": _kill}), 10, size=4, at_once=1)
    seen: list[Decimal] = []
    budget = Budget(4 * WORST)
    at = {"poll": lambda: seen.append(budget.reserved)}
    _converse(tmp_path, Scripted(provider, at), 10, size=4, budget=budget)
    assert seen[0] == 4 * WORST
    assert provider.sizes == [4, 2, 1]  # 0.004 left after four answers, 0.002 after two more, 0.001 after one


def test_an_answer_without_token_counts_is_charged_at_its_worst(tmp_path: Path) -> None:
    provider, budget = Provider(fates={"i0": [Guess(3.0)]}), Budget(Decimal(1))
    _converse(tmp_path, Scripted(provider), 1, budget=budget)
    assert budget.spent == WORST
    assert load_run(tmp_path).cost_usd is None


def test_a_rejected_request_is_a_failure_that_costs_nothing(tmp_path: Path) -> None:
    provider = Provider(fates={"i0": [Guess(failure="rejected: too long", usage=Usage(0, 0))]})
    _converse(tmp_path, Scripted(provider), 1)
    assert load_run(tmp_path).cost_usd == 0


# --- stopped by the user


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("stage", ["submit", "poll"])
def test_an_interrupt_leaves_the_batch_at_the_provider_and_says_so(tmp_path: Path, stage: str) -> None:
    provider = Provider(polls=1000)
    assert _converse(tmp_path, Scripted(provider, {stage: _interrupt}), 3, sleep=_long).why == "stopped"
    assert str(still_there(tmp_path)).startswith("3 items are with the provider in 1 batch (batch_0)")
    provider.held["batch_0"].polls_left = 1
    assert _converse(tmp_path, Scripted(provider), 3) == Ended("done", 0)
    assert provider.sizes == [3]


def test_a_second_interrupt_drops_what_is_in_flight(tmp_path: Path) -> None:
    class Hanging(Scripted):
        async def poll(self, batch: str) -> Status:
            _interrupt()
            await _no_time(0)
            import asyncio

            await asyncio.sleep(0)
            _interrupt()
            await asyncio.Event().wait()
            raise AssertionError

    assert _converse(tmp_path, Hanging(Provider()), 3).why == "stopped"
    assert len(unfinished(tmp_path)) == 1


async def _long(_: float) -> None:
    import asyncio

    await asyncio.Event().wait()


def test_progress_counts_what_the_provider_says_is_done(tmp_path: Path) -> None:
    provider, seen = Provider(states=[Status("running", 2, 3, 0)]), list[Progress]()
    _converse(tmp_path, Scripted(provider), 3, report=seen.append)
    assert [one.done for one in seen] == [2, 1, 2, 3, 3]


def test_the_plain_function_does_the_same(tmp_path: Path) -> None:
    with writing(tmp_path, plan(), items(3)) as writer:
        ended = converse_in_batches(Scripted(Provider()), writer, Budget(None), TARIFF, size=2, poll_s=0.0)
    assert ended == Ended("done", 3)


def test_a_batch_size_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="batch size 0: wanted at least 1"):
        _converse(tmp_path, Scripted(Provider()), 3, size=0)
