"""How a small language model is asked about a listing, and its replies: many at once, each by its likeliest words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import prompts
from pricer.errors import BadInput
from pricer.predictors.chat.labels import read_label
from pricer.predictors.chat.replies import read_number
from pricer.predictors.chat.wording import FENCE, wording
from pricer.predictors.protocol import Guess, Task, Usage
from pricer.predictors.tuned.base import Base, device_of, quiet
from pricer.products import messages
from pricer.products.items import Listing

Form = Literal["question", "chat"]
MARK = messages.MARK
TOGETHER = 16  # prompts that are answered at once
ANSWER_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Asking:
    """The words around a listing's text and its limits: `max_tokens` of the text, cut at its end, and `answer_tokens` of a reply.

    The form `question` is a question, the text and the beginning of the answer; `chat` has the instruction and the marks of a chat
    model's prompt, which cost some 150 tokens more.
    """

    task: Task
    form: Form
    max_tokens: int
    answer_tokens: int = ANSWER_TOKENS

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise BadInput(f"form of the prompt: wanted one of {', '.join(get_args(Form))}, found {self.form!r:.40}")

    def prompts(self, tokenizer: Any, listings: Sequence[Listing]) -> list[list[int]]:
        """The tokens of each listing's prompt. The text is written without control tokens, whatever stands in it."""
        if not listings:
            return []
        frame = _frame(self.task, self.form, tokenizer)
        chat = self.form == "chat"
        before = tokenizer(frame.before, add_special_tokens=not chat).input_ids
        after = tokenizer(frame.after, add_special_tokens=False).input_ids
        texts = [FENCE.sub("‹", one.text or one.title) for one in listings]
        told = tokenizer(texts, add_special_tokens=False, split_special_tokens=True, verbose=False).input_ids
        return [[*before, *text[: self.max_tokens], *after] for text in told]

    def answer(self, tokenizer: Any, answer: float | str) -> list[int]:
        """The tokens of an answer with the one that ends it."""
        lead = "" if self.form == "chat" or _is_price(self.task) else " "
        told: list[int] = tokenizer(lead + _written(self.task, answer), add_special_tokens=False).input_ids
        return [*told, tokenizer.eos_token_id]

    def with_room(self, tokenizer: Any, answers: Sequence[float | str]) -> Asking:
        """The same with room for the longest of these answers and of the task's labels."""
        lengths = [len(self.answer(tokenizer, one)) for one in {*answers, *self.task.labels}]
        return replace(self, answer_tokens=max([ANSWER_TOKENS, *lengths]))


def guesses(base: Base, asking: Asking, listings: Sequence[Listing]) -> list[Guess]:
    """A guess for each listing, in their order; a reply that cannot be read is a failure. The model is left in the mode it was in."""
    asked = asking.prompts(base.tokenizer, listings)
    order = sorted(range(len(asked)), key=lambda place: len(asked[place]))
    found: dict[int, Guess] = {}
    training = base.model.training
    base.model.eval()
    try:
        for start in range(0, len(order), TOGETHER):
            places = order[start : start + TOGETHER]
            replies = _replies(base, [asked[place] for place in places], asking.answer_tokens)
            for place, reply in zip(places, replies, strict=True):
                found[place] = _guess(base.tokenizer, asking.task, len(asked[place]), reply)
    finally:
        base.model.train(training)
    return [found[place] for place in range(len(asked))]


def _frame(task: Task, form: Form, tokenizer: Any) -> messages.Frame:
    """What stands before and after a listing's text."""
    told = _chat(task, tokenizer) if form == "chat" else _question(task)
    before, _, after = told.partition(MARK)
    return messages.Frame(before, after)


def _chat(task: Task, tokenizer: Any) -> str:
    if not tokenizer.chat_template:
        raise BadInput("wanted a model with a chat template for the form 'chat', found none: take the form 'question'")
    marked = Listing("", "", MARK, "", "", "{}", None, None)
    turns = wording(task, (), structured=False).turns(marked)
    told: str = tokenizer.apply_chat_template(
        [{"role": turn.role, "content": turn.text} for turn in turns], tokenize=False, add_generation_prompt=True
    )
    return told


def _question(task: Task) -> str:
    if _is_price(task):
        return messages.question(MARK)
    asked = task.question or f"What is the {task.name.replace('_', ' ')} of this item?"
    if task.is_label:
        return prompts.text("label_question", question=asked, labels=", ".join(task.labels), text=MARK)
    unit = f" in {task.unit}" if task.unit else ""
    return prompts.text("number_question", question=asked, unit=unit, text=MARK)


def _is_price(task: Task) -> bool:
    """Whether the plain question of a price is asked, whose answer begins after a dollar sign."""
    return task.unit == "usd" and not task.is_label and task.question is None


def _written(task: Task, answer: float | str) -> str:
    """An answer as the model is to write it."""
    if isinstance(answer, str):
        return answer
    return messages.answer(answer) if task.unit == "usd" else f"{answer:g}"


def _replies(base: Base, asked: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """The tokens of each reply, up to and with the one that ends it. Padding stands on the left and is not looked at."""
    import torch

    pad, device, width = base.tokenizer.pad_token_id, device_of(base.model), max(map(len, asked))
    ids = torch.tensor([[pad] * (width - len(one)) + list(one) for one in asked], device=device)
    mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in asked], device=device)
    with torch.inference_mode(), quiet():
        made = base.model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=most)
    return [_ended(reply, base.tokenizer.eos_token_id) for reply in made[:, width:].tolist()]


def _ended(reply: list[int], end: int) -> list[int]:
    return reply[: reply.index(end) + 1] if end in reply else reply


def _guess(tokenizer: Any, task: Task, asked: int, reply: list[int]) -> Guess:
    text = tokenizer.decode(reply, skip_special_tokens=True)
    cut = not reply or reply[-1] != tokenizer.eos_token_id
    reading = (read_label if task.is_label else read_number)(text, task, cut=cut)
    return Guess(reading.value, reading.label, reading.fault, text, Usage(asked, len(reply)))
