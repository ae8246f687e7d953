"""One member of one object in a JSON text set or removed; every other character that matters stays where it is.

What comes out is read again and compared with what was meant, so that a text which this cannot edit is refused and not damaged.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from agent.connect.jsonc import Broken, Members, members, parse, tokens, value

INDENT = "  "
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is laid out: the end of its lines and one step of indentation; None when all is on one line."""

    newline: str
    step: str | None


def entry_of(text: str, container: str, name: str, comments: bool) -> dict[str, Any] | None:
    """The entry of that name, None if there is none; `Broken` when the text, what holds the entries, or the entry is no object."""
    if name not in _servers(text, container, comments):
        return None
    held = members(text).named(container)
    assert held is not None, "it holds the entry"
    ours = members(text, held.start).named(name)
    assert ours is not None, "it is there"
    entry = value(text[ours.start : ours.end], comments)
    if not isinstance(entry, dict):
        raise Broken(f"{container}.{name} is no object")
    return entry


def with_entry(text: str, container: str, name: str, entry: dict[str, Any], comments: bool) -> str:
    """The text with the entry set. An empty text becomes a document of its own."""
    if not text.strip():
        return _json({container: {name: entry}}, INDENT) + "\n"
    servers = _servers(text, container, comments)
    root = members(text)
    held = root.named(container)
    layout = _layout(text, root)
    if held is None:
        changed = _added(text, root, container, {name: entry}, layout)
    else:
        inner = members(text, held.start)
        ours = inner.named(name)
        if ours is None:
            changed = _added(text, inner, name, entry, layout)
        else:
            written = _written(entry, _indent_at(text, ours.key_start), layout)
            changed = text[: ours.start] + written + text[ours.end :]
    return _checked(text, changed, container, servers | {name: parse(_json(entry), comments)}, comments)


def without_entry(text: str, container: str, name: str, comments: bool) -> str:
    """The text without the entry, comments kept; the same text when it holds none."""
    servers = _servers(text, container, comments)
    if name not in servers:
        return text
    held = members(text).named(container)
    assert held is not None, "it held the entry"
    inner = members(text, held.start)
    changed = text
    for index in reversed(range(len(inner.members))):
        if inner.members[index].name == name:
            changed = _removed(changed, members(changed, held.start), index)
    return _checked(text, changed, container, {k: v for k, v in servers.items() if k != name}, comments)


def _servers(text: str, container: str, comments: bool) -> dict[str, Any]:
    document = parse(text, comments) if text.strip() else {}
    if not isinstance(document, dict):
        raise Broken("the file is no JSON object")
    servers = document.get(container, {})
    if not isinstance(servers, dict):
        raise Broken(f"{container!r} is no object")
    return servers


def _checked(before: str, after: str, container: str, servers: dict[str, Any], comments: bool) -> str:
    """`after`, if it says what `before` said but for the servers; else `Broken`."""
    meant = parse(before, comments)
    meant[container] = servers
    said = parse(after, comments)
    if said != meant or list(said) != list(meant) or list(said[container]) != list(meant[container]):
        raise Broken("it is written in a way that cannot be edited without risk")
    return after


def _added(text: str, into: Members, name: str, new: Any, layout: Layout) -> str:
    """The text with one more member at the end of an object."""
    key = json.dumps(name)
    if layout.step is None or (into.members and _on_one_line(text, into)):
        return _added_inline(text, into, f"{key}: {_json(new)}")
    outer = _indent_at(text, into.start)
    indent = _indent_at(text, into.members[0].key_start) if into.members else outer + layout.step
    member = f"{layout.newline}{indent}{key}: {_written(new, indent, layout)}"
    last, closing = _last_before_end(text, into), into.end - 1
    tail = text[last:closing] if "\n" in text[last:closing] else layout.newline + outer
    needs_comma = bool(into.members) and into.trailing_comma is None
    comma_at = into.members[-1].end if into.members else last
    return text[:comma_at] + ("," if needs_comma else "") + text[comma_at:last] + member + tail + text[closing:]


def _added_inline(text: str, into: Members, member: str) -> str:
    if into.trailing_comma is not None:
        return f"{text[: into.trailing_comma + 1]} {member}{text[into.trailing_comma + 1 :]}"
    if into.members:
        end = into.members[-1].end
        return f"{text[:end]}, {member}{text[end:]}"
    return f"{text[: into.start + 1]}{member}{text[into.start + 1 :]}"


def _removed(text: str, within: Members, index: int) -> str:
    """The text without a member and the comma that goes with it; a line left empty goes too."""
    member = within.members[index]
    if index + 1 < len(within.members):
        after = _comma_between(text, member.end, within.members[index + 1].key_start)
        return _cut(text, member.key_start, after + 1)
    if within.trailing_comma is not None:
        return _cut(text, member.key_start, within.trailing_comma + 1)
    shorter = _cut(text, member.key_start, member.end)
    if index == 0:
        return shorter
    comma = _comma_between(text, within.members[index - 1].end, member.key_start)
    return shorter[:comma] + shorter[comma + 1 :]


def _cut(text: str, start: int, end: int) -> str:
    """The text without a stretch; with the blanks before it, and its line when nothing else stands there."""
    line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    rest = re.compile(r"[ \t]*(?=\r?\n)").match(text, end)
    if line and not text[line:start].strip() and rest:
        newline = text[:line].removesuffix("\n").removesuffix("\r")
        return newline + text[rest.end() :]
    return text[:start].rstrip(" \t") + text[end:]


def _comma_between(text: str, start: int, end: int) -> int:
    return next(token.start for token in tokens(text, start) if token.text == "," and token.start < end)


def _last_before_end(text: str, held: Members) -> int:
    """Where the last thing within an object ends, comments included."""
    last = held.start + 1
    for token in tokens(text, held.members[-1].end if held.members else last):
        if token.start >= held.end - 1:
            break
        if token.kind != "space":
            last = token.end
    return max(last, held.members[-1].end) if held.members else last


def _layout(text: str, root: Members) -> Layout:
    newline = "\r\n" if "\r\n" in text else "\n"
    if root.members and _on_one_line(text, root):
        return Layout(newline, None)
    step = _indent_at(text, root.members[0].key_start) if root.members else INDENT
    return Layout(newline, step or INDENT)


def _on_one_line(text: str, held: Members) -> bool:
    return "\n" not in text[held.start : held.members[0].key_start]


def _indent_at(text: str, position: int) -> str:
    """The blanks at the beginning of the line that holds a position."""
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _written(new: Any, indent: str, layout: Layout) -> str:
    """A value as the text has its own: on one line, or a line for each member from `indent` on."""
    if layout.step is None:
        return _json(new)
    return f"{layout.newline}{indent}".join(_json(new, layout.step).split("\n"))


def _json(new: Any, step: str | None = None) -> str:
    """A value as JSON, other alphabets as they are, unless a half of a character makes that impossible."""
    text = json.dumps(new, ensure_ascii=False, indent=step)
    return text if text.isascii() or not _HALF.search(text) else json.dumps(new, indent=step)
