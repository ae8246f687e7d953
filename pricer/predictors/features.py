"""Engineered features: what a knowing reader would note of a listing, as a table of numbers. NaN is unknown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pricer.predictors.quantities import UNITS, attributes, largest, measure, pack, rank, sides_cm, weight_g
from pricer.predictors.words import document
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_CATEGORIES = 30
MOST_ATTRIBUTES = 60
ATTRIBUTE_SHARE = 0.01  # an attribute is a column when this share of the training listings states it
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class View:
    """A listing with what has been read of it once."""

    listing: Listing
    text: str
    attributes: dict[str, str]
    measures: dict[str, float]
    quantities: dict[str, float]
    title_quantities: dict[str, float]
    sides: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """A column: its meaning, and how it is read. `read` returns None when the listing does not tell."""

    name: str
    meaning: str
    read: Callable[[View], float | None]


def _log(value: float | None) -> float | None:
    return None if value is None else math.log1p(max(value, 0.0))


def _weight(view: View) -> float | None:
    """From an attribute called so, else from the text."""
    stated = (largest(value).get("weight_g") for name, value in view.attributes.items() if "weight" in name)
    return next((grams for grams in stated if grams), None) or weight_g(view.text)


def _volume(view: View) -> float | None:
    return math.prod(view.sides) if len(view.sides) == 3 else None


def _title_numbers(view: View) -> list[float]:
    return [float(written) for written in _NUMBERS.findall(view.listing.title)]


def _quantity(name: str) -> Feature:
    return Feature(f"log_{name}", f"largest {name} in the text, log", lambda view: _log(view.quantities.get(name)))


def _title_quantity(name: str) -> Feature:
    meaning = f"largest {name} in the title, log"
    return Feature(f"title_log_{name}", meaning, lambda view: _log(view.title_quantities.get(name)))


FEATURES: tuple[Feature, ...] = (
    Feature("log_weight", "stated weight, log g", lambda view: _log(_weight(view))),
    Feature("log_volume", "product of three stated sides, log cm3", lambda view: _log(_volume(view))),
    Feature("log_longest", "longest stated side, log cm", lambda view: _log(max(view.sides, default=None))),
    Feature("log_rank", "best-seller rank, log", lambda view: _log(rank(view.text))),
    Feature("log_pack", "pieces sold together, log", lambda view: _log(pack(view.listing.title) or pack(view.text))),
    Feature("title_chars", "length of the title", lambda view: len(view.listing.title)),
    Feature("title_words", "words of the title", lambda view: len(view.listing.title.split())),
    Feature("title_numbers", "numbers in the title", lambda view: len(_title_numbers(view))),
    Feature(
        "log_title_number",
        "largest number in the title, log",
        lambda view: _log(max(_title_numbers(view), default=None)),
    ),
    Feature("title_capitals", "capital letters of the title", lambda view: sum(map(str.isupper, view.listing.title))),
    Feature("log_text_chars", "length of the document, log", lambda view: _log(len(view.text))),
    Feature(
        "log_description_chars", "length of the description, log", lambda view: _log(len(view.listing.description))
    ),
    Feature("log_features_chars", "length of the features, log", lambda view: _log(len(view.listing.features))),
    Feature("text_numbers", "numbers in the document, log", lambda view: _log(len(_NUMBERS.findall(view.text)))),
    Feature("attributes", "stated attributes", lambda view: len(view.attributes)),
    Feature("has_brand", "1 when the brand is known", lambda view: float(view.listing.brand is not None)),
    *(_quantity(name) for name in UNITS),
    *(_title_quantity(name) for name in UNITS),
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns training called for: the fixed ones, the numeric attributes it states often, its commonest categories."""

    attributes: tuple[str, ...]
    categories: tuple[str, ...]

    @classmethod
    def learn(cls, views: Sequence[View]) -> Self:
        """The columns for these training listings."""
        stated = Counter(name for view in views for name in view.measures)
        named = Counter(view.listing.category for view in views if view.listing.category is not None)
        least = max(2.0, ATTRIBUTE_SHARE * len(views))
        kept = [name for name, count in _commonest(stated, MOST_ATTRIBUTES) if count >= least]
        return cls(tuple(kept), tuple(name for name, _ in _commonest(named, MOST_CATEGORIES)))

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each column, in order."""
        fixed = (feature.name for feature in FEATURES)
        attributes = (f"attribute: {name}" for name in self.attributes)
        return (*fixed, *attributes, *(f"category: {name}" for name in self.categories))

    def table(self, views: Sequence[View]) -> npt.NDArray[np.float64]:
        """`(n, columns)`; NaN where a listing does not tell. Attributes are in logarithms."""
        import numpy as np

        rows = [self._row(view) for view in views]
        return np.array(rows, dtype=np.float64).reshape(len(views), len(self.names))

    def _row(self, view: View) -> list[float]:
        fixed = (feature.read(view) for feature in FEATURES)
        stated = (_log(view.measures.get(name)) for name in self.attributes)
        hot = (float(view.listing.category == name) for name in self.categories)
        return [math.nan if value is None else value for value in (*fixed, *stated, *hot)]


def look(listing: Listing) -> View:
    """What features read of a listing."""
    text, stated = document(listing), attributes(listing)
    found = {name: measure(value) for name, value in stated.items()}
    measures = {name: value for name, value in found.items() if value is not None}
    sides = next((sides for name, value in stated.items() if "dimension" in name and (sides := sides_cm(value))), None)
    return View(listing, text, stated, measures, largest(text), largest(listing.title), sides or sides_cm(text))


def _commonest(counted: Counter[str], most: int) -> list[tuple[str, int]]:
    """The commonest, of equals the alphabetically first."""
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
