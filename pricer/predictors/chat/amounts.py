"""The amounts in a text: numbers that may be an answer, told apart from sizes, model numbers, dates and list markers.

Every look around a number is bounded, so that the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from pricer.predictors.chat.currencies import REACH, Marks

NUMBER = re.compile(r"\d{1,3}(?: \d{3}){1,3}[.,]\d{1,2}(?!\d)|\d+(?:[.,'’]\d+)*|(?<![\d.])\.\d+")
THOUSANDS = re.compile(r" ?(k|thousand|mio|million)(?![a-z])", re.IGNORECASE)
MEASURES = (
    "inch|inches|ft|foot|feet|cm|mm|m|km|yd|yard|yards|oz|ounce|ounces|fl|lb|lbs|pound|pounds|g|gram|grams|kg|mg|gb|"
    "tb|mb|v|volt|volts|w|watt|watts|wh|mah|ah|amp|amps|hz|khz|mhz|ghz|psi|rpm|bpm|db|lumen|lumens|ml|l|liter|"
    "liters|litre|litres|gal|gallon|gallons|qt|quart|quarts|cup|cups|pack|packs|pk|pc|pcs|piece|pieces|ct|count|set|"
    "sets|pair|pairs|year|years|yr|month|months|week|weeks|day|days|hour|hours|hr|hrs|minute|minutes|min|second|"
    "seconds|star|stars|review|reviews|rating|ratings|people|persons?|items?|units?|x|way|speed|ports?|channels?|mp|"
    "megapixels?|p|d|degrees?|percent|th|st|nd|rd|rolls?|sheets?|bags?|bottles?|boxes|box|pages?|pockets?|modes?|"
    "levels?|watts?|cells?|bit|core|cores|gauge|mil|micron|microns|ply|tier|drawers?|shelf|shelves|seats?|colors?|"
    "colours?|options?|products?|"
    r"in(?! (?:us|usd|total|dollars|my|the|all|this|most|american))"  # inches, but not "45 in US dollars"
)
MEASURED = re.compile(rf"(?: ?[×°%\"″”′]|-[a-z]|[ -]?(?:{MEASURES})(?![a-z]))", re.IGNORECASE)
TIMES_BEFORE = re.compile(r"(?:[x×] ?|[#№]|no\. ?|model ?|[a-z]\d{0,8}-|[a-z])$", re.IGNORECASE)
LIST_MARK = re.compile(r"^[ \t]{0,4}(\d{1,2})[.)](?=\s)", re.MULTILINE)
RANGED = re.compile(r"(?: ?(?:-|–|—|~|〜|から) ?| (?:to|through|or|bis) )(?:about |around )?$", re.IGNORECASE)
BOUND = re.compile(
    r"(?:\b(?:under|over|above|below|more than|less than|at least|at most|up to|upwards of|starting at|from)|[<>≥≤]) ?$",
    re.IGNORECASE,
)
CENTS = re.compile(r" ?(?:¢|cents?(?![a-z]))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number at text[start:end], the marks of its currency included.

    `value` is None when its separators cannot be read one way only. `ranged` is one end of a range, or a bound. `own` and `foreign`
    say that a currency stands beside it: the one asked for, or another.
    """

    start: int
    end: int
    value: float | None
    own: bool = False
    foreign: bool = False
    ranged: bool = False
    negative: bool = False
    whole_cents: bool = False


def amounts(text: str, money: Marks | None, unit: str | None = None) -> list[Amount]:
    """The amounts of a text in their order, sizes and the like left out; `money` tells how the currency asked for is written."""
    listed = _list_marks(text)
    measure = (unit or "").casefold()
    found = [
        amount
        for match in NUMBER.finditer(text)
        if match.start() not in listed
        for amount in _amount(text, match, money, measure)
    ]
    return _with_ranges(text, _with_cents(text, found))


def number(token: str, money: bool) -> float | None:
    """The value of digits with separators: 1,299.00, 1.299,00, 1 299,00, 45,99; None when they can be read in two ways or none."""
    parts = re.split(r"[.,'’ ]", token)
    separators = [char for char in token if not char.isdigit()]
    if not separators:
        return float(token)
    last = separators[-1]
    thousands = all(len(part) == 3 for part in parts[1:]) and 1 <= len(parts[0]) <= 3
    if len(separators) == 1:
        if thousands and (last in ",'’" or (last == "." and parts[0].strip("0") == "" and not money)):
            return float("".join(parts)) if last != "." else float(token)
        return _decimal(parts, money) if last in ".," else None
    if len(set(separators)) == 1:
        return float("".join(parts)) if thousands and last != " " else None
    whole = all(len(part) == 3 for part in parts[1:-1]) and separators.count(last) == 1 and last in ".,"
    return float("".join(parts[:-1]) + "." + parts[-1]) if whole else None


