"""Which spellings mean one model, on paths copied from the raw files, and which look alike but are two."""

from __future__ import annotations

import pytest

from catalog.identity import canonical_maker, identify, maker_of, tokens

# Paths as LiteLLM and models.dev write them after the provider's own prefix, by the model that they are.
SPELLINGS = {
    "anthropic/claude-haiku-4-5": (
        "claude-haiku-4-5",
        "claude-haiku-4.5",
        "claude-haiku-4-5-20251001",
        "claude-haiku-4-5@20251001",
        "anthropic/claude-haiku-4.5",
        "anthropic.claude-haiku-4-5",
        "anthropic.claude-haiku-4-5@20251001",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        "apac.anthropic.claude-haiku-4-5-20251001-v1:0",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "databricks-claude-haiku-4-5",
        "anthropic-claude-haiku-4.5",
        "claude-haiku-4-5-free",
    ),
    "anthropic/claude-3-haiku": (
        "claude-3-haiku-20240307",
        "anthropic.claude-3-haiku-20240307-v1:0:200k",
        "anthropic/claude-3-haiku",
        "claude-3-haiku@20240307",
    ),
    "openai/gpt-4-o-mini": (
        "gpt-4o-mini",
        "openai/gpt-4o-mini",
        "openai-gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
        "openai/gpt-4o-mini-2024-07-18",
    ),
    "openai/gpt-oss-120b": (
        "gpt-oss-120b",
        "openai/gpt-oss-120b",
        "openai.gpt-oss-120b",
        "openai.gpt-oss-120b-1:0",
        "us-gov.openai.gpt-oss-120b-1:0",
        "openai/gpt-oss-120b-maas",
        "openai/gpt-oss-120b:free",
        "accounts/fireworks/models/gpt-oss-120b",
        "FW-GPT-OSS-120B",
        "@cf/openai/gpt-oss-120b",
        "databricks-gpt-oss-120b",
        "openai-gpt-oss-120b",
        "hf:openai/gpt-oss-120b",
        "TEE/gpt-oss-120b",
        "cerebras/gpt-oss-120b-cs",
    ),
    "meta/llama-3-3-70b-instruct": (
        "meta-llama/Llama-3.3-70B-Instruct",
        "Meta-Llama-3.3-70B-Instruct",
        "meta/llama-3.3-70b-instruct-maas",
        "meta-llama/llama-3.3-70b-instruct:free",
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "accounts/fireworks/models/llama-v3p3-70b-instruct",
        "us.meta.llama3-3-70b-instruct-v1:0",
        "meta.llama3-3-70b-instruct-v1:0",
        "meta.llama-3.3-70b-instruct",
        "meta.llama-3.3-70b-instruct-fp8-dynamic",
        "databricks-meta-llama-3-3-70b-instruct",
        "meta-llama/llama-3-3-70b-instruct",
        "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
        "llama3.3-70b-instruct-fp8",
    ),
    "deepseek/deepseek-v-3-1": (
        "deepseek-ai/DeepSeek-V3.1",
        "deepseek-ai/DeepSeek-V3-1",
        "deepseek-ai/deepseek-v3.1-maas",
        "accounts/fireworks/models/deepseek-v3p1",
        "deepseek/deepseek-v3.1",
        "TEE/deepseek-v3.1",
    ),
    "moonshotai/kimi-k-2-5": (
        "moonshotai/Kimi-K2.5",
        "moonshotai.kimi-k2.5",
        "accounts/fireworks/models/kimi-k2p5",
        "FW-Kimi-K2.5",
        "moonshotai/Kimi-K2.5-fp4",
        "kimi/kimi-k2.5",
        "Pro/moonshotai/Kimi-K2.5",
    ),
    "zhipuai/glm-4-7": (
        "zai-org/GLM-4.7",
        "z-ai/glm-4.7",
        "zai.glm-4.7",
        "fireworks_ai/glm-4p7",
        "zai-org/glm-4.7-maas",
        "zai-org/GLM-4.7-FP8",
        "hf:zai-org/GLM-4.7",
        "glm-4.7-free",
        "zai-org/glm-4.7-original",
    ),
    "alibaba/qwen-3-235b-a-22b-instruct-2507": (
        "Qwen/Qwen3-235B-A22B-Instruct-2507",
        "qwen/qwen3-235b-a22b-instruct-2507-maas",
        "accounts/fireworks/models/qwen3-235b-a22b-instruct-2507",
        "qwen/Qwen3-235B-A22B-Instruct-2507-TEE",
    ),
    "google/gemini-2-5-pro": ("gemini-2.5-pro", "google/gemini-2.5-pro", "google.gemini-2.5-pro", "models/gemini-2.5-pro"),
}  # fmt: skip

