from __future__ import annotations

from decimal import Decimal

import pytest

from agent.conversation.bounds import LimitReached, Spending, needs_word
from agent.conversation.limits import Limits
from catalog.tariff import given
from pricer.errors import BadInput

READS = {"server": "llm-assay", "tool": "compare_models", "approval": False}
FRONTIER = {"server": "llm-assay", "tool": "run_frontier_price", "approval": False, "free_asks": True}


@pytest.mark.parametrize(
    ("told", "arguments", "asks"),
    [
        (READS, {}, False),
        ({**READS, "approval": True}, {}, True),
        (FRONTIER, {"model": "openai/gpt-5.1"}, False),  # the server asks, with the price
        (FRONTIER, {"model": "local/smollm2-135m"}, True),
        (FRONTIER, {"model": "ollama/llama3.2", "confirm": False}, False),
    ],
)
def test_user_is_asked_once_before_what_writes(
    told: dict[str, object], arguments: dict[str, object], asks: bool
) -> None:
    assert needs_word(told, arguments) is asks


def test_worst_case_of_a_call_is_reserved_before_it_is_made() -> None:
    spending = Spending(Limits(usd=Decimal("0.05")), given(Decimal(1), Decimal(10)))
    spending.before_model(2_000)  # 1,000 tokens in and 4,096 out: 0.001 + 0.04096
    with pytest.raises(LimitReached, match="may pass"):
        spending.before_model(40_000)  # 0.02 + 0.04096


def test_resumed_call_counts_once() -> None:
    spending = Spending(Limits(tool_calls=1))
    spending.before_tool("a")
    spending.before_tool("a")
    with pytest.raises(LimitReached):
        spending.before_tool("b")


def test_question_begins_with_its_own_turns() -> None:
    spending = Spending(Limits(turns=1))
    spending.before_model(10)
    spending.begin()
    spending.before_model(10)
    assert spending.turns == 1


@pytest.mark.parametrize("bad", [{"turns": 0}, {"tokens": 0}, {"usd": Decimal(-1)}, {"tool_calls": -1}])
def test_limits_that_allow_nothing_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(BadInput, match="wanted at least"):
        Limits(**bad)  # type: ignore[arg-type]
