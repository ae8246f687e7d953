"""What the planner says, from `phrases.toml`, and texts from elsewhere made fit to stand in it."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path


def phrase(key: str, japanese: bool, **values: object) -> str:
    """The sentence of that name, its values put in."""
    return words("talk", japanese)[key].format(**{name: plain(str(value)) for name, value in values.items()})


@lru_cache(maxsize=8)
def words(part: str, japanese: bool) -> dict[str, str]:
    """The words of a part of the file, by name."""
    return {name: pair[japanese] for name, pair in _file()[part].items()}


def plain(text: str, most: int = 600) -> str:
    """A text from elsewhere on one line, cut, with no control character left."""
    from pricer.products.text import printable

    one_line = re.sub(r"\s+", " ", printable(text)).strip()
    return one_line if len(one_line) <= most else f"{one_line[: most - 1]}…"


@lru_cache(maxsize=1)
def _file() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8"))
