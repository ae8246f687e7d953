"""What an argument of a call must be: one condition, found by a dotted path."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from catalog.identity import tokens

MISSING = object()
NEAR = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on the argument at `at`, a dotted path such as `requirements.workload.batch`; an absent argument meets none.

    `how` is one of `HOWS`, `value` what it is held against.
    """

    at: str
    how: str
    value: Any

    def holds(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the arguments of a call meet the condition."""
        found = argument(arguments, self.at)
        return found is not MISSING and found is not None and HOWS[self.how](found, self.value)

    def __str__(self) -> str:
        return f"{self.at} {self.how} {self.value!r}"


def argument(arguments: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; `MISSING` where there is none."""
    found: Any = arguments
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return MISSING
        found = found[name]
    return found


def _equals(found: Any, wanted: Any) -> bool:
    """Equal as truth values, as numbers, or as texts in any case and width."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(wanted, int | float):
        return _number(found) == _number(wanted)
    return _plain(found) == _plain(wanted) if isinstance(wanted, str) else bool(found == wanted)


def _near(found: Any, wanted: Any) -> bool:
    """A number within 1 %."""
    number, middle = _number(found), _number(wanted)
    return number is not None and middle is not None and abs(number - middle) <= NEAR * abs(middle)


def _between(found: Any, bounds: Any) -> bool:
    """A number within both bounds, these included."""
    number, low, high = _number(found), _number(bounds[0]), _number(bounds[1])
    return number is not None and low is not None and high is not None and low <= number <= high


def _contains(found: Any, wanted: Any) -> bool:
    """A text that holds each of the texts, in any case and width."""
    return isinstance(found, str) and all(_plain(one) in _plain(found) for one in _list(wanted))


def _contains_any(found: Any, wanted: Any) -> bool:
    """A text that holds one of the texts."""
    return isinstance(found, str) and any(_plain(one) in _plain(found) for one in _list(wanted))


def _includes(found: Any, wanted: Any) -> bool:
    """A list that holds each of the values."""
    return isinstance(found, list) and all(any(_equals(one, value) for one in found) for value in _list(wanted))


def _models(found: Any, wanted: Any) -> bool:
    """A name or a list of names that means each of the models: `GPT-5.1` means `openai/gpt-5.1`."""
    slugs = {_slug(one) for one in _list(found) if isinstance(one, str)}
    return all(_slug(one) in slugs for one in _list(wanted))


def _one_of(found: Any, wanted: Any) -> bool:
    """Equal to one of the values."""
    return any(_equals(found, value) for value in wanted)


def _given(_found: Any, _wanted: Any) -> bool:
    """There at all."""
    return True


HOWS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _equals,
    "near": _near,
    "between": _between,
    "contains": _contains,
    "contains_any": _contains_any,
    "includes": _includes,
    "models": _models,
    "one_of": _one_of,
    "given": _given,
}


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).removeprefix("$"))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(value: Any) -> str:
    return unicodedata.normalize("NFKC", str(value)).casefold().strip()


def _slug(name: str) -> str:
    return tokens(_plain(name).rsplit("/", maxsplit=1)[-1])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
