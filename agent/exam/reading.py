"""The files of tasks, read strictly: whatever is not as it should be is refused with its file, line and column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, cast

from agent.exam.matchers import HOWS, Matcher
from agent.exam.tasks import KINDS, LANGUAGES, NONE, Called, Expected, Said, Speaker, Task
from pricer.errors import BadInput

FOLDER = Path(__file__).parent / "tasks"
PARTS = ("dev", "held_out")
OPTIONAL = ("must_not", "named_usd", "confirmed", "whole")


def part(name: str) -> tuple[Task, ...]:
    """The tasks of `dev` or `held_out`, in the order of the file."""
    if name not in PARTS:
        raise BadInput(f"no part {name!r} of the exam: wanted {' or '.join(PARTS)}")
    return _part(name)


@cache
def _part(name: str) -> tuple[Task, ...]:
    return read(FOLDER / f"{name}.jsonl")


def read(path: Path) -> tuple[Task, ...]:
    """The tasks of a file of JSON lines; `BadInput` names the file, the line and the column of whatever is not as it should be."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} cannot be read: {error}") from error
    tasks = [_task(Line(path.name, number, line)) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not tasks:
        raise BadInput(f"{path.name}: wanted one task a line, found none")
    return _with_own_ids(path.name, tasks)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, to say where something is wrong."""

    file: str
    number: int
    text: str

    def wrong(self, key: str, wanted: str, found: object) -> NoReturn:
        """Refuse what stands at a key; the column is that of the key, else of the line's beginning."""
        column = self.text.find(f'"{key.rsplit(".", maxsplit=1)[-1]}"') + 1 or 1
        raise BadInput(f"{self.file}:{self.number}:{column}: {key}: wanted {wanted}, found {found!r:.80}")


def _task(line: Line) -> Task:
    row = _object(line)
    _keys(line, row, "task", needed=("id", "language", "kind", "conversation", "expected"), more=OPTIONAL)
    return Task(
        id=_text(line, row, "id"),
        language=_among(line, row, "language", LANGUAGES),
        kind=_among(line, row, "kind", KINDS),
        conversation=_conversation(line, row["conversation"]),
        expected=_expected(line, row["expected"]),
        must_not=_matchers(line, "must_not", row.get("must_not", [])),
        named_usd=_usd(line, row.get("named_usd")),
        confirmed=_flag(line, row, "confirmed"),
        whole=_flag(line, row, "whole"),
    )


def _object(line: Line) -> dict[str, Any]:
    try:
        row = json.loads(line.text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise BadInput(f"{line.file}:{line.number}:{error.colno}: wanted a JSON object, {error.msg}") from None
    except KeyError as error:
        line.wrong(str(error.args[0]), "each key once", "it twice")
    if not isinstance(row, dict):
        line.wrong("task", "a JSON object", row)
    return row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key, value in pairs:
        if key in row:
            raise KeyError(key)
        row[key] = value
    return row


def _keys(line: Line, row: Any, where: str, needed: Iterable[str], more: Iterable[str] = ()) -> None:
    if not isinstance(row, dict):
        line.wrong(where, "an object", row)
    for key in row:
        if key not in {*needed, *more}:
            line.wrong(key, f"one of {', '.join((*needed, *more))} in {where}", key)
    for key in needed:
        if key not in row:
            line.wrong(where, f"the key {key}", sorted(row))


def _text(line: Line, row: Mapping[str, Any], key: str) -> str:
    if not isinstance(row[key], str) or not row[key].strip():
        line.wrong(key, "a text", row[key])
    return str(row[key])


def _among(line: Line, row: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    if row[key] not in allowed:
        line.wrong(key, f"one of {', '.join(allowed)}", row[key])
    return str(row[key])


def _flag(line: Line, row: Mapping[str, Any], key: str) -> bool:
    value = row.get(key, False)
    if not isinstance(value, bool):
        line.wrong(key, "true or false", value)
    return bool(value)


def _usd(line: Line, value: Any) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        line.wrong("named_usd", "dollars above 0, or null", value)
    return Decimal(str(value))


def _conversation(line: Line, rows: Any) -> tuple[Said | Called, ...]:
    if not isinstance(rows, list) or not rows:
        line.wrong("conversation", "a list of turns", rows)
    turns = tuple(_turn(line, row) for row in rows)
    last = turns[-1]
    if not isinstance(last, Said) or last.who != "user":
        line.wrong("conversation", "the user's words at its end", rows[-1])
    return turns


def _turn(line: Line, row: Any) -> Said | Called:
    if isinstance(row, dict) and "call" in row:
        _keys(line, row, "call", needed=("call", "arguments", "result"))
        for key in ("arguments", "result"):
            if not isinstance(row[key], dict):
                line.wrong(key, "an object", row[key])
        return Called(_text(line, row, "call"), row["arguments"], row["result"])
    if not isinstance(row, dict) or len(row) != 1 or next(iter(row)) not in ("user", "assistant"):
        line.wrong("conversation", "turns with user, assistant or call", row)
    who = next(iter(row))
    return Said(cast("Speaker", who), _text(line, row, who))


def _expected(line: Line, rows: Any) -> tuple[Expected, ...]:
    if not isinstance(rows, list) or not rows:
        line.wrong("expected", "a list of right calls", rows)
    return tuple(_right(line, row) for row in rows)


def _right(line: Line, row: Any) -> Expected:
    _keys(line, row, "expected", needed=("tool",), more=("must",))
    tool, must = _text(line, row, "tool"), _matchers(line, "must", row.get("must", []))
    if tool == NONE and must:
        line.wrong("must", "no arguments where no tool is called", row["must"])
    return Expected(tool, must)


def _matchers(line: Line, key: str, rows: Any) -> tuple[Matcher, ...]:
    if not isinstance(rows, list):
        line.wrong(key, "a list of conditions", rows)
    return tuple(_matcher(line, key, row) for row in rows)


def _matcher(line: Line, key: str, row: Any) -> Matcher:
    if not isinstance(row, dict) or len(row) != 2 or not isinstance(row.get("at"), str):
        line.wrong(key, 'conditions such as {"at": "dataset", "equals": "sample"}', row)
    how = next(name for name in row if name != "at")
    if how not in HOWS:
        line.wrong(how, f"one of {', '.join(HOWS)}", how)
    if (check := SHAPES.get(how)) and not check(row[how]):
        line.wrong(how, "two numbers" if how == "between" else "a list", row[how])
    return Matcher(row["at"], how, row[how])


SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "between": lambda value: (
        isinstance(value, list) and len(value) == 2 and all(isinstance(one, int | float) for one in value)
    ),
    "one_of": lambda value: isinstance(value, list),
}


def _with_own_ids(file: str, tasks: list[Task]) -> tuple[Task, ...]:
    seen: set[str] = set()
    for number, task in enumerate(tasks, 1):
        if task.id in seen:
            raise BadInput(f"{file}: task {number}: id {task.id!r} is used twice: give each task its own")
        seen.add(task.id)
    return tuple(tasks)
