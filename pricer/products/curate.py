"""Curating one shard: raw records in, items and drops out, every record accounted for. Pure; runs on any worker."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from pricer.products import money
from pricer.products.messages import LARGEST, mentions, question, stated_price
from pricer.products.records import Columns, Record, record
from pricer.products.rules import PART_NUMBER, Rule, Rules, drop_part_numbers
from pricer.products.shards import Raw
from pricer.products.text import clean
from pricer.products.tokens import DEFAULT, Fitted, Tokenizer, fit, tokenizer

if TYPE_CHECKING:
    import pyarrow as pa

COMMAS = re.compile(r" ?([,;])(?: ?[,;])+")
SAMPLES = 3
SAMPLED_TOKENS = 8
PRICE_EDGES = (0.0, 0.5, 1, 2, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2000, 5000)
TOKEN_EDGES = (0, 10, 20, 40, 60, 80, 100, 120, 140, 160, 180, 240, 320, 480, 640, 960, 1280, 2560)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what becomes of a record. Budgets in tokens, bounds in US dollars or the target's own unit.

    `order` is that of the parts in the text: what comes last is cut first. Details before the description cost $2.4 less of error
    at the same budget (LOG.md, 2026-11-21).
    """

    columns: Columns
    rules: Rules
    tokenizer: str = DEFAULT
    text_tokens: int = 160
    prompt_tokens: int = 180
    least_chars: int = 20
    order: tuple[str, ...] = ("title", "features", "details", "description")
    least: float | None = money.LEAST_USD
    most: float | None = money.MOST_USD


