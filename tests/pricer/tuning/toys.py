"""A small world to tune in: lamps and shoes whose price and mood lie in their words, and a tiny BERT that reads them."""

from __future__ import annotations

import json
import random
from pathlib import Path

from pricer.evaluation.material import Material
from pricer.predictors.protocol import Examples, Task
from pricer.products.items import Item, Listing
from tests.pricer.store import models

PRICES = {
    "red": 10.0,
    "blue": 20.0,
    "shoe": 40.0,
    "lamp": 80.0,
    "garden": 5.0,
    "kitchen": 15.0,
    "steel": 30.0,
    "oak": 60.0,
}
LABELS = ("cheap", "dear", "fair")


def bert(folder: Path) -> str:
    """The folder of a BERT of two layers with vectors of 16 numbers."""
    return str(models.transformer(folder))


def phrases(count: int, seed: int = 0) -> list[tuple[str, float]]:
    """Texts of two to five words with the sum of their words' prices."""
    draw = random.Random(seed)
    texts = [draw.choices(list(PRICES), k=draw.randint(2, 5)) for _ in range(count)]
    return [(" ".join(words), sum(PRICES[word] for word in words)) for words in texts]


def label_of(price: float) -> str:
    return "cheap" if price < 60 else "fair" if price < 130 else "dear"


def material(n_train: int = 48, n_validation: int = 16, *, labels: bool = False) -> Material:
    """Train, validation and 8 test items."""
    rows = phrases(n_train + n_validation + 8)
    listings = [Listing(f"p{at}", text, text, "", "", "{}", None, None) for at, (text, _) in enumerate(rows)]
    answers = [label_of(price) if labels else price for _, price in rows]
    task = Task("mood", None, LABELS) if labels else Task("price", "usd")

    def part(start: int, end: int) -> Examples:
        return Examples(tuple(listings[start:end]), tuple(answers[start:end]))  # type: ignore[arg-type]

    items = tuple(
        Item(listing, None if labels else price, label_of(price) if labels else None, 5, listing.id, "test", at)
        for at, (listing, (_, price)) in enumerate(zip(listings[-8:], rows[-8:], strict=True))
    )
    return Material("toys", "0" * 64, "test", task, items, part(0, n_train), part(n_train, n_train + n_validation))


def file_of(path: Path, count: int = 120) -> Path:
    """The same as a user's own file with splits."""
    rows = [
        {
            "id": f"r{at}",
            "text": f"{text} number {at}",
            "price": price,
            "split": ("train", "train", "train", "validation", "test")[at % 5],
        }
        for at, (text, price) in enumerate(phrases(count, 3))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
