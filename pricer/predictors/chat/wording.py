"""What a chat model reads: the instruction, earlier examples, similar items found, and one listing, all fenced off as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import prompts
from pricer.predictors.chat.answered import Turn
from pricer.predictors.protocol import Task
from pricer.products.items import Listing

# Whatever opens a mark or looks like it, of ours or of a chat template: <listing>, <|im_end|>, ＜/similar, [INST], also when invisible
# characters stand in between. A model takes control tokens out of any text it reads, whoever wrote it.
BLANK = r"\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f"
FENCE = re.compile(rf"[<\uff1c\ufe64](?=[{BLANK}/\uff0f|]*[^\W\d_])|\[(?=/?INST\])", re.IGNORECASE)
SHOWN_CHARACTERS = 160  # of a similar item: its title, or the beginning of its text

Examples = Sequence[tuple[Listing, float | str]]


@dataclass(frozen=True, slots=True)
class Wording:
    """The turns before the listing, ready made, and the JSON schema of the answer when one is wished for."""

    task: Task
    before: tuple[Turn, ...]
    key: str
    schema: dict[str, Any] | None

    def turns(self, listing: Listing, found: Examples = ()) -> list[Turn]:
        """All turns for a listing: system, the examples in pairs, the similar items found for it with their answers, the listing."""
        return [*self.before, Turn("user", similar(self.task, found) + fenced(listing))]


def wording(
    task: Task, shots: Examples, structured: bool, prompt: str | None = None, *, retrieves: bool = False
) -> Wording:
    """The words for a task. `prompt` names another frame in `prompts/` than the task's own; with `retrieves` the instruction tells
    what similar items are."""
    key = answer_key(task)
    what = "label" if task.is_label else "number"
    form = prompts.text("reply_json", key=key, what=what) if structured else prompts.text("reply_plain", what=what)
    before = [Turn("system", _instruction(task, form.strip(), prompt, retrieves=retrieves))]
    for listing, answer in shots:
        before += [Turn("user", fenced(listing)), Turn("assistant", _shown(task, key, answer, structured))]
    return Wording(task, tuple(before), key, schema(task) if structured else None)


def fenced(listing: Listing) -> str:
    """The listing's text between its marks; a mark inside of the text is blunted, so that the text cannot end its own fence."""
    return f"<listing>\n{FENCE.sub('‹', listing.text or listing.title)}\n</listing>"


def similar(task: Task, found: Examples) -> str:
    """A line for each similar item with its answer, between their marks; nothing where none was found."""
    if not found:
        return ""
    lines = [f"{_answer(task, answer)}: {FENCE.sub('‹', _name(listing))}" for listing, answer in found]
    return "\n".join(["<similar>", *lines, "</similar>", ""])


def most_similar_bytes(count: int) -> int:
    """How long the lines of `count` similar items can be, in bytes of UTF-8."""
    return 24 + count * (4 * SHOWN_CHARACTERS + 80)


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


def _instruction(task: Task, form: str, prompt: str | None, *, retrieves: bool) -> str:
    if prompt is not None:
        return prompts.text(prompt, form=form).strip()
    known = "prices" if _asks_price(task) else "labels" if task.is_label else "numbers"
    ahead = f"{prompts.text('similar_chat', what=known).strip()}\n\n" if retrieves else ""
    if _asks_price(task):
        asked = task.question or prompts.text("price_chat_question").strip()
        return prompts.text("price_chat", question=ahead + asked, form=form).strip()
    asked = task.question or f"What is the {task.name.replace('_', ' ')} of this item?"
    if task.is_label:
        labels = "\n".join(f"- {label}" for label in task.labels)
        return prompts.text("label_chat", question=ahead + asked, labels=labels, form=form).strip()
    unit = f" in {task.unit}" if task.unit else ""
    return prompts.text("number_chat", question=ahead + asked, unit=unit, form=form).strip()


def _name(listing: Listing) -> str:
    """What is shown of a similar item, on one line."""
    return " ".join((listing.title or listing.text).split())[:SHOWN_CHARACTERS]


def _answer(task: Task, answer: float | str) -> str:
    if isinstance(answer, str):
        return FENCE.sub("‹", answer)
    return f"${answer:.2f}" if task.unit == "usd" else f"{answer:g}{f' {task.unit}' if task.unit else ''}"


def _shown(task: Task, key: str, answer: float | str, structured: bool) -> str:
    import json

    number = f"{answer:.2f}" if isinstance(answer, float | int) and task.unit == "usd" else str(answer)
    if not structured:
        return number
    return json.dumps({key: answer if isinstance(answer, str) else float(number)}, ensure_ascii=False)
