"""Loading: a source through the engine into parts, the parts into a data set. Interrupted, it goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput, PricerError
from pricer.files import write_json
from pricer.products import audit, splits
from pricer.products.curate import PRICE_EDGES, TOKEN_EDGES, Settings, Tally
from pricer.products.dataset import FORMAT, MANIFEST, NAME, Dataset, datasets_folder, fingerprint_of, open_dataset
from pricer.products.engine import Engine, run
from pricer.products.families import Words, families, normal
from pricer.products.items import DROPPED_COLUMNS, ITEM_COLUMNS, SPLITS
from pricer.products.money import LEAST_USD, MOST_USD
from pricer.products.parts import Curator, Part, job, sketches, tables, write_parquet
from pricer.products.records import columns
from pricer.products.rules import PART_NUMBER, Rules, default_rules
from pricer.products.shards import KnowsBest, Shard, Source
from pricer.products.sources import read
from pricer.products.tokens import DEFAULT, fingerprint
from pricer.products.tokens import tokenizer as tokenizer_named

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# Room for the question and the answer around a text; with the default budget of 160 it makes 180.
QUESTION_TOKENS = 20
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to load and how: the source, the settings, the name, how many records at most, the seed of the splits."""

    source: Source
    settings: Settings
    name: str
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.settings.text_tokens <= 100_000:
            raise BadInput(f"--text-tokens {self.settings.text_tokens}: wanted 1 to 100,000")
        if not re.fullmatch(NAME, self.name):
            raise BadInput(f"--name {self.name!r}: wanted letters, digits, dots, dashes and underscores, at most 64")
        if self.limit is not None and self.limit < 1:
            raise BadInput(f"--limit {self.limit}: wanted at least 1")


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may say about a load: columns, rules, budget in tokens, bounds of the number, how many records, the seed."""

    text: tuple[str, ...] = ()
    target: str | None = None
    label: str | None = None
    rules: Rules | None = None
    tokenizer: str = DEFAULT
    text_tokens: int = 160
    least: float | None = None
    most: float | None = None
    limit: int | None = None
    seed: int = 0


def request(source: Source, options: Options | None = None, name: str | None = None) -> Request:
    """A checked request. Prices keep their usual bounds unless others are given; other numbers have none of their own.

    A source may name its own text and label columns; what the user says goes first.
    """
    said = options or Options()
    told = source.describe()
    label = said.label or (None if said.target else told.get("label"))
    reading = columns(told["columns"], text=said.text or tuple(told.get("text", ())), target=said.target, label=label)
    least, most = said.least, said.most
    if reading.unit == "usd":
        least, most = LEAST_USD if least is None else least, MOST_USD if most is None else most
    settings = Settings(
        reading, said.rules or default_rules(), said.tokenizer, said.text_tokens, said.text_tokens + QUESTION_TOKENS,
        least=least, most=most,
    )  # fmt: skip
    return Request(source, settings, name or _name(told["name"]), said.limit, said.seed)


def _name(told: str) -> str:
    """A name for a data set made from what its source is called: `data/Items 1.jsonl.gz` gives `items-1`."""
    stem = re.sub(
        r"(\.(jsonl|ndjson|json|csv|tsv|parquet|xlsx|xls|ods|gz))+$",
        "",
        told.split(",", maxsplit=1)[0].rpartition("/")[2].lower(),
    )
    return re.sub(r"[^a-z0-9]+", "-", stem.removeprefix("synthetic ")).strip("-")[:64] or "data"


@dataclass(frozen=True, slots=True)
class _Assembly:
    """All items of all parts: their families, splits, and which leave."""

    family: npt.NDArray[np.uint64]
    placed: splits.Placed
    bounds: list[int]


def load(request: Request, engine: Engine, root: Path | None = None, report: Report = lambda *_: None) -> Dataset:
    """Load a data set and return it. An older one of that name stays until the new one is complete."""
    _restore(datasets_folder(root) / request.name)
    source = request.source.describe()
    told = _decided(request, source)
    key = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:12]
    work = datasets_folder(root) / ".work" / f"{request.name}-{key}"
    _make(work)
    parts = _curate(request, engine, work, report)
    report("families", 0, 0)
    assembly = _assemble(parts, request.seed)
    folder = _write(request, source, told, parts, assembly, work / "out", report)
    _publish(folder, datasets_folder(root) / request.name)
    shutil.rmtree(work)
    return open_dataset(request.name, root)


def _decided(request: Request, source: dict[str, Any]) -> dict[str, Any]:
    """Everything that decides the content, for the manifest and for telling one load from another."""
    settings = request.settings
    return {
        "source": source, "limit": request.limit, "seed": request.seed,
        "tokenizer": {"name": settings.tokenizer, "fingerprint": fingerprint(tokenizer_named(settings.tokenizer))},
        "columns": asdict(settings.columns),
        "rules_fingerprint": settings.rules.fingerprint,
        "settings": {
            "text_tokens": settings.text_tokens, "prompt_tokens": settings.prompt_tokens, "least_chars": settings.least_chars,
            "order": list(settings.order),
            "least": settings.least, "most": settings.most, "part_number_chars": settings.rules.part_number_chars,
        },
    }  # fmt: skip


def _curate(request: Request, engine: Engine, work: Path, report: Report) -> list[Part]:
    """Every shard's part, those already there included."""
    jobs = list(_jobs(request, work))
    if not jobs:
        raise BadInput("the source has no records")
    parts = {one["shard"]["index"]: Part(work, one["shard"]["index"]) for one in jobs}
    done = sum(part.marker.is_file() for part in parts.values())
    report("curating", done, len(jobs))
    task = Curator(work, request.settings)
    for _ in run(jobs, task, engine, lambda one: parts[one["shard"]["index"]].marker.is_file()):
        done += 1
        report("curating", done, len(jobs))
    return list(parts.values())


