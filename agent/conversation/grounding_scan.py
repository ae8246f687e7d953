"""A text cut into what can be checked: figures with what they may mean, dates, names of models, links, citations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal["command", "link", "listing", "citation", "name", "date", "version", "figure"]

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
MYRIADS = {"兆": 10**12, "億": 10**8, "百万": 10**6, "万": 10**4, "千": 10**3}
SCALES = {"k": 10**3, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9, "t": 10**12,
          "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}  # fmt: skip
BINARY = {"k": 2**10, "m": 2**20}  # 128k of context is 131,072 tokens as often as 128,000
PERCENT = {"%", "percent", "パーセント", "point", "points", "ポイント"}
MOST_COUNTED = 10

_PLAIN = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_MYRIAD = "|".join(MYRIADS)
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS if month != "september") + "|sept?(?:ember)?"
_UNIT = (
    r"(?:(?:usd|dollars?|cents?|euros?|percent|points?|ms|milliseconds?|s|secs?|seconds?|mins?|minutes?|h|hours?|days?|weeks?|months?|years?"
    r"|kb|mb|gb|tb|tokens?|bits?|times)(?![a-z])|[%$€£¥×円年秒分倍]|ドル|ユーロ|セント|パーセント|ポイント|トークン|時間|日間?|週間?|[かヶカケ]月|ビット)"
)
_FIGURE = rf"""
    (?P<sign>(?<![a-z0-9)\]\u2212\u2013-])[-\u2212])?
    (?:(?P<currency>(?:us)?\$|usd|[€£¥])[ ]?|(?<![a-z0-9_.])(?<![a-z]-))
    (?P<number>(?:{_PLAIN}\s?(?:{_MYRIAD}))+(?:{_PLAIN})?|(?:{_PLAIN}|\.\d+)(?:e[-+]?\d+)?)
    (?:(?P<ordinal>st|nd|rd|th)(?![a-z])|(?P<scale>[kmbt](?![a-z0-9])|[ -]?(?:thousand|million|billion|trillion|mn|bn)(?![a-z])))?
    (?P<unit>x(?![a-z])|[ -]?{_UNIT})?
"""
_DATE = rf"""
    (?<![\d.])(?P<y1>(?:19|20)\d\d)[-/](?P<m1>0?[1-9]|1[0-2])(?!\d)(?:[-/](?P<d1>0?[1-9]|[12]\d|3[01])(?!\d))?
    |(?<!\d)(?:(?P<y2>(?:19|20)\d\d)年\s?)?(?P<m2>1[0-2]|0?[1-9])月(?:\s?(?P<d2>\d\d?)日)?
    |(?<!\d)(?P<y3>(?:19|20)\d\d)年(?!間)
    |(?<![a-z0-9])(?:(?P<d4>\d\d?)(?:st|nd|rd|th)?\s)?(?P<w4>{_MONTH})\.?(?![a-z])
        (?:\s(?P<e4>\d\d?)(?:st|nd|rd|th)?(?![\d,.]*\d))?(?:,?\s(?P<y4>(?:19|20)\d\d)(?!\d))?
"""
_COMMANDS = (
    "ask|chat|memo|models|data|store|similar|tune|advise|evaluate|price|compare|report|watch|connect|doctor|serve"
)
_PART = r"[a-z0-9](?:[a-z0-9_.+-]*[a-z0-9])?"
_WORDED: tuple[tuple[Kind, str], ...] = (
    ("command", rf"`[\s$]*assay\s[^`]*`|^[ \t]*(?:\$[ \t]*)?assay[ ](?:{_COMMANDS})(?![a-z]).*$"),
    ("link", r"(?:https?|ftp)://[^\s<>()\[\]\"'`、。」]+|(?<![a-z0-9])www\.[a-z0-9-]+\.[^\s<>()\[\]\"'`、。」]+"),
    ("listing", r"^[ \t]*(?:(?:[-*>]|\#+)[ \t]+)*(?:\*\*)?\d{1,2}[.)](?=[ \t])"),
    ("citation", r"[\[【]s?\d{1,3}(?:\s?[,、–-]\s?s?\d{1,3})*[\]】](?!\()"),
    ("name", rf"(?<![a-z0-9_/.$-]){_PART}(?:/{_PART})+(?::{_PART})?"),
    ("name", r"(?<![a-z0-9_/.$-])(?!usd\d)(?=[a-z0-9_.-]*\d)[a-z][a-z0-9]*(?:(?:[-_]|(?<=\d)\.(?=\d))[a-z0-9]+)*"),
    ("date", _DATE),
    ("version", r"(?<![a-z0-9_.])\d+(?:\.\d+){2,}"),
    ("figure", _FIGURE),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(said, re.IGNORECASE | re.MULTILINE | re.VERBOSE)) for kind, said in _WORDED)
_AMOUNT = re.compile(r"[\d.,]+[a-z]{0,2}", re.IGNORECASE)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xFFE5: 0xA5}
_TAKEN = "\ufffc"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a figure may mean: a value, and the size of one in its last digit shown, so that 142 holds for 141.87."""

    value: Decimal
    unit: Decimal


