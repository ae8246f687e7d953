"""JSON as people and editors write it: comments and trailing commas allowed, every complaint with its line and column."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pricer.errors import BadInput

MOST_CHARACTERS = 1_000_000
STRING = r'"(?:[^"\\\n]|\\.)*"'
COMMENT = re.compile(rf"{STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
TRAILING_COMMA = re.compile(rf"{STRING}|,(?=\s*[}}\]])")


def read_jsonc(path: Path) -> tuple[dict[str, Any], str]:
    """The document, an object, and its text without comments, in which every character stands where it did.

    BadInput, with line and column where there is one, for a file that cannot be read, is no JSON, or names a key twice.
    """
    text = _blanked(_text(path))
    try:
        document = json.loads(text, object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    except _Twice as error:
        raise BadInput(
            f"{path}:{place(text, error.key, last=True)}: {error.key!r} stands there twice: keep one"
        ) from None
    except RecursionError:
        raise BadInput(f"{path}: not a list of servers: its brackets are nested too deep") from None
    if not isinstance(document, dict):
        raise BadInput(f"{path}:1:1: wanted an object with mcpServers or servers, found {type(document).__name__}")
    return document, text


def place(text: str, key: str, *, last: bool = False) -> str:
    """LINE:COLUMN of the key in the text; 1:1 when it is written in another way there."""
    found = [one.start() for one in re.finditer(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:", text)]
    if not found:
        return "1:1"
    start = found[-1 if last else 0]
    return f"{text.count(chr(10), 0, start) + 1}:{start - text.rfind(chr(10), 0, start)}"


class _Twice(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice(next(key for number, (key, _) in enumerate(pairs) if key in {one for one, _ in pairs[:number]}))
    return found


def _text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}; wanted a file with mcpServers or servers") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8: save the file as UTF-8") from None
    if len(text) > MOST_CHARACTERS:
        raise BadInput(
            f"{path}: {len(text):,} characters are too many for a list of servers: at most {MOST_CHARACTERS:,}"
        )
    return text


def _blanked(text: str) -> str:
    """The text with blanks for comments and trailing commas: a place in it is the same place in the file."""
    bare = COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0]), text)
    return TRAILING_COMMA.sub(lambda found: found[0] if found[0][0] == '"' else " ", bare)
