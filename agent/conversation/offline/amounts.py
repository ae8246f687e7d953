"""What the user's words count: items, dollars, how many of a list, and the ids of jobs and runs."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

from agent.conversation.offline.naming import counted, normal
from agent.planner.numbers import COUNT, NUMBER, number

JOB = re.compile(r"(?<![\w-])[a-z][\w.]*(?:-[\w.]+)*-[0-9a-f]{8}(?![\w-])", re.ASCII)

_ITEMS = re.compile(
    rf"(?P<n>{NUMBER})\s?(?:test )?(?:items?|examples?|products?|rows?|samples?|records?|listings?|tickets?|件|個|サンプル|例(?!え))"
    rf"|(?:limit|sample)(?: of| to|:|=)?\s(?P<limit>{NUMBER})"
)

# Examples put into the prompt of a measured model, which are no items to ask about.
_SIMILAR = re.compile(
    rf"(?P<a>{COUNT})\s(?:most )?(?:similar|nearest|alike)\s(?:\w+\s)?(?:(?:in|into|to) (?:the |each |every )?prompts?|for each|each|per)"
    rf"|\bprompts?\b[^.?]{{0,24}}?(?P<b>{COUNT})\s(?:most )?(?:similar|nearest)\s(?:\w+)?|similar\s?[=:]\s?(?P<c>{NUMBER})"
    rf"|(?:似た|類似(?:の|した)?)(?:商品|製品|例|もの|アイテム)?を?\s?(?P<d>{NUMBER})\s?(?:件|個|つ)(?:ずつ)?(?=[^。]{{0,12}}(?:プロンプト|添え|見せ|付け|つけ|入れ|渡))"
)
_SHOTS = re.compile(
    rf"(?P<a>{COUNT})[\s-]shots?\b|shots?\s?[=:]\s?(?P<b>{NUMBER})|(?P<c>{COUNT})\s(?:training )?examples? in (?:the |each |every )?prompts?"
    rf"|例を?\s?(?P<d>{NUMBER})\s?(?:件|個|つ)(?:ずつ)?(?=[^。]{{0,12}}(?:プロンプト|添え|見せ|入れ|渡))"
)

_CAP = re.compile(
    rf"(?:(?:us)?\$|usd)\s?(?P<a>{NUMBER})|(?P<b>{NUMBER})\s?(?:dollars?|usd|bucks|ドル|米ドル)|(?P<c>{NUMBER})\s?(?:cents?|セント)"
)

_EACH = re.compile(r"\b(?:each|per (?:model|run)|apiece)\b|それぞれ|ずつ|モデルごと|1モデル")


def items(said: str) -> int | None:
    """How many items the user wants asked."""
    text = _SHOTS.sub(" ", _SIMILAR.sub(" ", normal(said)))
    found = _ITEMS.search(text)
    return None if found is None else int(number(found["n"] or found["limit"]))


def in_prompt(said: str) -> dict[str, int]:
    """How many `similar` items and `shots` the user wants in each prompt; what is not named is absent."""
    text = normal(said)
    found = {"similar": _SIMILAR.search(text), "shots": _SHOTS.search(text)}
    return {name: counted(next(part for part in match.groups() if part)) for name, match in found.items() if match}


def how_many(said: str, unless_said: int, most: int) -> int:
    """How many of a list are meant: `first three`, `5 cheapest`, `two models`, `上位3つ`."""
    text = normal(said)
    noun = (
        r"(?:cheapest|most expensive|dearest|newest|latest|similar|products?|items?|models?|candidates?|results?|hits?|makers?"
        r"|compan(?:y|ies)|labs?|vendors?|licen[sc]es?|つ|個|件|社|モデル|商品|製品)"
    )
    found = re.search(
        rf"\b(?:first|top|best)\s(?P<a>{COUNT})\b|(?P<b>{COUNT})\s?(?:\w+ )?{noun}|(?:上位|最初の)(?P<c>\d+)", text
    )
    if found is None:
        return unless_said
    return max(1, min(most, counted(found["a"] or found["b"] or found["c"])))


def cap(said: str) -> Decimal | None:
    """The dollars that the user names, None where none are."""
    found = _CAP.search(normal(said))
    if found is None:
        return None
    amount = Decimal(str(number(found["a"] or found["b"] or found["c"])))
    return amount / 100 if found["c"] else amount


def is_each(said: str) -> bool:
    """Whether that cap is for each run and not for all together."""
    return _EACH.search(normal(said)) is not None


def jobs(said: str) -> tuple[str, ...]:
    """Names of jobs or runs: a kind, a name and eight hexadecimal digits."""
    return tuple(dict.fromkeys(found.group() for found in JOB.finditer(normal(said))))


def numbers_between(said: str) -> tuple[Decimal | None, Decimal | None]:
    """The least and the most dollars of `over $5`, `under $20`, `between $5 and $20`, `20ドル以下`."""
    text = normal(said)
    found = [(match, Decimal(str(number(match["a"] or match["b"] or match["c"])))) for match in _CAP.finditer(text)]
    for (first, low), (second, high) in pairwise(found):
        if re.fullmatch(r"\s?(?:and|to|-|~|〜|から)\s?", text[first.end() : second.start()]):
            return low, high
    least = most = None
    for match, amount in found:
        before, after = text[max(0, match.start() - 14) : match.start()], text[match.end() : match.end() + 5]
        if re.search(r"(?:over|above|more than|at least|from)\s?$", before) or re.match(
            r"\s?(?:以上|より高|超)", after
        ):
            least = amount
        elif re.search(r"(?:under|below|less than|up to|at most|cheaper than|within)\s?$", before) or re.match(
            r"\s?(?:以下|未満|まで|以内|より安)", after
        ):
            most = amount
    return least, most


def without_amounts(said: str) -> str:
    """The words with caps and numbers of items taken out."""
    return _ITEMS.sub(" ", _CAP.sub(" ", normal(said)))
