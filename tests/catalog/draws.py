"""Random requirements as people have them: every field drawn from realistic values, several at once, by seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, get_args

from catalog.errors import BadRequirements
from catalog.requirements import Board, Modality, Requirements, requirements

BOARDS = get_args(Board)
MODALITIES = get_args(Modality)
MAKERS = ("openai", "anthropic", "google", "alibaba", "Qwen", "mistralai", "meta-llama", "deepseek-ai", "zai-org",
          "cohere", "microsoft", "nvidia", "x-ai", "liquid", "moonshotai", "amazon")  # fmt: skip
PROVIDERS = ("openai", "anthropic", "google", "amazon-bedrock", "azure", "openrouter", "deepinfra", "fireworks-ai",
             "togetherai", "alibaba", "mistral", "nano-gpt", "nebius", "novita-ai", "databricks", "deepseek")  # fmt: skip
REGIONS = ("us", "eu", "apac", "jp", "cn", "global", "intl", "us-gov", "in", "eu-central-1", "us-east-1",
           "ap-northeast-1")  # fmt: skip
COUNTRIES = ("cn", "us", "fr", "kr", "CN", "US", "ca", "jp")
DAYS = ("2023-06", "2024-01", "2024-06-01", "2024-12", "2025-03-31", "2025-06", "2025-10-15", "2026-01", "2026-06-30")
LICENSES = ("apache-2.0", "mit", "MIT", "modified-mit", "gemma", "llama3.1", "cc-by-nc-4.0", "lfm1.0")
QUESTIONS = ("latency", "data retention")

Draw = Callable[[Random], Any]


def _one(*values: Any) -> Draw:
    return lambda rng: rng.choice(values)


def _some(values: tuple[str, ...], most: int) -> Draw:
    return lambda rng: tuple(rng.sample(values, rng.randint(1, most)))


def _wishes(rng: Random) -> dict[str, float]:
    names = rng.sample(("quality", "cost", "speed", "recency", "context"), rng.randint(1, 5))
    return {name: rng.choice((0, 0.5, 1, 3, 5, 10)) for name in names}


def _workload(rng: Random) -> dict[str, Any]:
    """Chat, retrieval, long documents and bulk jobs; sometimes only a part is known."""
    whole: dict[str, Any] = {
        "requests_per_month": rng.choice((0, 30, 1_000, 10_000, 300_000, 25_000_000)),
        "system_tokens": rng.choice((0, 200, 1_500)),
        "history_tokens": rng.choice((0, 3_000, 20_000)),
        "example_tokens": rng.choice((0, 800)),
        "input_tokens": rng.choice((0, 150, 2_000, 12_000, 120_000, 250_000, 700_000)),
        "output_tokens": rng.choice((0, 1, 300, 1_200, 6_000, 40_000)),
        "reasoning_tokens": rng.choice((0, 0, 0, 2_000, 20_000)),
        "cached_share": rng.choice((0, 0, 0.3, 0.8, 1)),
        "batch": rng.random() < 0.25,
        "peak_share": rng.choice((None, None, 0, 0.5, 1)),
    }
    kept = rng.sample(tuple(whole), rng.randint(2, len(whole)))
    kept += ["requests_per_month", "input_tokens"] if rng.random() < 0.7 else []
    return {name: value for name, value in whole.items() if name in kept}


DRAWS: dict[str, Draw] = {
    "open_weights": _one(True, True, False),
    "licenses_allow": _some(LICENSES, 5),
    "commercial_use": _one(True, True, True, False),
    "derivatives": _one(True, True, True, False),
    "monthly_active_users": _one(0, 5_000, 2_000_000, 150_000_000, 700_000_000, 700_000_001, 3_000_000_000),
    "annual_revenue_usd": _one("0", "250000", "10000000", "10000001", "30000000", "1000000000", "20000000000"),
    "min_context_tokens": _one(0, 1, 4_096, 32_000, 128_000, 200_000, 262_144, 1_000_000),
    "min_output_tokens": _one(0, 1, 2_000, 8_192, 32_000, 65_536, 128_000),
    "modalities_in": _some(MODALITIES, 3),
    "modalities_out": lambda rng: rng.choice((("text",), ("text",), ("text", "audio"), ("image",))),
    "tool_calling": _one(True, True, True, False),
    "structured_output": _one(True, True, True, False),
    "reasoning": _one(True, True, False),
    "fine_tunable": _one(True, True, True, False),
    "knowledge_cutoff_from": _one(*DAYS),
    "released_from": _one(*DAYS),
    "min_parameters_b": _one(0, 1, 3, 7, 30, 70, 400),
    "max_parameters_b": _one(0.5, 4, 8, 14, 32, 70, 235, 1_000),
    "own_hardware": _one(True, True, True, False),
    "memory_gb": _one(4, 8, 16, 24, 48, 80, 141, 640),
    "quantization_bits": _one(4, 8, 16),
    "max_input_usd_per_mtok": _one("0", "0.1", "0.5", "1", "3", "15"),
    "max_output_usd_per_mtok": _one("0.2", "0.6", "2", "10", "25", "75"),
    "max_monthly_usd": _one("0", "5", "40", "400", "2500", "30000", "1000000"),
    "providers_allow": _some(PROVIDERS, 6),
    "providers_deny": _some(PROVIDERS, 8),
    "makers_allow": _some(MAKERS, 8),
    "makers_deny": _some(MAKERS, 4),
    "maker_countries_deny": _some(COUNTRIES, 2),
    "regions_allow": _some(REGIONS, 3),
    "regions_deny": _some(REGIONS, 3),
    "board": _one(*BOARDS),
    "min_rating": _one(0, 1_100, 1_250, 1_350, 1_420, 1_480),
    "ask_about": _some(QUESTIONS, 2),
    "keep_unknown": _one(True, False),
    "wishes": _wishes,
    "workload": _workload,
}


def drawn(seed: int, also: tuple[str, ...] = ()) -> tuple[dict[str, Any], Requirements]:
    """One to six fields, drawn again where they contradict each other, and the requirements they make.

    The money and memory fields say nothing alone, so they bring along what they are measured against;
    `also` names fields to set besides.
    """
    rng = Random(seed)
    while True:
        names = rng.sample(tuple(DRAWS), rng.choice((1, 1, 2, 2, 3, 4, 6)))
        if "max_monthly_usd" in names:
            names.append(rng.choice(("workload", "workload", "own_hardware")))
        if "min_rating" in names or "quantization_bits" in names:
            names.append(rng.choice(("board", "memory_gb")))
        values = {name: DRAWS[name](rng) for name in dict.fromkeys((*names, *also))}
        try:
            return values, requirements(**values)
        except BadRequirements:
            continue
