"""JSON as people and editors keep it: with a place for every member, so that one can be changed and the rest stay as they are.

Comments and commas before a closing bracket are understood where a client understands them. Nothing here writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from pricer.errors import BadInput

# One token after another: string, comment, bracket or comma or colon, white space, anything else.
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<comment>//[^\r\n]*|/\*.*?\*/)|(?P<mark>[{}\[\],:])|(?P<space>[ \t\r\n]+)'
    r'|(?P<other>[^\s"{}\[\],:/]+|.)',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text from `start` to `end`."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: its name, where that begins, and where its value begins and ends."""

    name: str
    key_start: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Members:
    """An object in the text: `{` at `start`, `}` before `end`; `trailing_comma` is where one stands after the last member."""

    start: int
    end: int
    members: tuple[Member, ...]
    trailing_comma: int | None

    def named(self, name: str) -> Member | None:
        """The member of that name; of several the last, which is the one that readers of JSON keep."""
        return next((member for member in reversed(self.members) if member.name == name), None)


class Broken(BadInput):
    """The text is no JSON that the client could read; says where."""


def parse(text: str, comments: bool) -> Any:
    """The document; numbers as their text, for comparing. `Broken` with line and column when it is none."""
    plain = _plain(text) if comments else text
    try:
        return json.loads(plain, parse_int=_as_is, parse_float=_as_is, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        hint = "; comments are not understood here" if not comments and _has_comments(text) else ""
        raise Broken(f"line {error.lineno}, column {error.colno}: {error.msg}{hint}") from None
    except RecursionError:
        raise Broken("it is nested too deeply to be read") from None


def value(text: str, comments: bool) -> Any:
    """The value of a piece of a text that `parse` accepted."""
    return json.loads(_plain(text) if comments else text)


def members(text: str, start: int = 0) -> Members:
    """The object that begins at or after `start` in a text that `parse` accepted."""
    tokens = iter(_significant(text, start))
    opening = next(tokens)
    assert opening.text == "{", "parse said that it is an object"
    found: list[Member] = []
    comma: int | None = None
    for token in tokens:
        if token.text == "}":
            return Members(opening.start, token.end, tuple(found), comma)
        if token.text == ",":
            comma = token.start
            continue
        next(tokens)  # the colon
        first, last = _value(tokens)
        found.append(Member(json.loads(token.text), token.start, first.start, last.end))
        comma = None
    raise AssertionError("parse said that the object ends")


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """All the tokens of the text, from `start`."""
    for found in _TOKEN.finditer(text, start):
        yield Token(str(found.lastgroup), found[0], found.start(), found.end())


def _significant(text: str, start: int) -> Iterator[Token]:
    return (token for token in tokens(text, start) if token.kind not in ("space", "comment"))


def _value(rest: Iterator[Token]) -> tuple[Token, Token]:
    """The first and last token of the value that comes next."""
    first = last = next(rest)
    depth = int(first.text in ("{", "["))
    while depth:
        last = next(rest)
        depth += (last.text in ("{", "[")) - (last.text in ("}", "]"))
    return first, last


def _plain(text: str) -> str:
    """The text with blanks where it had comments and commas too many; lines and columns stay as they were."""
    out: list[str] = []
    comma: int | None = None
    before = ""
    for token in tokens(text):
        if comma is not None and token.text in ("}", "]"):
            out[comma] = " "
        if token.kind not in ("space", "comment"):
            comma = len(out) if token.text == "," and before not in ("", "{", "[", ",") else None
            before = token.text
        out.append(re.sub(r"[^\r\n]", " ", token.text) if token.kind == "comment" else token.text)
    return "".join(out)


def _has_comments(text: str) -> bool:
    return any(token.kind == "comment" for token in tokens(text))


def _as_is(text: str) -> str:
    return text


def _no_number(text: str) -> NoReturn:
    raise Broken(f"{text} is no number in JSON")
