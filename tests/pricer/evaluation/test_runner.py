from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.tariff import given
from pricer.errors import PricerError
from pricer.evaluation.budget import Budget
from pricer.evaluation.run import load_run, writing
from pricer.evaluation.runner import Conversation, Ended, Limits, predict_all
from pricer.predictors.protocol import Busy, Guess, Refused, Rejected, Usage
from pricer.predictors.scripted import Event, Scripted, ScriptedAsker
from pricer.products.items import Listing
from tests.pricer.evaluation.toys import guess, items, plan

# Ten dollars a million tokens in, a hundred out: the worst case of the scripted asker, 100 in and 10 out, is 0.001 + 0.001.
TARIFF = given(Decimal(10), Decimal(100))
WORST = Decimal("0.002")
FAST = Limits(concurrency=4, backoff_s=0.0)


def _script(count: int, **special: Sequence[Event]) -> dict[str, Sequence[Event]]:
    return {f"i{number}": special.get(f"i{number}", [guess(float(number + 1))]) for number in range(count)}


def _converse(
    folder: Path, asker: Any, count: int, cap: str | None = None, limits: Limits = FAST, **other: Any
) -> Ended:
    with writing(folder, plan(), items(count)) as writer:
        budget = Budget(None if cap is None else Decimal(cap))
        return Conversation(asker, writer, limits, budget, TARIFF, **other).run()


def test_every_item_is_asked_once_and_kept(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(10))
    assert _converse(tmp_path, asker, 10) == Ended("done", 10)
    assert [one.guess.value for one in load_run(tmp_path).outcomes] == [number + 1.0 for number in range(10)]
    assert asker.closed == 1


def test_never_more_calls_are_in_flight_than_allowed(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(40), turns=5)
    _converse(tmp_path, asker, 40, limits=Limits(concurrency=7))
    assert asker.most_in_flight == 7


@pytest.mark.parametrize(
    "trouble",
    [Busy("500"), Busy("429", slow_down=True, after_s=0.0), Busy("time-out", billed=True), Busy("broken reply")],
    ids=str,
)
def test_what_may_pass_is_tried_again(tmp_path: Path, trouble: Busy) -> None:
    events: list[Event] = [trouble, trouble, guess(7)]
    asker = ScriptedAsker("toy", _script(3, i1=events))
    _converse(tmp_path, asker, 3)
    kept = load_run(tmp_path).lines.answers["i1"]
    assert (kept.guess.value, kept.attempts) == (7, 3)


def test_attempts_are_bounded_and_what_nobody_answered_is_a_failure(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(3, i1=[Busy("503")]))
    _converse(tmp_path, asker, 3, limits=Limits(concurrency=1, attempts=3, backoff_s=0.0))
    kept = load_run(tmp_path).lines.answers["i1"]
    assert kept.guess.failure == "no answer: 3 attempts, the last: 503"
    assert asker.calls["i1"] == 3


def test_what_nobody_answered_is_asked_again_only_when_told_to(tmp_path: Path) -> None:
    events: list[Event] = [Busy("503"), Busy("503"), guess(9)]
    asker = ScriptedAsker("toy", _script(2, i1=events))
    limits = Limits(concurrency=1, attempts=2, backoff_s=0.0)
    _converse(tmp_path, asker, 2, limits=limits)
    assert _converse(tmp_path, asker, 2, limits=limits) == Ended("done", 0)
    assert _converse(tmp_path, asker, 2, limits=limits, again=True) == Ended("done", 1)
    assert load_run(tmp_path).lines.answers["i1"].guess.value == 9


def test_a_rejected_listing_is_a_failure_and_the_run_goes_on(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(3, i1=[Rejected("too long")]))
    assert _converse(tmp_path, asker, 3).why == "done"
    assert load_run(tmp_path).lines.answers["i1"].guess.failure == "rejected: too long"


def test_a_wrong_key_stops_the_run_at_once(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", {f"i{number}": [Refused("no key")] for number in range(50)})
    with pytest.raises(Refused, match="no key"):
        _converse(tmp_path, asker, 50)
    assert sum(asker.calls.values()) <= 4  # those in flight
    assert asker.closed == 1


def test_a_provider_that_is_down_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(1) | {f"i{number}": [Busy("502")] for number in range(1, 100)})
    with pytest.raises(PricerError, match=r"the last 20 items went unanswered.*502"):
        _converse(tmp_path, asker, 100, limits=Limits(concurrency=1, attempts=1, backoff_s=0.0))
    assert load_run(tmp_path).lines.answers["i0"].guess.value == 1


