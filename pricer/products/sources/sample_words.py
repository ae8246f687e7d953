"""The words that the synthetic sample draws from: the tables of `sample_words.toml`, made ready."""

from __future__ import annotations

import hashlib
import math
import re
import struct
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from pathlib import Path
from statistics import NormalDist
from typing import Any

NOISES = 4096  # equally likely values of the standard normal noise
CLAUSES = 1024  # openings, closings and features of a category: 10 bits
WORDS = Path(__file__).with_name("sample_words.toml")
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SLOTS = (
    "brand", "series", "code", "part", "noun", "size", "tier", "if_tier", "material", "if_material", "pack", "if_pack",
    "colour", "if_colour", "quality", "compound", "place",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Effect:
    """A property's value: its words, what a title says with space or comma (nothing, if plain), the log dollars it adds."""

    words: str
    if_any: str
    log_usd: float


@dataclass(frozen=True, slots=True)
class Template:
    """A text with gaps, and which of the words in `_said` fill them: a third of the time of `str.format`."""

    text: str
    pick: Callable[[tuple[str, ...]], tuple[str, ...]]

    def filled(self, said: tuple[str, ...]) -> str:
        return self.text % self.pick(said)


@dataclass(frozen=True, slots=True)
class Category:
    """What the products of a category share. Any opening goes before any closing."""

    name: str
    ranking: str
    places: tuple[str, ...]
    brands: tuple[Effect, ...]
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of product. `log_usd` is for one plain piece of the middle size, `pounds` what that weighs."""

    category: Category
    noun: str
    shelf: str
    log_usd: float
    pounds: float
    sizes: tuple[Effect, ...]
    materials: tuple[Effect, ...]
    packs: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tables of sample_words.toml, made ready to be drawn from. `series` are starts, middles and ends of names."""

    kinds: tuple[Kind, ...]
    tiers: tuple[Effect, ...]
    colours: tuple[str, ...]
    qualities: tuple[str, ...]
    compounds: tuple[str, ...]
    series: tuple[tuple[str, ...], ...]
    prefixes: tuple[str, ...]
    layouts: tuple[Template, ...]
    specifications: tuple[Template, ...]
    introductions: tuple[Template, ...]
    phrases: tuple[str, ...]
    lands: tuple[str, ...]
    days: tuple[str, ...]
    boxes: tuple[str, ...]
    normal: tuple[float, ...]


@cache
def vocabulary() -> Vocabulary:
    """All words, read once for a process."""
    with WORDS.open("rb") as file:
        table = tomllib.load(file)
    fronts, backs = table["compound_fronts"].split(), table["compound_backs"].split()
    letters = DIGITS[10:].replace("I", "").replace("O", "").replace("Q", "")
    return Vocabulary(
        kinds=tuple(kind for category in table["categories"] for kind in _kinds(category, table)),
        tiers=tuple(tier for row in table["tiers"] for tier in [_tier(**row)] * row["share"]),
        colours=tuple(table["colours"]),
        qualities=tuple(quality.title() for quality in table["qualities"].split()),
        compounds=tuple(f"{front}-{back}" for front in fronts for back in backs),
        series=tuple(tuple(table[f"series_{part}"].split()) for part in ("starts", "middles", "ends")),
        prefixes=(*letters, *(one + other for one in letters for other in letters)),
        layouts=_templates(table["layouts"]),
        specifications=_templates(table["specifications"]),
        introductions=_templates(table["introductions"]),
        phrases=tuple(table["phrases"]),
        lands=tuple(table["lands"]),
        days=tuple(
            f"{month} {day}, {year}" for month in table["months"] for day in range(1, 29) for year in range(2004, 2024)
        ),
        boxes=_boxes(),
        normal=tuple(NormalDist().inv_cdf((place + 0.5) / NOISES) for place in range(NOISES)),
    )


def _kinds(category: dict[str, Any], table: dict[str, Any]) -> Iterator[Kind]:
    shared = _category(category, table)
    for row in category["kinds"]:
        middle = row["sizes"][len(row["sizes"]) // 2]
        yield Kind(
            category=shared,
            noun=row["noun"],
            shelf=_plural(row["noun"]),
            log_usd=math.log(row["usd"]),
            pounds=0.05 * row["usd"] ** 0.8,
            sizes=tuple(_size(size, row["unit"], row["elasticity"] * math.log(size / middle)) for size in row["sizes"]),
            materials=tuple(Effect(name, f"{name} ", table["materials"][name]) for name in row["materials"]),
            packs=_packs(table["packs"] if row["usd"] <= table["packed_below_usd"] else [1], table["pack_elasticity"]),
        )


def _category(category: dict[str, Any], table: dict[str, Any]) -> Category:
    features = [f"{heading} {opening}" for opening in table["openings"] for heading in table["headings"]]
    qualities = table["qualities"].split()
    return Category(
        name=category["name"],
        ranking=category["ranking"],
        places=tuple(category["places"]),
        brands=tuple(Effect(name, name, log_usd) for name, log_usd in category["brands"].items()),
        openings=tuple(f" {clause}" for clause in _clauses(table["openings"], category, qualities)),
        closings=tuple(f" {clause}" for clause in _clauses(table["closings"], category, qualities)),
        features=_clauses(features, category, qualities),
    )


def _clauses(templates: list[str], category: dict[str, Any], qualities: list[str]) -> tuple[str, ...]:
    """`CLAUSES` fillings of the templates with a category's words, always the same ones."""
    parts, places, jobs = category["parts"].split(), category["places"], category["jobs"]
    key = f"{category['name']} {templates[0]}".encode()
    draws = struct.iter_unpack("<5H", hashlib.shake_128(key).digest(10 * CLAUSES))
    return tuple(
        re.sub(
            r"\b([Aa]) (?=[aeiou])",
            r"\1n ",
            templates[number % len(templates)].format(
                quality=qualities[quality % len(qualities)],
                part=parts[part % len(parts)],
                other=parts[(part + 1 + other % (len(parts) - 1)) % len(parts)],
                place=places[place % len(places)],
                job=jobs[job % len(jobs)],
                count=20 + other % 900,
            ),
        )
        for number, (quality, part, other, place, job) in enumerate(draws)
    )


def _templates(texts: list[str]) -> tuple[Template, ...]:
    return tuple(
        Template(re.sub(r"\{\w+\}", "%s", text), itemgetter(*map(SLOTS.index, re.findall(r"\{(\w+)\}", text))))
        for text in texts
    )


def _tier(words: str, log_usd: float, **_share: int) -> Effect:
    return Effect(words.lower() or "standard", f"{words} " if words else "", log_usd)


def _size(size: float, unit: str, log_usd: float) -> Effect:
    return Effect(f"{size:g} {unit}", f"{size:g} {unit}", log_usd)


def _packs(pieces: list[int], elasticity: float) -> tuple[Effect, ...]:
    """One effect for each number of pieces, the same object wherever the number repeats."""
    packs = {count: Effect(f"pack of {count}", f", Pack of {count}", elasticity * math.log(count)) for count in pieces}
    packs[1] = Effect("single unit", "", 0.0)
    return tuple(packs[count] for count in pieces)


def _plural(noun: str) -> str:
    return noun if noun.endswith("s") else f"{noun}es" if noun.endswith(("x", "ch")) else f"{noun}s"


def _boxes() -> tuple[str, ...]:
    """4096 outer measures, in inches to one decimal."""
    draws = struct.iter_unpack("<3H", hashlib.shake_128(b"boxes").digest(6 * 4096))
    return tuple(" x ".join(f"{(5 + draw % 480) / 10:.1f}" for draw in three) + " inches" for three in draws)
