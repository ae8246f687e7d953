"""Budgets of tokens: calls and dollars a day, remembered, and given back where nothing began."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from server.app import ENTRIES
from server.entry import ASKS_OTHERS
from server.http.budget import SPENDERS, cap_of, nothing_began
from server.http.ledger import Ledger, Spent
from server.http.rate import Buckets
from server.http.settings import Budget, Settings
from server.http.tokens import add_token
from tests.conftest import TODAY
from tests.server.http.service import COMPARE, bearer, called, opened, running

TOMORROW = TODAY + dt.timedelta(days=1)
ASK = {"dataset": "pans", "model": "openai/gpt-5.1"}


def test_every_tool_that_may_spend_has_its_cap_read() -> None:
    assert {entry.fn.__name__ for entry in ENTRIES if entry.hints is ASKS_OTHERS} == set(SPENDERS)


@pytest.mark.parametrize(
    ("tool", "arguments", "cap"),
    [
        ("run_frontier_price", ASK, "1"),  # the tool's own cap where none is named
        ("run_frontier_price", ASK | {"max_cost_usd": 0.25}, "0.25"),
        ("run_frontier_price", ASK | {"max_cost_usd": "$2"}, "2"),
        ("run_frontier_price", ASK | {"confirm": False}, None),
        ("run_frontier_price", ASK | {"max_cost_usd": "much"}, None),
        ("run_frontier_price", {"model": "local/smollm2-135m"}, None),
        ("start_fine_tune", {"dataset": "pans", "max_cost_usd": 5}, None),
        ("start_fine_tune", {"dataset": "pans", "method": "together", "max_cost_usd": 5}, "5"),
        ("start_fine_tune", {"dataset": "pans", "method": "together"}, None),
        ("compare_models", {}, None),
    ],
)
def test_the_most_that_a_call_may_spend(tool: str, arguments: dict[str, Any], cap: str | None) -> None:
    assert cap_of({"name": tool, "arguments": arguments}) == (None if cap is None else Decimal(cap))


@pytest.mark.parametrize(
    ("result", "nothing"),
    [
        ({"structuredContent": {"state": "estimate"}}, True),
        ({"structuredContent": {"state": "plan"}}, True),
        ({"structuredContent": {"state": "running"}}, False),
        ({"structuredContent": {"state": "budget"}}, False),
        ({"resultType": "input_required"}, True),
        ({"isError": True, "content": [{"type": "text", "text": "no data set 'pans'"}]}, True),
        ({"isError": True, "content": [{"type": "text", "text": "it broke (job frontier-0123abcd)"}]}, False),
        (
            {"isError": True, "content": [{"type": "text", "text": "no answer; assay tune watch openai-1a2b3c4d"}]},
            False,
        ),
        (None, False),
    ],
)
def test_whether_an_answer_says_that_nothing_began(result: Any, nothing: bool) -> None:
    assert nothing_began(result) is nothing


def test_calls_are_counted_by_caller_and_day(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "b.sqlite")
    ledger.count("a", 1, TODAY)
    ledger.count("b", 1, TODAY)
    ledger.count("a", 1, TOMORROW)
    with pytest.raises(Spent, match="may make 1 calls a day"):
        ledger.count("a", 1, TODAY)


def test_caps_add_up_to_the_day_s_dollars_and_no_further(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "b.sqlite")
    ledger.reserve("a", "run-1", Decimal("0.60"), Decimal(1), TODAY)
    with pytest.raises(Spent, match=r"\$0\.40 of that is left .* max_cost_usd of at most 0\.40"):
        ledger.reserve("a", "run-2", Decimal("0.50"), Decimal(1), TODAY)


def test_the_same_run_adds_only_what_its_cap_is_raised_by(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "b.sqlite")
    caps = ("0.60", "0.60", "0.90", "0.20")
    for cap in caps:
        ledger.reserve("a", "run-1", Decimal(cap), Decimal(1), TODAY)
    with pytest.raises(Spent, match=r"\$0\.10 of that is left"):
        ledger.reserve("a", "run-2", Decimal("0.11"), Decimal(1), TODAY)


def test_what_was_given_back_can_be_used_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "b.sqlite")
    ledger.release(ledger.reserve("a", "run-1", Decimal(1), Decimal(1), TODAY))
    ledger.reserve("a", "run-2", Decimal(1), Decimal(1), TODAY)


def test_call_that_is_declined_does_not_free_what_another_of_the_same_run_has_begun(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "b.sqlite")
    waiting = ledger.reserve("a", "run-1", Decimal(1), Decimal(1), TODAY)
    ledger.reserve("a", "run-1", Decimal(1), Decimal(1), TODAY)  # this one starts
    ledger.release(waiting)
    with pytest.raises(Spent):
        ledger.reserve("a", "run-2", Decimal("0.01"), Decimal(1), TODAY)


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    before = Ledger(tmp_path / "b.sqlite")
    before.count("a", 1, TODAY)
    before.reserve("a", "run-1", Decimal(1), Decimal(1), TODAY)
    before.close()
    after = Ledger(tmp_path / "b.sqlite")
    with pytest.raises(Spent):
        after.count("a", 1, TODAY)
    with pytest.raises(Spent):
        after.reserve("a", "run-2", Decimal("0.01"), Decimal(1), TODAY)


def test_two_servers_cannot_both_take_the_last_of_it(tmp_path: Path) -> None:
    ledgers, refused = [Ledger(tmp_path / "b.sqlite") for _ in range(4)], []

    def take(ledger: Ledger) -> None:
        for _ in range(10):
            try:
                ledger.count("a", 25, TODAY)
            except Spent:
                refused.append(1)

    threads = [threading.Thread(target=take, args=(one,)) for one in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4 * 10 - 25


def test_a_bucket_fills_again_with_time() -> None:
    now_s = [0.0]
    buckets = Buckets(per_minute=60, burst=2, clock=lambda: now_s[0])
    assert [buckets.wait_s("a") for _ in range(3)] == [0, 0, 1.0]
    now_s[0] = 0.5
    assert buckets.wait_s("a") == 0.5
    now_s[0] = 1.0
    assert buckets.wait_s("a") == 0


def test_a_call_over_the_budget_is_a_tool_error_that_says_so(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    shown = bearer(add_token(file, "laptop", Budget(calls=2)))
    with running(Settings(port=0, tokens=file)) as service:
        session = opened(service.url, **shown)
        results = [called(service.url, session, COMPARE, **shown).message["result"] for _ in range(3)]
    with running(Settings(port=0, tokens=file)) as service:
        after = called(service.url, opened(service.url, **shown), COMPARE, **shown).message["result"]
    assert [bool(one.get("isError")) for one in (*results, after)] == [False, False, True, True]
    assert "This token may make 2 calls a day" in after["content"][0]["text"]


def test_a_cap_over_the_budget_is_a_tool_error_and_an_estimate_is_not(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    shown = bearer(add_token(file, "laptop", Budget(usd=Decimal("0.50"))))
    with running(Settings(port=0, tokens=file)) as service:
        session = opened(service.url, **shown)
        asks: list[dict[str, Any]] = [{}, {"confirm": False}, {"max_cost_usd": 0.5}, {"max_cost_usd": 0.5, "limit": 7}]
        texts = [
            called(service.url, session, {"name": "run_frontier_price", "arguments": ASK | one}, **shown).message["result"]["content"][0]["text"]
            for one in asks
        ]  # fmt: skip
    assert "$0.50 a day in all, and $0.50 of that is left" in texts[0]
    assert ["'pans'" in text and "a day" not in text for text in texts[1:]] == [
        True
    ] * 3  # the tool itself: no such data set
