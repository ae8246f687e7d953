"""Grounding: which figures and names of models in an answer nobody said, neither a tool nor the user."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from agent.conversation.evidence import Step
from agent.conversation.grounding_scan import Day, Mark, Reading, marks

FURTHEST = Decimal("0.1")  # rounding to the digits shown may not move a figure by more than this share of it
UNITS_IN_NAMES = {"_b": Decimal(10**9), "_t": Decimal(10**12)}  # parameters_b, training_tokens_t
# The parts of a name that people say alone: gpt-5.1, qwen3-30b-a3b. Longer runs of digits are identifiers.
_SEGMENT = re.compile(r"[a-z]{0,12}(\d{1,4}(?:\.\d{1,3})?)([kmbt]?)", re.IGNORECASE)
BASES = frozenset({Decimal(1000), Decimal(10**6)})  # what prices are stated for
_PER = re.compile(r"(?:\bper|/|\bfor)\s*$", re.IGNORECASE)
_EACH = re.compile(r"\s*(?:トークン|tokens?)?\s*(?:あたり|当たり|[))])", re.IGNORECASE)
_KEY_NUMBER = re.compile(r"\d+k?")


@dataclass(slots=True)
class Said:
    """All that was said: `numbers` in order, those `named` in names (5.3 of glm-5.3), `days`, and every text in lower case."""

    numbers: list[Decimal] = field(default_factory=list)
    named: set[Decimal] = field(default_factory=set)
    days: set[Day] = field(default_factory=set)
    text: str = ""

    def holds(self, reading: Reading, *, signed: bool) -> bool:
        """Whether some number is `reading` to the digits it shows. Nothing but nothing is nothing: $0 does not hold for $0.004."""
        half = reading.unit / 2
        for value in {reading.value, -reading.value} if not signed else {-reading.value}:
            first, last = bisect_left(self.numbers, value - half), bisect_right(self.numbers, value + half)
            if any(_near(value, number) for number in self.numbers[first:last]):
                return True
        return False

    def holds_day(self, asked: Day) -> bool:
        """Whether some date agrees with all that is said of the day."""
        return any(
            all(wanted is None or wanted == known for wanted, known in (
                (asked.year, day.year), (asked.month, day.month), (asked.day, day.day)))
            for day in self.days
        )  # fmt: skip


def ungrounded(answer: str, steps: Sequence[Step], said: Sequence[str]) -> tuple[str, ...]:
    """The figures, dates, links and names of models in `answer` that are neither in the steps (results, refusals and arguments) nor in
    the user's own words, as they are written there, each once.

    A figure holds when it is a number of the evidence to the digits that it shows; sums, differences and ratios of such numbers do not,
    nor do other units. Whole numbers up to ten that only count are let through. `[7]` cites step 7, which there must be.
    """
    evidence = collected([*(step.result for step in steps), *(step.arguments for step in steps), *said])
    numbers = {step.number for step in steps}
    found = [
        mark.text for mark in marks(answer) if not _grounded(mark, evidence, numbers) and not _is_base(mark, answer)
    ]
    return tuple(dict.fromkeys(found))


def collected(told: Iterable[Any]) -> Said:
    """Every number, date and text in plain values, however deep, the numbers in names of fields among them (`mae_ci95`, `cost_per_1k_usd`)."""
    found = Said()
    texts: list[str] = []
    for value in told:
        _collect(value, "", found, texts)
    found.numbers = sorted(set(found.numbers))
    found.text = "\n".join(texts).lower()
    return found


def _near(value: Decimal, number: Decimal) -> bool:
    return number == 0 if value == 0 else abs(value - number) <= FURTHEST * abs(number)


def _grounded(mark: Mark, evidence: Said, steps: set[int]) -> bool:
    if mark.kind == "figure":
        return mark.is_small or _holds(mark, evidence)
    if mark.kind == "date":
        return mark.day is not None and evidence.holds_day(mark.day)
    if mark.kind == "citation":
        return _cites(mark, evidence, steps)
    if mark.kind == "name":
        return not _is_model(mark.text) or _named(mark.text, evidence.text)
    if mark.kind in ("link", "version"):
        return mark.text.lower() in evidence.text
    return True


def _is_base(mark: Mark, answer: str) -> bool:
    """Whether the figure is what a price is stated for: per 1M tokens, 100万トークンあたり."""
    if mark.kind != "figure" or all(one.value not in BASES for one in mark.readings):
        return False
    return _PER.search(answer[: mark.start]) is not None or _EACH.match(answer, mark.end) is not None


def _holds(mark: Mark, evidence: Said) -> bool:
    """A year is also held by a date, a percentage by a share, and a number without a unit by a name that it is a part of."""
    readings = [*mark.readings]
    if mark.is_percent:
        readings += [Reading(one.value / 100, one.unit / 100) for one in mark.readings]
    if any(evidence.holds(one, signed=mark.signed) for one in readings):
        return True
    if not mark.has_unit and any(one.value in evidence.named for one in mark.readings):
        return True
    return mark.text.isdecimal() and len(mark.text) == 4 and evidence.holds_day(Day(int(mark.text), None, None))


def _cites(mark: Mark, evidence: Said, steps: set[int]) -> bool:
    """Steps that there are; [2, 5] may also be an interval."""
    cited = [int(number) for number in re.findall(r"\d+", mark.text)]
    if steps.issuperset(cited):
        return True
    return len(cited) > 1 and all(evidence.holds(Reading(Decimal(one), Decimal(1)), signed=False) for one in cited)


def _is_model(name: str) -> bool:
    """Whether a name with a slash is a model's rather than `and/or`: by a digit or a hyphen behind the slash, or by its maker."""
    maker, slash, slug = name.lower().partition("/")
    return bool(slash) and (bool(re.search(r"[\d-]", slug)) or maker in _makers())


