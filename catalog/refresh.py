"""Fetch the live sources, validate each, rebuild the snapshot, and replace it in one step; the last good one stays otherwise."""

from __future__ import annotations

import datetime as dt
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import yaml

from catalog import snapshot
from catalog.build import ADAPTERS, assemble
from catalog.coverage import coverage
from catalog.errors import BadSnapshot, RefreshFailed
from catalog.models import FACT_FIELDS, Catalog, Model, Source
from catalog.sources.sighting import Adapter, Sighting, UnreadableSource

TIMEOUT_S = 30
MOST_BYTES = 64 * 2**20
# A refreshed catalogue that lost more than this share of the models is a broken fetch, not news.
LEAST_KEPT = 0.9

# What an adapter raises on text that is not of its source's shape. A live address may answer with anything.
BROKEN = (
    UnreadableSource,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    zlib.error,
    yaml.YAMLError,
)

Report = Callable[[str, int, int], None]


def refresh(today: dt.date, report: Report, adapters: Sequence[Adapter] = ADAPTERS) -> dict[str, Any]:
    """Fetch, rebuild, replace; says per source what came and what changed.

    A source that does not answer, or answers in another shape, keeps what the snapshot says from it, under its old date.
    `RefreshFailed` leaves the snapshot as it was: when no source came, or when the result lost a tenth of the models.
    """
    old = _last_good()
    sightings: list[Sighting] = []
    sources: list[Source] = []
    said: list[dict[str, str]] = []
    came = 0
    for done, adapter in enumerate(adapters):
        report(adapter.source.id, done, len(adapters))
        live = replace(adapter.source, as_of=today.isoformat())
        outcome = _read(replace(adapter, source=live))
        if isinstance(outcome, str):
            kept = recall(old, adapter.source.id)
            sightings += kept
            sources.append(old.sources.get(adapter.source.id, adapter.source))
            said.append({"source": adapter.source.id, "said": f"{outcome}; kept what {len(kept):,} models had from it"})
        else:
            came += 1
            sightings += outcome
            sources.append(live)
            said.append({"source": adapter.source.id, "said": f"{len(outcome):,} rows of today"})
    report("done", len(adapters), len(adapters))
    if not came:
        raise RefreshFailed(
            f"no live source could be read, first {said[0]['source']}: {said[0]['said']}; the snapshot stands"
        )
    new, _ = assemble(sightings, sources, today)
    _refuse_shrunken(old, new, today)
    path = snapshot.home() / "catalog" / "snapshot.json.xz"
    snapshot.save(new, path)
    return {"sources": said, "changes": changes(old, new), "models": len(new.models), "path": str(path)}


def _last_good() -> Catalog:
    """The snapshot in use, or the embedded one where a refreshed copy is damaged: this command is what mends it."""
    try:
        return snapshot.load()
    except BadSnapshot:
        return snapshot.load(snapshot.EMBEDDED)


def recall(catalog: Catalog, source: str) -> list[Sighting]:
    """What the snapshot says from one source, as sightings: its claims, prices, ratings and scores, and the known spellings."""
    if source not in catalog.sources:
        return []
    found = _recalled(catalog, source)
    return found + (_recalled(catalog, "first-listed") if source == "model-prices" else [])


def _recalled(catalog: Catalog, source: str) -> list[Sighting]:
    found = []
    for model in catalog.models:
        claims = [
            (name, claim) for name in FACT_FIELDS for claim in getattr(model, name).claims if claim.source == source
        ]
        ratings = tuple(rating for rating in model.ratings if rating.source == source)
        scores = tuple(score for score in model.benchmarks if score.source == source)
        as_of = claims[0][1].as_of if claims else catalog.sources[source].as_of
        if claims or ratings or scores:
            found.append(
                Sighting(source, as_of, model.id, seller=model.maker, title=model.name, family=model.family, listed=True,
                         denotes=model.denotes, also=model.aliases, facts={name: claim.value for name, claim in claims},
                         ratings=ratings, benchmarks=scores)
            )  # fmt: skip
        for offering in model.offerings:
            sheets = tuple(sheet for sheet in offering.sheets if sheet.source == source)
            if sheets:
                seller = model.maker if offering.first_party else None
                found.append(
                    Sighting(source, as_of, model.id, seller=seller, offering=replace(offering, sheets=sheets))
                )
    return found


def changes(old: Catalog, new: Catalog) -> dict[str, list[str]]:
    """Ids that came, went, and changed price or licence."""
    before, after = ({model.id: model for model in catalog.models} for catalog in (old, new))
    both = before.keys() & after.keys()
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "price changed": sorted(name for name in both if _own_prices(before[name]) != _own_prices(after[name])),
        "license changed": sorted(name for name in both if before[name].license.value != after[name].license.value),
    }


def _own_prices(model: Model) -> list[str]:
    return sorted(f"{o.provider} {o.region} {o.prices.standard}" for o in model.offerings if o.first_party and o.prices)


def _read(adapter: Adapter) -> list[Sighting] | str:
    """The sightings of a live source, or why there are none."""
    if not adapter.live:
        return "no live address: this source has stopped"
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, url in zip(adapter.files, adapter.live, strict=True):
            path = Path(folder) / name.removesuffix(".gz")
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.write_bytes(_fetch(url))
            except (URLError, HTTPException, OSError, ValueError) as error:
                return f"not fetched: {url}: {getattr(error, 'reason', error)}"
            paths.append(path)
        try:
            return adapter.read(adapter.source, tuple(paths))
        except BROKEN as error:
            return f"fetched, but not in the shape expected: {type(error).__name__}: {error}"


def _fetch(url: str) -> bytes:
    """The body, at most 64 MiB. Only http and https are opened."""
    if not url.startswith(("https://", "http://")):
        raise ValueError("only http and https addresses are fetched")
    request = Request(url, headers={"User-Agent": "llm-assay"})  # noqa: S310 - the scheme is checked above
    with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        body: bytes = answer.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES // 2**20} MiB")
    return body


def _refuse_shrunken(old: Catalog, new: Catalog, today: dt.date) -> None:
    before, after = (coverage(catalog, today)[0].count for catalog in (old, new))
    if after < LEAST_KEPT * before:
        raise RefreshFailed(f"nothing was changed: the new catalogue has {after} current models, the old one {before}")
