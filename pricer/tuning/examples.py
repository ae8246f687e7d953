"""Training examples in chat form: word for word what the chat predictor sends for the same task, with the answer as the last turn."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pricer.errors import BadInput
from pricer.evaluation.material import Material
from pricer.files import replacing
from pricer.predictors.chat.currencies import marks
from pricer.predictors.chat.labels import read_label
from pricer.predictors.chat.replies import read_number
from pricer.predictors.chat.wording import Wording, wording
from pricer.predictors.protocol import Examples, Task
from pricer.products.items import Listing
from pricer.products.messages import answer as nearest_dollar_answer
from pricer.products.messages import stated_price
from pricer.tuning.chat_line import truth_in

TRAINING, VALIDATION = "training.jsonl", "validation.jsonl"
STATED, UNREADABLE, NO_TEXT = "the text states the answer", "the answer cannot be read back", "no text"
TWICE, OTHERWISE, HELD_OUT = "asked before, same answer", "asked before, another answer", "stands in validation too"


@dataclass(frozen=True, slots=True)
class Finding:
    """An example that was left out: its listing's id, the split it was in, why, and what was found."""

    id: str
    split: str
    reason: str
    found: str = ""


@dataclass(frozen=True, slots=True)
class _Why:
    reason: str
    found: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The files, how many examples each holds, and what was left out. `validation` is None where there is none to write."""

    training: Path
    validation: Path | None
    n_training: int
    n_validation: int
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> dict[str, int]:
        """How many examples were left out, by reason."""
        return dict(Counter(finding.reason for finding in self.findings))


def conversation(task: Task, listing: Listing) -> list[dict[str, str]]:
    """What a chat model is sent for a listing in the plain form, without an answer: the body's `messages`."""
    return [{"role": turn.role, "content": turn.text} for turn in _words(task).turns(listing)]


def answered(task: Task, listing: Listing, answer: float | str) -> dict[str, list[dict[str, str]]]:
    """A line of a training file: the conversation with its answer as the assistant's turn."""
    return {"messages": [*conversation(task, listing), {"role": "assistant", "content": written(task, answer)}]}


def written(task: Task, answer: float | str) -> str:
    """The answer as the model is to say it, such that the reader of replies reads it back.

    A price in dollars is rounded to the nearest, as 44.00 (to the cent below half a dollar), money of another kind to the cent, any other
    number to six significant digits; a label stands word for word.
    """
    if isinstance(answer, str):
        return answer
    if task.unit == "usd" and answer >= 0.5:
        return nearest_dollar_answer(answer)
    if marks(task.unit):
        return f"{answer:.2f}"
    plain = f"{answer:.6g}"
    return f"{float(plain):.0f}" if "e+" in plain and abs(answer) < 1e15 else plain


def write_examples(material: Material, folder: Path) -> Written:
    """Write `training.jsonl` and `validation.jsonl` into the folder, both whole or not at all; `BadInput` when nothing can be learned from.

    Left out and listed: rows whose text states their price, answers that would not be read back, questions asked before, and training
    questions that validation asks too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    findings: list[Finding] = []
    held_out = _kept(material.task, material.validation, "validation", {}, findings)
    kept = _kept(material.task, material.train, "train", held_out, findings)
    if not kept:
        why = ", ".join(f"{count} {reason}" for reason, count in Counter(one.reason for one in findings).most_common(3))
        raise BadInput(
            f"{material.name}: wanted training examples, found none that can be used ({why or 'it has none'})"
        )
    training, validation = folder / TRAINING, folder / VALIDATION
    with replacing(training) as first, replacing(validation) as second:
        _write(first, material.task, material.train, kept)
        _write(second, material.task, material.validation, held_out)
    if not held_out:
        validation.unlink()
    return Written(training, validation if held_out else None, len(kept), len(held_out), tuple(findings))


@lru_cache(maxsize=8)
def _words(task: Task) -> Wording:
    return wording(task, (), structured=False)


def _kept(
    task: Task, examples: Examples, split: str, held_out: dict[str, int], findings: list[Finding]
) -> dict[str, int]:
    """The examples to write, as question to place, in their order; the others go into `findings`."""
    kept: dict[str, int] = {}
    for place, listing in enumerate(examples.listings):
        answer = examples.answers[place]
        question = conversation(task, listing)[-1]["content"]
        why = _objection(task, listing, question, answer) or _repeat(task, examples, question, answer, kept)
        if why is None and question in held_out:
            why = _Why(HELD_OUT)
        if why is None:
            kept[question] = place
        else:
            findings.append(Finding(listing.id, split, why.reason, why.found))
    return kept


def _objection(task: Task, listing: Listing, question: str, answer: float | str) -> _Why | None:
    said = written(task, answer)
    if not (listing.text or listing.title).strip():
        return _Why(NO_TEXT)
    if not _reads_back(task, said):
        return _Why(UNREADABLE, said[:40])
    if isinstance(answer, str):
        return None
    exact = stated_price(question, answer) if marks(task.unit) else None
    stated = exact or truth_in(question, said)
    return _Why(STATED, stated) if stated else None


def _repeat(task: Task, examples: Examples, question: str, answer: float | str, kept: dict[str, int]) -> _Why | None:
    if question not in kept:
        return None
    first = kept[question]
    same = written(task, examples.answers[first]) == written(task, answer)
    return _Why(TWICE if same else OTHERWISE, f"like {examples.listings[first].id}")


def _reads_back(task: Task, said: str) -> bool:
    """Whether the reader of replies takes exactly this answer from these words."""
    if task.is_label:
        return said in task.labels and read_label(said, task).label == said
    return read_number(said, task).value == float(said)


def _write(path: Path, task: Task, examples: Examples, kept: dict[str, int]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _rows(task, examples, kept))
        file.flush()
        os.fsync(file.fileno())


def _rows(task: Task, examples: Examples, kept: dict[str, int]) -> Iterator[str]:
    for place in kept.values():
        yield json.dumps(answered(task, examples.listings[place], examples.answers[place]), ensure_ascii=False)
