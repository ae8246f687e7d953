"""Small listings whose price follows from their words, weight and brand, for tests of learners."""

from __future__ import annotations

import random

from pricer.predictors.protocol import Examples, Task
from pricer.products.items import Listing

NUMBERS = Task()
LABELS = Task("size", None, ("small", "middle", "large"))
BRANDS = {"Acme": 1.0, "Zenith": 3.0, None: 2.0}
THINGS = {"filter": 10.0, "guitar": 200.0, "cable": 5.0, "keyboard": 60.0}


def listing(number: int, seed: int = 0) -> Listing:
    """A listing; the same number and seed give the same one."""
    draw = random.Random(f"{seed}:{number}")
    thing, brand = draw.choice(list(THINGS)), draw.choice(list(BRANDS))
    pounds = draw.randint(1, 20)
    title = f"{brand or 'Plain'} {thing} model {draw.randint(100, 999)}"
    details = f'{{"Item Weight":"{pounds} pounds","Color":"{draw.choice(["red", "blue"])}"}}'
    text = f"{title}\nItem Weight: {pounds} pounds"
    description = f"A {thing} of {pounds} pounds, 10 x 4 x 2 inches"
    return Listing(f"t{seed}-{number}", title, text, description, "", details, brand, thing if number % 7 else None)


def price(one: Listing) -> float:
    """What the listing costs."""
    thing = next(name for name in THINGS if name in one.title)
    return THINGS[thing] * BRANDS[one.brand] + len(one.description)


def priced(count: int, seed: int = 0) -> Examples:
    """That many listings with their prices."""
    listings = tuple(listing(number, seed) for number in range(count))
    return Examples(listings, tuple(price(one) for one in listings))


def labelled(count: int, seed: int = 0) -> Examples:
    """That many listings with their sizes."""
    listings = tuple(listing(number, seed) for number in range(count))
    return Examples(listings, tuple(_size(price(one)) for one in listings))


def examples(task: Task, count: int, seed: int = 0) -> Examples:
    """Examples that fit the task."""
    return labelled(count, seed) if task.is_label else priced(count, seed)


def _size(cost: float) -> str:
    return "small" if cost < 60 else "middle" if cost < 200 else "large"
