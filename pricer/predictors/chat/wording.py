"""What a chat model reads: the instruction, earlier examples, and one listing fenced off as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import prompts
from pricer.predictors.chat.answered import Turn
from pricer.predictors.protocol import Task
from pricer.products.items import Listing

FENCE = re.compile(r"<(?=\s*/?\s*listing\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wording:
    """The turns before the listing, ready made, and the JSON schema of the answer when one is wished for."""

    before: tuple[Turn, ...]
    key: str
    schema: dict[str, Any] | None

    def turns(self, listing: Listing) -> list[Turn]:
        """All turns for a listing: system, the examples in pairs, the listing."""
        return [*self.before, Turn("user", fenced(listing))]


def wording(
    task: Task, shots: Sequence[tuple[Listing, float | str]], structured: bool, prompt: str | None = None
) -> Wording:
    """The words for a task. `prompt` names another frame in `prompts/` than the task's own."""
    key = answer_key(task)
    what = "label" if task.is_label else "number"
    form = prompts.text("reply_json", key=key, what=what) if structured else prompts.text("reply_plain", what=what)
    before = [Turn("system", _instruction(task, form.strip(), prompt))]
    for listing, answer in shots:
        before += [Turn("user", fenced(listing)), Turn("assistant", _shown(task, key, answer, structured))]
    return Wording(tuple(before), key, schema(task) if structured else None)


def fenced(listing: Listing) -> str:
    """The listing's text between its marks; a mark inside of the text is blunted, so that the text cannot end its own fence."""
    return f"<listing>\n{FENCE.sub('‹', listing.text or listing.title)}\n</listing>"


def answer_key(task: Task) -> str:
    """The key of the answer in JSON."""
    return "price" if _asks_price(task) else "label" if task.is_label else "answer"


def schema(task: Task) -> dict[str, Any]:
    """The JSON schema of an answer, within what every provider's strict mode knows."""
    value: dict[str, Any] = {"type": "string", "enum": list(task.labels)} if task.is_label else {"type": "number"}
    key = answer_key(task)
    return {"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": False}


def _asks_price(task: Task) -> bool:
    return task.unit == "usd" and not task.is_label


def _instruction(task: Task, form: str, prompt: str | None) -> str:
    question = task.question
    if prompt is not None:
        return prompts.text(prompt, form=form).strip()
    if _asks_price(task):
        asked = question or prompts.text("price_chat_question").strip()
        return prompts.text("price_chat", question=asked, form=form).strip()
    asked = question or f"What is the {task.name.replace('_', ' ')} of this item?"
    if task.is_label:
        labels = "\n".join(f"- {label}" for label in task.labels)
        return prompts.text("label_chat", question=asked, labels=labels, form=form).strip()
    unit = f" in {task.unit}" if task.unit else ""
    return prompts.text("number_chat", question=asked, unit=unit, form=form).strip()


def _shown(task: Task, key: str, answer: float | str, structured: bool) -> str:
    import json

    number = f"{answer:.2f}" if isinstance(answer, float | int) and task.unit == "usd" else str(answer)
    if not structured:
        return number
    return json.dumps({key: answer if isinstance(answer, str) else float(number)}, ensure_ascii=False)