def _named(name: str, text: str) -> bool:
    """Whether the name stands in the text as a whole, not as the beginning of a longer one."""
    return re.search(rf"(?<![a-z0-9_-]){re.escape(name.lower())}(?![a-z0-9_]|[-.:/][a-z0-9])", text) is not None


@cache
def _makers() -> frozenset[str]:
    from catalog import curated

    return frozenset(str(row["slug"]) for row in curated.rows("makers"))


# --- what was said


def _collect(value: Any, key: str, found: Said, texts: list[str]) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            texts.append(str(name))
            found.numbers += _numbers_of_key(str(name))
            _collect(item, str(name), found, texts)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect(item, key, found, texts)
    elif isinstance(value, str):
        texts.append(value)
        _read(value, found)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = Decimal(str(value))
        if number.is_finite():
            scale = UNITS_IN_NAMES.get(key[-2:])
            found.numbers += [number] if scale is None else [number, number * scale]


def _numbers_of_key(name: str) -> Iterator[Decimal]:
    for said in _KEY_NUMBER.findall(name):
        yield Decimal(said.removesuffix("k")) * (1000 if said.endswith("k") else 1)


def _read(text: str, found: Said) -> None:
    """Take in the numbers and dates of a text."""
    for mark in marks(text):
        if mark.day is not None:
            found.days.add(mark.day)
        elif mark.kind == "figure":
            sign = -1 if mark.signed else 1
            found.numbers += [sign * one.value for one in mark.readings]
            if mark.is_percent:
                found.numbers += [sign * one.value / 100 for one in mark.readings]
        else:
            found.named.update(_numbers_of_name(mark.text))
            found.days.update(_days_of_name(mark.text))


def _numbers_of_name(name: str) -> Iterator[Decimal]:
    for segment in re.split(r"[^A-Za-z0-9.]+", name):
        if match := _SEGMENT.fullmatch(segment.rstrip(".")):
            yield from _scaled(match[1], match[2].lower())


def _scaled(number: str, scale: str) -> Iterator[Decimal]:
    try:
        yield Decimal(number)
    except InvalidOperation:
        return
    if scale:
        yield from (one.value for mark in marks(f"{number}{scale}") for one in mark.readings)


def _days_of_name(name: str) -> Iterator[Day]:
    """The date in gpt-5.1-2025-11-13."""
    for year, month, day in re.findall(r"((?:19|20)\d\d)-([01]\d)(?:-([0-3]\d))?", name):
        yield Day(int(year), int(month), int(day) if day else None)
