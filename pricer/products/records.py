"""Raw fields to a record: which column means what, and the shapes in which Amazon's metadata comes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import orjson

from pricer.errors import BadInput
from pricer.products.items import SPLITS

# For each part of a record the columns it may stand in, first found first taken.
KNOWN = {
    "id": ("parent_asin", "asin", "id"),
    "title": ("title", "name"),
    "description": ("description", "full", "summary"),
    "features": ("features",),
    "details": ("details",),
    "brand": ("brand", "store"),
    "category": ("main_category", "category"),
    "target": ("price_usd", "price"),
    "split": ("split",),
}
TEXTS = ("title", "features", "description", "details")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which of a source's columns a record is made of. `text` columns beside the known parts join the description."""

    parts: tuple[tuple[str, str], ...]
    text: tuple[str, ...] = ()
    is_label: bool = False
    unit: str | None = "usd"

    def of(self, part: str) -> str | None:
        """The column of a part; None when there is none."""
        return dict(self.parts).get(part)


@dataclass(frozen=True, slots=True)
class Record:
    """A record's texts as they came, its details by name, and its answer as stated: nothing is judged yet."""

    id: str
    title: str
    features: str
    description: str
    details: dict[str, str]
    brand: str | None
    category: str | None
    answer: object
    split: str | None


def columns(
    found: Iterable[str], *, text: tuple[str, ...] = (), target: str | None = None, label: str | None = None
) -> Columns:
    """The reading of a source with the columns `found`. Names given by the user win over the known ones."""
    names = list(found)
    for wanted in (*text, *(name for name in (target, label) if name)):
        if wanted not in names:
            near = ", ".join(get_close_matches(wanted, names, 3)) or "none near"
            raise BadInput(f"column {wanted!r}: not in the source, which has {', '.join(names)} (nearest: {near})")
    if target and label:
        raise BadInput(f"wanted a number (--target) or a label (--label), found both: {target!r} and {label!r}")
    parts = {part: name for part, known in KNOWN.items() if (name := next((k for k in known if k in names), None))}
    if text:
        parts = {part: name for part, name in parts.items() if part not in TEXTS or name in text}
    if target or label:
        parts["target"] = str(target or label)
    if "target" not in parts:
        raise BadInput(f"no column to predict: name it with --target or --label; the source has {', '.join(names)}")
    extra = tuple(name for name in text if name not in parts.values())
    if not extra and not any(part in parts for part in TEXTS):
        raise BadInput(f"no text column: name some with --text; the source has {', '.join(names)}")
    unit = None if label or (target and target not in KNOWN["target"]) else "usd"
    return Columns(tuple(parts.items()), extra, bool(label), unit)


def record(fields: dict[str, Any], reading: Columns, place: str) -> Record:
    """The record in `fields`. `place` (file and line) makes an id where the source has none."""
    get = {part: fields.get(name) for part, name in reading.parts}.get
    details = _details(get("details"))
    description = " ".join(_text(fields.get(name)) for name in reading.text)
    split = get("split")
    return Record(
        id=_text(get("id")) or hashlib.sha256(place.encode()).hexdigest()[:16],
        title=_text(get("title")),
        features=_text(get("features"), "; "),
        description=f"{_text(get('description'))} {description}".strip(),
        details=details,
        brand=_text(get("brand")) or details.get("Brand") or details.get("Brand Name") or None,
        category=_text(get("category")) or None,
        answer=get("target"),
        split=split if split in SPLITS else None,
    )


def _text(value: object, between: str = " ") -> str:
    """Any JSON value as text: lists joined, objects as `name: value`, nothing as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return between.join(text for item in value if (text := _text(item)))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(item)}" for name, item in value.items() if item is not None)
    return str(value)


def _details(value: object) -> dict[str, str]:
    """Detail names and values; they come as an object or as the JSON text of one. Broken JSON is kept as plain text."""
    if isinstance(value, str) and value:
        try:
            value = orjson.loads(value)
        except ValueError:
            return {"Details": str(value)}
    if isinstance(value, dict):
        return {str(name): text for name, item in value.items() if (text := _text(item))}
    return {"Details": text} if (text := _text(value)) else {}
