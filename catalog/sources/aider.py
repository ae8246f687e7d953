"""Aider's polyglot leaderboard: share of 225 exercises in six programming languages solved in two tries. Frozen."""

from __future__ import annotations

from pathlib import Path

from catalog.models import Benchmark, Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource

SOURCE = Source("aider", "Aider polyglot leaderboard (frozen)", "https://aider.chat/docs/leaderboards/", "Apache-2.0",
                "Aider polyglot leaderboard by Paul Gauthier, Apache-2.0", "2025-10-03")  # fmt: skip


def read(source: Source, paths: tuple[Path, ...]) -> list[Sighting]:
    """One sighting a run. A model's best run is chosen by the merge, not here."""
    import yaml

    rows = yaml.safe_load(paths[0].read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not rows or "pass_rate_2" not in rows[0]:
        raise UnreadableSource(f"{paths[0].name}: expected a list of runs with 'pass_rate_2'")
    return [
        Sighting(source.id, source.as_of, _model(row["command"]), benchmarks=(
            Benchmark("aider-polyglot", float(row["pass_rate_2"]), "percent", source.id, str(row["date"]), source.url, False),
        ))
        for row in rows
        if row.get("command") and " --model " in row["command"] + " " and not row.get("editor_model")
    ]  # fmt: skip


def _model(command: str) -> str:
    """The name after `--model`, without the routing prefix that Aider adds (`openrouter/…`)."""
    words = command.split()
    name = words[words.index("--model") + 1]
    return name.removeprefix("openrouter/")


ADAPTER = Adapter(
    SOURCE, ("aider_polyglot_leaderboard_2025-10-03.yml",),
    ("https://raw.githubusercontent.com/Aider-AI/aider/main/aider/website/_data/polyglot_leaderboard.yml",), read,
)  # fmt: skip
