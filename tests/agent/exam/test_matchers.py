"""Conditions on arguments."""

from __future__ import annotations

from typing import Any

import pytest

from agent.exam.matchers import Matcher


@pytest.mark.parametrize(
    ("how", "wanted", "found"),
    [
        ("equals", 200, "200"),
        ("equals", 200, 200.0),
        ("equals", "Garden", "garden"),
        ("equals", True, True),
        ("near", 0.15, 0.1501),
        ("between", [128000, 131072], 131072),
        ("contains", ["models", "phi-4"], "SELECT * FROM models WHERE id LIKE '%phi-4'"),
        ("contains_any", ["ケトル", "kettle"], "電気ｹﾄﾙ"),
        ("includes", ["cn"], ["RU", "CN"]),
        ("models", ["anthropic/claude-opus-4-5", "openai/gpt-5.2"], ["GPT-5.2", "Claude Opus 4.5", "x/y"]),
        ("models", ["openai/gpt-5.1"], "gpt-5.1"),
        ("one_of", ["a", 2], 2),
        ("given", True, 0),
    ],
)
def test_a_value_that_meets_its_condition_is_accepted(how: str, wanted: Any, found: Any) -> None:
    assert Matcher("a.b", how, wanted).holds({"a": {"b": found}})


@pytest.mark.parametrize(
    ("how", "wanted", "found"),
    [
        ("equals", True, 1),
        ("equals", 1, True),
        ("equals", 200, "about 200"),
        ("near", 100, 102),
        ("between", [128000, 131072], 127999),
        ("contains", ["models", "phi-4"], "SELECT * FROM models"),
        ("contains", "x", 3),
        ("includes", ["cn", "ru"], ["cn"]),
        ("includes", ["cn"], "cn"),
        ("models", ["openai/gpt-5.1"], ["openai/gpt-5.2"]),
        ("models", ["openai/gpt-5"], ["openai/gpt-5-mini"]),
        ("one_of", ["a", 2], 3),
        ("given", True, None),
    ],
)
def test_a_value_that_does_not_meet_its_condition_is_refused(how: str, wanted: Any, found: Any) -> None:
    assert not Matcher("a.b", how, wanted).holds({"a": {"b": found}})


def test_an_absent_argument_meets_no_condition() -> None:
    assert not Matcher("a.b", "given", True).holds({"a": "text"})