# Names that look alike but are two models.
TWO_MODELS = (
    ("qwen3-14b", "qwen3.1-4b"),
    ("gpt-4.1", "gpt-41"),
    ("llama-3-8b", "llama-3.8b"),
    ("claude-opus-4-1", "claude-opus-4"),
    ("claude-opus-4-5", "claude-sonnet-4-5"),
    ("gpt-4o", "gpt-4o-mini"),
    ("gpt-5", "gpt-5.1"),
    ("o1", "o1-mini"),
    ("gemini-2.5-flash", "gemini-2.5-flash-lite"),
    ("deepseek-v3", "deepseek-v3.1"),
    ("deepseek-r1", "deepseek-r1-distill-qwen-32b"),
    ("qwen3-30b-a3b", "qwen3-30b"),
    ("qwen3-4b", "qwen3-4b-thinking"),
    ("qwen/qwen3-235b-a22b-instruct-2507", "qwen/qwen3-235b-a22b-thinking-2507"),
    ("llama-3.3-70b-instruct", "nvidia/llama-3.3-nemotron-70b-instruct"),
    ("mistral-small-2503", "mistral-small-2506"),
    ("openai/gpt-oss-20b", "openai/gpt-oss-120b"),
    ("glm-4.7", "glm-4.7-flash"),
)


@pytest.mark.parametrize(("path", "key"), [(path, key) for key, paths in SPELLINGS.items() for path in paths], ids=str)
def test_a_spelling_means_its_model(path: str, key: str) -> None:
    found = identify(path)
    assert found is not None
    assert found.undated == key


def test_the_table_of_spellings_is_a_large_one() -> None:
    assert sum(len(paths) for paths in SPELLINGS.values()) >= 2 * 40


@pytest.mark.parametrize(("one", "other"), TWO_MODELS)
def test_two_models_do_not_share_a_key(one: str, other: str) -> None:
    first, second = identify(one), identify(other)
    assert first is not None
    assert second is not None
    assert first.undated != second.undated


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("Qwen2.5-VL_7B", "qwen-2-5-vl-7b"),
        ("Claude Opus 4.5", "claude-opus-4-5"),
        ("gpt-41", "gpt-41"),
        ("GPT-4.1", "gpt-4-1"),
    ],
)
def test_tokens_are_runs_of_letters_and_of_digits(name: str, runs: str) -> None:
    assert tokens(name) == runs


@pytest.mark.parametrize(
    ("path", "slug"),
    [("claude-haiku-4-5-20251001", True), ("gpt-4o-2024-08-06", True), ("claude-haiku-4-5", False), ("qwen3-2507", False)],
)  # fmt: skip
def test_a_name_is_dated_when_it_ends_in_a_calendar_date(path: str, slug: bool) -> None:
    found = identify(path)
    assert found is not None
    assert found.dated is slug


def test_two_dated_releases_of_one_name_have_different_keys_and_one_undated_key() -> None:
    may, august = identify("gpt-4o-2024-05-13"), identify("gpt-4o-2024-08-06")
    assert may is not None
    assert august is not None
    assert may.key != august.key
    assert may.undated == august.undated == "openai/gpt-4-o"


@pytest.mark.parametrize("path", ["", "/", "my-own-finetune", "acme/rocket-7b", "accounts/fireworks/models"])
def test_a_name_of_no_known_maker_means_nothing(path: str) -> None:
    assert identify(path) is None


def test_a_lab_is_the_maker_of_what_it_sells_under_a_name_that_tells_none() -> None:
    found = identify("some-new-name", seller="mistral")
    assert found is not None
    assert found.key == "mistral/some-new-name"


def test_a_guest_on_a_labs_platform_keeps_its_own_maker() -> None:
    found = identify("deepseek-v3.1", seller="alibaba")
    assert found is not None
    assert found.maker == "deepseek"


@pytest.mark.parametrize(
    ("name", "maker"),
    [("Qwen", "alibaba"), ("meta-llama", "meta"), ("mistralai", "mistral"), ("deepseek-ai", "deepseek"),
     ("zai-org", "zhipuai"), ("Z-AI", "zhipuai"), ("x-ai", "xai"), ("CohereForAI", "cohere"), ("openai", "openai"),
     ("ibm_granite", "ibm"), ("nobody", "nobody")],
)  # fmt: skip
def test_a_maker_has_one_slug_however_it_is_spelled(name: str, maker: str) -> None:
    assert canonical_maker(name) == maker


@pytest.mark.parametrize(
    ("slug", "maker"),
    [("llama-3.3-nemotron-super-49b", "nvidia"), ("deepseek-r1-distill-llama-70b", "deepseek"), ("gpt-oss-20b", "openai"),
     ("gemma-3-27b-it", "google"), ("codestral-2508", "mistral"), ("qwq-32b", "alibaba"), ("glm-4.6", "zhipuai"),
     ("phi-4", "microsoft"), ("grok-4", "xai"), ("olmo-2-13b", "allenai"), ("rocket-7b", None)],
)  # fmt: skip
def test_a_models_own_name_tells_its_maker(slug: str, maker: str | None) -> None:
    assert maker_of(slug) == maker
