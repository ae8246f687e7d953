"""Questions about data: a few safe SELECTs filled with names and numbers from the user's words, and the product search."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from agent.conversation.offline import amounts, datasets, naming, recall, telling
from agent.conversation.offline.move import Move, Say, call
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.quoting import without_orders
from agent.conversation.offline.scene import Scene
from agent.conversation.offline.wishes import said_now
from agent.conversation.offline.wordings import parts, wording

Loaded = tuple[str, ...] | None  # names of data sets, None where nobody has looked
FEW, MOST = 5, 20
_QUOTED = re.compile(r"[\"“”'‘’「『](?P<text>[^\"“”'‘’「」『』]{2,400})[\"“”'‘’」』]")
_SEARCHED = re.compile(
    r"(?:search(?: (?:for|the store for|products for))?|look(?: up)? for|find)\s+(?P<text>.{2,400})", re.S
)
_NEAR = r"(?:similar to|like|resembling|clos(?:e|est) to|nearest to|akin to|comparable (?:to|with))\s+"
_SOLD = re.compile(
    r"(?:what|how much) (?:do|does|would|should)\s+(?P<text>.{2,200}?)\s+(?:sell|go|retail) for\b", re.I | re.S
)
_LIKE_JA = re.compile(r"(?P<text>.{2,400}?)(?:に似た|に似ている|に近い|のような|と類似|に類似|を検索|で検索)")
_CATEGORY = re.compile(
    r"(?<!by )(?<!per )(?<!each )(?<!every )(?<!which )(?:category|カテゴリー?)\s?(?:called |named |is |=|が|は)?\s?"
    r"(?:\"(?P<a>[^\"]+)\"|'(?P<b>[^']+)'|[「『](?P<c>[^」』]+)[」』]|(?!in\b|of\b|on\b|for\b|from\b|is\b|and\b|別|ごと|の|は)(?P<d>[^\s\"'」』?。,、]+))"
)


def search(scene: Scene) -> Move:
    """Products like a text, within the prices named."""
    step = scene.talk.now.last("search_products")
    if step:
        return Say(telling.hits(step, scene.japanese))
    text = _product(scene.said)
    if not text:
        return Say(phrase("which_product", scene.japanese))
    least, most = amounts.numbers_between(scene.said)
    count = amounts.how_many(re.sub(re.escape(text), " ", scene.said, count=1), 5, MOST)
    store = re.search(r"\bstore\s+['\"]?([\w-]+)|(?:in|of) (?:the )?([\w-]+) store", naming.normal(scene.said))
    return call(
        "search_products", text=text, k=count if count != 5 else None, least_usd=_float(least), most_usd=_float(most),
        store=next((part for part in store.groups() if part), None) if store else None,
    )  # fmt: skip


def sellers(scene: Scene) -> Move:
    """Who sells a model at which price, cheapest first."""
    columns = "provider, region, input_usd_per_mtok, output_usd_per_mtok, source, as_of"
    return _of_model(
        scene, columns, "live AND input_usd_per_mtok IS NOT NULL", "input_usd_per_mtok, output_usd_per_mtok, provider"
    )


def speed(scene: Scene) -> Move:
    """How fast a model answers at its providers, as sources measured it."""
    columns = "provider, output_tokens_per_s, first_token_s, source, as_of"
    return _of_model(scene, columns, "live AND output_tokens_per_s IS NOT NULL", "output_tokens_per_s DESC, provider")


def query(scene: Scene) -> Move:
    """The rows of the SELECT that the words ask for; where none fits, what can be asked."""
    step = scene.talk.now.last("query_dataset")
    if step:
        return Say(telling.rows(step, scene.japanese))
    sql = statement(scene.said, recall.datasets(scene.talk))
    return Say(phrase("queries", scene.japanese)) if sql is None else call("query_dataset", sql=sql)


def statement(said: str, there: Loaded) -> str | None:
    """The SELECT for a question about data; the user's own, where that is what was typed; None where no template fits."""
    text = naming.normal(said)
    if re.match(r"\s*(?:select|with)\s.+\sfrom\s", said, re.I | re.S):
        return said.strip().rstrip(";")
    name = next((name for name in parts("data") if wording(name, "data").search(text)), None)
    return None if name is None else _TEMPLATES[name](said, there)


