"""What can be asked for, and how a wrong question is answered: the field, what it held, what would do."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from catalog.errors import BadRequirements
from catalog.requirements import Requirements, Workload, requirements


def refused(**values: Any) -> str:
    with pytest.raises(BadRequirements) as caught:
        requirements(**values)
    return str(caught.value)


# --- names


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("open_weight", "open_weights"),
        ("tool_callling", "tool_calling"),
        ("min_context", "min_context_tokens"),
        ("max_monthly_used", "max_monthly_usd"),
        ("provider_allow", "providers_allow"),
    ],
)
def test_an_unknown_field_suggests_the_nearest(wrong: str, nearest: str) -> None:
    text = refused(**{wrong: True})
    assert text.startswith(f"{wrong} is no requirement; did you mean ")
    assert nearest in text


def test_an_unknown_part_of_the_workload_suggests_the_nearest() -> None:
    assert "workload.input_tokens" in refused(workload={"input_token": 100})


def test_an_unknown_wish_suggests_the_nearest() -> None:
    assert "wishes.quality" in refused(wishes={"qualty": 1})


def test_a_name_that_resembles_nothing_suggests_nothing() -> None:
    assert refused(zzzz=1) == "zzzz is no requirement"


def test_every_wrong_field_is_named_at_once() -> None:
    text = refused(min_rating=-1, memory_gb=0, open_weight=True)
    assert all(name in text for name in ("min_rating", "memory_gb", "open_weight"))


# --- numbers

NUMBERS = (
    "monthly_active_users", "annual_revenue_usd", "min_context_tokens", "min_output_tokens", "min_parameters_b",
    "max_parameters_b", "memory_gb", "max_input_usd_per_mtok", "max_output_usd_per_mtok", "max_monthly_usd", "min_rating",
    "workload.requests_per_month", "workload.system_tokens", "workload.history_tokens", "workload.example_tokens",
    "workload.input_tokens", "workload.output_tokens", "workload.reasoning_tokens", "workload.cached_share",
    "workload.peak_share", "wishes.quality", "wishes.cost", "wishes.speed", "wishes.recency", "wishes.context",
)  # fmt: skip
ABSURD = (-1, float("nan"), float("inf"), float("-inf"), 10**15, "many", "", [1], {"a": 1})


def holding(field: str, value: Any) -> dict[str, Any]:
    """`workload.input_tokens` as the nested values that set it."""
    outer, _, inner = field.partition(".")
    return {outer: {inner: value}} if inner else {outer: value}


@pytest.mark.parametrize("value", ABSURD, ids=repr)
@pytest.mark.parametrize("field", NUMBERS)
def test_an_absurd_number_is_refused_naming_its_field(field: str, value: Any) -> None:
    assert field in refused(**holding(field, value))


@pytest.mark.parametrize("field", NUMBERS)
def test_a_refusal_shows_what_was_found(field: str) -> None:
    assert "-17" in refused(**holding(field, -17))


@pytest.mark.parametrize("field", ["max_parameters_b", "memory_gb"])
def test_a_size_of_zero_is_refused(field: str) -> None:
    assert field in refused(**{field: 0})


@pytest.mark.parametrize("share", ["workload.cached_share", "workload.peak_share"])
def test_a_share_above_one_is_refused(share: str) -> None:
    assert share in refused(**holding(share, 1.01))


@pytest.mark.parametrize("bits", [0, 3, 5, 32])
def test_a_quantisation_that_nobody_uses_is_refused(bits: int) -> None:
    assert "quantization_bits" in refused(quantization_bits=bits)


def test_a_fraction_of_a_token_is_refused() -> None:
    assert "min_context_tokens" in refused(min_context_tokens=0.5)


def test_a_long_wrong_value_is_shown_shortened() -> None:
    assert len(refused(min_rating="x" * 10_000)) < 400


# --- other values


@pytest.mark.parametrize("board", ["overal", "", "Overall"])
def test_an_unknown_board_is_refused(board: str) -> None:
    assert "board" in refused(board=board)


def test_an_unknown_modality_is_refused() -> None:
    assert "modalities_in" in refused(modalities_in=("smell",))


@pytest.mark.parametrize("day", ["2025-13", "2025-02-30", "soon", "25-01-01"])
def test_what_is_no_date_is_refused(day: str) -> None:
    assert "released_from" in refused(released_from=day)


def test_a_month_means_its_first_day() -> None:
    assert requirements(knowledge_cutoff_from="2025-06").knowledge_cutoff_from == dt.date(2025, 6, 1)


def test_money_is_exact() -> None:
    assert requirements(max_monthly_usd="0.1").max_monthly_usd == Decimal("0.1")


# --- contradictions

CONTRADICTIONS: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"own_hardware": True, "open_weights": False}, "own_hardware", "open_weights"),
    ({"derivatives": True, "open_weights": False}, "derivatives", "open_weights"),
    ({"own_hardware": True, "providers_allow": ("openai",)}, "own_hardware", "providers_allow"),
    ({"reasoning": False, "workload": {"reasoning_tokens": 1}}, "reasoning=false", "reasoning_tokens"),
    ({"min_parameters_b": 70, "max_parameters_b": 8}, "min_parameters_b", "max_parameters_b"),
    ({"makers_allow": ("meta",), "makers_deny": ("meta", "xai")}, "makers_allow", "makers_deny"),
    ({"providers_allow": ("azure",), "providers_deny": ("azure",)}, "providers_allow", "providers_deny"),
    ({"regions_allow": ("eu", "us"), "regions_deny": ("us", "eu")}, "regions_allow", "regions_deny"),
)


@pytest.mark.parametrize(("values", "first", "second"), CONTRADICTIONS)
def test_a_contradiction_is_refused_naming_both_sides(values: dict[str, Any], first: str, second: str) -> None:
    text = refused(**values)
    assert first in text
    assert second in text


@pytest.mark.parametrize(("values", "first", "second"), CONTRADICTIONS)
def test_either_side_of_a_contradiction_can_be_asked_alone(values: dict[str, Any], first: str, second: str) -> None:
    for field, value in values.items():
        requirements(**{field: value})


@pytest.mark.parametrize(
    "values",
    [
        {"min_parameters_b": 8, "max_parameters_b": 8},
        {"makers_allow": ("meta", "xai"), "makers_deny": ("meta",)},
        {"reasoning": True, "workload": {"reasoning_tokens": 100}},
        {"reasoning": False, "workload": {"reasoning_tokens": 0}},
        {"own_hardware": False, "open_weights": False},
    ],
)
def test_what_only_looks_like_a_contradiction_is_accepted(values: dict[str, Any]) -> None:
    requirements(**values)


def test_makers_denied_under_another_spelling_contradict_too() -> None:
    text = refused(makers_allow=("Qwen",), makers_deny=("alibaba",))
    assert "makers_allow" in text
    assert "makers_deny" in text


# --- the workload


def test_the_prompt_is_everything_that_is_sent() -> None:
    workload = Workload(system_tokens=1, history_tokens=20, example_tokens=300, input_tokens=4_000)
    assert workload.prompt_tokens == 1 + 20 + 300 + 4_000


def test_what_is_generated_is_the_answer_and_the_reasoning() -> None:
    assert Workload(output_tokens=300, reasoning_tokens=2_000).generated_tokens == 300 + 2_000


def test_nothing_asked_asks_nothing() -> None:
    assert requirements() == Requirements()


def test_requirements_survive_being_written_and_read() -> None:
    asked = requirements(
        open_weights=True, max_monthly_usd="12.34", released_from="2025-01", modalities_in=("text", "image"),
        workload={"requests_per_month": 10, "cached_share": 0.3}, wishes={"cost": 9},
    )  # fmt: skip
    assert Requirements.model_validate_json(asked.model_dump_json()) == asked


def test_requirements_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        requirements().open_weights = True  # type: ignore[misc]