def _decimal(parts: list[str], money: bool) -> float | None:
    if money and len(parts[1]) == 3:  # 1.299 is a thousand in one country and one in another
        return None
    return float(f"{parts[0] or '0'}.{parts[1]}")


def _list_marks(text: str) -> frozenset[int]:
    marks = list(LIST_MARK.finditer(text))
    numbers = {int(mark[1]) for mark in marks}
    return frozenset(mark.start(1) for mark in marks if {int(mark[1]) - 1, int(mark[1]) + 1} & numbers)


def _amount(text: str, match: re.Match[str], money: Marks | None, unit: str) -> Iterator[Amount]:
    start, end, value = match.start(), match.end(), number(match[0], money is not None)
    if (times := THOUSANDS.match(text, end)) and value is not None:
        value, end = value * (1e6 if times[1].lower().startswith("mi") else 1e3), times.end()
    before = text[max(0, start - REACH) : start]
    amount = Amount(start, end, value)
    if money is not None:
        amount = _marked(text, amount, before, money)
    if not (amount.own or amount.foreign) and _is_size(text, amount, before, unit):
        return
    yield _signed(text, amount)


def _marked(text: str, amount: Amount, before: str, money: Marks) -> Amount:
    for own, left, right in (
        (True, money.own_before, money.own_after),
        (False, money.foreign_before, money.foreign_after),
    ):
        ahead, behind = left.search(before), right.match(text, amount.end)
        if ahead is None and behind is None:
            continue
        if own and ahead and behind is None and (named := _code(money, text, amount.end)):
            return replace(amount, end=named.end(), foreign=True)  # "$60 AUD" is not in US dollars
        start = amount.start - len(ahead[0]) if ahead else amount.start
        return replace(amount, start=start, end=behind.end() if behind else amount.end, own=own, foreign=not own)
    if cents := CENTS.match(text, amount.end):
        value = None if amount.value is None else amount.value / 100
        return replace(amount, end=cents.end(), value=value, own=True, whole_cents=True)
    return amount


def _code(money: Marks, text: str, end: int) -> re.Match[str] | None:
    """Another currency's code or name right behind an amount."""
    named = money.foreign_after.match(text, end)
    return named if named and named[0].strip(" -").isalpha() else None


def _is_size(text: str, amount: Amount, before: str, unit: str) -> bool:
    after = text[amount.end : amount.end + REACH].casefold()
    if unit and after.lstrip(" -").startswith(unit):
        return False
    attached = after[:1].isascii() and after[:1].isalpha()
    return attached or MEASURED.match(after) is not None or TIMES_BEFORE.search(before) is not None


def _signed(text: str, amount: Amount) -> Amount:
    before = text[max(0, amount.start - 2) : amount.start]
    inside = text[amount.start : amount.end].lstrip("$€£¥ ")
    minus = before[-1:] in {"-", "−"} and not before[:-1].strip(" :(=").strip()
    if not minus and not inside.startswith(("-", "−")):
        return amount
    return replace(amount, negative=True, value=None if amount.value is None else -amount.value)


def _with_cents(text: str, found: list[Amount]) -> list[Amount]:
    joined: list[Amount] = []
    for amount in found:
        last = joined[-1] if joined else None
        if amount.whole_cents and last and last.own and text[last.end : amount.start].strip(" ,") in {"", "and"}:
            both = None if last.value is None or amount.value is None else last.value + amount.value
            joined[-1] = replace(last, end=amount.end, value=both)
        else:
            joined.append(amount)
    return joined


def _with_ranges(text: str, found: list[Amount]) -> list[Amount]:
    ranged: set[int] = set()
    for place, (left, right) in enumerate(pairwise(found)):
        between = text[left.end : right.start] if right.start - left.end <= REACH else ""
        dashed = right.negative and not between.strip(" -")
        if dashed or RANGED.fullmatch(between) or (between == " and " and _says_between(text, left)):
            ranged |= {place, place + 1}
    return [
        replace(
            amount,
            ranged=place in ranged or _is_bound(text, amount),
            own=amount.own or (place in ranged and any(_own(found, near) for near in {place - 1, place + 1} & ranged)),
        )
        for place, amount in enumerate(found)
    ]


def _own(found: list[Amount], place: int) -> bool:
    return found[place].own


def _says_between(text: str, amount: Amount) -> bool:
    return text[max(0, amount.start - REACH) : amount.start].casefold().rstrip().endswith("between")


def _is_bound(text: str, amount: Amount) -> bool:
    return (
        text[amount.end : amount.end + 1] == "+"
        or BOUND.search(text[max(0, amount.start - REACH) : amount.start]) is not None
    )
