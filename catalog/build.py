"""Build the snapshot from folders of raw source data: `python -m catalog.build RAW_FOLDER [OUT]`."""

from __future__ import annotations

import datetime as dt
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from catalog import snapshot
from catalog.coverage import coverage
from catalog.identity import canonical_maker
from catalog.merge import Left, merge
from catalog.models import Catalog, Source
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
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource

ADAPTERS: tuple[Adapter, ...] = tuple(
    module.ADAPTER
    for module in (model_prices, litellm, models_dev, llmfit, arena, llm_stats, openrouter, portkey, inspect_ai, aider)
)
TABLES = Path(__file__).parent / "tables"
OWN = (
    Source("curated", "llm-assay's reviewed tables", "catalog/tables in the llm-assay repository", "MIT",
           "facts read by hand from the page each row names", ""),
    Source("model-name", "the maker's own model name", "the name itself, as in …-30b-a3b or …-2025-04-28", "none needed",
           "", ""),
    Source("first-listed", "first day on its maker's price list (model-prices)", "https://github.com/wakamex/model-prices", "MIT",
           "model-prices by its authors", ""),
    Source("closed-family", "sold by its maker only, like every member of its family that a source judges",
           "derived from models.dev and the makers' price lists", "MIT", "", ""),
)  # fmt: skip


def build(raw: Path, today: dt.date) -> tuple[Catalog, Left]:
    """The catalogue made from `raw`, and how many rows were left out for which reason."""
    missing = [name for adapter in ADAPTERS for name in adapter.files if not (raw / name).is_file()]
    if missing:
        raise UnreadableSource(f"{raw}: wanted {len(missing)} more source files, first {missing[0]!r}")
    sightings = [s for a in ADAPTERS for s in a.read(a.source, tuple(raw / name for name in a.files))]
    return assemble(sightings, [adapter.source for adapter in ADAPTERS], today)


def assemble(sightings: list[Sighting], sources: Iterable[Source], today: dt.date) -> tuple[Catalog, Left]:
    """The catalogue made from sightings and the curated facts."""
    models, left = merge([*sightings, *curated()])
    return Catalog(today.isoformat(), {source.id: source for source in (*sources, *OWN)}, models), left


def curated() -> list[Sighting]:
    """The reviewed facts about single models, as sightings; each row's day of checking is its as-of date."""
    path = TABLES / "models.toml"
    rows: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8")).get("fact", [])
    return [
        Sighting("curated", str(row["checked"]), row["model"], seller=canonical_maker(row["model"].split("/")[0]),
                 facts={row["field"]: row["value"]})
        for row in rows
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    """Build, print what was left out and the coverage, write. Exit code 2 when the raw data are not as expected."""
    if not arguments:
        sys.stderr.write("usage: python -m catalog.build RAW_FOLDER [OUT]\n")
        return 2
    out = Path(arguments[1]) if len(arguments) > 1 else snapshot.EMBEDDED
    today = dt.datetime.now(dt.UTC).date()
    try:
        catalog, left = build(Path(arguments[0]), today)
    except UnreadableSource as error:
        sys.stderr.write(f"{error}\n")
        return 2
    snapshot.save(catalog, out)
    lines = [f"{count:6,} rows left out: {reason}" for reason, count in sorted(left.counts.items())]
    lines += [f"{row.name:34} {row.text}" for row in coverage(catalog, today)]
    sys.stderr.write("\n".join(lines) + f"\nwrote {out} ({out.stat().st_size / 1e6:.2f} MB)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
