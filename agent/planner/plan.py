"""From a question to a plan: requirements, the words behind each, what was ignored, and what is worth asking back."""

from __future__ import annotations

import json
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


@dataclass(frozen=True)
class Plan:
    """What a question asks for. `ignored` are its words that led to nothing, with the remedy where there is one."""

    requirements: Requirements
    emphasis: tuple[str, ...]
    ignored: tuple[str, ...]
    japanese: bool


def understand(question: str) -> Plan:
    """The plan of a question in English or Japanese. `BadInput` for an empty or enormous one, and for contradictions."""
    if not question.strip():
        raise BadInput('the question is empty; for example: assay ask "open weights, 128k context, under $400 a month"')
    if len(question) > MOST_CHARACTERS:
        raise BadInput(
            f"the question has {len(question):,} characters; at most {MOST_CHARACTERS:,} are read: shorten it"
        )
    reading = read(question)
    for rule in (money, sizes, workload, names, wording):
        rule(reading)
    emphasis = tuple(sorted(reading.emphasis))
    values = nested(reading.values)
    if emphasis:
        values["wishes"] = _wishes(emphasis)
    return Plan(requirements(**values), emphasis, (*reading.ignored, *leftovers(reading)), reading.japanese)


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


def _wishes(emphasis: tuple[str, ...]) -> dict[str, float]:
    default = Wishes()
    return {name: max(EMPHASISED, getattr(default, name) * EMPHASISED) for name in emphasis}


def as_json(plan: Plan) -> str:
    """The requirements that were set, as one line."""
    return json.dumps(plan.requirements.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
