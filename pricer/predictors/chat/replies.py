"""What a chat model's reply says: one number or one label, or why neither can be read. A reply is never guessed at."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pricer.predictors.chat.amounts import Amount, amounts
from pricer.predictors.chat.currencies import marks
from pricer.predictors.protocol import Task

REFUSED, EMPTY, TRUNCATED, RANGE, AMBIGUOUS = "refused", "empty reply", "truncated", "range", "ambiguous"
OTHER_CURRENCY, NO_NUMBER, NEGATIVE = "answer in another currency", "no number", "negative"

MOST_CHARACTERS = 20_000  # a longer reply is read from its end, where the answer stands
KEYS = (
    "price",
    "answer",
    "final_answer",
    "value",
    "estimate",
    "estimated_price",
    "price_usd",
    "prediction",
    "guess",
    "label",
    "category",
)
BOUNDS = frozenset(
    {"min", "max", "low", "high", "minimum", "maximum", "min_price", "max_price", "price_min", "price_max"}
)
REFUSAL = re.compile(
    r"\b(?:i can(?:no|')?t|i can not|i am unable|i'm unable|i am not able|i'm not able|as an ai|as a language model|i'm sorry|i am sorry|"
    r"sorry,|unable to (?:determine|provide|estimate)|can(?:no|')t (?:determine|provide|estimate|answer|help|assist)|"
    r"not enough information|insufficient information|i do(?: not|n't) have|i won't|i will not|impossible to (?:say|determine))|"
    r"申し訳|できません|无法",
    re.IGNORECASE,
)  # fmt: skip
LEAN = (
    r"(?:[ \t]*(?:is|was|be|would|should|may|might|likely|probably|to|at|of|in|just|usd|around|about|approximately|approx\.?|roughly|nearly|"
    r"estimated|[:=~≈{(\"']|->|→|は|が|約))*[ \t]*$"
)
FINAL = re.compile(
    r"(?:\b(?:final (?:answer|price|estimate|guess)|answer|conclusion|therefore|thus|boxed|in total|overall)|####|最終|答え|答案)[,]?"
    r"(?:[ \t]*(?:the|my|a|price|estimate|i estimate|i would say))*" + LEAN,
    re.IGNORECASE,
)
STRONG = re.compile(
    r"(?:\b(?:prices?|priced|estimate|cost|costs|value|worth|guess|total|sells?|retails?|retailing|selling|listed|around|about|approximately|"
    r"roughly|say)\b|[~≈]|価格|値段|约|約)" + LEAN,
    re.IGNORECASE,
)  # fmt: skip
EQUALS = re.compile(r"= ?$")
HEAD = re.compile(
    r"\W*(?:(?:about|around|approximately|approx|roughly|約|约|usd|the|my|best|estimated|retail|price|estimate|is|价格|価格|は)\W*)*",
    re.IGNORECASE,
)
LEFT = 60  # characters before an amount in which a cue may stand


@dataclass(frozen=True, slots=True)
class Reading:
    """A number, a label, or the fault that kept it from being read: exactly one."""

    value: float | None = None
    label: str | None = None
    fault: str | None = None


def read_number(text: str, task: Task, *, cut: bool = False) -> Reading:
    """The number that a reply gives, in the task's unit; never an average, never a size.

    An explicit final answer or JSON decides; then a price at the reply's head; then the only amount, or the only one that the
    reply calls price, cost or estimate. `cut` says that the provider ended the reply at its length: then only a number that is
    plainly complete counts. Time is linear in the length; any text is read without an error.
    """
    plain = spoken(text)
    if not plain:
        return Reading(fault=TRUNCATED if cut else EMPTY)
    data = json_in(plain)
    if data is not None:
        return _of_json(data, task)
    bare = _bare(plain, task)
    if bare is not None and not cut:
        return bare
    return _of_words(plain, task, cut)


def spoken(text: str) -> str:
    """The reply without its thinking, without markdown, full-width characters as plain ones; its last `MOST_CHARACTERS` characters."""
    text = text[-MOST_CHARACTERS:]
    for tag in ("think", "thinking", "reasoning"):
        text = text[text.rfind(f"</{tag}>") + len(tag) + 3 :] if f"</{tag}>" in text else text
        text = text.partition(f"<{tag}>")[0]
    text = re.sub(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3})", "'", text)
    text = unicodedata.normalize("NFKC", text)[:MOST_CHARACTERS]
    text = re.sub(r"\*\*|__|\\|`", "", text).replace("’", "'").strip()
    return text[1:-1].strip() if text[:1] == text[-1:] == '"' else text


def json_in(plain: str) -> dict[str, Any] | None:
    """The last JSON object among the first eight places where one could begin, if any."""
    at, found = plain.find("{"), None
    for _ in range(8):
        if at < 0:
            break
        try:
            value, end = json.JSONDecoder().raw_decode(plain, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found = value if isinstance(value, dict) and value else found
        at = plain.find("{", end)
    return found


def answer_in(data: dict[str, Any], task: Task) -> Any:
    """What stands under the key of an answer: the task's name first, else a known key, else the only entry; None if there is none."""
    named = {str(key).strip().casefold().replace(" ", "_"): value for key, value in data.items()}
    for key in (task.name.casefold(), *KEYS):
        if key in named:
            return named[key]
    return next(iter(data.values())) if len(data) == 1 else None


