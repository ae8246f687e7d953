"""From a question to a plan: requirements, the words behind each, what was ignored, and what is worth asking back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.planner.money import money
from agent.planner.names import names
from agent.planner.sizes import sizes
from agent.planner.text import leftovers, read
from agent.planner.wording import wording
from agent.planner.workload import workload
from catalog.errors import BadInput
from catalog.requirements import Requirements, Wishes, requirements

MOST_CHARACTERS = 20_000
EMPHASISED = 3.0  # an emphasised wish weighs three times its default, or 3 where the default is 0
# What people ask for and the catalogue has no facts on.
BEYOND = (
    (r"hipaa|soc ?2|iso ?27001|fedramp|gdpr|baa\b|ismap|pci[- ]dss|privacy mark|pマーク", "no facts on certifications"),
    (r"uptime[^.,;]{0,12}|\bslas?\b|\d\d\.\d+ ?%[^.,;]{0,12}|稼働率", "no facts on uptime or service levels"),
    (r"(?:under|below|within|less than)? ?\d+ ?(?:ms|milliseconds?|ミリ秒)(?:以内)?", "no measured latency; a wish for speed is weighed"),
    (r"hallucinat\w*|ハルシネーション|幻覚", "no board measures hallucination here"),
    (r"embeddings?|embedding model|埋め込み(?:モデル)?|rerank\w*", "the catalogue holds chat models only"),
    (r"\b(?:tts|text[- ]to[- ]speech|speech[- ]to[- ]text|whisper)\b|音声合成|文字起こし", "the catalogue holds chat models only"),
    (r"free (?:model|tier|api|of charge)|無料", "free tiers are not recorded: a price of 0 is unknown, not free"),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What a question asks for. `ignored` are its words that led to nothing, with the remedy where there is one."""

    requirements: Requirements
    emphasis: tuple[str, ...]
    ignored: tuple[str, ...]
    japanese: bool


def understand(question: str, today: dt.date | None = None) -> Plan:
    """The plan of a question in English or Japanese. `BadInput` for an empty or enormous one, and for contradictions.

    `today` says what "this year" is; by default the day it is (UTC).
    """
    if not question.strip():
        raise BadInput('the question is empty; for example: assay ask "open weights, 128k context, under $400 a month"')
    if len(question) > MOST_CHARACTERS:
        raise BadInput(
            f"the question has {len(question):,} characters; at most {MOST_CHARACTERS:,} are read: shorten it"
        )
    reading = read(question, (today or dt.datetime.now(dt.UTC).date()).year)
    _refuse_absurd(reading.text)
    for rule in (money, sizes, workload, names, wording):
        rule(reading)
    emphasis = tuple(sorted(reading.emphasis))
    values = nested(reading.values)
    if emphasis or reading.unimportant:
        values["wishes"] = _wishes(emphasis, reading.unimportant)
    beyond = [f"{found.group()}: {why}" for pattern, why in BEYOND if (found := re.search(pattern, reading.text))]
    rest = [
        said for said in leftovers(reading) if not any(said in line or line.split(":")[0] in said for line in beyond)
    ]
    return Plan(requirements(**values), emphasis, (*reading.ignored, *beyond, *rest), reading.japanese)


def _refuse_absurd(text: str) -> None:
    """Negative counts and numbers that nobody means."""
    if found := re.search(
        r"(?<![\w.)-])-\d[\d,.]*\s?(?:requests?|tokens?|users?|dollars?|calls?|件|トークン|ドル|pages?)|-\$\d", text
    ):
        raise BadInput(f"{found.group()!r}: a count or an amount cannot be negative")
    if found := re.search(r"\d+(?:\.\d+)?e\d{2,}|\d{16,}", text):
        raise BadInput(f"{found.group()[:40]!r} is larger than anything that can be priced; give a number below 10^12")


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"workload.input_tokens": 5}` as `{"workload": {"input_tokens": 5}}`."""
    values: dict[str, Any] = {}
    for name, value in flat.items():
        outer, _, inner = name.partition(".")
        if inner:
            values.setdefault(outer, {})[inner] = value
        else:
            values[name] = value
    return values


def _wishes(emphasis: tuple[str, ...], unimportant: set[str]) -> dict[str, float]:
    default = Wishes()
    return dict.fromkeys(sorted(unimportant), 0.0) | {
        name: max(EMPHASISED, getattr(default, name) * EMPHASISED) for name in emphasis
    }
