"""Quantities written in listings: weights, sizes, capacities, packs and ranks, in one unit each. What is not written is None."""

from __future__ import annotations

import json
import re
from itertools import chain

from pricer.products.items import Listing

NUMBER = r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"

# Quantity: its units in lower case, each with its size in the quantity's own unit, which the name ends with.
UNITS: dict[str, dict[str, float]] = {
    "weight_g": {
        "milligrams": 0.001, "mg": 0.001, "grams": 1, "gram": 1, "g": 1, "kilograms": 1000, "kilogram": 1000, "kg": 1000,
        "ounces": 28.3495, "ounce": 28.3495, "oz": 28.3495, "pounds": 453.592, "pound": 453.592, "lbs": 453.592, "lb": 453.592,
    },
    "length_cm": {
        "inches": 2.54, "inch": 2.54, "in": 2.54, '"': 2.54, "”": 2.54, "feet": 30.48, "foot": 30.48, "ft": 30.48,
        "centimeters": 1, "centimetres": 1, "cm": 1, "millimeters": 0.1, "mm": 0.1, "meters": 100, "metres": 100, "m": 100,
    },
    "storage_gb": {"tb": 1000, "gb": 1, "gigabytes": 1, "mb": 0.001, "megabytes": 0.001},
    "power_w": {"watts": 1, "watt": 1, "w": 1, "kw": 1000, "kilowatts": 1000, "hp": 745.7, "horsepower": 745.7},
    "voltage_v": {"volts": 1, "volt": 1, "v": 1, "vac": 1, "vdc": 1},
    "charge_mah": {"mah": 1, "ah": 1000},
    "volume_l": {
        "liters": 1, "litres": 1, "liter": 1, "l": 1, "ml": 0.001, "gallons": 3.78541, "gallon": 3.78541, "quart": 0.946353,
        "quarts": 0.946353, "qt": 0.946353, "cubic feet": 28.3168, "cu. ft": 28.3168, "cu.ft": 28.3168, "cu ft": 28.3168,
    },
    "frequency_mhz": {"ghz": 1000, "mhz": 1, "khz": 0.001, "hz": 0.000001},
    "heat_btu": {"btu": 1, "btus": 1},
    "pixels_mp": {"mp": 1, "megapixels": 1, "megapixel": 1},
    "span_months": {"years": 12, "year": 12, "months": 1, "month": 1, "users": 1, "devices": 1},
}  # fmt: skip
SIZE_OF = {unit: (quantity, size) for quantity, units in UNITS.items() for unit, size in units.items()}

_UNIT = "|".join(sorted((re.escape(unit) for unit in SIZE_OF), key=len, reverse=True))
_QUANTITY = re.compile(rf"{NUMBER}[\s-]?({_UNIT})(?![a-z])", re.IGNORECASE)
_WEIGHT = re.compile(rf"weigh(?:t|s|ing)\b\W{{0,4}}{NUMBER}\s*({'|'.join(UNITS['weight_g'])})\b", re.IGNORECASE)
_SIDE = rf"{NUMBER}\s*(?:\"|”|''|in\b\.?|inch(?:es)?|cm|mm)?\s*[LWHD]?\s*"
_SIDES = re.compile(rf"{_SIDE}[x×]\s*{_SIDE}(?:[x×]\s*{_SIDE})?(?:centimet|millimet)?", re.IGNORECASE)
_SIDE_UNIT = re.compile(r"inch|in\b|\"|”|''|cm|mm|centimet|millimet", re.IGNORECASE)
_SIDE_CM = {
    "inch": 2.54,
    "in": 2.54,
    '"': 2.54,
    "”": 2.54,
    "''": 2.54,
    "cm": 1.0,
    "centimet": 1.0,
    "mm": 0.1,
    "millimet": 0.1,
}
_RANK = re.compile(r"\brank\b[^\d\n]{0,90}(\d[\d,]*)", re.IGNORECASE)
_PACK = re.compile(
    r"(?:pack|set|box|case|lot|bundle) of (\d{1,4})\b|\b(\d{1,4})[\s-]?(?:pack|pk|pcs|pc|pieces|piece|count|ct)\b",
    re.IGNORECASE,
)
_PAIR = re.compile(r"([A-Za-z][^:;\n]{1,40}):\s*([^;\n]{1,200})")
_LEADING = re.compile(rf"\s*{NUMBER}")


def number(written: str) -> float:
    """A number as it is written, with commas between thousands."""
    return float(written.replace(",", ""))


def largest(text: str) -> dict[str, float]:
    """The largest of each quantity that the text states, by the names of `UNITS`."""
    found: dict[str, float] = {}
    for written, unit in _QUANTITY.findall(text):
        quantity, size = SIZE_OF[unit.lower()]
        found[quantity] = max(found.get(quantity, 0.0), number(written) * size)
    return found


def weight_g(text: str) -> float | None:
    """The first weight in grams that the text calls one."""
    found = _WEIGHT.search(text)
    return number(found[1]) * UNITS["weight_g"][found[2].lower()] if found else None


def sides_cm(text: str) -> tuple[float, ...]:
    """The first two or three sides in centimetres, as in 10 x 2.5 x 7.2 inches; none when there are none or their unit is not told."""
    for found in _SIDES.finditer(text):
        unit = _SIDE_UNIT.search(found[0])
        if unit:
            size = _SIDE_CM[unit[0].lower()]
            return tuple(number(side) * size for side in found.groups() if side)
    return ()


def rank(text: str) -> int | None:
    """The first best-seller rank."""
    found = _RANK.search(text)
    return int(found[1].replace(",", "")) if found else None


def pack(text: str) -> int | None:
    """How many pieces are sold together, where it is told: pack of 12, 12-pack, set of 12, 12 count."""
    found = _PACK.search(text)
    return int(found[1] or found[2]) if found else None


def attributes(listing: Listing) -> dict[str, str]:
    """Names in lower case and values as written: from the details, then from `name: value` pairs among the features."""
    try:
        details = json.loads(listing.details or "{}")
    except ValueError:
        details = {}
    pairs = details.items() if isinstance(details, dict) else ()
    found: dict[str, str] = {}
    for name, value in chain(pairs, _PAIR.findall(listing.features)):
        found.setdefault(str(name).strip().lower(), str(value).strip())
    return found


def measure(value: str) -> float | None:
    """The number that an attribute's value begins with, in its quantity's own unit where one of `UNITS` follows."""
    found = _LEADING.match(value)
    if not found:
        return None
    unit = _QUANTITY.match(value.strip())
    return number(found[1]) * (SIZE_OF[unit[2].lower()][1] if unit else 1.0)