@dataclass(frozen=True, slots=True)
class Day:
    """A day as far as it is said."""

    year: int | None
    month: int | None
    day: int | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of a text, from `start` up to `end`. `readings` are a figure's, `day` a date's.

    `is_small` marks an ordinal or a whole number up to ten that counts things and measures nothing, `has_unit` a figure with a currency or
    a unit, `signed` one with a minus.
    """

    kind: Kind
    start: int
    end: int
    text: str
    readings: tuple[Reading, ...] = ()
    day: Day | None = None
    is_percent: bool = False
    is_small: bool = False
    has_unit: bool = False
    signed: bool = False


def marks(text: str) -> list[Mark]:
    """The pieces of a text in its order, none inside another; full-width digits and signs count as their plain forms."""
    left, found = text.translate(_FULL_WIDTH), []
    for kind, pattern in _PATTERNS:
        for match in list(pattern.finditer(left)):
            mark = _mark(kind, match, text)
            if mark is not None:
                found.append(mark)
                left = f"{left[: mark.start]}{_TAKEN * (mark.end - mark.start)}{left[mark.end :]}"
    return sorted(found, key=lambda mark: mark.start)


def _mark(kind: Kind, match: re.Match[str], text: str) -> Mark | None:
    start, end = match.span()
    if kind == "figure":
        return _figure(match, text)
    if kind == "date":
        day = _day(match)
        return None if day is None else Mark(kind, start, end, text[start:end], day=day)
    if kind == "link":
        end = start + len(match[0].rstrip(".,;:!?。、"))
    if kind == "name" and "/" in match[0] and any(_AMOUNT.fullmatch(part) for part in match[0].split("/")):
        return None  # 10k/month, 0.11/1k, 24/7
    return Mark(kind, start, end, text[start:end])


def _day(match: re.Match[str]) -> Day | None:
    """None for a month's name alone."""
    said = match.groupdict()
    year = next((int(said[name]) for name in ("y1", "y2", "y3", "y4") if said[name]), None)
    day = next((int(said[name]) for name in ("d1", "d2", "d4", "e4") if said[name]), None)
    month = next((int(said[name]) for name in ("m1", "m2") if said[name]), None)
    if said["w4"]:
        month = next(n for n, name in enumerate(MONTHS, 1) if name[:3] == said["w4"].lower()[:3])
        if year is None and day is None:
            return None
    return Day(year, month, day)


def _figure(match: re.Match[str], text: str) -> Mark:
    start, end = match.span()
    while text[start] in " \u3000":
        start += 1
    value, unit = _value(match["number"])
    scale, measure = (match["scale"] or "").strip(" -").lower(), (match["unit"] or "").strip(" -").lower()
    readings = [Reading(value * SCALES.get(scale, 1), unit * SCALES.get(scale, 1))]
    if scale in BINARY:
        readings.append(Reading(value * BINARY[scale], Decimal(1)))
    has_unit = bool(match["currency"] or measure)
    bare = not (match["sign"] or has_unit or scale)
    return Mark(
        "figure", start, end, text[start:end], tuple(readings),
        is_percent=measure in PERCENT, is_small=bare and value <= MOST_COUNTED and match["number"].isdecimal(),
        has_unit=has_unit, signed=bool(match["sign"]),
    )  # fmt: skip


def _value(number: str) -> tuple[Decimal, Decimal]:
    """The value and the size of one in the last digit: 1,2万 counts in ten thousands, 0.031 in thousandths."""
    value, unit = Decimal(0), Decimal(1)
    for plain, myriad in _parts(number):
        part, times = Decimal(plain.replace(",", "")), Decimal(MYRIADS.get(myriad, 1))
        value, unit = value + part * times, times.scaleb(min(0, int(part.as_tuple().exponent)))
        if "e" in plain.lower():
            unit = Decimal(1).scaleb(int(part.as_tuple().exponent))
    return value, unit


def _parts(number: str) -> Iterator[tuple[str, str]]:
    yield from re.findall(rf"((?:{_PLAIN}|\.\d+)(?:e[-+]?\d+)?)\s?({_MYRIAD})?", number, re.IGNORECASE)
