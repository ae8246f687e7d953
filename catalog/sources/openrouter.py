"""OpenRouter's model list, as a join key: which Hugging Face repository a model id stands for."""

from __future__ import annotations

import json
from pathlib import Path

from catalog.models import Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource

SOURCE = Source("openrouter", "OpenRouter model list", "https://openrouter.ai/api/v1/models", "terms not checked",
                "used only to join names to Hugging Face repositories", "2026-05-12")  # fmt: skip


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """The rows that name a repository; nothing else of them is kept."""
    data = json.loads(paths[0].read_text(encoding="utf-8"))
    rows = data.get("data") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise UnreadableSource(f"{paths[0].name}: expected an object with a 'data' list")
    return [
        Sighting(source.id, source.as_of, row["id"], facts={"repo": row["hugging_face_id"]})
        for row in rows
        if row["hugging_face_id"]
    ]


ADAPTER = Adapter(SOURCE, ("openrouter_models_2026-05-12.json",), ("https://openrouter.ai/api/v1/models",), read)
