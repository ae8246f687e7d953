"""The catalogue as one compressed file: written atomically, read with its checksum, refused when half-written."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import lzma
import os
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.errors import BadSnapshot
from catalog.facts import Claim, Fact
from catalog.models import (
    FACT_FIELDS,
    Benchmark,
    Catalog,
    Model,
    Offering,
    PeakHours,
    PriceSheet,
    Rates,
    Rating,
    Source,
)

SCHEMA = 1
EMBEDDED = Path(__file__).parent / "snapshot.json.xz"
MEASURED = ("output_tokens_per_s", "first_token_s")


def load(path: Path | None = None) -> Catalog:
    """The catalogue in `path`, by default the refreshed one in the home folder, else the one that ships."""
    return _load(path or active())


def active(root: Path | None = None) -> Path:
    """The snapshot in use: the last good refresh in the home folder (or `root`) when there is one, else the embedded one."""
    refreshed = (root or home()) / "catalog" / "snapshot.json.xz"
    return refreshed if refreshed.is_file() else EMBEDDED


def home() -> Path:
    """The user's folder: `ASSAY_HOME`, else the platform's place for data."""
    if named := os.environ.get("ASSAY_HOME"):
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("llm-assay", appauthor=False))


def save(catalog: Catalog, path: Path) -> None:
    """Write the catalogue, all or nothing: a reader sees the old file or the new one, never a part."""
    body = json.dumps(_encode(catalog), ensure_ascii=False, separators=(",", ":")).encode()
    head = json.dumps({"schema": SCHEMA, "sha256": hashlib.sha256(body).hexdigest()}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(lzma.compress(head + b"\n" + body, preset=9 | lzma.PRESET_EXTREME))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def forget() -> None:
    """Let go of what was loaded: some 25 MB that a long job has no more use for. Loading again reads the file again."""
    _load_stamped.cache_clear()


@lru_cache(maxsize=4)
def _load_stamped(path: Path, _stamp: tuple[int, int]) -> Catalog:
    return _decode(_body(path))


def _load(path: Path) -> Catalog:
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise BadSnapshot(
            f"no catalogue snapshot at {path}; reinstall llm-assay, or run: assay models refresh"
        ) from None
    return _load_stamped(path, (stat.st_mtime_ns, stat.st_size))


def _body(path: Path) -> Mapping[str, Any]:
    mend = "delete it to fall back on the embedded one" if path != EMBEDDED else "reinstall llm-assay"
    try:
        head, _, body = lzma.decompress(path.read_bytes()).partition(b"\n")
        stated = json.loads(head)
        if not isinstance(stated, dict):
            raise ValueError("its head is no object")
    except (lzma.LZMAError, EOFError, ValueError) as error:
        raise BadSnapshot(f"{path} is corrupt or half-written ({error}); {mend}") from None
    if stated.get("schema") != SCHEMA:
        raise BadSnapshot(f"{path}: wanted schema {SCHEMA}, found {stated.get('schema')!r}; {mend}")
    if hashlib.sha256(body).hexdigest() != stated.get("sha256"):
        raise BadSnapshot(f"{path}: its content does not match its checksum; {mend}")
    found: Mapping[str, Any] = json.loads(body)
    return found


# --- values to JSON: prices as text, facts as [[value, source, as_of], …], defaults left out


def _encode(catalog: Catalog) -> dict[str, Any]:
    return {
        "built": catalog.built,
        "sources": [dataclasses.asdict(source) for source in catalog.sources.values()],
        "models": [_pack(model) for model in catalog.models],
    }


def _pack(value: Any) -> Any:
    if isinstance(value, Fact):
        return [[_pack(claim.value), claim.source, claim.as_of] for claim in value.claims]
    if isinstance(value, Rating | Benchmark):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    if dataclasses.is_dataclass(value):
        fields = ((f.name, getattr(value, f.name), f.default) for f in dataclasses.fields(value))
        return {name: _pack(v) for name, v, default in fields if v != default and v not in ((), {}, Fact())}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [_pack(item) for item in value]
    return {key: _pack(item) for key, item in value.items()} if isinstance(value, dict) else value


# --- and back


def _decode(data: Mapping[str, Any]) -> Catalog:
    sources = {row["id"]: Source(**row) for row in data["sources"]}
    return Catalog(data["built"], sources, tuple(_model(row) for row in data["models"]))


def _model(row: dict[str, Any]) -> Model:
    return Model(
        **{
            **row,
            **{name: _fact(row[name]) for name in FACT_FIELDS if name in row},
            "aliases": tuple(row.get("aliases", ())),
            "ratings": tuple(Rating(*item) for item in row.get("ratings", ())),
            "benchmarks": tuple(Benchmark(*item) for item in row.get("benchmarks", ())),
            "offerings": tuple(_offering(item) for item in row.get("offerings", ())),
        }
    )


def _fact(rows: list[list[Any]]) -> Fact[Any]:
    return Fact(tuple(Claim(tuple(v) if isinstance(v, list) else v, source, as_of) for v, source, as_of in rows))


def _offering(row: dict[str, Any]) -> Offering:
    measured = {name: _fact(row[name]) for name in MEASURED if name in row}
    return Offering(**{"region": None, **row, **measured, "sheets": tuple(_sheet(sheet) for sheet in row["sheets"])})


def _sheet(row: dict[str, Any]) -> PriceSheet:
    peak = row.get("peak")
    return PriceSheet(
        row["source"], row["as_of"], row.get("url"), _rates(row["standard"]),
        {name: _rates(rates) for name, rates in row.get("tiers", {}).items()},
        PeakHours(
            tuple((a, b) for a, b in peak["hours_utc"]), Decimal(peak["multiplier"]), peak["weekdays_only"], peak["url"]
        ) if peak else None,
    )  # fmt: skip


def _rates(row: dict[str, Any]) -> Rates:
    prices = {name: Decimal(value) for name, value in row.items() if name != "above"}
    return Rates(**prices, above=tuple((at, _rates(rates)) for at, rates in row.get("above", ())))
