"""Tool arguments, checked in our own words, so that a refusal tells the model what to change."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from mcp.server.mcpserver.exceptions import ToolError

from catalog.errors import BadInput, CatalogError
from pricer.errors import PricerError

Told = TypeVar("Told")
LONGEST = 200  # characters of a name


def said(call: Callable[[], Told]) -> Told:
    """What the call gives, or its refusal in words that reach the model."""
    try:
        return call()
    except (CatalogError, PricerError) as error:
        raise ToolError(str(error)) from None


def fields(name: str, value: Any) -> dict[str, Any]:
    """The argument as an object; none at all is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"{name}: wanted an object with the fields of its schema, found {value!r:.60}")
    return {str(key): item for key, item in value.items()}


def names(name: str, value: Any, example: str) -> list[str]:
    """The argument as a list of names."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadInput(f'{name}: wanted a list of names such as ["{example}"], found {value!r:.60}')
    return value


def text(name: str, value: Any, wanted: str, longest: int = LONGEST) -> str:
    """The argument as a name, or as another text of at most `longest` characters; `wanted` says of what."""
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise BadInput(f"{name}: wanted {wanted}, found {value!r:.60}")
    return value.strip()


def whole(name: str, value: Any, least: int, most: int, unset: int | None = None) -> int | None:
    """The argument as a whole number within its bounds; `unset` when there is none."""
    if value is None:
        return unset
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInput(f"{name}: wanted a whole number from {least:,} to {most:,}, found {value!r:.60}")
    return value


def dollars(name: str, value: Any) -> Decimal | None:
    """The argument as dollars above 0; None when there is none."""
    if value is None:
        return None
    try:
        usd = Decimal(str(value).removeprefix("$")) if isinstance(value, int | float | str) else Decimal(-1)
    except InvalidOperation:
        usd = Decimal(-1)
    if isinstance(value, bool) or not usd.is_finite() or usd <= 0:
        raise BadInput(f"{name}: wanted dollars above 0, such as 0.50, found {value!r:.60}")
    return usd


def flag(name: str, value: Any) -> bool | None:
    """The argument as yes or no; None when there is none."""
    if value is not None and not isinstance(value, bool):
        raise BadInput(f"{name}: wanted true or false, found {value!r:.60}")
    return value
