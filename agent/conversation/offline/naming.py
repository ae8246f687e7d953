"""What the user's words name: models, those listed before, data sets, counts, caps, ids of jobs and runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from agent.planner.names import MODEL
from agent.planner.numbers import COUNT, NUMBER, number
from agent.planner.text import JAPANESE, read

LONGEST = 4_000  # characters that are read for names and intents
PATH = re.compile(r"(?<![\w/.])[a-z][a-z0-9_-]*/[a-z0-9][\w.:-]*(?:/[\w.:-]+)*", re.ASCII)
BARE = re.compile(r"(?<![\w-])(claude|gemini|gpt|llama|mistral|qwen|deepseek|grok|kimi|glm)(?![\w-])", re.ASCII)
JOB = re.compile(r"(?<![\w-])[a-z][\w.]*(?:-[\w.]+)*-[0-9a-f]{8}(?![\w-])", re.ASCII)
# The names by which the catalogue's providers are asked; the maker's own come first.
ASKED_AS = {
    "openai": "openai", "anthropic": "anthropic", "google": "gemini", "deepseek": "deepseek", "mistral": "mistral", "xai": "xai",
    "openrouter": "openrouter", "togetherai": "together", "groq": "groq",
}  # fmt: skip
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
_DATASET = tuple(
    re.compile(pattern)
    for pattern in (
        r"data ?sets?\s+(?:(?:called|named)\s+)?['\"`]?(?P<name>[a-z0-9][\w.-]*)",
        r"(?:the|my|our|on|in|of|from)\s+['\"`]?(?P<name>[a-z0-9][\w.-]*)['\"`]?\s+data(?:\s?set)?\b",
        r"データセット\s?[「『'\"]?(?P<name>[a-z0-9][\w.-]*)",
        r"(?P<name>[a-z0-9][\w.-]*)[」』'\"]?\s?(?:という)?(?:データセット|のデータ|データ(?:で|を|に))",
        r"\b(?:on|against|with|over)\s+(?:(?:the|my|our)\s+)?['\"`]?(?P<name>[a-z][\w.-]*)",
        r"\b(?:in|of|from|for)\s+(?:(?:the|my|our)\s+)?['\"`]?(?P<name>[a-z][\w.-]*)",
        r"(?P<name>[a-z][\w.-]*)\s?(?:で(?:[^。]{0,16}(?:測|試|評価|比較|学習|ベースライン|微調整|ファイン|走|実行|動か))|に(?:は|ある|対して)|を使って|の(?:商品|平均|件数|中|価格|製品|アイテム))",
    )
)  # fmt: skip
_NO_DATASET = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "our",
        "your",
        "it",
        "its",
        "them",
        "they",
        "these",
        "those",
        "this",
        "that",
        "all",
        "any",
        "each",
        "every",
        "both",
        "which",
        "what",
        "who",
        "how",
        "is",
        "are",
        "was",
        "and",
        "or",
        "not",
        "no",
        "me",
        "us",
        "you",
        "data",
        "dataset",
        "datasets",
        "price",
        "prices",
        "priced",
        "usd",
        "dollars",
        "dollar",
        "items",
        "item",
        "products",
        "product",
        "records",
        "examples",
        "example",
        "test",
        "train",
        "training",
        "validation",
        "runs",
        "run",
        "models",
        "model",
        "average",
        "mean",
        "median",
        "total",
        "cost",
        "costs",
        "catalogue",
        "catalog",
        "category",
        "categories",
        "number",
        "first",
        "second",
        "third",
        "top",
        "one",
        "two",
        "three",
        "four",
        "five",
        "total",
        "most",
        "least",
        "up",
        "at",
        "about",
        "around",
        "more",
        "less",
        "than",
        "max",
        "maximum",
        "month",
        "day",
        "year",
        "week",
        "open",
        "commercial",
        "here",
        "there",
        "tokens",
        "token",
        "requests",
        "request",
        "to",
        "for",
        "of",
        "in",
        "on",
        "by",
        "with",
        "from",
        "minilm",
        "encoder",
        "lora",
        "hosted",
        "rag",
        "sample-size",
        "openai",
        "anthropic",
        "google",
        "gemini",
        "mistral",
        "together",
        "fireworks",
        "groq",
        "openrouter",
        "deepseek",
        "xai",
        "ollama",
        "local",
        "own",
        "hardware",
        "gpu",
        "baseline",
        "baselines",
        "sql",
        "purpose",
        "average,",
        "fewer",
    ]
)
_ITEMS = re.compile(
    rf"(?P<n>{NUMBER})\s?(?:test )?(?:items?|examples?|products?|rows?|samples?|records?|listings?|tickets?|件|個|サンプル|例(?!え))"
    rf"|(?:limit|sample)(?: of| to|:|=)?\s(?P<limit>{NUMBER})"
)
_CAP = re.compile(
    rf"(?:(?:us)?\$|usd)\s?(?P<a>{NUMBER})|(?P<b>{NUMBER})\s?(?:dollars?|usd|bucks|ドル|米ドル)|(?P<c>{NUMBER})\s?(?:cents?|セント)"
)
_EACH = re.compile(r"\b(?:each|per (?:model|run)|apiece)\b|それぞれ|ずつ|モデルごと|1モデル")


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


def without_amounts(said: str) -> str:
    """The words with caps and numbers of items taken out."""
    return _ITEMS.sub(" ", _CAP.sub(" ", normal(said)))


def listed(said: str, there: Sequence[str]) -> tuple[str, ...]:
    """Those of `there` that words such as `the first two`, `the second one`, `them` point to."""
    text = normal(said)
    if not there:
        return ()
    if few := _FIRST_FEW.search(text):
        return tuple(there[: _count(few["n"] or few["ja"])])
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


def dataset(said: str, there: Sequence[str] | None) -> str | None:
    """The data set named: one of `there` where these are known, else the likeliest name; None where none is."""
    text = normal(said)
    for name in sorted(there or (), key=len, reverse=True):
        if re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", text):
            return name
    plain = MODEL.sub(
        lambda found: " " * len(found.group()) if re.search(r"\d", found.group()) else found.group(), text
    )
    plain = PATH.sub(lambda found: " " * len(found.group()), plain)
    for pattern in _DATASET:
        for found in pattern.finditer(plain):
            name = found["name"].rstrip(".-")
            if name not in _NO_DATASET and not re.fullmatch(r"[\d.,]+[kmb]?", name) and not BARE.fullmatch(name):
                return name
    return None


def items(said: str) -> int | None:
    """How many items the user wants asked."""
    found = _ITEMS.search(normal(said))
    return None if found is None else int(number(found["n"] or found["limit"]))


def how_many(said: str, unless_said: int, most: int) -> int:
    """How many of a list are meant: `first three`, `5 cheapest`, `two models`, `上位3つ`."""
    text = normal(said)
    noun = r"(?:cheapest|most expensive|dearest|newest|latest|similar|products?|items?|models?|candidates?|results?|hits?|つ|個|件|モデル|商品|製品)"
    found = re.search(
        rf"\b(?:first|top|best)\s(?P<a>{COUNT})\b|(?P<b>{COUNT})\s?(?:\w+ )?{noun}|(?:上位|最初の)(?P<c>\d+)", text
    )
    if found is None:
        return unless_said
    return max(1, min(most, _count(found["a"] or found["b"] or found["c"])))


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


def asked_as(model: str) -> str | None:
    """The provider/name by which `model` can be asked for answers; None where no provider of the table has it."""
    from catalog import snapshot
    from catalog.errors import UnknownModel
    from catalog.lookup import find
    from pricer.predictors.chat.providers import providers

    own = model.partition("/")[0]
    try:
        known = find(snapshot.load(), model).model
    except UnknownModel:
        return model if own in providers() and "/" in model else None
    if own in providers() and own != known.maker:
        return model
    offered = {offering.provider: offering for offering in known.offerings if offering.provider in ASKED_AS}
    order = sorted(offered.values(), key=lambda one: (not one.first_party, list(ASKED_AS).index(one.provider)))
    if not order:
        return None
    first = order[0]
    if first.first_party:
        return f"{ASKED_AS[first.provider]}/{known.id.partition('/')[2]}"
    return f"{ASKED_AS[first.provider]}/{first.name.partition('/')[2]}"


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


def _count(said: str) -> int:
    return _ORDINALS.get(said) or int(number(said))
