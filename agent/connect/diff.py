"""A change as lines to look at. Of what others keep in the file only the names are shown: it may hold keys."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.connect.entry import NAME
from agent.connect.jsonc import Token, tokens, value

HIDDEN = "…"
LONGEST_LINE = 400
_WORDS = frozenset({"serve", "-P", "-m", "agent"})


def unified(path: Path, before: str, after: str, comments: bool) -> str:
    """The change as a unified diff. A file on one line is shown with a line for each member."""
    old, new = masked(before), masked(after)
    if max(map(len, [*old.splitlines(), *new.splitlines(), ""])) > LONGEST_LINE:
        old, new = _spread(old, comments), _spread(new, comments)
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"{path} (now)", f"{path} (then)", lineterm="")
    return "\n".join(lines)


def masked(text: str) -> str:
    """The text with every string hidden but those of our own entry that `connect` writes; lines stay lines."""
    return "".join(_masked_tokens(text))


def masked_entry(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    """Our entry as it may be shown: what the user added to its environment is hidden."""
    if entry is None:
        return None
    shown: dict[str, Any] = json.loads(masked(json.dumps({"": {NAME: entry}})))[""][NAME]
    return shown


def _masked_tokens(text: str) -> Iterator[str]:
    """Each token as it is shown. `path` holds the names of the members that lead to where it stands."""
    path: list[str] = []
    key = ""
    for token in tokens(text):
        if token.kind == "string" and _is_key(text, token):
            key = str(json.loads(token.text))
        elif token.text in ("{", "["):
            path.append(key)
            key = ""
        elif token.text in ("}", "]") and path:
            key = path.pop()
        elif token.kind == "string":
            yield token.text if _may_be_seen([*path, key], token.text) else f'"{HIDDEN}"'
            continue
        yield re.sub(r"[^\s/*]+", HIDDEN, token.text) if token.kind == "comment" else token.text


def _is_key(text: str, token: Token) -> bool:
    return bool(re.compile(r"\s*:").match(text, token.end))


def _may_be_seen(path: list[str], quoted: str) -> bool:
    """Whether a string is of a kind that `connect` writes; `path` begins with the document and what holds the servers."""
    if path[2:3] != [NAME]:
        return False
    match [name for name in path[3:] if name]:
        case ["command"] | ["type"] | ["env", "ASSAY_HOME"]:
            return True
        case ["args"]:
            return json.loads(quoted) in _WORDS
        case ["url"]:
            return not re.search(r"[@?]", quoted)
        case _:
            return False


def _spread(text: str, comments: bool) -> str:
    return json.dumps(value(text, comments), ensure_ascii=False, indent=2) if text.strip() else ""
