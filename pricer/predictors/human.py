"""A person as predictor: the answers of a task that was filled in, as a sheet or on the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pricer.errors import BadInput
from pricer.predictors.human_file import Row, read_file
from pricer.predictors.human_task import codes, key_of
from pricer.predictors.protocol import Guess, Task
from pricer.products.items import Listing
from pricer.products.money import amount, price

NAME = "human"
EMPTY, MISSING = "no answer", "no answer given"


@dataclass(frozen=True, slots=True)
class Human:
    """A person's guesses by listing id. A listing that the file does not answer is a failure, never a number."""

    name: str
    answers: Mapping[str, Guess]

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The person's guesses, in the order of the listings."""
        return [self.answers.get(one.id, Guess(failure=MISSING)) for one in listings]


def read_filled(path: Path, listings: Sequence[Listing], task: Task, seed: int) -> Human:
    """The person's guesses from the sheet (comma, semicolon or tab) or from what the page downloads.

    `BadInput` when the file cannot be read, has no code or answer, has a code twice, or was made for other items or another seed.
    Items that are not in the file are failures.
    """
    filled = read_file(path)
    known = codes(listings, seed)
    key = key_of(listings, task, seed)
    if filled.key not in (None, key):
        raise _other(path, f"task {key}, found task {str(filled.key)[:20]!r}")
    _check(filled.rows, known, path)
    return Human(filled.name or NAME, {known[row.code]: guess(row.answer, task) for row in filled.rows})


def guess(answer: str, task: Task) -> Guess:
    """What an answer says: a number in the task's unit, or one of its labels; a failure with the answer as it stands otherwise."""
    if not answer:
        return Guess(failure=EMPTY)
    if task.is_label:
        return _label(answer, task)
    if task.unit == "usd":
        found = price(answer)
        value, fault = found.usd, found.fault
    else:
        value = _number(answer, task.unit)
        fault = None if value is not None else "not a number"
    if value is None or not math.isfinite(value):
        return Guess(failure=f"unreadable: {fault or 'not a number'}", raw=answer)
    return Guess(value, raw=answer)


def _label(answer: str, task: Task) -> Guess:
    alike = [label for label in task.labels if label.casefold() == answer.casefold()]
    found = answer if answer in task.labels else alike[0] if len(alike) == 1 else None
    return Guess(label=found, raw=answer) if found is not None else Guess(failure="unreadable: not a label", raw=answer)


def _number(answer: str, unit: str | None) -> float | None:
    """A plain number, with thousands or decimals of either custom, and its unit if it is stated."""
    bare = answer.strip()
    if unit and bare.casefold().endswith(unit.casefold()):
        bare = bare[: -len(unit)].strip()
    if "_" in bare:  # Python would read 1_000
        return None
    try:
        return float(bare)
    except ValueError:
        pass
    size = amount(bare.lstrip("-+"))
    return None if size is None else -size if bare.startswith("-") else size


def _check(rows: Sequence[Row], known: Mapping[str, str], path: Path) -> None:
    strange = [row for row in rows if row.code not in known]
    if rows and len(strange) == len(rows):
        raise _other(path, f"codes of this task, found {rows[0].code[:20]!r} at {rows[0].place}")
    if strange:
        raise BadInput(
            f"{path.name}, {strange[0].place}: wanted a code of this task, found {strange[0].code[:20]!r} ({len(strange)} such of "
            f"{len(rows)}); put back the code that the task file has there, or take the row out"
        )
    first: dict[str, str] = {}
    for row in rows:
        if row.code in first:
            raise BadInput(
                f"{path.name}, {row.place}: code {row.code} stands already at {first[row.code]}; keep one of the two rows"
            )
        first[row.code] = row.place


def _other(path: Path, what: str) -> BadInput:
    return BadInput(
        f"{path.name}: wanted {what}; it was filled in for other items, another question or another seed: name the data, --limit and "
        "--seed with which its task was written"
    )
