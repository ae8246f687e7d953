"""Which address a model is asked at, by which protocol and with which key."""

from __future__ import annotations

import pytest

from pricer.errors import BadInput
from pricer.predictors.chat.providers import APIS, NO_KEY, connection, providers

KEYS = {
    "OPENAI_API_KEY": "sk-one",
    "ANTHROPIC_API_KEY": "sk-two",
    "OPENROUTER_API_KEY": "sk-three",
    "GOOGLE_API_KEY": "g",
}


def test_every_row_of_the_table_speaks_a_known_protocol() -> None:
    assert {row.api for row in providers().values()} <= set(APIS)


@pytest.mark.parametrize(
    ("model", "api", "address", "key"),
    [
        ("openai/gpt-5-nano", "openai-responses", "https://api.openai.com/v1", "sk-one"),
        ("anthropic/claude-haiku-4-5", "anthropic", "https://api.anthropic.com", "sk-two"),
        ("openrouter/meta/llama", "openai-chat", "https://openrouter.ai/api/v1", "sk-three"),
        ("gemini/gemini-3-flash", "openai-chat", "https://generativelanguage.googleapis.com/v1beta/openai", "g"),
        ("ollama/qwen3", "openai-chat", "http://127.0.0.1:11434/v1", NO_KEY),
    ],
)
def test_a_model_is_asked_where_its_provider_answers(model: str, api: str, address: str, key: str) -> None:
    way = connection(model, environment=KEYS)
    assert (way.api, way.base_url, way.key) == (api, address, key)
    assert way.model == model.partition("/")[2]


def test_the_openai_base_url_is_honoured_and_asked_by_chat_completions() -> None:
    way = connection("openai/x", environment={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1/"})
    assert (way.base_url, way.api, way.key, way.own_machine) == ("http://127.0.0.1:9/v1", "openai-chat", NO_KEY, True)


def test_openais_own_address_in_the_variable_changes_nothing() -> None:
    way = connection("openai/x", environment=KEYS | {"OPENAI_BASE_URL": "https://api.openai.com/v1"})
    assert way.api == "openai-responses"


def test_the_anthropic_base_url_is_honoured_with_or_without_its_version() -> None:
    way = connection("anthropic/x", environment={"ANTHROPIC_BASE_URL": "http://localhost:9/v1"})
    assert (way.base_url, way.api, way.own_machine) == ("http://localhost:9", "anthropic", True)


def test_an_address_given_comes_before_the_variable() -> None:
    way = connection(
        "openai/x", base_url="http://127.0.0.1:1/v1", environment={"OPENAI_BASE_URL": "http://127.0.0.1:2/v1"}
    )
    assert way.base_url == "http://127.0.0.1:1/v1"


def test_another_protocol_may_be_asked_for() -> None:
    assert connection("openai/x", api="openai-chat", environment=KEYS).api == "openai-chat"


def test_any_compatible_server_is_asked_without_a_key_of_another_provider() -> None:
    way = connection("compatible/mine", base_url="https://models.example.org/v1", environment=KEYS)
    assert (way.key, way.key_env, way.own_machine) == (NO_KEY, "COMPATIBLE_API_KEY", False)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("openai/x", {}, "OPENAI_API_KEY"),
        ("gemini/x", {}, "GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("gpt-5", {}, "provider/name"),
        ("nobody/x", {}, "Providers: anthropic"),
        ("openai/", {}, "provider/name"),
        ("compatible/x", {}, "--base-url"),
        ("compatible/x", {"base_url": "localhost:8000"}, "http://"),
        ("compatible/x", {"base_url": "http://a:b@c/v1"}, "key into the environment"),
        ("ollama/x", {"api": "grpc"}, "openai-chat"),
    ],
)
def test_what_is_missing_is_named(model: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words.replace("/", ".")):
        connection(model, **options, environment={})


def test_an_empty_key_is_no_key() -> None:
    with pytest.raises(BadInput, match="OPENAI_API_KEY"):
        connection("openai/x", environment={"OPENAI_API_KEY": " "})


def test_the_key_is_not_shown() -> None:
    assert "sk-one" not in repr(connection("openai/x", environment=KEYS))
