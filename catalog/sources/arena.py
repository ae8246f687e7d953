"""LM Arena ratings: head-to-head votes of people, by board, with the board's interval."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from catalog.models import Rating, Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource

SOURCE = Source("arena", "Arena leaderboard", "https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset", "CC-BY-4.0",
                "Arena leaderboard data set by LMArena, CC BY 4.0; joined to models by llm-assay", "2026-10-20")  # fmt: skip

# The board's own organisation labels, where they are not the maker's slug here.
MAKERS = {"zhipu": "zhipuai", "moonshot": "moonshotai", "nous": "nousresearch", "reflection": "reflectionai"}
# Labels seen to name the wrong organisation: the model's own name decides.
BY_NAME = {"other", "databricks", "snowflake", "meta"}


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """One sighting a model with its rating on each board."""
    data = json.loads(paths[0].read_text(encoding="utf-8"))
    ratings = data.get("ratings", {}) if isinstance(data, dict) else {}
    if not {"date", "tasks"} <= set(ratings):
        raise UnreadableSource(f"{paths[0].name}: expected 'ratings' with 'date' and 'tasks'")
    boards: dict[str, list[Rating]] = defaultdict(list)
    for board, rows in ratings["tasks"].items():
        for name, arena_name, rating, low, high, votes, rank in rows:
            boards[name].append(Rating(board, arena_name, rating, low, high, votes, rank, source.id, ratings["date"]))
    return [_sighting(source, name, tuple(found)) for name, found in boards.items()]


def _sighting(source: Source, name: str, found: tuple[Rating, ...]) -> Sighting:
    organisation, _, slug = name.partition(" / ")
    path = slug if organisation in BY_NAME else f"{MAKERS.get(organisation, organisation)}/{slug}"
    return Sighting(source.id, source.as_of, path, ratings=found)


ADAPTER = Adapter(
    SOURCE, ("arena_ratings_2026-10-20.json",),
    (), read,
)  # fmt: skip
