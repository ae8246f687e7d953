"""Values out of a host's reply: each as what it must be, or None; what is needed and missing raises `Later`."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from pricer.tuning.hosted.faults import Later

# An id goes into addresses: nothing in it may lead elsewhere.
ID = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w.:/@-]{0,199}")

Reply = dict[str, Any]


def identity(told: Reply, key: str, of: str) -> str:
    """An id; `Later` when there is none that can be one."""
    value = told.get(key)
    if not isinstance(value, str) or not ID.fullmatch(value):
        found = "another text" if isinstance(value, str) else type(value).__name__
        raise Later(f"{of}: wanted an id under {key!r}, found {found}. Try again later; what was done so far is kept")
    return value


def word(told: Reply, key: str) -> str | None:
    """A text that is not empty."""
    value = told.get(key)
    return value if isinstance(value, str) and value else None


def number(told: Reply, *keys: str) -> float | None:
    """The first of the keys that holds a finite number."""
    for key in keys:
        value = told.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def count(told: Reply, *keys: str) -> int | None:
    """The first of the keys that holds a number, as a whole one from 0."""
    value = number(told, *keys)
    return None if value is None or value < 0 else int(value)


def rows(told: Reply, key: str) -> list[Reply]:
    """The objects of a list; other things in it are passed over."""
    value = told.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def inner(told: Reply, *keys: str) -> Reply:
    """The object under a chain of keys, empty where it is missing."""
    for key in keys:
        value = told.get(key)
        told = value if isinstance(value, dict) else {}
    return told


def moment(told: Reply, *keys: str) -> dt.datetime | None:
    """A time in UTC out of seconds since 1970 or an ISO 8601 text."""
    for key in keys:
        value = told.get(key)
        try:
            if isinstance(value, str):
                at = dt.datetime.fromisoformat(value)
                return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return dt.datetime.fromtimestamp(value, dt.UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def between_s(first: dt.datetime | None, last: dt.datetime | None) -> float | None:
    """Seconds from one to the other; None where one is unknown."""
    return max(0.0, (last - first).total_seconds()) if first and last else None
