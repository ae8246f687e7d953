"""What each field of a listing says, as tokens for sparse models and as measures for trees. Both read every field, uncut."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from pricer.predictors.quantities import attributes, largest, measure, pack, rank, sides_cm, weight_g
from pricer.products.items import Listing

MOST_WORDS = 2000  # of a description; a longer one says nothing new about the price
MOST_TITLE_CHARS = 400
LONGEST_VALUE_CHARS = 60  # an attribute's longer value is a text: its words count, the whole does not
MOST_VALUE_WORDS = 30

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+(?:\.\d+)?")
_MODEL = re.compile(r"[a-z0-9]+(?:[-./][a-z0-9]+)*")
_YEAR = re.compile(r"\b(19[89]\d|20[0-4]\d)\b")


@dataclass(frozen=True, slots=True)
class Field:
    """A source of tokens. Tokens of different fields are different terms, even when they are spelled alike."""

    name: str
    tokens: Callable[[Listing], list[str]]


def words(text: str) -> list[str]:
    """Runs of letters and numbers in lower case, in order: `24v` is two words."""
    return _WORD.findall(text.lower())


def measures(listing: Listing) -> dict[str, float]:
    """Every number that the listing states by name: attributes, quantities of title and text, sides, pack, rank, year, lengths."""
    text = f"{listing.title}\n{listing.description}"
    stated = attributes(listing)
    found = {f"stated {name}": value for name, written in stated.items() if (value := _measured(written)) is not None}
    found |= {f"title {name}": value for name, value in largest(listing.title).items()}
    found |= {f"text {name}": value for name, value in largest(text).items()}
    found |= _sizes(stated, text)
    ways = (("pack", pack(listing.title) or pack(text)), ("rank", rank(text)), ("weight g", weight_g(text)))
    found |= {name: float(value) for name, value in ways if value is not None}
    if years := _YEAR.findall(text):
        found["year"] = float(max(years))
    return found | _lengths(listing, len(stated))


def _measured(written: str) -> float | None:
    return measure(written) if len(written) < LONGEST_VALUE_CHARS else None


def _sizes(stated: dict[str, str], text: str) -> dict[str, float]:
    """Longest side and volume, from the first attribute that gives sides with their unit, else from the text; and the weight among them."""
    dimensions = [value for name, value in stated.items() if "dimension" in name]
    sides = next(filter(None, map(sides_cm, [*dimensions, text])), ())
    found = {"longest cm": max(sides), "size": math.prod(sides)} if sides else {}
    weights = [value for name, value in stated.items() if "weight" in name]
    grams = next(filter(None, (largest(value).get("weight_g") for value in [*weights, *dimensions])), None)
    return found if grams is None else found | {"any weight g": grams}


def _lengths(listing: Listing, stated: int) -> dict[str, float]:
    return {
        "title chars": float(len(listing.title)),
        "description chars": float(len(listing.description)),
        "features chars": float(len(listing.features)),
        "details chars": float(len(listing.details)),
        "attributes": float(stated),
    }


def _title(listing: Listing) -> list[str]:
    return _with_pairs(words(listing.title))


def _models(listing: Listing) -> list[str]:
    """Words with digits and their beginnings (model numbers of a series begin alike), and how the title begins and ends."""
    mixed = (word for word in _MODEL.findall(listing.title.lower()) if any(map(str.isdigit, word)))
    series = [
        part for word in mixed for part in (word, *(f"^{word[:length]}" for length in range(2, min(len(word), 7))))
    ]
    spoken = words(listing.title)
    begins = [f"^{' '.join(spoken[:count])}" for count in (1, 2, 3, 4)]
    return [*series, *begins, *(f"${' '.join(spoken[-count:])}" for count in (1, 2))]


def _pieces(listing: Listing) -> list[str]:
    """Pieces of 3 to 5 characters of the title's words, each word with a blank before and after it."""
    padded = [f" {word} " for word in listing.title[:MOST_TITLE_CHARS].lower().split()]
    return [piece for word in padded for length in (3, 4, 5) for piece in _windows(word, length)]


def _windows(word: str, length: int) -> Iterator[str]:
    return (word[start : start + length] for start in range(max(1, len(word) - length + 1)))


def _groups(listing: Listing) -> list[str]:
    brand, category = (listing.brand or "").lower(), (listing.category or "").lower()
    return [f"brand {brand}", f"category {category}", f"both {brand} / {category}"]


def _attributes(listing: Listing) -> list[str]:
    """Names, names with whole short values, names with each word of the value."""
    found: list[str] = []
    for name, written in attributes(listing).items():
        value = " ".join(written.lower().split())
        found.append(name)
        found += [f"{name}={value}"] if len(value) < LONGEST_VALUE_CHARS else []
        found += [f"{name}:{word}" for word in words(value)[:MOST_VALUE_WORDS]]
    return found


def _measures(listing: Listing) -> list[str]:
    """Measures in steps of half an octave, so that near numbers share a token."""
    return [f"{name}~{round(2 * math.log2(abs(value) + 1e-3))}" for name, value in measures(listing).items()]


def _description(listing: Listing) -> list[str]:
    return _with_pairs(words(listing.description)[:MOST_WORDS])


def _features(listing: Listing) -> list[str]:
    return words(listing.features)[:MOST_WORDS]


def _with_pairs(spoken: list[str]) -> list[str]:
    return [*spoken, *(f"{one} {next_one}" for one, next_one in pairwise(spoken))]


FIELDS: tuple[Field, ...] = (
    Field("title", _title),
    Field("models", _models),
    Field("pieces", _pieces),
    Field("groups", _groups),
    Field("attributes", _attributes),
    Field("measures", _measures),
    Field("description", _description),
    Field("features", _features),
)
