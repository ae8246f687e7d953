"""Each adapter on a tiny file of its source's real shape: units, what is kept, what is no price, what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.build import ADAPTERS
from catalog.models import FACT_FIELDS, Rates
from catalog.sources import (
    aider,
    arena,
    inspect_ai,
    litellm,
    llm_stats,
    llmfit,
    model_prices,
    models_dev,
    openrouter,
    portkey,
)
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource, plain, unpriced, usd_per_mtok
from tests.catalog.toys import dollars

RAW = Path(__file__).parents[3] / "shared" / "catalog"
BY_NAME = {adapter.source.id: adapter for adapter in ADAPTERS}


def read(adapter: Adapter, tmp_path: Path, *contents: object) -> list[Sighting]:
    """What the adapter makes of files with these contents, each a text or something to be written as JSON."""
    paths = []
    for number, content in enumerate(contents):
        suffix = Path(adapter.files[min(number, len(adapter.files) - 1)]).name
        path = tmp_path / suffix
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
        paths.append(path)
    return adapter.read(adapter.source, tuple(paths))


def one(sightings: list[Sighting]) -> Sighting:
    assert len(sightings) == 1, sightings
    return sightings[0]


def standard(sighting: Sighting) -> Rates:
    """The prices of the only price sheet."""
    assert sighting.offering is not None
    (sheet,) = sighting.offering.sheets
    return sheet.standard


def priced(sighting: Sighting) -> bool:
    return bool(sighting.offering and sighting.offering.sheets)


# --- LiteLLM: dollars per token

LITELLM: dict[str, Any] = {
    "litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07,
    "cache_read_input_token_cost": 7.5e-08, "input_cost_per_token_batches": 7.5e-08, "output_cost_per_token_batches": 3e-07,
    "max_input_tokens": 128000, "max_output_tokens": 16384, "supports_function_calling": True, "supports_vision": True,
    "supports_pdf_input": False, "source": "https://developers.openai.com/api/docs/pricing",
}  # fmt: skip


def litellm_row(tmp_path: Path, key: str = "gpt-4o-mini", **changes: Any) -> Sighting:
    row = {name: value for name, value in {**LITELLM, **changes}.items() if value is not None}
    return one(read(litellm.ADAPTER, tmp_path, {"sample_spec": {}, key: row}))


def test_litellm_prices_are_dollars_per_token(tmp_path: Path) -> None:
    found = standard(litellm_row(tmp_path))
    assert (found.input, found.output, found.cache_read) == (dollars("0.15"), dollars("0.6"), dollars("0.075"))


def test_litellm_batch_prices_are_a_tier(tmp_path: Path) -> None:
    found = litellm_row(tmp_path).offering
    assert found is not None
    assert found.sheets[0].tiers["batch"] == Rates(dollars("0.075"), dollars("0.3"))


def test_litellm_prices_above_a_length_are_a_step(tmp_path: Path) -> None:
    long: dict[str, Any] = {
        "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token_above_200k_tokens": 1.5e-05,
    }
    assert standard(litellm_row(tmp_path, **long)).above == ((200_000, Rates(dollars("2.5"), dollars(15))),)


def test_litellm_tiered_pricing_begins_with_its_first_step(tmp_path: Path) -> None:
    steps = [{"range": [0, 32000.0], "input_cost_per_token": 1.2e-06, "output_cost_per_token": 6e-06},
             {"range": [32000.0, 128000.0], "input_cost_per_token": 2.4e-06, "output_cost_per_token": 1.2e-05}]  # fmt: skip
    found = standard(
        litellm_row(tmp_path, tiered_pricing=steps, input_cost_per_token=None, output_cost_per_token=None,
                    cache_read_input_token_cost=None)
    )  # fmt: skip
    assert found == Rates(dollars("1.2"), dollars(6), above=((32_000, Rates(dollars("2.4"), dollars(12))),))


def test_litellm_off_peak_pricing_is_the_listed_price_and_peak_a_multiple(tmp_path: Path) -> None:
    windows = [{"hours_utc": ["00:00-01:00", "04:00-06:00", "10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
               {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}]  # fmt: skip
    off_peak = {"input_cost_per_token": 7.5e-08, "output_cost_per_token": 3e-07, "windows": windows}
    found = litellm_row(tmp_path, off_peak_pricing=off_peak).offering
    assert found is not None
    sheet = found.sheets[0]
    assert (sheet.standard.input, sheet.standard.output) == (dollars("0.075"), dollars("0.3"))
    assert sheet.peak is not None
    assert sheet.peak.hours_utc == (("01:00", "04:00"), ("06:00", "10:00"))
    assert sheet.peak.multiplier == 2


def test_litellm_limits_belong_to_the_offering(tmp_path: Path) -> None:
    found = litellm_row(tmp_path, deprecation_date="2026-12-11").offering
    assert found is not None
    assert (found.max_input_tokens, found.max_output_tokens, found.retires) == (128_000, 16_384, "2026-12-11")


def test_litellm_abilities_are_facts_and_what_is_not_said_stays_unknown(tmp_path: Path) -> None:
    facts = litellm_row(tmp_path).facts
    assert facts["tool_calling"] is True
    assert facts["modalities_in"] == ("text", "image")
    assert "reasoning" not in facts


@pytest.mark.parametrize(
    ("key", "provider", "path", "region"),
    [
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "bedrock_converse", "anthropic.claude-haiku-4-5-20251001-v1:0", "eu"),
        ("bedrock/us-gov-west-1/anthropic.claude-3-haiku-20240307-v1:0", "bedrock",
         "anthropic.claude-3-haiku-20240307-v1:0", "us-gov-west-1"),
        ("azure/eu/gpt-4o", "azure", "gpt-4o", "eu"),
        ("gpt-4o-mini", "openai", "gpt-4o-mini", None),
    ],
)  # fmt: skip
def test_litellm_regions_are_taken_out_of_the_name(
    tmp_path: Path, key: str, provider: str, path: str, region: str | None
) -> None:
    found = litellm_row(tmp_path, key, litellm_provider=provider)
    assert found.offering is not None
    assert (found.path, found.offering.region) == (path, region)


@pytest.mark.parametrize(("provider", "seller"), [("openai", "openai"), ("gemini", "google"), ("groq", None)])
def test_litellm_names_the_lab_that_sells_its_own(tmp_path: Path, provider: str, seller: str | None) -> None:
    assert litellm_row(tmp_path, litellm_provider=provider).seller == seller


@pytest.mark.parametrize(
    "changes", [{"mode": "embedding"}, {"mode": None}, {"litellm_provider": "github_copilot"}, {"litellm_provider": "ollama"}]
)  # fmt: skip
def test_litellm_rows_that_sell_no_chat_are_left_out(tmp_path: Path, changes: dict[str, Any]) -> None:
    row = {**LITELLM, **changes}
    assert read(litellm.ADAPTER, tmp_path, {"sample_spec": {}, "x": row}) == []


def test_litellm_fine_tuned_variants_are_left_out(tmp_path: Path) -> None:
    assert read(litellm.ADAPTER, tmp_path, {"sample_spec": {}, "ft:gpt-4o-mini": LITELLM}) == []


def test_litellm_zero_and_zero_is_no_price(tmp_path: Path) -> None:
    assert not priced(litellm_row(tmp_path, input_cost_per_token=0, output_cost_per_token=0))


def test_litellm_free_input_alone_is_a_price(tmp_path: Path) -> None:
    assert standard(litellm_row(tmp_path, input_cost_per_token=0)).input == 0


# --- models.dev: dollars per million tokens

MODELS_DEV: dict[str, Any] = {
    "name": "Claude Haiku 4.5 (latest)", "family": "claude-haiku", "release_date": "2025-10-15", "reasoning": True,
    "tool_call": True, "knowledge": "2025-02-28", "open_weights": False,
    "cost": {"input": 1.0, "output": 5.0, "cache_read": 0.1, "cache_write": 1.25},
    "limit": {"context": 200000, "output": 64000},
    "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
}  # fmt: skip


def models_dev_row(tmp_path: Path, key: str = "anthropic/claude-haiku-4-5", **changes: Any) -> Sighting:
    return one(read(models_dev.ADAPTER, tmp_path, {key: {**MODELS_DEV, **changes}}, {}))


def test_models_dev_prices_are_dollars_per_million_tokens(tmp_path: Path) -> None:
    assert standard(models_dev_row(tmp_path)) == Rates(dollars(1), dollars(5), dollars("0.1"), dollars("1.25"))


def test_models_dev_reads_the_live_shape_of_providers_with_models_too(tmp_path: Path) -> None:
    live = {"anthropic": {"models": {"claude-haiku-4-5": MODELS_DEV}}}
    flat = {"anthropic/claude-haiku-4-5": MODELS_DEV}
    assert read(models_dev.ADAPTER, tmp_path, live, {}) == read(models_dev.ADAPTER, tmp_path, flat, {})


def test_models_dev_tiers_are_steps(tmp_path: Path) -> None:
    cost = {"input": 1.25, "output": 10.0, "tiers": [{"tier": {"size": 200000}, "input": 2.5, "output": 15.0}]}
    found = standard(models_dev_row(tmp_path, cost=cost))
    assert found.above == ((200_000, Rates(dollars("2.5"), dollars(15))),)


def test_models_dev_tells_the_facts_of_a_labs_own_row(tmp_path: Path) -> None:
    found = models_dev_row(tmp_path)
    assert found.seller == "anthropic"
    assert found.facts == {
        "knowledge_cutoff": "2025-02-28", "release_date": "2025-10-15", "modalities_in": ("text", "image", "pdf"),
        "modalities_out": ("text",), "tool_calling": True, "reasoning": True, "open_weights": False,
        "context_tokens": 200_000, "max_output_tokens": 64_000,
    }  # fmt: skip


def test_models_dev_hosts_do_not_tell_that_a_model_lacks_something(tmp_path: Path) -> None:
    facts = models_dev_row(tmp_path, "openrouter/anthropic/claude-haiku-4.5", tool_call=False, reasoning=False).facts
    assert not {"tool_calling", "reasoning", "open_weights", "structured_output"} & facts.keys()


def test_models_dev_hosts_may_name_the_model_that_they_serve(tmp_path: Path) -> None:
    found = models_dev_row(tmp_path, "some-host/odd-name", base_model="anthropic/claude-haiku-4-5")
    assert found.path == "anthropic/claude-haiku-4-5"


@pytest.mark.parametrize("host", ["github-models", "opencode", "alibaba-coding-plan", "poe", "lmstudio"])
def test_models_dev_subscriptions_and_proxies_are_left_out(tmp_path: Path, host: str) -> None:
    assert read(models_dev.ADAPTER, tmp_path, {f"{host}/x": MODELS_DEV}, {}) == []


@pytest.mark.parametrize("cost", [None, {}, {"input": 0, "output": 0}])
def test_models_dev_zero_and_zero_is_no_price(tmp_path: Path, cost: object) -> None:
    assert not priced(models_dev_row(tmp_path, cost=cost))


def test_models_dev_a_context_of_zero_is_unknown(tmp_path: Path) -> None:
    assert "context_tokens" not in models_dev_row(tmp_path, limit={"context": 0, "output": 0}).facts


def test_models_dev_labs_link_weights_and_scores(tmp_path: Path) -> None:
    lab = {
        **{k: v for k, v in MODELS_DEV.items() if k != "cost"}, "open_weights": True,
        "weights": [{"label": "Hugging Face", "url": "https://huggingface.co/stepfun-ai/Step-3.5-Flash"}],
        "benchmarks": [{"name": "SciCode", "score": 38.5, "metric": "percent correct", "date": "2026-06-02"},
                       {"name": "Broken", "score": None}],
    }  # fmt: skip
    found = one(read(models_dev.ADAPTER, tmp_path, {}, {"stepfun/step-3.5-flash": lab}))
    assert found.listed
    assert found.facts["repo"] == "stepfun-ai/Step-3.5-Flash"
    assert [(b.name, b.score, b.unit) for b in found.benchmarks] == [("SciCode", 38.5, "percent correct")]


# --- model-prices: dollars per million tokens, with history


def periods(*steps: tuple[str | None, dict[str, Any] | None]) -> list[dict[str, Any]]:
    return [
        {"start": start, "rates": rates and {"valid_from": start or "2024-01-01", **rates}} for start, rates in steps
    ]


def model_prices_file(tiers: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {"schema": 1, "updated_at": "2026-10-26T18:46:35Z", "prices": {"deepseek": {"deepseek-x": tiers}}, "status": {},
            "bases": {}, "schedules": {"schedule": []}, **changes}  # fmt: skip


NOW = {"input": 0.15, "output": 0.6, "cache_read": 0.003}
THEN = {"input": 9.0, "output": 9.0}


def model_prices_row(tmp_path: Path, tiers: Mapping[str, Any], **changes: Any) -> Sighting:
    return one(read(model_prices.ADAPTER, tmp_path, model_prices_file(tiers, **changes)))


def test_model_prices_gives_the_prices_in_force(tmp_path: Path) -> None:
    history = periods((None, THEN), ("2026-09-10T04:00:00Z", NOW), ("2027-01-01T00:00:00Z", THEN))
    found = standard(model_prices_row(tmp_path, {"standard": history}))
    assert found == Rates(dollars("0.15"), dollars("0.6"), dollars("0.003"))


def test_model_prices_a_withdrawn_tier_is_no_tier(tmp_path: Path) -> None:
    tiers = {"standard": periods((None, NOW)), "batch": periods((None, THEN), ("2026-01-01T00:00:00Z", None))}
    found = model_prices_row(tmp_path, tiers).offering
    assert found is not None
    assert found.sheets[0].tiers == {}


def test_model_prices_peak_hours_in_force_come_with_the_price(tmp_path: Path) -> None:
    schedule = {"provider": "deepseek", "valid_from": "2026-08-16T16:00:00Z", "peak_multiplier": 2.0, "weekdays_only": True,
                "peak_hours_utc": [["01:00", "04:00"], ["06:00", "10:00"]], "source": "https://example.com"}  # fmt: skip
    changes = {"schedules": {"schedule": [schedule]}}
    found = model_prices_row(tmp_path, {"standard": periods((None, NOW))}, **changes).offering
    assert found is not None
    peak = found.sheets[0].peak
    assert peak is not None
    assert peak.hours_utc == (("01:00", "04:00"), ("06:00", "10:00"))
    assert peak.multiplier == 2
    assert peak.weekdays_only


def test_model_prices_an_off_peak_discount_makes_the_listed_price_the_peak_one(tmp_path: Path) -> None:
    schedule = {"provider": "deepseek", "valid_from": "2026-08-16T16:00:00Z", "source": "https://example.com",
                "off_peak_hours_utc": [["14:00", "00:00"]], "off_peak_multiplier": {"deepseek-x": 0.5}}  # fmt: skip
    changes = {"schedules": {"schedule": [schedule]}}
    found = model_prices_row(tmp_path, {"standard": periods((None, NOW))}, **changes).offering
    assert found is not None
    sheet = found.sheets[0]
    assert sheet.standard.input == dollars("0.15") / 2
    assert sheet.peak is not None
    assert sheet.peak.hours_utc == (("00:00", "14:00"),)
    assert sheet.peak.multiplier == 2


def test_model_prices_a_schedule_that_has_ended_is_not_applied(tmp_path: Path) -> None:
    schedule = {"provider": "deepseek", "valid_from": "2025-02-26T16:30:00Z", "valid_until": "2025-09-05T16:00:00Z",
                "off_peak_hours_utc": [["16:30", "00:30"]], "off_peak_multiplier": {"deepseek-x": 0.5}, "source": ""}  # fmt: skip
    changes = {"schedules": {"schedule": [schedule]}}
    found = model_prices_row(tmp_path, {"standard": periods((None, NOW))}, **changes)
    assert standard(found).input == dollars("0.15")


def test_model_prices_a_removed_model_retires(tmp_path: Path) -> None:
    found = model_prices_row(
        tmp_path, {"standard": periods((None, NOW))}, status={"deepseek": {"deepseek-x": "removed"}}
    )
    assert found.facts["retires"] == model_prices.SOURCE.as_of


def test_model_prices_an_alias_names_what_it_stands_for(tmp_path: Path) -> None:
    found = model_prices_row(
        tmp_path, {"standard": periods((None, NOW))}, bases={"deepseek": {"deepseek-x": "deepseek-x-0813"}}
    )
    assert found.denotes == "deepseek-x-0813"


def test_model_prices_zero_and_zero_is_no_price(tmp_path: Path) -> None:
    assert not priced(model_prices_row(tmp_path, {"standard": periods((None, {"input": 0, "output": 0}))}))


# --- Portkey: US cents per token


def portkey_row(tmp_path: Path, request: float, response: float, name: str = "gpt-4o-mini") -> list[Sighting]:
    units = {
        "request_token": {"price": request},
        "response_token": {"price": response},
        "cache_read_input_token": {"price": 7.5e-06},
        "cache_write_input_token": {"price": 0},
    }
    batch = {"request_token": {"price": 7.5e-06}, "response_token": {"price": 3e-05}}
    row = {"pricing_config": {"pay_as_you_go": units, "batch_config": batch}}
    return read(portkey.ADAPTER, tmp_path, {"default": {}, name: row})


def test_portkey_prices_are_cents_per_token(tmp_path: Path) -> None:
    found = standard(one(portkey_row(tmp_path, 1.5e-05, 6e-05)))
    assert (found.input, found.output, found.cache_read) == (dollars("0.15"), dollars("0.6"), dollars("0.075"))


def test_portkey_a_cache_price_of_zero_is_unknown(tmp_path: Path) -> None:
    assert standard(one(portkey_row(tmp_path, 1.5e-05, 6e-05))).cache_write is None


def test_portkey_batch_prices_are_a_tier(tmp_path: Path) -> None:
    found = one(portkey_row(tmp_path, 1.5e-05, 6e-05)).offering
    assert found is not None
    assert found.sheets[0].tiers == {"batch": Rates(dollars("0.075"), dollars("0.3"))}


def test_portkey_zero_and_zero_is_no_price(tmp_path: Path) -> None:
    assert portkey_row(tmp_path, 0, 0) == []


@pytest.mark.parametrize("name", ["default", "ft:gpt-4o", "gemini-2.5-pro-gt-200k", "gemini-2.5-pro-lte-200k"])
def test_portkey_rows_of_tuned_models_and_of_prompt_lengths_are_left_out(tmp_path: Path, name: str) -> None:
    assert portkey_row(tmp_path, 1.5e-05, 6e-05, name) == []


# --- llm-stats: US cents per million tokens

LLM_STATS: dict[str, Any] = {
    "model_id": "qwen2.5-vl-7b", "name": "Qwen2.5 VL 7B Instruct", "organization_id": "qwen", "release_date": "2025-01-26",
    "license_id": "apache_2_0", "knowledge_cutoff": None, "param_count": 8290000000, "training_tokens": 18000000000000,
    "source_weights_link": "https://huggingface.co/Qwen/Qwen2.5-VL-7B-Instruct",
    "_benchmarks": [{"benchmark_id": "gpqa", "score": 0.819, "is_self_reported": True, "self_reported_source_link": "https://x"}],
}  # fmt: skip
HOSTED: dict[str, Any] = {
    "model_id": "deepseek-r1", "organization_id": "deepseek", "provider_model_id_used": "deepseek-r1",
    "input_cents_per_million_tokens": 55, "output_cents_per_million_tokens": 219, "throughput": 21.5, "latency": 0.3,
}  # fmt: skip


def llm_stats_model(tmp_path: Path, **changes: Any) -> Sighting:
    return one(read(llm_stats.ADAPTER, tmp_path, [{**LLM_STATS, **changes}], {}))


def llm_stats_host(tmp_path: Path, **changes: Any) -> Sighting:
    rows = read(llm_stats.ADAPTER, tmp_path, [LLM_STATS], {"fireworks": [{**HOSTED, **changes}]})
    return one([row for row in rows if row.offering])


def test_llm_stats_prices_are_cents_per_million_tokens(tmp_path: Path) -> None:
    assert standard(llm_stats_host(tmp_path)) == Rates(dollars("0.55"), dollars("2.19"))


def test_llm_stats_zero_and_zero_is_no_price(tmp_path: Path) -> None:
    free = llm_stats_host(tmp_path, input_cents_per_million_tokens=0, output_cents_per_million_tokens=0)
    assert not priced(free)


def test_llm_stats_throughput_and_latency_are_measured_facts(tmp_path: Path) -> None:
    found = llm_stats_host(tmp_path).offering
    assert found is not None
    assert (found.output_tokens_per_s.value, found.first_token_s.value) == (21.5, 0.3)


def test_llm_stats_a_throughput_of_zero_is_unknown(tmp_path: Path) -> None:
    found = llm_stats_host(tmp_path, throughput=0, latency=None).offering
    assert found is not None
    assert not found.output_tokens_per_s.known
    assert not found.first_token_s.known


def test_llm_stats_counts_are_billions_and_trillions(tmp_path: Path) -> None:
    facts = llm_stats_model(tmp_path).facts
    assert (facts["parameters_b"], facts["training_tokens_t"]) == (8.29, 18.0)


def test_llm_stats_scores_are_percent(tmp_path: Path) -> None:
    (score,) = llm_stats_model(tmp_path).benchmarks
    assert (score.name, score.score, score.unit, score.self_reported) == ("gpqa", 81.9, "percent", True)


def test_llm_stats_a_weights_link_means_open_weights(tmp_path: Path) -> None:
    facts = llm_stats_model(tmp_path).facts
    assert (facts["open_weights"], facts["repo"], facts["license"]) == (
        True,
        "Qwen/Qwen2.5-VL-7B-Instruct",
        "apache-2.0",
    )


def test_llm_stats_proprietary_means_closed_and_is_no_licence(tmp_path: Path) -> None:
    facts = llm_stats_model(tmp_path, license_id="proprietary", source_weights_link=None).facts
    assert facts["open_weights"] is False
    assert "license" not in facts


def test_llm_stats_what_is_null_stays_unknown(tmp_path: Path) -> None:
    facts = llm_stats_model(tmp_path, param_count=None, training_tokens=None).facts
    assert not {"parameters_b", "training_tokens_t", "knowledge_cutoff"} & facts.keys()


# --- llmfit

LLMFIT: dict[str, Any] = {
    "name": "Qwen/Qwen3-30B-A3B", "parameters_raw": 30532122624, "active_parameters": 3300000000, "context_length": 40960,
    "release_date": "2025-04-27", "license": "apache-2.0", "capabilities": ["tool_use"], "num_hidden_layers": 48,
    "num_key_value_heads": 4, "architecture": "qwen3_moe", "head_dim": 128,
}  # fmt: skip


def llmfit_row(tmp_path: Path, **changes: Any) -> Sighting:
    return one(read(llmfit.ADAPTER, tmp_path, [{**LLMFIT, **changes}]))


def test_llmfit_counts_are_billions(tmp_path: Path) -> None:
    facts = llmfit_row(tmp_path).facts
    assert (facts["parameters_b"], facts["active_parameters_b"]) == (30.532, 3.3)


def test_llmfit_active_parameters_that_it_worked_out_itself_are_left_out(tmp_path: Path) -> None:
    assert "active_parameters_b" not in llmfit_row(tmp_path, active_parameters=9_310_123_456).facts


def test_llmfit_a_small_model_keeps_three_places(tmp_path: Path) -> None:
    assert llmfit_row(tmp_path, parameters_raw=494_032_768, active_parameters=None).facts["parameters_b"] == 0.494


def test_llmfit_cache_bytes_follow_from_the_attention(tmp_path: Path) -> None:
    keys_and_values, bytes_each = 2, 2
    expected = keys_and_values * 48 * 4 * 128 * bytes_each
    assert llmfit_row(tmp_path).facts["kv_bytes_per_token"] == expected


def test_llmfit_windowed_or_latent_attention_gives_only_a_bound(tmp_path: Path) -> None:
    facts = llmfit_row(tmp_path, architecture="deepseek_v3").facts
    assert "kv_bytes_per_token" not in facts
    assert facts["kv_bytes_at_most"] > 0


@pytest.mark.parametrize("gap", ["num_hidden_layers", "num_key_value_heads", "head_dim"])
def test_llmfit_without_the_attentions_shape_the_cache_is_unknown(tmp_path: Path, gap: str) -> None:
    assert "kv_bytes_per_token" not in llmfit_row(tmp_path, **{gap: None}).facts


def test_llmfit_a_context_of_4096_means_unread(tmp_path: Path) -> None:
    assert "context_tokens" not in llmfit_row(tmp_path, context_length=4096).facts


@pytest.mark.parametrize("tag", ["other", "unknown", None])
def test_llmfit_a_licence_called_other_is_unknown(tmp_path: Path, tag: str | None) -> None:
    assert "license" not in llmfit_row(tmp_path, license=tag).facts


def test_llmfit_discovered_repositories_are_not_listed(tmp_path: Path) -> None:
    assert llmfit_row(tmp_path).listed
    assert not llmfit_row(tmp_path, _discovered=True).listed


# --- arena


def arena_file(name: str) -> dict[str, Any]:
    row = [name, "The Model (High)", 1508.8, 1501.8, 1515.7, 9496, 3]
    return {"ratings": {"date": "2026-10-20", "tasks": {"overall": [row], "coding": [row]}}}


def test_arena_gives_a_model_its_rating_on_each_board(tmp_path: Path) -> None:
    found = one(read(arena.ADAPTER, tmp_path, arena_file("anthropic / claude-opus-5.5")))
    assert found.path == "anthropic/claude-opus-5.5"
    scores = {(r.board, r.rating, r.low, r.high, r.votes, r.rank, r.as_of) for r in found.ratings}
    assert scores == {(board, 1508.8, 1501.8, 1515.7, 9496, 3, "2026-10-20") for board in ("overall", "coding")}


@pytest.mark.parametrize(
    ("name", "path"), [("zhipu / glm-5", "zhipuai/glm-5"), ("other / llama-4-scout", "llama-4-scout")]
)
def test_arena_organisations_are_mapped_or_left_to_the_name(tmp_path: Path, name: str, path: str) -> None:
    assert one(read(arena.ADAPTER, tmp_path, arena_file(name))).path == path


# --- inspect-ai

INSPECT = """
openai:
  display_name: OpenAI
  models:
    gpt-4o:
      release_date: 2024-05-13
      knowledge_cutoff_date: 2023-10-01
      context_length: 128000
      output_tokens: 16384
      versions:
        gpt-4o-2024-08-06:
          release_date: 2024-08-06
        gpt-4o-latest:
grok:
  models:
"""


def test_inspect_ai_gives_a_model_and_each_of_its_versions(tmp_path: Path) -> None:
    found = read(inspect_ai.ADAPTER, tmp_path, INSPECT)
    assert [s.path for s in found] == ["openai/gpt-4o", "openai/gpt-4o-2024-08-06", "openai/gpt-4o-latest"]


def test_inspect_ai_dates_and_limits_are_facts(tmp_path: Path) -> None:
    assert read(inspect_ai.ADAPTER, tmp_path, INSPECT)[0].facts == {
        "release_date": "2024-05-13", "knowledge_cutoff": "2023-10-01", "context_tokens": 128_000, "max_output_tokens": 16_384
    }  # fmt: skip


def test_inspect_ai_a_version_has_its_own_date_and_else_its_models(tmp_path: Path) -> None:
    _, dated, latest = read(inspect_ai.ADAPTER, tmp_path, INSPECT)
    assert (dated.facts["release_date"], latest.facts["release_date"]) == ("2024-08-06", "2024-05-13")


# --- Aider, OpenRouter

AIDER = """
- command: aider --model openrouter/anthropic/claude-x
  pass_rate_2: 61.3
  date: 2025-02-25
- command: aider --architect --model o3 --editor-model gpt-4.1
  editor_model: gpt-4.1
  pass_rate_2: 78.2
  date: 2025-04-17