def _of_model(scene: Scene, columns: str, holds: str, order: str) -> Move:
    step = scene.talk.now.last("query_dataset")
    if step:
        return Say(telling.rows(step, scene.japanese))
    there = recall.listed_models(scene.talk)
    name = (*naming.models(scene.said), *naming.listed(scene.said, there))[0]
    sql = _select(f"model, {columns}", "offerings", [f"model = {_text(name)}", holds], f"ORDER BY {order} LIMIT 10")
    return call("query_dataset", sql=sql)


# --- statements


def _select(columns: str, relation: str, held: Sequence[str], rest: str) -> str:
    """A SELECT. Names stand in this file, values from the user's words come through `_text` or as numbers."""
    where = f" WHERE {' AND '.join(held)}" if held else ""
    return f"SELECT {columns} FROM {relation}{where} {rest}"  # noqa: S608


def _held(said: str, there: Loaded) -> list[str]:
    """The filters of a question about products: data set, category, prices."""
    parts = _of_dataset(said, there)
    if found := _CATEGORY.search(naming.normal(said)):
        parts.append(f"lower(category) = {_text(next(name for name in found.groups() if name))}")
    least, most = amounts.numbers_between(said)
    parts += [f"price_usd >= {_dollars(least)}"] if least is not None else []
    return parts + ([f"price_usd <= {_dollars(most)}"] if most is not None else [])


def _of_dataset(said: str, there: Loaded) -> list[str]:
    named = datasets.dataset(said, there)
    return [f"lower(dataset) = {_text(named.lower())}"] if named else []


def _group(said: str) -> str:
    """The columns to count by: always the data set, the category, brand or split where the words say so."""
    text = naming.normal(said)
    return ", ".join(
        ["dataset", *(name for name in ("category", "brand", "split") if wording(name, "by").search(text))]
    )


def _counted(said: str, there: Loaded) -> str:
    columns = f"{_group(said)}, count(*) AS items"
    return _select(columns, "products", _held(said, there), f"GROUP BY ALL ORDER BY items DESC LIMIT {MOST}")


def _figure(function: str, name: str) -> Callable[[str, Loaded], str]:
    def made(said: str, there: Loaded) -> str:
        columns = f"{_group(said)}, round({function}(price_usd), 2) AS {name}_usd, count(price_usd) AS priced"
        return _select(columns, "products", _held(said, there), f"GROUP BY ALL ORDER BY {name}_usd DESC LIMIT {MOST}")

    return made


def _range(said: str, there: Loaded) -> str:
    figures = (
        f"round({function}(price_usd), 2) AS {name}_usd"
        for function, name in (("min", "least"), ("median", "median"), ("max", "most"))
    )
    return _select(
        ", ".join([_group(said), *figures]),
        "products",
        _held(said, there),
        f"GROUP BY ALL ORDER BY dataset LIMIT {MOST}",
    )


def _ranked(direction: str) -> Callable[[str, Loaded], str]:
    def made(said: str, there: Loaded) -> str:
        rest = f"ORDER BY price_usd{direction}, dataset, id LIMIT {amounts.how_many(said, FEW, MOST)}"
        return _select(
            "dataset, title, price_usd, category", "products", [*_held(said, there), "price_usd IS NOT NULL"], rest
        )

    return made


def _dropped(said: str, there: Loaded) -> str:
    rest = f"GROUP BY ALL ORDER BY records DESC LIMIT {MOST}"
    return _select("dataset, reason, count(*) AS records", "dropped", _of_dataset(said, there), rest)


def _models_counted(said: str, _: Loaded) -> str:
    return _select("count(*) AS models", "models", _models_where(said), "").rstrip()


def _models_by(said: str, _: Loaded) -> str:
    """How many models by maker, or by licence where that is the word."""
    column = "license" if wording("license", "by").search(naming.normal(said)) else "maker"
    held = [*_models_where(said), f"{column} IS NOT NULL"]
    rest = f"GROUP BY ALL ORDER BY models DESC, {column} LIMIT {amounts.how_many(said, 2 * FEW, MOST)}"
    return _select(f"{column}, count(*) AS models", "models", held, rest)