def _jobs(request: Request, work: Path) -> Iterator[dict[str, Any]]:
    """A job for each shard until the limit is reached; only then are records counted before they are read."""
    left = request.limit
    for shard in request.source.shards(work):
        if left is None:
            yield job(shard, None)
            continue
        count = _count(shard, left)
        if count:
            yield job(shard, count)
        left -= count
        if left == 0:
            return


def _count(shard: Shard, most: int) -> int:
    count = 0
    for _ in read(shard):
        count += 1
        if count == most:
            break
    return count


def _assemble(parts: list[Part], seed: int) -> _Assembly:
    import numpy as np

    drawn = sketches(parts)
    stated, bounds = [], [0]
    for table in tables(parts, "items", ["kept_split"]):
        codes = [SPLITS.index(name) if name else splits.NONE for name in table["kept_split"].to_pylist()]
        stated.append(np.array(codes, np.int8))
        bounds.append(bounds[-1] + len(codes))
    family = families(drawn, lambda numbers: _words(parts, bounds, numbers)).family
    placed = splits.place(drawn.content, drawn.id, family, np.concatenate(stated), seed)
    return _Assembly(family, placed, bounds)


def _words(parts: list[Part], bounds: list[int], numbers: npt.NDArray[np.int64]) -> Words:
    """The normal titles and texts of items given by number; only the parts that hold some are read."""
    titles, texts = list[str](), list[str]()
    for part, first, last in zip(parts, bounds, bounds[1:], strict=False):
        here = numbers[(numbers >= first) & (numbers < last)] - first
        if len(here):
            table = next(tables([part], "items", ["title", "text"])).take(here)
            titles += normal(table["title"].to_pylist())
            texts += normal(table["text"].to_pylist())
    return Words(titles, texts)


def _write(
    request: Request, source: dict[str, Any], told: dict[str, Any], parts: list[Part], assembly: _Assembly, out: Path,
    report: Report,
) -> Path:  # fmt: skip
    """The data set in a folder of its own, manifest last."""
    import pyarrow as pa

    shutil.rmtree(out, ignore_errors=True)
    _make(out)
    tally, drops, kept = Tally(), list[Any](), 0
    for place, (part, items, dropped) in enumerate(
        zip(parts, tables(parts, "items"), tables(parts, "dropped"), strict=True)
    ):
        report("writing", place, len(parts))
        staying, leaving = _finished(items, assembly, place)
        write_parquet(staying, out / f"items-{place:05}.parquet")
        drops.append(pa.concat_tables([dropped, leaving]).sort_by("source_line"))
        kept += len(staying)
        tally.add(part.tally())
    all_drops = pa.concat_tables(drops)
    write_parquet(all_drops, out / "dropped.parquet")
    funnel = _funnel(tally.raw, kept, all_drops)
    draft = Dataset(out, {})
    report("audit", 0, 0)
    manifest = {
        "format": FORMAT, "name": request.name, **told,
        "source": source | {"synthetic": bool(source.get("synthetic"))},
        "target": _target(request.settings),
        "funnel": funnel,
        "rules": _rules_told(request.settings, tally),
        "before": _before(tally),
        "audit": audit.audit(draft, request.settings),
        "best_reachable": _best_reachable(request.source, draft),
        "coincidences": {"own_dollar_in_text": tally.coincidences, "neighbours_dollar_in_text": tally.expected_coincidences},
        "fingerprint": fingerprint_of(sorted(out.glob("items-*.parquet"))),
        "files": {path.name: path.stat().st_size for path in sorted(out.glob("*.parquet"))},
    }  # fmt: skip
    write_json(manifest, out / MANIFEST)
    return out


