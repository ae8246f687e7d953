"""Prices as records state them: numbers, "$1,299.00", "1.299,00", ranges, nothing at all."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

LEAST_USD, MOST_USD = 0.50, 999.49
NOTHING = frozenset({"", "none", "null", "nan", "n/a", "na", "-", "—", "–", "unknown"})
AMERICAN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?|\.\d{1,2}")
EUROPEAN = re.compile(r"\d{1,3}(?:[. \u00a0]\d{3})+,\d{1,2}|\d+,\d{1,2}|\d{1,3}(?:\.\d{3}){2,}")
DOLLARS = re.compile(r"(?:us ?\$|\$|usd)\s*|\s*(?:us ?\$|\$|usd|us dollars|dollars)", re.IGNORECASE)
OTHER_CURRENCY = re.compile(r"[€£¥₹₩₽]|\b(?:eur|gbp|jpy|cad|aud|inr|yen|euros?)\b|\b[ca]a?\$", re.IGNORECASE)
RANGE = re.compile(
    r"\d\s*(?:-|–|—|~|to|through)\s*(?:us ?)?\$?\s*\.?\d|\b(?:from|up to|starting at|ab)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars, or why there is none; never both."""

    usd: float | None
    fault: str | None = None


def price(value: object) -> Price:
    """What a record's price field says.

    A number or a text with one amount in dollars is read. Nothing, a range, another currency and anything else are faults; so are
    three decimals in a text ("1.299"), which is a thousand in one country and one in another.
    """
    if value is None:
        return Price(None, "price missing")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return Price(None, "price unreadable")
    return _of_text(value.strip()) if isinstance(value, str) else _of_number(float(value))


def outside(usd: float, least: float = LEAST_USD, most: float = MOST_USD) -> str | None:
    """Why a price is filtered out, if it is. The default bounds keep it within $1 to $999 at the nearest dollar."""
    if usd < least:
        return f"price below {least:.2f}"
    return f"price above {most:.2f}" if usd > most else None


def nearest_dollar(usd: float) -> int:
    """The price as a whole number of dollars, halves up: the rounding of training, prompts and evaluation alike."""
    return math.floor(usd + 0.5)


def amount(text: str) -> float | None:
    """The number that `text` is and nothing else: 1,299.00, 1.299,00, 1299, 1 299,00; None for anything else."""
    if AMERICAN.fullmatch(text):
        return float(text.replace(",", ""))
    if EUROPEAN.fullmatch(text):
        return float(re.sub(r"[. \u00a0]", "", text).replace(",", "."))
    return None


def _of_number(value: float) -> Price:
    if math.isnan(value):
        return Price(None, "price missing")
    return Price(value) if math.isfinite(value) and value >= 0 else Price(None, "price unreadable")


def _of_text(text: str) -> Price:
    if text.lower() in NOTHING:
        return Price(None, "price missing")
    if RANGE.search(text):
        return Price(None, "price is a range")
    if OTHER_CURRENCY.search(text):
        return Price(None, "price in another currency")
    value = amount(DOLLARS.sub("", text).strip())
    return Price(value) if value is not None else Price(None, "price unreadable")