def _models_newest(said: str, _: Loaded) -> str:
    rest = f"ORDER BY release_date DESC, id LIMIT {amounts.how_many(said, FEW, MOST)}"
    return _select(
        "id, release_date, license, context_tokens", "models", [*_models_where(said), "release_date IS NOT NULL"], rest
    )


def _models_where(said: str) -> list[str]:
    """What a question about the catalogue asks of a model; `from X` is its maker."""
    wanted, held = said_now(said), ["current"]
    for name in ("open_weights", "tool_calling", "structured_output", "reasoning"):
        if name in wanted:
            held.append(name if wanted[name] else f"NOT {name}")
    if "min_context_tokens" in wanted:
        held.append(f"context_tokens >= {int(wanted['min_context_tokens'])}")
    held += [f"list_contains(modalities_in, {_text(name)})" for name in wanted.get("modalities_in", [])]
    for name in ("makers_allow", "licenses_allow"):
        column = {"makers_allow": "maker", "licenses_allow": "license"}[name]
        if wanted.get(name):
            held.append(f"{column} IN ({', '.join(map(_text, wanted[name]))})")
    if "makers_allow" not in wanted and (maker := _maker(said)):
        held.append(f"maker = {_text(maker)}")
    return held


def _maker(said: str) -> str | None:
    from agent.planner.names import MAKERS

    text = naming.normal(said)
    return next(
        (slug for slug, pattern in MAKERS.items() if re.search(rf"(?<![a-z0-9-])(?:{pattern})(?![a-z0-9-])", text)),
        None,
    )


def _said(sql: str) -> Callable[[str, Loaded], str]:
    return lambda *_: sql


_RUNS = "SELECT run, dataset, predictor, model, n, failures, cost_usd FROM runs ORDER BY started_at DESC LIMIT 20"
_SPENT = "SELECT count(*) AS runs, sum(cost_usd) AS cost_usd, count(*) - count(cost_usd) AS cost_unknown FROM runs"
_TEMPLATES: dict[str, Callable[[str, Loaded], str]] = {
    "newest_models": _models_newest,
    "models_by": _models_by, "models_counted": _models_counted, "runs_cost": _said(_SPENT), "runs": _said(_RUNS),
    "dropped": _dropped,
    "datasets": _said(recall.LISTING), "cheapest": _ranked(""), "dearest": _ranked(" DESC"), "median": _figure("median", "median"),
    "mean": _figure("avg", "mean"), "range": _range, "highest": _figure("max", "most"), "lowest": _figure("min", "least"), "counted": _counted,
}  # fmt: skip


# --- small shapes


def _text(value: str) -> str:
    """A name as SQL text: a quote within it ends nothing."""
    return "'" + value.replace("'", "''") + "'"


def _dollars(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _product(said: str) -> str:
    """The product in words: what is quoted, else what stands behind `like` or before `に似た`."""
    if quoted := _QUOTED.search(said):
        return without_orders(quoted["text"].strip())
    if found := _LIKE_JA.search(said):
        return _without_price(found["text"])
    matches = list(re.finditer(_NEAR, said, re.I))
    if matches:
        return _without_price(said[matches[0].end() :])
    found = _SOLD.search(said) or _SEARCHED.search(said)
    return _without_price(found["text"]) if found else ""


def _without_price(text: str) -> str:
    cut = re.sub(
        r"(?:,|\s)(?:under|below|over|above|less than|more than|at most|at least|between|for under)\s+\$.*$",
        "",
        text.strip(),
        flags=re.I | re.S,
    )
    cut = re.sub(
        r"\d+\s?ドル(?:以下|以上|未満)の?|[、,]?\s*(?:in|from|of|at) (?:the |our |my )?(?:[\w-]+ store|store [\w'\"-]+).*$",
        "",
        cut,
        flags=re.I | re.S,
    )
    cut = re.sub(r"^(?:products?|items?|listings?)\s+(?:similar to|like)\s+", "", cut, flags=re.I)
    return re.sub(r"^(?:the |a |an |me )?(?:products?|items?)?\s?(?:for )?(?=\S)|[?。.!]+$", "", cut, count=0).strip()[
        :400
    ]
