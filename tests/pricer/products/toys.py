"""Small raw records for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pricer.products.curate import Settings
from pricer.products.records import Columns, columns
from pricer.products.rules import default_rules

NAMES = ["parent_asin", "title", "description", "features", "details", "store", "main_category", "price", "split"]
NOUNS = [
    "kettle",
    "drill",
    "lamp",
    "piano",
    "wallet",
    "tent",
    "mirror",
    "scanner",
    "helmet",
    "router",
    "teapot",
    "violin",
    "carpet",
]
WORDS = [
    "amber",
    "brisk",
    "cedar",
    "dusky",
    "ember",
    "frost",
    "glade",
    "hazel",
    "ivory",
    "jolly",
    "khaki",
    "lunar",
    "mossy",
    "noble",
]


def amazon() -> Columns:
    """The reading of a raw Amazon record."""
    return columns(NAMES)


def usual() -> Settings:
    """The settings as they ship."""
    return Settings(amazon(), default_rules())


def raw(number: int, **changed: Any) -> dict[str, Any]:
    """A raw record that passes, unlike every other number's in words of title and text."""
    draw = [(number * step + number // 7 + step * step) % 9973 for step in (1, 2, 3, 5, 7, 11)]
    adjectives = [
        f"{WORDS[value % len(WORDS)]}{NOUNS[value // 14 % len(NOUNS)]}{'abcdefghij'[value % 10]}" for value in draw
    ]
    noun = NOUNS[number % len(NOUNS)]
    fields = {
        "parent_asin": f"B{number:09}",
        "title": f"{adjectives[0]} {adjectives[1]} {noun} {adjectives[2]} edition",
        "features": [f"{adjectives[3]} {noun}", f"made for the {adjectives[4]} {adjectives[5]} of the house"],
        "description": [f"A {noun} that is {' and '.join(adjectives)}."],
        "details": json.dumps(
            {"Color": adjectives[0], "Best Sellers Rank": {"Tools": 12345}, "Item model number": "XQ5"}
        ),
        "store": "NORVANE",
        "main_category": "Tools" if number % 3 else "Office",
        "price": 5.0 + number % 90,
    }
    return fields | changed


def write_lines(path: Path, records: list[dict[str, Any]]) -> Path:
    """The records as JSON lines."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path
