"""A user's own file as items, row by row: nothing is scrubbed, cut or dropped but rows without an answer or a text, and these are counted."""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pricer.errors import BadInput
from pricer.products import money
from pricer.products.items import SPLITS, Item, Listing
from pricer.products.records import Columns, Record, columns, record
from pricer.products.text import clean

MOST_LABELS = 200


@dataclass(frozen=True, slots=True)
class OwnFile:
    """The items of a file in its order. `dropped` counts rows by why they cannot be used; `near_copies` counts training rows that
    nearly copy a held-out row, None where nobody looked. `stated` says whether the file itself has splits."""

    name: str
    fingerprint: str
    target: str
    unit: str | None
    items: tuple[Item, ...]
    stated: bool
    dropped: dict[str, int]
    near_copies: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur, sorted; none for numbers."""
        return tuple(sorted({item.label for item in self.items if item.label is not None}))


def read_file(
    path: Path, *, text: tuple[str, ...] = (), target: str | None = None, label: str | None = None, limit: int | None = None
) -> OwnFile:  # fmt: skip
    """The rows of a table or JSON lines file. A `target` that does not hold numbers is taken for a label.

    `BadInput` when a column is not there, when no row can be used, or when a label column has more than 200 labels.
    """
    from pricer.installed import require

    require("reading a data file", "full", "orjson")
    from pricer.products.sources import read
    from pricer.products.sources.files import local

    source = local([str(path)])
    told = source.describe()
    reading = columns(told["columns"], text=text, target=target, label=label)
    with tempfile.TemporaryDirectory() as work:
        raws = [(shard.file, raw) for shard in source.shards(Path(work)) for raw in read(shard)]
    dropped: Counter[str] = Counter()
    records = []
    for file, raw in raws:
        if raw.fields is None:
            dropped[raw.fault or "unreadable"] += 1
        else:
            records.append((raw.line, record(raw.fields, reading, f"{file}:{raw.line}")))
    reading = _as_label(reading, [said for _, said in records], label)
    items = tuple(_items(records, reading, dropped))[:limit]
    _check(items, reading, dropped, path)
    print_of = json.dumps([told["files"], reading.parts, reading.text], sort_keys=True, default=str)
    return OwnFile(
        path.name, _sha256(print_of), reading.of("target") or "target", reading.unit, _unique(items),
        any(item.split for item in items), dict(dropped),
    )  # fmt: skip


def in_families(own: OwnFile, seed: int, *, drop_copies: bool = False) -> OwnFile:
    """The same rows with families, and with splits by family where the file states none.

    Stated splits are kept as they are; training and validation rows that nearly copy a row held out from them are counted, and left
    out with `drop_copies`.
    """
    from pricer.installed import require

    require("finding near-duplicates", "full", "numpy", "scipy")
    import numpy as np

    from pricer.products import splits
    from pricer.products.families import Words, families, normal, sketch

    listings = [item.listing for item in own.items]
    titles, texts = normal([one.title for one in listings]), normal([one.text for one in listings])
    drawn = sketch([one.id for one in listings], titles, texts, [one.text for one in listings])
    family = families(drawn, lambda numbers: Words([titles[i] for i in numbers], [texts[i] for i in numbers])).family
    stated = np.array([SPLITS.index(item.split) if item.split else splits.NONE for item in own.items], np.int8)
    placed = splits.place(drawn.content, drawn.id, family, stated, seed)
    copies = (placed.leaves != 0) & (stated != splits.NONE) & (stated != splits.TEST)
    names = splits.names(placed.split)
    items = tuple(
        replace(item, family=f"{family[place]:016x}", split=item.split or names[place])
        for place, item in enumerate(own.items)
        if not (drop_copies and copies[place])
    )
    print_of = _sha256(f"{own.fingerprint} {seed} {drop_copies}")
    return replace(own, items=items, near_copies=int(copies.sum()), fingerprint=print_of)


def _items(records: list[tuple[int, Record]], reading: Columns, dropped: Counter[str]) -> Iterator[Item]:
    for line, said in records:
        listing = _listing(said)
        target, label, fault = _answer(said.answer, reading)
        if not listing.text:
            fault = "no text"
        if fault:
            dropped[fault] += 1
        else:
            yield Item(listing, target, label, 0, "", said.split or "", line)


def _listing(said: Record) -> Listing:
    title, features, description = clean(said.title), clean(said.features), clean(said.description)
    details = {clean(name): clean(value) for name, value in said.details.items()}
    lines = [title, features, *(f"{name}: {value}" for name, value in details.items()), description]
    return Listing(
        said.id, title, "\n".join(line for line in lines if line), description, features,
        json.dumps(details, ensure_ascii=False) if details else "", said.brand and clean(said.brand), said.category and clean(said.category),
    )  # fmt: skip


def _answer(found: object, reading: Columns) -> tuple[float | None, str | None, str | None]:
    """Number, label, and why there is neither."""
    if reading.is_label:
        label = clean("" if found is None else str(found))
        return None, label or None, None if label else "label missing"
    if reading.unit == "usd":
        read = money.price(found)
        return read.usd, None, read.fault
    value = number(found)
    return value, None, None if value is not None else "target missing" if found in (None, "") else "target unreadable"


def number(found: object) -> float | None:
    """A finite number as a cell states it: -3, "12.5", "1,299"; None for anything else."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    if isinstance(found, str):
        bare = found.strip()
        sign = -1.0 if bare[:1] in "-−" else 1.0
        read = money.amount(bare.lstrip("-−+"))
        try:
            value = sign * read if read is not None else float(bare)
        except ValueError:
            return None
    else:
        value = float(found)
    return value if math.isfinite(value) else None


def _as_label(reading: Columns, records: list[Record], label: str | None) -> Columns:
    """The reading, with the target as a label when most of what stands there is no number."""
    if label or reading.unit == "usd":
        return reading
    said = [one.answer for one in records if one.answer not in (None, "")]
    numbers = sum(number(answer) is not None for answer in said)
    return replace(reading, is_label=True) if said and numbers * 2 < len(said) else reading


def _check(items: tuple[Item, ...], reading: Columns, dropped: Counter[str], path: Path) -> None:
    if not items:
        why = ", ".join(f"{count} {reason}" for reason, count in dropped.most_common(3)) or "the file has no rows"
        raise BadInput(f"{path.name}: no row can be used ({why}); name the columns with --text and --target")
    labels = {item.label for item in items if item.label is not None}
    if len(labels) > MOST_LABELS:
        raise BadInput(
            f"{path.name}: column {reading.of('target')!r} has {len(labels)} labels, wanted at most {MOST_LABELS}; "
            "is it a text? Name the column to predict with --target"
        )


def _unique(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items with ids that are each used once: a repeated id gets its line behind it."""
    seen = set[str]()
    found = []
    for item in items:
        fresh = item.listing.id not in seen
        seen.add(item.listing.id)
        found.append(
            item if fresh else replace(item, listing=replace(item.listing, id=f"{item.listing.id}:{item.source_line}"))
        )
    return tuple(found)


def _sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()
