"""What the user's words name: models, those listed before, data sets, counts, caps, ids of jobs and runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from agent.planner.names import MODEL
from agent.planner.numbers import COUNT, number
from agent.planner.text import JAPANESE, read

LONGEST = 4_000  # characters that are read for names and intents
PATH = re.compile(r"(?<![\w/.])[a-z][a-z0-9_-]*/[a-z0-9][\w.:-]*(?:/[\w.:-]+)*", re.ASCII)
BARE = re.compile(r"(?<![\w-])(claude|gemini|gpt|llama|mistral|qwen|deepseek|grok|kimi|glm)(?![\w-])", re.ASCII)
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5,
             "一": 1, "1": 1, "二": 2, "2": 2, "三": 3, "3": 3, "四": 4, "4": 4, "五": 5, "5": 5}  # fmt: skip
_FIRST_FEW = re.compile(
    rf"\b(?:first|top|best)\s(?P<n>{COUNT})\b|(?:最初|上位|トップ)の?\s?(?P<ja>\d+|一|二|三|四|五)(?:つ|個|件|モデル)?"
)
_ORDINAL = re.compile(
    r"\b(?:the|and|#|number|model) ?(?P<en>first|1st|second|2nd|third|3rd|fourth|4th|fifth|5th)\b(?! ?(?:party|time|token|\d))"
    r"|(?:(?:#|number |no\. ?)(?P<n>[1-5])(?!\d))|(?P<ja>[一二三四五1-5])(?:番目|位|つ目)"
)  # fmt: skip
_LAST = re.compile(r"\bthe last (?:one|model)\b|最後の(?:モデル|もの)")
_ALL = re.compile(r"\b(?:them|those|these|all of them|each of them)\b|それら|これら|全部")
_BOTH = re.compile(r"\bboth\b|両方|2つとも|二つとも")
_ONE = re.compile(r"\b(?:it|its|that one|this one|that model|this model)\b|それ(?!ら)|その(?:モデル)?|このモデル")


@lru_cache(maxsize=64)
def normal(said: str) -> str:
    """The words in lower case with forms folded, cut to what is read."""
    return read(said[:LONGEST], 2026).text


def is_japanese(said: str) -> bool:
    """Whether any of the words are written in Japanese."""
    return JAPANESE.search(said) is not None


def models(said: str, *, bare: bool = False) -> tuple[str, ...]:
    """Models named, in order: the catalogue's id where it knows one, else as said. `bare` takes a family's name too."""
    text = normal(said)
    paths = [found for found in PATH.finditer(text) if _is_path(found.group())]
    places = [(found.start(), _path(found.group())) for found in paths]
    taken = [found.span() for found in paths]
    for found in MODEL.finditer(text):
        name = found.group(1).strip(" .-:")
        if any(start <= found.start(1) < stop for start, stop in taken):
            continue
        if known := _known(name):
            places.append((found.start(), known))
        elif re.search(r"\d", name) or (bare and re.search(r"[ -]", name)):
            places.append((found.start(), name))
    if bare and not places:
        places = [(found.start(), found.group()) for found in BARE.finditer(text)]
    return tuple(dict.fromkeys(name for _, name in sorted(places)))


def without_models(said: str) -> str:
    """The words with names of models taken out, whose figures are no wishes."""
    text = normal(said)
    for pattern in (PATH, MODEL):
        text = pattern.sub(lambda found: " it " if re.search(r"[\d/]", found.group()) else found.group(), text)
    return text.strip() or "?"


def listed(said: str, there: Sequence[str]) -> tuple[str, ...]:
    """Those of `there` that words such as `the first two`, `the second one`, `them` point to."""
    text = normal(said)
    if not there:
        return ()
    if few := _FIRST_FEW.search(text):
        return tuple(there[: counted(few["n"] or few["ja"])])
    places = [_ORDINALS[found["en"] or found["n"] or found["ja"]] for found in _ORDINAL.finditer(text)]
    if places:
        return tuple(there[place - 1] for place in places if place <= len(there))
    for pattern, chosen in ((_LAST, there[-1:]), (_BOTH, there[:2]), (_ALL, there), (_ONE, there[:1])):
        if pattern.search(text):
            return tuple(chosen)
    return ()


def points(said: str) -> bool:
    """Whether words point to something listed before."""
    return any(pattern.search(normal(said)) for pattern in (_FIRST_FEW, _ORDINAL, _LAST, _BOTH, _ALL))


def _is_path(found: str) -> bool:
    """Whether a word with a stroke is a model's name, and not `and/or` or `in/out`."""
    return _path(found) != found or "-" in found or re.search(r"\d", found) is not None


def _path(said: str) -> str:
    from pricer.predictors.chat.providers import providers

    name = said.rstrip(".:-")
    own = name.partition("/")[0]
    return (
        (_known(name) or name)
        if own not in providers() or own in {"openai", "anthropic", "deepseek", "mistral", "xai"}
        else name
    )


def _known(name: str) -> str | None:
    """The catalogue's id of a name, if it knows it."""
    from catalog import snapshot
    from catalog.errors import UnknownModel
    from catalog.lookup import find

    if not re.search(r"\d|[ -]|/", name):
        return None
    try:
        return find(snapshot.load(), name).model.id
    except UnknownModel:
        return None


def counted(said: str) -> int:
    """The number that a word such as `second`, `二` or `3` stands for."""
    return _ORDINALS.get(said) or int(number(said))
