"""The catalogue as rows for SQL, made once for a snapshot and kept as JSON under the home folder."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog import snapshot
from catalog.models import FACT_FIELDS, Catalog, Model, Offering, Rates
from catalog.status import is_current, live_offerings
from pricer.query import relations

Row = dict[str, Any]
NAMES = ("models", "offerings", "ratings", "benchmarks", "claims")
MODEL_COLUMNS = frozenset(column.name for column in relations.BY_NAME["models"].columns)
STALE_S = 24 * 3600  # a statement that still reads the rows of an older snapshot has long ended


def catalogue_rows(home: Path) -> dict[str, Path | str]:
    """The rows of each relation of the catalogue in use under `home`: a file of JSON, or the JSON where no file can be written.

    A file is used again while it is of this very snapshot and as this very code writes it.
    """
    path = snapshot.active(home)
    if not path.is_file():
        snapshot.load(path)  # says what is missing, and how to mend it
    folder, key = home / "cache", _key(path)
    kept = {name: folder / f"query-{key}-{name}.json" for name in NAMES}
    if all(file.is_file() for file in kept.values()):
        return dict(kept)
    made = {name: _json(name, rows) for name, rows in rows_of(snapshot.load(path)).items()}
    try:
        _keep({kept[name]: text for name, text in made.items()}, folder)
    except OSError:  # a home that cannot be written only makes the next statement slower
        return dict(made)
    return dict(kept)


def rows_of(catalog: Catalog) -> dict[str, list[Row]]:
    """The rows of every relation of the catalogue; whether something could be had is judged on the day it was built."""
    day = dt.date.fromisoformat(catalog.built)
    return {
        "models": [_model(model, day) for model in catalog.models],
        "offerings": [row for model in catalog.models for row in _offerings(model, day)],
        "ratings": [_named(model, rating) for model in catalog.models for rating in model.ratings],
        "benchmarks": [
            {**_named(model, benchmark), "benchmark": benchmark.name}
            for model in catalog.models
            for benchmark in model.benchmarks
        ],
        "claims": [row for model in catalog.models for row in _claims(model)],
    }


def _model(model: Model, day: dt.date) -> Row:
    facts = {name: getattr(model, name) for name in FACT_FIELDS}
    return {
        "id": model.id, "maker": model.maker, "name": model.name, "family": model.family, "current": is_current(model, day),
        **{name: fact.value for name, fact in facts.items()},
        "disputed": [name for name, fact in facts.items() if len(fact.values) > 1 and name in MODEL_COLUMNS],
    }  # fmt: skip


def _offerings(model: Model, day: dt.date) -> Iterator[Row]:
    live = {id(offering) for offering in live_offerings(model, day)}
    return ({"live": id(offering) in live, **_offering(model, offering)} for offering in model.offerings)


def _offering(model: Model, offering: Offering) -> Row:
    sheet = offering.prices or offering.sheets[0]
    batch, (above, long) = sheet.tiers.get("batch", Rates()), (*sheet.standard.above, (None, Rates()))[0]
    return {
        "model": model.id, "provider": offering.provider, "offering": offering.name, "region": offering.region,
        "first_party": offering.first_party, **_prices("", sheet.standard), "batch": "batch" in sheet.tiers,
        **_prices("batch_", batch), "long_above_tokens": above, **_prices("long_", long),
        "other_tiers": sorted(set(sheet.tiers) - {"batch"}),
        "max_input_tokens": offering.max_input_tokens, "max_output_tokens": offering.max_output_tokens,
        "requests_per_minute": offering.requests_per_minute, "tokens_per_minute": offering.tokens_per_minute,
        "output_tokens_per_s": offering.output_tokens_per_s.value, "first_token_s": offering.first_token_s.value,
        "retires": offering.retires, "source": sheet.source, "as_of": sheet.as_of, "url": sheet.url,
    }  # fmt: skip


def _prices(prefix: str, rates: Rates) -> Row:
    return {
        f"{prefix}{name}_usd_per_mtok": getattr(rates, name)
        for name in ("input", "output", "cache_read", "cache_write", "reasoning")
    }


def _named(model: Model, part: Any) -> Row:
    return {"model": model.id, **{name: getattr(part, name) for name in part.__dataclass_fields__}}


def _claims(model: Model) -> Iterator[Row]:
    for name in FACT_FIELDS:
        for trust, claim in enumerate(getattr(model, name).claims, 1):
            yield {
                "model": model.id, "fact": name, "value": _text(claim.value), "trust": trust,
                "source": claim.source, "as_of": claim.as_of,
            }  # fmt: skip


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


# --- the rows as text, and where they are kept


def _json(name: str, rows: Iterable[Row]) -> str:
    """The rows with the columns of their relation; what is unknown is left out, which SQL reads as null."""
    columns = [column.name for column in relations.BY_NAME[name].columns]
    kept = [{column: row[column] for column in columns if row[column] is not None} for row in rows]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    assert isinstance(value, Decimal), f"no row holds a {type(value).__name__}"
    return str(value)


def _key(snapshot_file: Path) -> str:
    """Another snapshot, or other code that makes the rows, has another key."""
    code = (Path(__file__), Path(relations.__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in (snapshot_file, *code))).hexdigest()[:16]


def _keep(texts: Mapping[Path, str], folder: Path) -> None:
    """Write each file whole or not at all, and drop what older snapshots left."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        handle, name = tempfile.mkstemp(dir=folder, prefix="query-", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    for old in set(folder.glob("query-*")) - set(texts):
        if time.time() - old.stat().st_mtime > STALE_S:
            old.unlink(missing_ok=True)
