"""Grounding: what an answer may say is what the tools or the user said, to the digits shown, in both languages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.conversation.evidence import OURS, Step
from agent.conversation.grounding import ungrounded
from tests.agent.conversation.record_steps import recorded

DOCUMENT: dict[str, Any] = {
    "model": "zhipuai/glm-5.3-flash", "also": "qwen3-30b-a3b", "run": "ridge-tickets-0276579b", "monthly_cost_usd": "141.87",
    "context_tokens": 131072,
    "parameters_b": 31.273, "training_tokens_t": 36.0, "as_of": "2026-10-26", "released": "2025-04", "mae": 3.104, "mae_ci95": [2.7, 3.6],
    "share": 0.33333, "requests": 300_000, "failures": 13, "difference": -0.26321, "cost_per_1k_usd": "0.004", "retired": True,
    "note": "median $1,650.00 a month; costs 8 times the cheapest; see https://example.com/prices", "pages": 120_000_000,
}  # fmt: skip
STEPS = [
    Step(1, OURS, "recommend_models", {"max_monthly_usd": 400}, DOCUMENT),
    Step(2, OURS, "search_products", {}, {"text": "no store named 'x' among 17"}, is_error=True),
]
SAID = ["I have 900 tickets and a budget of 50万円, since 2019"]

CASES = tomllib.loads(Path(__file__).with_name("grounding.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("answer", CASES["holds"])
def test_what_was_said_may_be_said(answer: str) -> None:
    assert ungrounded(answer, STEPS, SAID) == ()


@pytest.mark.parametrize(("answer", "figure"), CASES["invented"])
def test_what_nobody_said_is_named_as_it_is_written(answer: str, figure: str) -> None:
    assert ungrounded(answer, STEPS, SAID) == (figure,)


def test_each_is_named_once_in_the_order_of_the_answer() -> None:
    assert ungrounded("$77, openai/gpt-9, then $77 and [8]", STEPS, SAID) == ("$77", "openai/gpt-9", "[8]")


def test_without_evidence_only_counting_is_let_through() -> None:
    assert ungrounded("2 of 3 models; the best costs $142", [], []) == ("$142",)


def test_true_is_no_number_and_a_run_name_holds_no_price() -> None:
    assert ungrounded("$0276579 or 276579", STEPS, SAID) == ("$0276579", "276579")


# --- on what the tools really say


def figures(told: Any) -> Iterator[float | str]:
    """Every number of a document that is worth quoting: three digits at least, so that another by chance is rare."""
    if isinstance(told, dict | list):
        for value in told.values() if isinstance(told, dict) else told:
            yield from figures(value)
    elif not isinstance(told, bool | None) and re.fullmatch(r"-?\d+(\.\d+)?", str(told)) and len(_digits(told)) >= 3:
        yield told


def _digits(told: float | str) -> str:
    return f"{Decimal(str(told)):f}".replace(".", "").strip("0-")


@pytest.mark.parametrize("step", recorded(), ids=lambda step: f"{step.number}-{step.tool}")
def test_every_figure_of_a_result_may_be_quoted(step: Step) -> None:
    quoted = [f"{Decimal(str(told)):,f}" for told in figures(step.result)]
    assert ungrounded("\n".join(f"it is {one} there" for one in quoted), [step], []) == ()


def test_a_figure_that_is_seven_percent_off_is_not_grounded() -> None:
    missed = total = 0
    for step in recorded():
        for told in figures(step.result):
            exact = Decimal(str(told))
            places = Decimal(1).scaleb(int(exact.as_tuple().exponent))
            changed = (exact * Decimal("1.07")).quantize(places)
            total += 1
            missed += not ungrounded(f"it is ${abs(changed):,f}", [step], [])
    assert total > 150
    assert missed <= total * 0.02  # another figure of the same result may be there by chance


def test_every_text_of_a_result_may_be_quoted_word_for_word() -> None:
    for step in recorded():
        said = "\n".join(_texts(step.result))
        assert ungrounded(said, [step], []) == ()


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, dict | list):
        for value in told.values() if isinstance(told, dict) else told:
            yield from _texts(value)
    elif isinstance(told, str):
        yield told
