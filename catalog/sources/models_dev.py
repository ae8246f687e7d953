"""models.dev: release dates, limits, modalities, abilities, cutoffs, per-host prices; the labs' own benchmark scores."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.models import Benchmark, Offering, PriceSheet, Rates, Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource, unpriced, usd_per_mtok

SOURCE = Source(
    "models.dev", "models.dev", "https://models.dev", "MIT", "models.dev by SST and contributors", "2026-07-01"
)

MAKERS = {"nova": "amazon", "llama": "meta", "zai": "zhipuai", "zhipuai": "zhipuai", "stepfun-ai": "stepfun",
          "tencent-tokenhub": "tencent"}  # fmt: skip
FIRST_PARTY = {
    "openai", "anthropic", "google", "mistral", "deepseek", "xai", "cohere", "moonshotai", "zai", "zhipuai", "minimax",
    "alibaba", "perplexity", "nova", "llama", "stepfun", "stepfun-ai", "upstage", "inception", "xiaomi", "sakana",
    "sarvam", "poolside", "tencent-tokenhub",
}  # fmt: skip
# Subscriptions, coding plans and free proxies: what they list as 0 is not a price.
LEFT_OUT = re.compile(
    r"coding-plan|token-plan|^github-|^opencode|^poe$|^kimi-for-coding$|^lmstudio$|^freemodel$|^atomic-chat$"
)
REPO = re.compile(r"https?://huggingface\.co/([\w.-]+/[\w.-]+)")


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """Offerings of every host, then the labs' own entries."""
    hosts, labs = (json.loads(_text(path)) for path in paths)
    hosts = _flat(hosts)
    if not isinstance(hosts, dict) or not all("/" in key for key in hosts):
        raise UnreadableSource(f"{paths[0].name}: expected an object keyed by provider/model")
    offered = [_offered(source, key, row) for key, row in hosts.items() if not LEFT_OUT.search(key.split("/")[0])]
    return offered + [_lab(source, key, row) for key, row in labs.items()]


def _flat(hosts: Any) -> Any:
    """The live shape, providers with a `models` object each, as `provider/model` rows; flat rows stay as they are."""
    if not isinstance(hosts, dict) or not all(isinstance(row, dict) and "models" in row for row in hosts.values()):
        return hosts
    return {f"{provider}/{name}": model for provider, row in hosts.items() for name, model in row["models"].items()}


def _text(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")


def _offered(source: Source, key: str, row: Mapping[str, Any]) -> Sighting:
    provider, _, path = key.partition("/")
    base = row.get("base_model")
    sheet = _sheet(source, row)
    limit = row["limit"]
    region = re.match(r"(us|eu|apac|global|jp|au|ca)\.", path) if provider == "amazon-bedrock" else None
    offering = Offering(
        provider, key, region.group(1) if region else _home(provider), (sheet,) if sheet else (),
        max_input_tokens=limit.get("input") or limit.get("context") or None, max_output_tokens=limit.get("output") or None,
    )  # fmt: skip
    own = provider in FIRST_PARTY and "/" not in path
    return Sighting(
        source.id, source.as_of, base or path, seller=MAKERS.get(provider, provider) if own else None,
        title=row["name"] if own else None, family=row.get("family"),
        facts=_facts(row) if own else _host_facts(row), offering=offering,
    )  # fmt: skip


def _home(provider: str) -> str | None:
    return "cn" if provider.endswith("-cn") else None


def _lab(source: Source, key: str, row: Mapping[str, Any]) -> Sighting:
    maker = key.partition("/")[0]
    facts = _facts(row)
    for link in row.get("weights", ()):
        if found := REPO.match(link["url"]):
            facts["repo"] = found.group(1)
            break
    scores = tuple(
        Benchmark(
            b["name"],
            float(b["score"]),
            b.get("metric", "points"),
            source.id,
            b.get("date", source.as_of),
            b.get("source"),
        )
        for b in row.get("benchmarks", ())
        if isinstance(b.get("score"), int | float)
    )
    return Sighting(
        source.id, source.as_of, key, seller=maker, title=row["name"], family=row.get("family"),
        listed=True, facts=facts, benchmarks=scores,
    )  # fmt: skip


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    limit = row["limit"]
    facts = {
        **_host_facts(row), "release_date": row["release_date"], "open_weights": row["open_weights"],
        "context_tokens": limit.get("context") or None, "max_input_tokens": limit.get("input") or None,
        "max_output_tokens": limit.get("output") or None, "tool_calling": row["tool_call"],
        "reasoning": row["reasoning"], "structured_output": row.get("structured_output"),
        "license": row.get("license"),
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def _host_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a host's row says of the model itself. Its limits and prices are the host's, not the model's."""
    facts = {
        "knowledge_cutoff": row.get("knowledge"), "release_date": row["release_date"],
        "modalities_out": tuple(row["modalities"].get("output", ())) or None, "tool_calling": row["tool_call"] or None,
        "reasoning": row["reasoning"] or None, "open_weights": row["open_weights"] or None,
        "context_tokens": row["limit"].get("context") or None, "modalities_in": tuple(row["modalities"].get("input", ())) or None,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def _sheet(source: Source, row: Mapping[str, Any]) -> PriceSheet | None:
    cost = row.get("cost")
    if not cost:
        return None
    rates = _rates(cost)
    return None if unpriced(rates) else PriceSheet(source.id, source.as_of, None, rates)


def _rates(cost: Mapping[str, Any]) -> Rates:
    names = ("input", "output", "cache_read", "cache_write", "reasoning")
    above = tuple((int(t["tier"]["size"]), _rates({**t, "tiers": ()})) for t in cost.get("tiers", ()) if t.get("tier"))
    return Rates(*(usd_per_mtok(cost.get(name), scale=1) for name in names), above=above)


ADAPTER = Adapter(
    SOURCE,
    ("modelsdev_repo_2026-07-01_flat.json.gz", "modelsdev_repo_2026-07-01_labmodels.json"),
    ("https://models.dev/api.json", "https://models.dev/models.json"),
    read,
)