def test_a_finished_run_is_not_asked_again(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(5))
    _converse(tmp_path, asker, 5)
    assert _converse(tmp_path, asker, 5) == Ended("done", 0)


def test_the_cap_leaves_room_for_the_worst_case_of_each_call(tmp_path: Path) -> None:
    # Each answer costs 50 x 10 / 1e6 + 5 x 100 / 1e6 = 0.001, half of its worst case.
    asker = ScriptedAsker("toy", _script(100), turns=3)
    ended = _converse(tmp_path, asker, 100, cap="0.0105", limits=Limits(concurrency=50))
    # Nine answers leave 0.0015, less than the worst case of a tenth.
    assert ended.why == "budget"
    assert load_run(tmp_path).cost_usd == 9 * Decimal("0.001")


def test_a_cap_below_one_call_makes_none(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(3))
    assert _converse(tmp_path, asker, 3, cap=str(WORST - Decimal("0.0001"))) == Ended("budget", 0)


def test_a_call_that_may_have_been_billed_in_vain_counts_at_its_worst(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(1, i0=[Busy("time-out", billed=True), guess(1)]))
    with writing(tmp_path, plan(), items(1)) as writer:
        budget = Budget(Decimal(1))
        Conversation(asker, writer, FAST, budget, TARIFF).run()
    assert budget.spent == WORST + Decimal("0.001")


def test_a_resumed_run_counts_what_was_in_flight_when_it_was_killed(tmp_path: Path) -> None:
    with writing(tmp_path, plan(), items(2)) as writer:
        writer.asked("i0")  # and then the process was killed
    asker = ScriptedAsker("toy", _script(2))
    with writing(tmp_path, plan(), items(2)) as writer:
        budget = Budget(Decimal(1))
        Conversation(asker, writer, FAST, budget, TARIFF).run()
    assert budget.spent == WORST + 2 * Decimal("0.001")


def test_raising_the_cap_goes_on_where_the_budget_stopped(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", _script(10))
    _converse(tmp_path, asker, 10, cap="0.005", limits=Limits(concurrency=1))
    asked = sum(asker.calls.values())
    assert asked == 4
    assert _converse(tmp_path, asker, 10, cap="1") == Ended("done", 10 - asked)


def test_an_answer_without_token_counts_has_an_unknown_cost(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", {"i0": [Guess(3.0)]})
    _converse(tmp_path, asker, 1, cap="1")
    assert load_run(tmp_path).cost_usd is None


def test_a_model_that_nobody_charges_for_costs_nothing(tmp_path: Path) -> None:
    asker = ScriptedAsker("toy", {"i0": [Guess(3.0, usage=Usage(1, 1))]})
    with writing(tmp_path, plan(), items(1)) as writer:
        Conversation(asker, writer, FAST, Budget(None), None, free=True).run()
    assert load_run(tmp_path).cost_usd == 0


class Interrupting:
    """An asker whose n-th call interrupts the process, as Ctrl-C does, before it answers."""

    name = "interrupting"

    def __init__(self, at: int) -> None:
        self.at, self.begun, self.ended = at, 0, 0

    def worst_case(self, listing: Listing) -> Usage:
        return Usage(100, 10)

    async def ask(self, listing: Listing) -> Guess:
        import asyncio

        self.begun += 1
        if self.begun == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        for _ in range(5):
            await asyncio.sleep(0)
        self.ended += 1
        return guess(1.0)

    async def close(self) -> None:
        return


def test_an_interrupt_keeps_what_is_in_flight_and_asks_no_more(tmp_path: Path) -> None:
    asker = Interrupting(at=10)
    assert _converse(tmp_path, asker, 100).why == "stopped"
    kept = load_run(tmp_path).lines
    assert asker.begun == asker.ended == len(kept.answers) < 100
    assert kept.vain == {}


def test_an_interrupted_run_goes_on_without_asking_twice(tmp_path: Path) -> None:
    first, second = Interrupting(at=10), Interrupting(at=0)
    _converse(tmp_path, first, 60)
    _converse(tmp_path, second, 60)
    assert first.begun + second.begun == 60
    assert load_run(tmp_path).complete


def test_an_offline_predictor_is_kept_like_any_other(tmp_path: Path) -> None:
    answers = {f"i{number}": Guess(float(number)) for number in range(300)}
    with writing(tmp_path, plan(), items(300)) as writer:
        assert predict_all(Scripted("toy", answers), writer) == Ended("done")
    run = load_run(tmp_path)
    assert [one.guess.value for one in run.outcomes] == [float(number) for number in range(300)]
    assert run.cost_usd == 0
    assert not run.lines.vain