def _finished(items: pa.Table, assembly: _Assembly, place: int) -> tuple[pa.Table, pa.Table]:
    """The items of a part that stay, with family and split, and the drops made of those that leave."""
    import pyarrow as pa

    here = slice(assembly.bounds[place], assembly.bounds[place + 1])
    leaves = assembly.placed.leaves[here]
    families_here = [f"{family:016x}" for family in assembly.family[here].tolist()]
    items = items.append_column("family", pa.array(families_here, pa.string()))
    items = items.append_column("split", pa.array(splits.names(assembly.placed.split[here]), pa.string()))
    staying = items.filter(pa.array(leaves == 0)).select([column.name for column in ITEM_COLUMNS])
    gone = items.filter(pa.array(leaves != 0))
    reasons = [assembly.placed.reasons[code] for code in leaves[leaves != 0].tolist()]
    gone = gone.append_column("reason", pa.array(reasons, pa.string()))
    gone = gone.append_column("found", pa.array([f"family {one}" for one in gone["family"].to_pylist()], pa.string()))
    return staying, gone.select([column.name for column in DROPPED_COLUMNS])


def _funnel(raw: int, kept: int, drops: pa.Table) -> dict[str, Any]:
    dropped = dict(sorted(Counter(drops["reason"].to_pylist()).items(), key=lambda row: (-row[1], row[0])))
    assert raw == kept + sum(dropped.values()), f"{raw} records, {kept} kept, {dropped} dropped: they do not add up"
    return {"raw": raw, "kept": kept, "dropped": dropped}


def _target(settings: Settings) -> dict[str, Any]:
    return {"name": settings.columns.of("target"), "unit": settings.columns.unit, "is_label": settings.columns.is_label}


def _best_reachable(source: Source, dataset: Dataset) -> dict[str, float] | None:
    """How well the test items can be guessed at all; known only where the source made the answers."""
    if not isinstance(source, KnowsBest):
        return None
    columns = ["id", "target", "split"]
    rows = (row for table in dataset.tables(columns) for row in table.to_pylist())
    answers = [(row["id"], row["target"]) for row in rows if row["split"] == "test"]
    return source.best_reachable(answers) if answers else None


def _rules_told(settings: Settings, tally: Tally) -> list[dict[str, Any]]:
    """The table of rules with how often each applied and what it did to the first few."""
    rows = [asdict(rule) for rule in settings.rules.rows]
    if settings.rules.part_number_chars:
        least = settings.rules.part_number_chars
        rows.append({
            "name": PART_NUMBER, "kind": PART_NUMBER, "pattern": f"a word of {least} or more characters with a digit",
            "reason": "an identifier, not a property",
        })  # fmt: skip
    return [
        row | {"hits": tally.hits[name], "items": tally.items[name], "samples": tally.samples.get(name, [])}
        for row in rows
        for name in [row["name"]]
    ]


def _before(tally: Tally) -> dict[str, Any]:
    """Distributions before curation: counts between edges, the last bin open; tokens of every eighth record."""
    return {
        "price": {"edges": PRICE_EDGES, "counts": [tally.prices_before[place] for place in range(len(PRICE_EDGES))]},
        "tokens": {"edges": TOKEN_EDGES, "counts": [tally.tokens_before[place] for place in range(len(TOKEN_EDGES))]},
        "category": dict(sorted(tally.categories_before.items(), key=lambda row: (-row[1], row[0]))),
    }


def _publish(out: Path, folder: Path) -> None:
    """Put the finished folder in place of an older one. A kill between the renames leaves the old one to the next load."""
    old = _aside(folder)
    try:
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        out.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise PricerError(f"could not put data set {folder.name} in place: {error.strerror or error}") from error


def _aside(folder: Path) -> Path:
    """Where the old data set waits while the new one takes its place."""
    return folder.with_name(f".{folder.name}.old")


def _restore(folder: Path) -> None:
    """Put back an old data set that a kill left aside."""
    if _aside(folder).is_dir() and not folder.exists():
        _aside(folder).rename(folder)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PricerError(f"could not make the folder {folder.name}: {error.strerror or error}") from error
