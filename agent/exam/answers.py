"""What a model answered, kept as JSON lines while the exam goes on, so that a stopped one is taken up where it stopped."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pricer.errors import BadInput

Mode = Literal["first", "whole"]
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the model made."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a task: of `first`, the first reply; of `whole`, all calls of the conversation and its last words.

    `failure` is why there is no answer (None: there is one). `ungrounded` are the figures in `text` without evidence, None where nobody
    looked. `usd` is the bill, 0 where nobody charges. `looked_up`: it asked which data sets are loaded
    before its first call.
    """

    task: str
    mode: Mode
    calls: tuple[Call, ...] = ()
    text: str = ""
    failure: str | None = None
    ungrounded: tuple[str, ...] | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    usd: str = "0"
    elapsed_s: float = 0.0
    looked_up: bool = False


class Book:
    """The answers of one exam in a file. Its first line says whose exam it is; a file of another one is refused.

    A line that a kill cut short is dropped: its task is asked again.
    """

    def __init__(self, path: Path, exam: dict[str, Any]) -> None:
        self.path = path
        self.exam = {"format": FORMAT, **exam}
        self.answers: dict[tuple[str, Mode], Answer] = {}
        if path.exists():
            self._take_up()

    def keep(self, answer: Answer) -> None:
        """Append an answer; it outlives this process once this returns."""
        self.answers[answer.task, answer.mode] = answer
        new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write((_line(self.exam) if new else "") + _line(asdict(answer)))

    def of(self, mode: Mode) -> dict[str, Answer]:
        """The answers of a mode by the ids of their tasks."""
        return {task: answer for (task, kind), answer in self.answers.items() if kind == mode}

    def forget_failures(self) -> None:
        """Leave out the failures, so that their tasks are asked again; the last line of a task counts."""
        self.answers = {key: answer for key, answer in self.answers.items() if answer.failure is None}

    def _take_up(self) -> None:
        text = self.path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self.path.write_text(whole, encoding="utf-8")
        if not whole:
            self.path.unlink()
            return
        rows = [self._row(number, line) for number, line in enumerate(whole.splitlines(), 1)]
        self._check(rows[0])
        for number, row in enumerate(rows[1:], 2):
            answer = self._answer(number, row)
            self.answers[answer.task, answer.mode] = answer

    def _row(self, number: int, line: str) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{self.path.name}:{number}:{error.colno}: wanted a JSON object, {error.msg}") from None
        if not isinstance(row, dict):
            raise BadInput(f"{self.path.name}:{number}:1: wanted a JSON object, found {row!r:.60}")
        return row

    def _check(self, found: dict[str, Any]) -> None:
        differ = [name for name in self.exam if found.get(name) != self.exam[name]]
        if differ:
            told = "; ".join(f"{name} {found.get(name)!r:.40}, now {self.exam[name]!r:.40}" for name in differ)
            raise BadInput(f"{self.path} holds another exam: {told}. Name another file, or move this one away.")

    def _answer(self, number: int, row: dict[str, Any]) -> Answer:
        try:
            calls = tuple(Call(**call) for call in row["calls"])
            ungrounded = None if row["ungrounded"] is None else tuple(row["ungrounded"])
            return Answer(**(row | {"calls": calls, "ungrounded": ungrounded}))
        except (KeyError, TypeError) as error:
            raise BadInput(f"{self.path.name}:{number}:1: wanted an answer, {error}") from None


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
