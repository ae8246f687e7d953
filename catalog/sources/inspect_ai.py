"""inspect-ai's model data: knowledge cutoffs and context lengths, a cross-check; which snapshots a name has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalog.models import Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource

SOURCE = Source("inspect-ai", "inspect-ai 0.3.285 model data", "https://github.com/UKGovernmentBEIS/inspect_ai", "MIT",
                "inspect_ai model data by the UK AI Security Institute and contributors", "2026-10-13")  # fmt: skip

FILES = (
    "anthropic",
    "deepseek",
    "gdm",
    "grok",
    "meta",
    "mistral",
    "moonshotai",
    "openai",
    "together",
    "fireworks",
    "zai",
)
FOLDER = "inspect_ai_0.3.285_model_data"
MAKERS = {"moonshotai": "moonshotai", "gdm": "google", "google": "google", "grok": "xai", "zai": "zhipuai"}


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """One sighting a model and one a dated version."""
    import yaml

    found: list[Sighting] = []
    for path in paths:
        organisations = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(organisations, dict):
            raise UnreadableSource(f"{path.name}: expected organisations at the top level")
        for maker, entry in organisations.items():
            for name, row in (entry.get("models") or {}).items():
                found += _model(source, MAKERS.get(str(maker), str(maker)), str(name), row or {})
    return found


def _model(source: Source, maker: str, name: str, row: Mapping[str, Any]) -> Iterator[Sighting]:
    facts = {
        "release_date": _text(row.get("release_date")), "knowledge_cutoff": _text(row.get("knowledge_cutoff_date")),
        "context_tokens": row.get("context_length"), "max_output_tokens": row.get("output_tokens"),
    }  # fmt: skip
    known = {key: value for key, value in facts.items() if value is not None}
    yield Sighting(source.id, source.as_of, f"{maker}/{name}", facts=known)
    for version, details in (row.get("versions") or {}).items():
        dated = {**known, "release_date": _text((details or {}).get("release_date")) or known.get("release_date")}
        dated = {key: value for key, value in dated.items() if value is not None}
        yield Sighting(source.id, source.as_of, f"{maker}/{version}", facts=dated)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


ADAPTER = Adapter(
    SOURCE, tuple(f"{FOLDER}/{name}.yml" for name in FILES),
    tuple(
        f"https://raw.githubusercontent.com/UKGovernmentBEIS/inspect_ai/main/src/inspect_ai/model/_model_data/{name}.yml"
        for name in FILES
    ),
    read,
)  # fmt: skip
