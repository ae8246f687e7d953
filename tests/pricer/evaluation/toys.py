"""Items, plans and answers made for the tests."""

from __future__ import annotations

from typing import Any

from pricer.predictors.protocol import Guess, Usage
from pricer.products.items import Item, Listing


def listing(number: int) -> Listing:
    """A listing with a title of its own."""
    return Listing(f"i{number}", f"thing {number}", f"thing number {number}", "", "", "", None, "Things")


def items(count: int) -> list[Item]:
    """Items whose truth is ten times their number plus ten."""
    return [Item(listing(number), 10.0 * number + 10, None, 0, "", "test", 0) for number in range(count)]


def plan(**other: Any) -> dict[str, Any]:
    """A plan as an evaluation writes it."""
    task: dict[str, Any] = {"name": "price", "unit": "usd", "labels": [], "question": None, "least": None, "most": None}
    return {
        "predictor": "toy", "model": None, "data": {"name": "toys", "fingerprint": "f"}, "task": task, "settings": {},
        "prompt_hash": None, "seed": 0, "trained": None,
    } | other  # fmt: skip


def guess(value: float, input_tokens: int = 50, output_tokens: int = 5) -> Guess:
    """A priced guess."""
    return Guess(value, raw=f"${value}", usage=Usage(input_tokens, output_tokens), model="toy-1")
