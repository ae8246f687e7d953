"""What a decision can rest on: the last shortlist, comparison and advice among the steps, what was measured, refused and failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.conversation.evidence import OURS, Step
from agent.conversation.memo_text import Evidence, Source, source_of, sources_of

Document = dict[str, Any]
RUNNERS = ("run_baseline", "run_frontier_price", "get_job")


@dataclass(frozen=True, slots=True)
class Found:
    """A result of one of our tools and the step it came from."""

    step: Step
    document: Document

    @property
    def evidence(self) -> Evidence:
        """To link to."""
        return Evidence(self.step)

    def rows(self, name: str) -> list[Document]:
        """The objects in a list of the result; what is none is left out, and so is a list that is not there."""
        return objects(self.document.get(name))


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a memo says. Each of the first four is the last result of its kind, None where there was none.

    `runs` are results with a score, the last of each run; `addresses` the web pages of sources by their names.
    """

    steps: tuple[Step, ...]
    shortlist: Found | None
    models: Found | None
    advice: Found | None
    comparison: Found | None
    runs: tuple[Found, ...]
    addresses: Mapping[str, str] = field(default_factory=dict)

    def told_by(self, found: Found, row: Document, fact: str) -> Evidence:
        """Where a fact of a row (an entry of a shortlist or a comparison) comes from."""
        return found.evidence.at(source_of(fact, self.sources(row)))

    def sources(self, row: Document) -> list[Source]:
        """The sources that a row names."""
        return sources_of(texts(row.get("sources")), self.addresses)


def findings(steps: Sequence[Step], addresses: Mapping[str, str]) -> Findings:
    """The findings in the steps. Only results of our own tools count: what another server calls a shortlist is none."""
    ours = [Found(step, step.result) for step in steps if step.server == OURS and not step.is_error]

    def last(tool: str, part: str) -> Found | None:
        return next((one for one in reversed(ours) if one.step.tool == tool and part in one.document), None)

    scored = {
        str(one.document["run"]): one
        for one in ours
        if one.step.tool in RUNNERS and one.document.get("run") and isinstance(one.document.get("result"), dict)
    }
    return Findings(
        tuple(steps), last("recommend_models", "shortlist"), last("compare_models", "rows"), last("advise_approach", "options"),
        last("compare_runs", "rows"), tuple(scored.values()), addresses,
    )  # fmt: skip


def objects(told: Any) -> list[Document]:
    """The objects in a list."""
    return [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []


def texts(told: Any) -> list[str]:
    """The texts in a list."""
    return [row for row in told if isinstance(row, str)] if isinstance(told, list) else []


def part(document: Document, name: str) -> Document:
    """An object inside another; an empty one where there is none."""
    told = document.get(name)
    return told if isinstance(told, dict) else {}
