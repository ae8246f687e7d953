"""llmfit's model list: parameters, licence tag and attention shape of open models on Hugging Face."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.models import Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource

SOURCE = Source("llmfit", "llmfit 1.1.17 model list", "https://github.com/AlexsJones/llmfit", "MIT",
                "llmfit by Alex Jones and contributors", "2026-10-05")  # fmt: skip

# The list writes 4,096 for every repository whose configuration it could not read.
UNREAD_CONTEXT = 4096
NO_LICENSE = {"other", "unknown", "commercial-license-agreement"}
ROUND = 10**8
CACHE_BYTES = 2  # 16-bit keys and values
# Architectures in which every layer keeps all keys and values. Latent, sliding-window and hybrid attention keep less.
FULL_ATTENTION = {
    "llama", "qwen2", "qwen2_moe", "qwen2_5_vl", "qwen2_vl", "qwen3", "qwen3_moe", "qwen3_vl", "qwen3_vl_moe", "mistral", "mixtral", "phi",
    "olmo", "olmo2", "granite", "granitemoe", "internlm2", "exaone", "cohere", "starcoder2", "stablelm", "smollm3", "minimax_m2", "glm4", "glm4_moe",
}  # fmt: skip


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """One sighting a repository. Community repositories come too; the merge keeps what belongs to a known model."""
    rows = json.loads(paths[0].read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not rows or "parameters_raw" not in rows[0]:
        raise UnreadableSource(f"{paths[0].name}: expected a list of objects with 'parameters_raw'")
    return [
        Sighting(source.id, source.as_of, row["name"], listed=not row.get("_discovered"), facts=_facts(row))
        for row in rows
    ]


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    context = row["context_length"]
    license_tag = row.get("license")
    active = row.get("active_parameters")
    if active and active % ROUND:
        active = None  # worked out from the layers by the list, and twice too large for some; round figures are the makers' own
    facts = {
        "repo": row["name"], "open_weights": True, "release_date": row.get("release_date"),
        "license": None if license_tag in NO_LICENSE else license_tag,
        "parameters_b": _billions(row["parameters_raw"]), "active_parameters_b": _billions(active) if active else None,
        "context_tokens": None if context == UNREAD_CONTEXT else context,
        "kv_bytes_per_token" if row.get("architecture") in FULL_ATTENTION else "kv_bytes_at_most": _kv_bytes(row),
        "modalities_in": ("text", "image") if "vision" in row.get("capabilities", ()) else None,
        "tool_calling": True if "tool_use" in row.get("capabilities", ()) else None,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def _billions(count: int) -> float:
    """Parameters in billions, to three significant places below one billion and three decimals above."""
    return round(count / 1e9, 3) if count >= 10**9 else float(f"{count / 1e9:.3g}")


def _kv_bytes(row: Mapping[str, Any]) -> int | None:
    """Bytes of key-value cache per token at full attention: keys and values x layers x heads x width x 2 bytes."""
    shape = (row.get("num_hidden_layers"), row.get("num_key_value_heads"), row.get("head_dim"))
    if any(not part for part in shape):
        return None
    layers, heads, width = (int(part) for part in shape if part)
    return 2 * layers * heads * width * CACHE_BYTES


ADAPTER = Adapter(
    SOURCE, ("llmfit_1.1.17_models_10k_downloads.json",),
    ("https://raw.githubusercontent.com/AlexsJones/llmfit/main/data/hf_models.json",), read,
)  # fmt: skip
