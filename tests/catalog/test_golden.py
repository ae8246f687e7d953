"""Facts of well-known models, checked by hand against their makers' pages: what the joins must not lose."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog import snapshot
from catalog.lookup import find
from catalog.status import live_offerings

TODAY = dt.date(2026, 11, 21)
SHIPPED = snapshot.load(snapshot.EMBEDDED)


@pytest.mark.parametrize(
    ("name", "open_weights", "license_tag", "context_tokens", "parameters_b"),
    [
        ("meta/llama-3.3-70b-instruct", True, "llama3.3", 128_000, 70.554),
        ("meta/llama-3.1-405b-instruct", True, "llama3.1", 128_000, 405.853),
        ("llama-4-scout", True, "llama4", 10_000_000, 108.642),
        ("alibaba/qwen3-32b", True, "apache-2.0", 131_072, 32.762),
        ("openai/gpt-oss-120b", True, "apache-2.0", 131_072, 116.829),
        ("google/gemma-3-27b-it", True, "gemma", 131_072, 27.432),
        ("microsoft/phi-4", True, "mit", 16_384, 14.66),
        ("mistral/mistral-large-2411", True, "mrl", 128_000, 123.0),
        ("mistral-large-3", True, "apache-2.0", 262_144, 675.0),
        ("openai/gpt-4o", False, None, 128_000, None),
        ("openai/gpt-5.1", False, None, 400_000, None),
        ("anthropic/claude-sonnet-4-5", False, None, 200_000, None),
        ("google/gemini-2.5-pro", False, None, 1_048_576, None),
    ],
)
def test_a_known_model_has_its_facts(
    name: str, open_weights: bool, license_tag: str | None, context_tokens: int, parameters_b: float | None
) -> None:
    model = find(SHIPPED, name).model
    assert model.open_weights.value is open_weights
    assert model.license.value == license_tag
    assert model.context_tokens.value == context_tokens
    assert model.parameters_b.value == parameters_b


@pytest.mark.parametrize(
    ("name", "arena_name"),
    [
        ("mistral/mistral-large-2411", "Mistral Large (2411)"),
        ("mistral-large-3", "Mistral Large 3"),
        ("mistral-medium-3.5", "Mistral Medium 3.5"),
        ("deepseek-r1-0528", "DeepSeek-R1 (0528)"),
        ("gpt-4o-2024-05-13", "GPT-4o (2024-05-13)"),
        ("gemma-4-31b", "Gemma 4 31B"),
    ],
)
def test_a_rating_stands_on_the_release_that_the_board_names(name: str, arena_name: str) -> None:
    ratings = [rating for rating in find(SHIPPED, name).model.ratings if rating.board == "overall"]
    assert [rating.arena_name for rating in ratings] == [arena_name]


@pytest.mark.parametrize(
    ("name", "prices"),
    [
        ("gpt-4o", ("2.5", "10")),
        ("claude-sonnet-4-5", ("3", "15")),
        ("gemini-2.5-pro", ("1.25", "10")),
        ("gpt-5.1", ("1.25", "10")),
    ],
)
def test_a_maker_sells_its_model_at_its_list_price(name: str, prices: tuple[str, str]) -> None:
    live = live_offerings(find(SHIPPED, name).model, TODAY)
    own = [offering.prices.standard for offering in live if offering.first_party and offering.prices]
    assert {(str(rates.input), str(rates.output)) for rates in own} == {prices}


def test_no_two_models_are_one_repository() -> None:
    repos = [(model.maker, model.repo.value) for model in SHIPPED.models if model.repo.value]
    assert len(repos) == len(set(repos))
