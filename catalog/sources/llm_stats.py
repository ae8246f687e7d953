"""llm-stats: licence, parameters, training tokens, benchmark scores, measured throughput. The repository has stopped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog.facts import Claim, Fact
from catalog.models import Benchmark, Offering, PriceSheet, Rates, Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource, plain, unpriced

SOURCE = Source("llm-stats", "llm-stats repository (frozen)", "https://github.com/AchilleasDrakou/LLMStats", "CC-BY-4.0",
                "llm-stats.com, CC BY 4.0; joined to models by llm-assay", "2025-10-16")  # fmt: skip

LICENSES = {
    "apache_2_0": "apache-2.0", "mit": "mit", "mit_license": "mit", "gemma": "gemma", "qwen": "qwen",
    "llama_3_1_community_license": "llama3.1", "llama_3_2_community_license": "llama3.2", "llama3_2": "llama3.2",
    "llama_3_3_community_license_agreement": "llama3.3", "llama_4_community_license_agreement": "llama4",
    "deepseek": "deepseek", "modified_mit_license": "modified-mit", "jamba_open_model_license": "jamba-open-model-license",
    "nvidia_open_model_license_agreement": "nvidia-open-model-license", "tongyi_qianwen": "tongyi-qianwen",
    "cc_by_nc": "cc-by-nc-4.0", "mistral_research_license": "mrl", "mnpl_0_1": "mnpl-0.1",
    "mistral_research_license_(mrl)_for_research;_mistral_commercial_license_for_commercial_use": "mrl",
    "creative_commons_attribution_4_0_license": "cc-by-4.0", "mit_+_model_license_(commercial_use_allowed)": "deepseek",
    "health_ai_developer_foundations_terms_of_use": "health-ai-developer-foundations", "proprietary": "proprietary",
}  # fmt: skip
PROVIDERS = {"bedrock": "amazon-bedrock", "fireworks": "fireworks-ai", "together": "togetherai", "novita": "novita-ai",
             "zeroeval": None, "lambda": "lambda-ai"}  # fmt: skip
KEPT = {
    "gpqa", "mmlu", "mmlu-pro", "math", "humaneval", "mmmu", "livecodebench", "aime-2025", "gsm8k", "ifeval",
    "swe-bench-verified", "mathvista", "drop", "docvqa", "humanity's-last-exam", "simpleqa", "math-500", "chartqa",
    "tau-bench-retail", "arena-hard", "mgsm", "bfcl", "aider-polyglot",
}  # fmt: skip
REPO = re.compile(r"https?://huggingface\.co/([\w.-]+/[\w.-]+)")


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """Models with their scores, then one sighting a hosted model."""
    models, hosts = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    if not isinstance(models, list) or not models or "license_id" not in models[0]:
        raise UnreadableSource(f"{paths[0].name}: expected a list of objects with 'license_id'")
    hosted = [_hosted(source, name, row) for name, rows in hosts.items() for row in rows if PROVIDERS.get(name, name)]
    return [_model(source, row) for row in models] + hosted


def _model(source: Source, row: Mapping[str, Any]) -> Sighting:
    tag = LICENSES.get(row["license_id"])
    link = REPO.match(row["source_weights_link"] or "")
    facts = {
        "release_date": row["release_date"], "knowledge_cutoff": row["knowledge_cutoff"],
        "license": None if tag == "proprietary" else tag,
        "open_weights": True if link else (False if tag == "proprietary" else None),
        "parameters_b": row["param_count"] / 1e9 if row["param_count"] else None,
        "training_tokens_t": row["training_tokens"] / 1e12 if row["training_tokens"] else None,
        "repo": link.group(1) if link else None,
    }  # fmt: skip
    scores = tuple(
        Benchmark(b["benchmark_id"], round(b["score"] * 100, 2), "percent", source.id, source.as_of,
                  b["self_reported_source_link"], b["is_self_reported"])
        for b in row["_benchmarks"]
        if b["benchmark_id"] in KEPT and 0 <= b["score"] <= 1
    )  # fmt: skip
    return Sighting(
        source.id, source.as_of, f"{row['organization_id']}/{row['model_id']}", title=row["name"],
        facts={name: value for name, value in facts.items() if value is not None}, benchmarks=scores,
    )  # fmt: skip


def _hosted(source: Source, host: str, row: Mapping[str, Any]) -> Sighting:
    provider = PROVIDERS.get(host, host) or host
    cents = (row["input_cents_per_million_tokens"], row["output_cents_per_million_tokens"])
    rates = Rates(*(None if price is None else plain(Decimal(str(price)) / 100) for price in cents))
    offering = Offering(
        provider, f"{provider}/{row['provider_model_id_used'] or row['model_id']}", None,
        () if unpriced(rates) else (PriceSheet(source.id, source.as_of, None, rates),),
        output_tokens_per_s=_measured(source, row["throughput"]), first_token_s=_measured(source, row["latency"]),
    )  # fmt: skip
    return Sighting(source.id, source.as_of, f"{row['organization_id']}/{row['model_id']}", offering=offering)


def _measured(source: Source, value: float | None) -> Fact[float]:
    return Fact((Claim(float(value), source.id, source.as_of),)) if value else Fact()


ADAPTER = Adapter(SOURCE, ("llmstats_models_2025-10-16.json", "llmstats_provider_models.json"), (), read)