- command: aider with something else
  pass_rate_2: 1.0
  date: 2025-04-17
"""


def test_aider_gives_the_share_solved_in_two_tries_of_runs_with_one_model(tmp_path: Path) -> None:
    found = one(read(aider.ADAPTER, tmp_path, AIDER))
    (score,) = found.benchmarks
    assert (found.path, score.score, score.unit, score.as_of) == ("anthropic/claude-x", 61.3, "percent", "2025-02-25")


def test_openrouter_only_joins_names_to_repositories(tmp_path: Path) -> None:
    rows = [
        {"id": "qwen/qwen3-32b", "hugging_face_id": "Qwen/Qwen3-32B", "pricing": {"prompt": "1"}},
        {"id": "anthropic/claude-x", "hugging_face_id": None},
        {"id": "openai/gpt-x", "hugging_face_id": ""},
    ]
    found = one(read(openrouter.ADAPTER, tmp_path, {"data": rows}))
    assert (found.path, found.facts, found.offering) == ("qwen/qwen3-32b", {"repo": "Qwen/Qwen3-32B"}, None)


# --- wrong shapes

WRONG: dict[str, tuple[object, ...]] = {
    "aider": ("[{command: aider}]", "runs: 1", "[]", ""),
    "arena": ({"ratings": {"date": "2026-10-20"}}, {}, []),
    "inspect-ai": ("- openai", "", "openai"),
    "litellm": ({"gpt-4o": {}}, [], {}),
    "llm-stats": ([{"model_id": "x"}], {}, []),
    "llmfit": ([{"name": "x"}], {"parameters_raw": 1}, []),
    "model-prices": ({"schema": 2}, {}, []),
    "models.dev": ({"gpt-4o": {}}, []),
    "openrouter": ({"models": []}, {}, []),
    "portkey": ({"gpt-4o": {}}, {}, []),
}


@pytest.mark.parametrize(
    ("name", "content"), [(name, content) for name, contents in WRONG.items() for content in contents], ids=repr
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, name: str, content: object) -> None:
    files = (content, {}) if len(BY_NAME[name].files) == 2 else (content,)
    with pytest.raises(UnreadableSource):
        read(BY_NAME[name], tmp_path, *files)


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match=r"litellm_model_prices.*sample_spec"):
        read(litellm.ADAPTER, tmp_path, {"gpt-4o": {}})


def test_every_adapter_is_tried_with_wrong_shapes() -> None:
    assert WRONG.keys() == BY_NAME.keys()


# --- numbers


@pytest.mark.parametrize(
    ("written", "scale", "number"),
    [(1.25e-06, 10**6, "1.25"), ("0.0000001", 10**6, "0.1"),
     (3e-05, 10**4, "0.3"), (0, 10**6, "0"), (5.999e-05, 10**4, "0.5999")],
)  # fmt: skip
def test_a_price_is_exactly_what_the_source_prints(written: float | str, scale: int, number: str) -> None:
    assert usd_per_mtok(written, scale=scale) == dollars(number)


@pytest.mark.parametrize("written", [None, True, False, -1, "-0.5"])
def test_a_negative_or_missing_price_is_unknown(written: float | str | None) -> None:
    assert usd_per_mtok(written) is None


@pytest.mark.parametrize(("number", "text"), [("1E+1", "10"), ("0.50", "0.5"), ("0E-8", "0"), ("100", "100")])
def test_equal_prices_are_written_alike(number: str, text: str) -> None:
    assert str(plain(dollars(number))) == text


@pytest.mark.parametrize(
    ("prices", "nothing"),
    [(("0", "0"), True), ((None, None), True), (("0", None), True), (("1", None), False), (("0", "0.1"), False)],
)
def test_a_price_of_nothing_for_nothing_is_no_price(prices: tuple[str | None, str | None], nothing: bool) -> None:
    each: list[Decimal | None] = [None if price is None else dollars(price) for price in prices]
    assert unpriced(Rates(*each)) is nothing


# --- the real files


@pytest.mark.skipif(not RAW.is_dir(), reason="the raw source files are not beside the repository (../shared/catalog)")
@pytest.mark.parametrize("adapter", ADAPTERS, ids=BY_NAME)
def test_the_real_file_is_read_in_full_shape(adapter: Adapter) -> None:
    found = adapter.read(adapter.source, tuple(RAW / name for name in adapter.files))
    assert len(found) >= 50
    assert {sighting.source for sighting in found} - {"first-listed"} == {adapter.source.id}
    assert {name for sighting in found for name in sighting.facts} <= set(FACT_FIELDS)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=BY_NAME)
def test_an_adapter_names_terms_and_where_it_reads(adapter: Adapter) -> None:
    assert adapter.source.license
    assert adapter.source.attribution
    assert adapter.files
