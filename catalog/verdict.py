"""What a constraint is, and what it can say of a model: yes, no with what it found, or unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from catalog.facts import Fact
from catalog.models import Model, Offering


class Answer(Enum):
    """What a constraint says of a candidate."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer and what it rests on, for people: `context 8,192`, `licence unknown`."""

    answer: Answer
    found: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A named requirement. `field` is what would have to change in `Requirements` to lift it."""

    field: str
    wanted: str
    judge: Callable[[Model], Verdict]


@dataclass(frozen=True, slots=True)
class OfferingConstraint:
    """As `Constraint`, for one place where a model can be had."""

    field: str
    wanted: str
    judge: Callable[[Model, Offering], Verdict]


YES = Verdict(Answer.YES)


def when(wanted: object, field: str, text: str, judge: Callable[[Model], Verdict]) -> Constraint | None:
    """The constraint, where something is wanted."""
    return Constraint(field, text, judge) if wanted else None


def flag(
    wanted: bool | None, field: str, text: str, opposite: str, fact: Callable[[Model], Fact[bool]]
) -> Constraint | None:
    """The constraint that a yes-or-no fact is as wanted."""

    def judge(model: Model) -> Verdict:
        have = fact(model).value
        if have is None:
            return Verdict(Answer.UNKNOWN, f"{text} unknown")
        return YES if have is wanted else Verdict(Answer.NO, text if have else opposite)

    return None if wanted is None else Constraint(field, text if wanted else opposite, judge)


def at_least(fact: Fact[int] | Fact[float], least: float, name: str) -> Verdict:
    """Whether a fact reaches a minimum; unknown where it is unknown."""
    value = fact.value
    if value is None:
        return Verdict(Answer.UNKNOWN, f"{name} unknown")
    return YES if value >= least else Verdict(Answer.NO, f"{name} {value:,}")


def at_most(value: float | Decimal | None, most: float | Decimal, name: str) -> Verdict:
    """Whether a value stays under a cap; unknown where it is unknown."""
    if value is None:
        return Verdict(Answer.UNKNOWN, f"{name} unknown")
    return YES if value <= most else Verdict(Answer.NO, f"{name} {value:,}")