@dataclass
class Tally:
    """Counts of one shard, or of many added up. `samples` holds the first few texts that a rule changed, before and after."""

    raw: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[list[str]]] = field(default_factory=dict)
    prices_before: Counter[int] = field(default_factory=Counter)
    tokens_before: Counter[int] = field(default_factory=Counter)
    categories_before: Counter[str] = field(default_factory=Counter)
    coincidences: int = 0
    expected_coincidences: int = 0

    def add(self, other: Tally) -> None:
        """Add the counts of `other`; samples stay those of the earlier shard."""
        for name in ("raw", "kept", "coincidences", "expected_coincidences"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("dropped", "hits", "items", "prices_before", "tokens_before", "categories_before"):
            getattr(self, name).update(getattr(other, name))
        for name, pairs in other.samples.items():
            self.samples[name] = (self.samples.get(name, []) + pairs)[:SAMPLES]

    def told(self) -> dict[str, Any]:
        """As plain data for JSON."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Block:
    """A curated shard: the items without family and split, the drops, the counts."""

    items: pa.Table
    dropped: pa.Table
    tally: Tally


@dataclass(frozen=True, slots=True)
class _Answered:
    """A record with its answer read."""

    line: int
    record: Record
    target: float | None
    label: str | None


@dataclass(frozen=True, slots=True)
class _Drop:
    line: int
    reason: str
    found: str | None
    id: str | None = None
    category: str | None = None


@dataclass(slots=True)
class _Draft:
    """A record on its way: its lines are title, features, description, then one for each detail."""

    line: int
    record: Record
    target: float | None
    label: str | None
    body: str
    raw_chars: int
    text: str = ""
    tokens: int = 0


class _DetailRules(dict[str, Rule | None]):
    """Which rule drops a detail of a given name; asked once for each of the few thousand names there are."""

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self.rules = rules.kind("detail")

    def __missing__(self, name: str) -> Rule | None:
        self[name] = next((rule for rule in self.rules if re.fullmatch(rule.pattern, name.strip())), None)
        return self[name]


def curate(raws: Iterable[Raw], file: str, settings: Settings) -> Block:
    """The block of the records of one file. Every record is an item or a drop; both keep the order of the records."""
    tally, drops = Tally(), list[_Drop]()
    encoder = tokenizer(settings.tokenizer)
    named = _DetailRules(settings.rules)
    drafts = [
        _draft(answered, settings.rules, named, tally) for answered in _answered(raws, file, settings, tally, drops)
    ]
    _sample_tokens(drafts, encoder, tally)
    _scrub(drafts, settings.rules, tally)
    fitted = list(_with_text(drafts, encoder, settings, drops))
    _count_coincidences(fitted, tally)
    tally.kept = len(fitted)
    tally.dropped.update(drop.reason for drop in drops)
    drops.sort(key=lambda drop: drop.line)
    return Block(_items_table(fitted, file), _dropped_table(drops, file), tally)


def _answered(
    raws: Iterable[Raw], file: str, settings: Settings, tally: Tally, drops: list[_Drop]
) -> Iterator[_Answered]:
    for raw in raws:
        tally.raw += 1
        if raw.fields is None:
            drops.append(_Drop(raw.line, raw.fault or "unreadable", raw.found))
            continue
        said = record(raw.fields, settings.columns, f"{file}:{raw.line}")
        tally.categories_before[said.category or ""] += 1
        answered, fault = _answer(raw.line, said, settings, tally)
        if fault is None:
            yield answered
        else:
            drops.append(_Drop(raw.line, fault, _shown(said.answer), said.id, said.category))


def _answer(line: int, said: Record, settings: Settings, tally: Tally) -> tuple[_Answered, str | None]:
    """The record with its number or label, and why it has none."""
    if settings.columns.is_label:
        label = clean(said.answer if isinstance(said.answer, str) else _shown(said.answer) or "")
        return _Answered(line, said, None, label), None if label else "label missing"
    read = money.price(said.answer)
    if read.usd is not None:
        tally.prices_before[_bin(read.usd, PRICE_EDGES)] += 1
    fault = read.fault or _outside(read.usd, settings)
    if fault and settings.columns.unit != "usd":
        fault = fault.replace("price", "target")
    return _Answered(line, said, read.usd, None), fault


def _outside(value: float | None, settings: Settings) -> str | None:
    least = float("-inf") if settings.least is None else settings.least
    most = float("inf") if settings.most is None else settings.most
    return None if value is None else money.outside(value, least, most)


def _draft(answered: _Answered, rules: Rules, named: _DetailRules, tally: Tally) -> _Draft:
    """The record cleaned, without the details that a rule names and without part numbers."""
    said = answered.record
    lines, touched = [clean(said.title), clean(said.features), clean(said.description)], set[str]()
    for name, value in said.details.items():
        rule = named[name]
        if rule is None:
            lines.append(f"{clean(name).replace(': ', ' ')}: {clean(value)}")
        else:
            _hit(tally, rule.name, 1, f"{name}: {value}"[:200], "")
            touched.add(rule.name)
    body = "\n".join(lines)
    if rules.part_number_chars:
        whole, (body, dropped) = body, drop_part_numbers(body, rules.part_number_chars)
        if dropped:
            _hit(tally, PART_NUMBER, dropped, whole, body)
            touched.add(PART_NUMBER)
    tally.items.update(touched)
    chars = len(said.title) + len(said.features) + len(said.description)
    chars += sum(len(name) + len(value) for name, value in said.details.items())
    return _Draft(answered.line, said, answered.target, answered.label, body, chars)


def _hit(tally: Tally, name: str, hits: int, before: str, after: str) -> None:
    tally.hits[name] += hits
    samples = tally.samples.setdefault(name, [])
    if len(samples) < SAMPLES:
        samples.append(_around(before, after))


def _around(before: str, after: str, width: int = 160) -> list[str]:
    """Both texts cut to the place where they differ."""
    start = next((place for place, (one, two) in enumerate(zip(before, after, strict=False)) if one != two), 0)
    start = max(0, start - width // 4)
    return [before[start : start + width], after[start : start + width]]


def _sample_tokens(drafts: list[_Draft], encoder: Tokenizer, tally: Tally) -> None:
    """Token counts of every eighth record before it is cut, by its line, so that any number of workers counts the same."""
    sampled = [draft.body for draft in drafts if draft.line % SAMPLED_TOKENS == 0]
    tally.tokens_before.update(_bin(count, TOKEN_EDGES) for count in encoder.count(sampled))


def _scrub(drafts: list[_Draft], rules: Rules, tally: Tally) -> None:
    """Take out what the text rules match. One pass finds the few bodies that any rule matches; only those are worked on."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = rules.kind("text")
    if not table or not drafts:
        return
    any_rule = "|".join(f"(?:{rule.pattern})" for rule in table)
    touched = pc.match_substring_regex(
        pa.array([draft.body for draft in drafts], pa.large_string()), any_rule
    ).to_pylist()
    suspects = [draft for draft, hit in zip(drafts, touched, strict=True) if hit]
    for rule in table:
        bodies = pa.array([draft.body for draft in suspects], pa.large_string())
        counts = pc.count_substring_regex(bodies, rule.pattern).to_pylist()
        changed = [(draft, count) for draft, count in zip(suspects, counts, strict=True) if count]
        olds = pa.array([draft.body for draft, _ in changed], pa.large_string())
        news = pc.replace_substring_regex(olds, rule.pattern, " ").to_pylist()
        for (draft, count), body in zip(changed, news, strict=True):
            tidy = "\n".join(_tidy(line) for line in body.split("\n"))
            _hit(tally, rule.name, count, draft.body, tidy)
            tally.items[rule.name] += 1
            draft.body = tidy


def _tidy(line: str) -> str:
    """The line without the double spaces and commas that a removal left."""
    return " ".join(COMMAS.sub(r"\1", " ".join(line.split())).split())


def _with_text(drafts: list[_Draft], encoder: Tokenizer, settings: Settings, drops: list[_Drop]) -> Iterator[_Draft]:
    """The drafts whose text can be used, with it; the others become drops."""
    usable = []
    for draft in drafts:
        draft.text = _compose(draft.body, settings.order)
        fault, found = _unusable(draft, settings)
        if fault:
            drops.append(_Drop(draft.line, fault, found, draft.record.id, draft.record.category))
        else:
            usable.append(draft)
    for draft, fitted in zip(usable, _fitted([draft.text for draft in usable], encoder, settings), strict=True):
        draft.text, draft.tokens = fitted.text, fitted.tokens
        if draft.tokens:
            yield draft
        else:
            drops.append(_Drop(draft.line, "text does not fit", None, draft.record.id, draft.record.category))


def _compose(body: str, order: tuple[str, ...]) -> str:
    """The parts in order, each on its line. Details that lost their value go."""
    title, features, description, *details = body.split("\n")
    parts = {"title": [title], "features": [features], "description": [description], "details": details}
    return "\n".join(line for part in order for line in parts[part] if line and not line.endswith(":"))


def _unusable(draft: _Draft, settings: Settings) -> tuple[str | None, str | None]:
    if len(draft.text) < settings.least_chars:
        return f"text shorter than {settings.least_chars} characters", draft.text
    if settings.columns.unit == "usd" and draft.target is not None:
        stated = stated_price(draft.text, draft.target)
        return ("text states the price" if stated else None), stated
    return None, None


def _fitted(texts: list[str], encoder: Tokenizer, settings: Settings) -> list[Fitted]:
    """Texts within the budget, whose prompt with the largest answer is within its budget too: counted, not assumed."""
    fitted = fit(encoder, texts, settings.text_tokens)
    totals = encoder.count([question(one.text) + LARGEST for one in fitted])
    for place, total in enumerate(totals):
        over, budget = total - settings.prompt_tokens, fitted[place].tokens
        while over > 0 and budget > 0:
            budget -= over
            fitted[place] = fit(encoder, [texts[place]], max(0, budget))[0]
            over = encoder.count([question(fitted[place].text) + LARGEST])[0] - settings.prompt_tokens
    return fitted


def _count_coincidences(drafts: list[_Draft], tally: Tally) -> None:
    """How many texts hold their own nearest dollar as a bare number, and how many hold their predecessor's: what chance alone gives."""
    priced = [(draft.text, money.nearest_dollar(draft.target)) for draft in drafts if draft.target is not None]
    tally.coincidences = sum(mentions(text, dollars) for text, dollars in priced)
    others = [dollars for _, dollars in priced[-1:] + priced[:-1]]
    tally.expected_coincidences = sum(mentions(text, other) for (text, _), other in zip(priced, others, strict=True))


def _bin(value: float, edges: tuple[float, ...]) -> int:
    """The index of the last edge not above `value`."""
    import bisect

    return bisect.bisect_right(edges, value) - 1


def _shown(value: object) -> str | None:
    return None if value is None else str(value)[:120]


def _items_table(drafts: list[_Draft], file: str) -> pa.Table:
    import orjson
    import pyarrow as pa

    parts = [draft.body.split("\n") for draft in drafts]
    details = [_named_values(lines[3:]) for lines in parts]
    return pa.table({
        "id": pa.array([clean(draft.record.id) for draft in drafts], pa.string()),
        "title": pa.array([lines[0] for lines in parts], pa.string()),
        "text": pa.array([draft.text for draft in drafts], pa.string()),
        "description": pa.array([lines[2] for lines in parts], pa.string()),
        "features": pa.array([lines[1] for lines in parts], pa.string()),
        "details": pa.array([orjson.dumps(one).decode() for one in details], pa.string()),
        "brand": pa.array([_cleaned(draft.record.brand) for draft in drafts], pa.string()),
        "category": pa.array([_cleaned(draft.record.category) for draft in drafts], pa.string()),
        "target": pa.array([draft.target for draft in drafts], pa.float64()),
        "label": pa.array([draft.label for draft in drafts], pa.string()),
        "tokens": pa.array([draft.tokens for draft in drafts], pa.int32()),
        "raw_chars": pa.array([draft.raw_chars for draft in drafts], pa.int32()),
        "kept_split": pa.array([draft.record.split for draft in drafts], pa.string()),
        "source_file": pa.array([file] * len(drafts), pa.string()),
        "source_line": pa.array([draft.line for draft in drafts], pa.int64()),
    })  # fmt: skip


def _named_values(lines: list[str]) -> dict[str, str]:
    """The details that still have a name and a value."""
    pairs = (line.partition(": ") for line in lines)
    return {name: value for name, _, value in pairs if name and value}


def _cleaned(text: str | None) -> str | None:
    return (clean(text) or None) if text else None


def _dropped_table(drops: list[_Drop], file: str) -> pa.Table:
    import pyarrow as pa

    return pa.table({
        "id": pa.array([_cleaned(drop.id) for drop in drops], pa.string()),
        "reason": pa.array([drop.reason for drop in drops], pa.string()),
        "found": pa.array([_cleaned(drop.found) for drop in drops], pa.string()),
        "category": pa.array([_cleaned(drop.category) for drop in drops], pa.string()),
        "source_file": pa.array([file] * len(drops), pa.string()),
        "source_line": pa.array([drop.line for drop in drops], pa.int64()),
    })  # fmt: skip
