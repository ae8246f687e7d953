"""LiteLLM's price map: offerings with prices, tiers, limits and abilities, 150 providers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from catalog.models import Offering, PeakHours, PriceSheet, Rates, Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource, unpriced, usd_per_mtok

SOURCE = Source(
    "litellm", "LiteLLM model prices 1.109.1", "https://github.com/BerriAI/litellm", "MIT",
    "model_prices_and_context_window.json by BerriAI and contributors", "2026-10",
)  # fmt: skip

PROVIDERS = {
    "bedrock": "amazon-bedrock", "bedrock_converse": "amazon-bedrock", "bedrock_mantle": "amazon-bedrock",
    "azure_ai": "azure", "azure_text": "azure", "gemini": "google", "together_ai": "togetherai",
    "fireworks_ai": "fireworks-ai", "novita": "novita-ai", "vercel_ai_gateway": "vercel", "moonshot": "moonshotai",
    "dashscope": "alibaba", "qwen_ai_platform": "alibaba-cn", "cohere_chat": "cohere", "watsonx": "ibm-watsonx",
    "text-completion-openai": "openai", "amazon_nova": "nova", "meta_llama": "llama", "snowflake": "snowflake-cortex",
    "cloudflare": "cloudflare-workers-ai", "github_copilot": "github-copilot", "friendliai": "friendli",
    "ovhcloud": "ovhcloud", "nebius": "nebius", "gradient_ai": "digitalocean", "vertex_ai": "google-vertex",
}  # fmt: skip
FIRST_PARTY = {
    "openai": "openai", "anthropic": "anthropic", "google": "google", "mistral": "mistral", "deepseek": "deepseek",
    "xai": "xai", "cohere": "cohere", "ai21": "ai21", "moonshotai": "moonshotai", "zai": "zhipuai",
    "minimax": "minimax", "meta": "meta", "perplexity": "perplexity", "alibaba": "alibaba", "nova": "amazon",
    "tencent": "tencent", "volcengine": "bytedance",
}  # fmt: skip
# Subscriptions and assistants' back doors carry no price of their own.
LEFT_OUT = {"github_copilot", "chatgpt", "ollama", "lemonade", "llamagate", "opencode_go", "anyscale", "refuseless"}
MODES = {"chat", "responses", "completion"}
SUFFIXES = {"batch": "_batches", "flex": "_flex", "priority": "_priority"}
ABOVE = re.compile(r"^input_cost_per_token_above_(\d+)k_tokens$")
REGION = re.compile(r"^(us-gov|us|eu|apac|global|jp|au|ca|uk|in|sa|me|global-standard)[./]")


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """Every chat row as a sighting with its offering."""
    rows = json.loads(paths[0].read_text(encoding="utf-8"))
    if not isinstance(rows, dict) or "sample_spec" not in rows:
        raise UnreadableSource(f"{paths[0].name}: expected LiteLLM's object with a 'sample_spec' key")
    return [
        _sighting(source, key, row)
        for key, row in rows.items()
        if row.get("mode") in MODES and row["litellm_provider"] not in LEFT_OUT and not key.startswith("ft:")
    ]


def _sighting(source: Source, key: str, row: Mapping[str, Any]) -> Sighting:
    raw = row["litellm_provider"]
    provider = PROVIDERS.get(raw, "google-vertex" if raw.startswith("vertex_ai") else raw.replace("_", "-"))
    path = key.removeprefix(f"{raw}/").removeprefix("vertex_ai/").removeprefix("bedrock/").removeprefix("azure_ai/")
    path, region = _region(path)
    sheet = _sheet(source, row)
    offering = Offering(
        provider, key, region, (sheet,) if sheet else (),
        max_input_tokens=_count(row.get("max_input_tokens")), max_output_tokens=_count(row.get("max_output_tokens")),
        requests_per_minute=_count(row.get("rpm")), tokens_per_minute=_count(row.get("tpm")),
        retires=_date(row.get("deprecation_date")),
    )  # fmt: skip
    return Sighting(
        source.id, source.as_of, path, seller=None if "/" in path else FIRST_PARTY.get(provider),
        facts=_facts(row), offering=offering,
    )  # fmt: skip


def _region(path: str) -> tuple[str, str | None]:
    """The path without its region, and the region: `eu.anthropic.claude…`, `eu/gpt-4o`, `us-east-1/…`."""
    if found := REGION.match(path):
        return path[found.end() :], found.group(1)
    head, _, rest = path.partition("/")
    if rest and re.fullmatch(r"[a-z]{2}(-gov)?-[a-z]+-\d", head):
        return rest, head
    return path, None


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    modalities = {
        "image": row.get("supports_vision"), "audio": row.get("supports_audio_input"),
        "video": row.get("supports_video_input"), "pdf": row.get("supports_pdf_input"),
    }  # fmt: skip
    facts: dict[str, Any] = {
        "tool_calling": row.get("supports_function_calling"),
        "structured_output": row.get("supports_response_schema"),
        "reasoning": row.get("supports_reasoning"),
        "max_input_tokens": _count(row.get("max_input_tokens")),
        "max_output_tokens": _count(row.get("max_output_tokens")),
    }
    if any(value is not None for value in modalities.values()):
        facts["modalities_in"] = ("text", *(name for name, value in modalities.items() if value))
    return {name: value for name, value in facts.items() if value is not None}


def _sheet(source: Source, row: Mapping[str, Any]) -> PriceSheet | None:
    off_peak = row.get("off_peak_pricing")
    standard = _rates({**row, **off_peak} if off_peak else row, "")
    if unpriced(standard):
        return None
    tiers = {tier: rates for tier, suffix in SUFFIXES.items() if not unpriced(rates := _rates(row, suffix))}
    return PriceSheet(source.id, source.as_of, row.get("source"), standard, tiers, _peak(row, standard))


def _rates(row: Mapping[str, Any], suffix: str) -> Rates:
    steps = row.get("tiered_pricing") if not suffix else None
    first = steps[0] if steps and row.get("input_cost_per_token") is None else row
    above = _steps(steps) if steps else _above(row, suffix)
    return replace(_flat(first, suffix), above=above)


def _flat(row: Mapping[str, Any], suffix: str) -> Rates:
    names = (
        "input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost",
        "cache_creation_input_token_cost", "output_cost_per_reasoning_token",
    )  # fmt: skip
    return Rates(*(usd_per_mtok(row.get(name + suffix)) for name in names))


def _above(row: Mapping[str, Any], suffix: str) -> tuple[tuple[int, Rates], ...]:
    thousands = sorted(int(found.group(1)) for key in row if (found := ABOVE.match(key)))
    named = [(k * 1000, _flat(row, f"_above_{k}k_tokens{suffix}")) for k in thousands]
    return tuple((at, rates) for at, rates in named if not unpriced(rates))


def _steps(steps: list[Mapping[str, Any]]) -> tuple[tuple[int, Rates], ...]:
    named = [(int(step["range"][0]), _flat(step, "")) for step in steps if step.get("range")]
    return tuple((at, rates) for at, rates in named if at > 0 and not unpriced(rates))


def _peak(row: Mapping[str, Any], off_peak: Rates) -> PeakHours | None:
    """The peak hours are what the weekday off-peak windows leave; the row's plain price is the peak one."""
    windows = (row.get("off_peak_pricing") or {}).get("windows", ())
    weekday = next((w["hours_utc"] for w in windows if 1 in w.get("weekdays", ())), None)
    peak_input = usd_per_mtok(row.get("input_cost_per_token"))
    if not weekday or not peak_input or not off_peak.input:
        return None
    edges = sorted(tuple(window.split("-")) for window in weekday)
    around = [*edges, edges[0]]  # the last window's end to the first one's start, over midnight
    gaps = tuple((end, start) for (_, end), (start, _) in pairwise(around) if end != start)
    return PeakHours(gaps, peak_input / off_peak.input, True, str(row.get("source", "")))


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(float(value)) or None
    except ValueError:
        return None


def _date(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) else None


ADAPTER = Adapter(
    SOURCE,
    ("litellm_model_prices_1.109.1.json",),
    ("https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",),
    read,
)
