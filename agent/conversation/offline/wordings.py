"""The wordings of `wordings.toml` as patterns."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any


@lru_cache(maxsize=128)
def wording(name: str, part: str | None = None) -> re.Pattern[str]:
    """The ways of saying `name`, of the file's `part` where one is named, as one pattern."""
    return re.compile(
        "|".join(ways(name, part)), re.DOTALL | re.ASCII
    )  # so that a Latin word ends where Japanese begins


def ways(name: str, part: str | None = None) -> tuple[str, ...]:
    """The same, one by one."""
    table = _file() if part is None else _file()[part]
    return tuple(table[name])


def parts(part: str) -> tuple[str, ...]:
    """The names in a part of the file, in order."""
    return tuple(_file()[part])


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("wordings.toml").read_text(encoding="utf-8"))