def _of_json(data: dict[str, Any], task: Task) -> Reading:
    value = answer_in(data, task)
    fault = _shape_fault(data, value) or _currency_fault(data, task)
    if fault is not None:
        return Reading(fault=fault)
    if isinstance(value, str):
        plain = value.strip()
        return _bare(plain, task) or (_of_words(plain, task, cut=False) if plain else Reading(fault=NO_NUMBER))
    try:
        return _checked(float(value), task)
    except OverflowError:
        return Reading(fault=NO_NUMBER)


def _shape_fault(data: dict[str, Any], value: Any) -> str | None:
    if isinstance(value, dict):
        return RANGE if _bounds(value) else AMBIGUOUS
    if isinstance(value, list):
        return AMBIGUOUS
    if value is None or isinstance(value, bool):
        return RANGE if _bounds(data) else NO_NUMBER
    return None


def _currency_fault(data: dict[str, Any], task: Task) -> str | None:
    currency = next((str(data[key]).strip() for key in data if str(key).casefold() == "currency"), "")
    money = marks(task.unit)
    if not money or not currency:
        return None
    return None if money.own_after.fullmatch(currency) or money.own_before.fullmatch(currency) else OTHER_CURRENCY


def _bounds(data: dict[str, Any]) -> bool:
    return bool(BOUNDS & {str(key).casefold() for key in data})


def _checked(value: float, task: Task) -> Reading:
    if not math.isfinite(value):
        return Reading(fault=NO_NUMBER)
    return Reading(fault=NEGATIVE) if value < 0 and marks(task.unit) else Reading(value=value)


def _bare(plain: str, task: Task) -> Reading | None:
    if len(plain) > 40 or "_" in plain:
        return None
    if marks(task.unit) and re.fullmatch(r"\d{1,3}\.\d{3}", plain):
        return Reading(fault=AMBIGUOUS)
    try:
        return _checked(float(plain), task)
    except ValueError:
        return None


def _of_words(plain: str, task: Task, cut: bool) -> Reading:
    money = marks(task.unit)
    everything = amounts(plain, money, task.unit)
    readable = [amount for amount in everything if not amount.foreign]
    chosen, decisive = _choose(plain, everything, readable)
    if not decisive and REFUSAL.search(plain):
        return Reading(fault=REFUSED)
    if isinstance(chosen, str):
        return Reading(fault=TRUNCATED if cut and chosen in {NO_NUMBER, AMBIGUOUS} else chosen)
    if cut and not (decisive and _complete(plain, chosen)):
        return Reading(fault=TRUNCATED)
    if chosen.foreign:
        return Reading(fault=OTHER_CURRENCY)
    if chosen.ranged:
        return Reading(fault=RANGE)
    return Reading(fault=AMBIGUOUS) if chosen.value is None else _checked(chosen.value, task)


def _choose(plain: str, everything: list[Amount], readable: list[Amount]) -> tuple[Amount | str, bool]:
    """The amount that is the answer, or the fault; and whether a cue decided it."""
    lefts = _lefts(plain, everything)
    final = [amount for amount in everything if FINAL.search(lefts[amount.start])]
    if final:
        return final[-1], True
    if everything and _leads(plain, everything[0]):
        return everything[0], True
    strong = {amount.start for amount in readable if _is_strong(amount, lefts[amount.start])}
    cued = [amount for amount in readable if amount.own or amount.start in strong]
    if any(amount.foreign for amount in everything) and not any(amount.own for amount in cued):
        return OTHER_CURRENCY, False
    single = [amount for amount in cued or readable if not amount.ranged]
    if not single:
        return (RANGE if readable else NO_NUMBER), False
    for some in (single, [amount for amount in single if amount.start in strong]):
        if len({amount.value for amount in some}) == 1:
            return some[-1], some[-1].start in strong
    return AMBIGUOUS, False


def _is_strong(amount: Amount, left: str) -> bool:
    return STRONG.search(left) is not None or (amount.own and EQUALS.search(left) is not None)


def _lefts(plain: str, everything: Iterable[Amount]) -> dict[int, str]:
    """For each amount, by its start, the words before it: of its own sentence, after the amount before."""
    lefts: dict[int, str] = {}
    last = 0
    for amount in everything:
        left = plain[max(last, amount.start - LEFT) : amount.start]
        lefts[amount.start] = re.split(r"[.!?]\s|\n\s*\n", left)[-1].replace("\n", " ")
        last = amount.end
    return lefts


def _leads(plain: str, first: Amount) -> bool:
    lead = HEAD.match(plain[: min(first.start, LEFT)])
    if first.start > LEFT or lead is None or lead.end() < first.start:
        return False
    return re.match(r"\s*(?:$|[.!]\s|[.!]$|\n)", plain[first.end : first.end + 8]) is not None


def _complete(plain: str, amount: Amount) -> bool:
    """Whether an amount cannot have lost digits where the reply was cut: something follows it, or its cents are there."""
    return amount.end < len(plain) or re.search(r"[.,]\d\d$", plain[-4:]) is not None
