"""The method: what somebody else needs to get the same figures again, run by run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pricer.evaluation.report.entries import Entry
from pricer.evaluation.report.wording import UNKNOWN, count, cut, dollars, seconds

LONG = 600


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the method; `is_code` is shown letter by letter."""

    name: str
    value: str
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """What a contamination probe of one run found, as it was kept."""

    run: str
    says: str | None
    facts: tuple[Fact, ...]


def method(entry: Entry) -> tuple[Fact, ...]:
    """What decided one run's answers, what it used, and the command that does it again."""
    return tuple(fact for fact in (*_decided(entry), *_used(entry), *_again(entry)) if fact.value)


def probes(entries: tuple[Entry, ...]) -> tuple[Probe, ...]:
    """The contamination probes that were kept with a plan or a result; none is no evidence of a clean model."""
    found = []
    for entry in entries:
        told = entry.beside.get("probe") or entry.run.plan.get("probe")
        if isinstance(told, Mapping) and told:
            said = told.get("says")
            facts = tuple(Fact(_words(name), _value(value)) for name, value in told.items() if name != "says")
            found.append(Probe(entry.name, str(said) if said else None, facts))
    return tuple(found)


def _decided(entry: Entry) -> Iterator[Fact]:
    plan = entry.run.plan
    data = plan["data"]
    yield Fact("run", entry.run.name, is_code=True)
    yield Fact("begun", str(plan.get("started_at") or UNKNOWN))
    yield Fact("predictor", " ".join(filter(None, (str(plan["predictor"]), plan.get("model")))))
    returned = sorted({answer.guess.model for answer in entry.run.lines.answers.values() if answer.guess.model})
    yield Fact(
        "model as returned", ", ".join(returned[:8]) + (f" and {len(returned) - 8} more" if returned[8:] else "")
    )
    yield Fact("data", f"{data.get('name')}, split {data.get('split') or UNKNOWN}, {count(len(entry.run.items))} items")
    yield Fact("data fingerprint", str(data.get("fingerprint") or UNKNOWN), is_code=True)
    yield Fact("task", _value({name: value for name, value in plan["task"].items() if value not in (None, [], "")}))
    yield Fact("settings", _value(plan.get("settings") or {}))
    yield Fact("prompt hash", str(plan.get("prompt_hash") or ""), is_code=True)
    yield Fact("trained on", _value(plan.get("trained") or {}))
    yield Fact("chosen in validation", _value(entry.beside.get("chosen") or {}))
    yield Fact("seed of the run", str(plan.get("seed")))
    yield Fact("versions", _value(plan.get("versions") or {}))


def _used(entry: Entry) -> Iterator[Fact]:
    bill, beside = entry.bill, entry.beside
    yield Fact("tariff", _tariff(entry.run.plan.get("tariff")))
    yield Fact("cost", f"{dollars(bill.usd)} for {count(len(entry.outcomes))} answers")
    if bill.input_tokens is not None and bill.output_tokens is not None:
        yield Fact("tokens", f"{count(bill.input_tokens)} in, {count(bill.output_tokens)} out")
    yield Fact("attempts", count(bill.attempts))
    vain = sum(entry.run.lines.vain.values())
    if vain:
        yield Fact(
            "perhaps billed in vain", f"{count(vain)} attempts that a time-out or a kill cut short, in no figure here"
        )
    for name, key in (("time of the run", "wall_s"), ("time to train", "fit_s")):
        if isinstance(beside.get(key), int | float):
            yield Fact(name, seconds(float(beside[key])))


def _tariff(told: Any) -> str:
    """What was charged, by whose word and of which day."""
    rates = told.get("rates") if isinstance(told, Mapping) else None
    if not isinstance(rates, Mapping):
        return _value(told or "")
    said = [f"${rates.get('input')} in and ${rates.get('output')} out per million tokens"]
    more = [
        f"{_words(name)} {_inner(rate)}" for name, rate in rates.items() if name not in ("input", "output") and rate
    ]
    rest = [f"{_words(name)} {_inner(part)}" for name, part in told.items() if name != "rates" and part is not None]
    return cut("; ".join([*said, *more, *rest]), LONG)


def _again(entry: Entry) -> Iterator[Fact]:
    """The command as it was kept, or the one that scores the same folder again without a call."""
    said = entry.run.plan.get("command")
    if said:
        yield Fact("command", shlex.join(map(str, said)) if isinstance(said, list) else str(said), is_code=True)
    yield Fact("scored again without a call", f"assay report {shlex.quote(entry.run.name)} --out DIR", is_code=True)


def _value(value: Any) -> str:
    """Whatever a plan holds, on a line: names with their values, the inner ones in brackets."""
    if isinstance(value, Mapping):
        return cut(
            ", ".join(f"{_words(name)} {_inner(part)}" for name, part in value.items() if part is not None), LONG
        )
    return cut(_inner(value), LONG)


def _inner(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _words(name: object) -> str:
    return str(name).replace("_", " ")
