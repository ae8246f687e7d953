"""The prompts of the pricing task: with the answer for training, without it at test time, and the proof that it stays out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import prompts
from pricer.products.money import nearest_dollar

MARK = "\0"
LARGEST = "999.00"
MONEY = re.compile(
    r"[$€£¥₹]\s?(\d[\d.,]*)|\b(\d[\d.,]*)\s?(?:usd|eur|gbp|dollars?|euros?)\b|\bprice ?(?:is|:)\s?(\d[\d.,]*)",
    re.IGNORECASE,
)
# A text without a digit beside one of these cannot match; looking for that first is twenty times as fast as the pattern.
SIGNS = ("$", "€", "£", "¥", "₹", "usd", "eur", "gbp", "dollar", "price is", "price:", "price :")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before and after the text of an item."""

    before: str
    after: str


@cache
def frame() -> Frame:
    """The frame of `prompts/price_question.md`."""
    before, after = prompts.text("price_question", text=MARK).split(MARK)
    return Frame(before, after)


def question(text: str) -> str:
    """What a model is asked about an item with this text. It ends where the answer begins."""
    return f"{frame().before}{text}{frame().after}"


def training_prompt(text: str, usd: float) -> str:
    """The test prompt followed by its answer, rounded as evaluation rounds it."""
    return question(text) + answer(usd)


def answer(usd: float) -> str:
    """How an answer is written: the nearest dollar, as 44.00."""
    return f"{nearest_dollar(usd)}.00"


def stated_price(message: str, usd: float) -> str | None:
    """Where `message` states this price: the exact cents as a number, or as an amount of money to the cent or the dollar."""
    for cents in {f"{usd:.2f}", f"{usd:,.2f}"}:
        if cents in message and (found := re.search(rf"(?<![\d.,]){re.escape(cents)}(?![.,]?\d)", message)):
            return found.group()
    if not _has_money(message.lower()):
        return None
    wanted = {f"{usd:.2f}", f"{nearest_dollar(usd)}", f"{nearest_dollar(usd)}.00"}
    for found in MONEY.finditer(message):
        number = next(group for group in found.groups() if group).rstrip(".,").replace(",", "")
        if number in wanted:
            return found.group()
    return None


def _has_money(lowered: str) -> bool:
    """Whether a sign of money has a digit beside it."""
    for sign in SIGNS:
        at = lowered.find(sign)
        while at >= 0:
            beside = lowered[max(0, at - 2) : at] + lowered[at + len(sign) : at + len(sign) + 2]
            if any(char.isdigit() for char in beside):
                return True
            at = lowered.find(sign, at + 1)
    return False


def mentions(message: str, dollars: int) -> bool:
    """Whether the whole number `dollars` stands in `message` as a number of its own, for whatever reason (30 inches)."""
    digits = str(dollars)
    return digits in message and re.search(rf"(?<![\d.,]){digits}(?![.,]?\d)", message) is not None
