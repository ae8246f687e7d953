"""The end of a memo, which its links lead to: every step with what was asked, which result it is, and the sources behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agent.conversation.evidence import OURS, Step
from agent.conversation.memo_findings import Document, Findings, objects, part
from agent.conversation.memo_text import Source, code, escaped, tidy

SHOWN_ARGUMENTS, SHOWN_ERROR = 160, 200


def evidence(found: Findings) -> Iterator[str]:
    """A heading a step, which the links lead to, and a line: the tool, what it was asked, which result that is, and its sources."""
    for step in found.steps:
        parts = [
            code(called(step)),
            f"asked {code(tidy(json.dumps(step.arguments, ensure_ascii=False), SHOWN_ARGUMENTS))}",
            *_identity(step),
        ]
        if step.server == OURS and not step.is_error:
            parts += _told_by(found, step)
        yield from (f"### s{step.number}", "", " · ".join(parts), "")
    if not found.steps:
        yield "No tool was called."


def _identity(step: Step) -> Iterator[str]:
    """Which result it is: the run, the job, the day the catalogue was built, or that it failed."""
    if step.is_error:
        yield f"failed: {escaped(tidy(step.result.get('text', ''), SHOWN_ERROR))}"
    elif step.server != OURS:
        yield "another server's word"
    else:
        for name, said in (("run", "run"), ("job_id", "job"), ("catalog_built", "catalogue built")):
            if step.result.get(name):
                yield f"{said} {code(step.result[name])}"
        if folders := [row["folder"] for row in objects(step.result.get("rows")) if row.get("folder")]:
            yield code(f"assay report {' '.join(map(str, folders))} --out report", 1000)
        if step.result.get("run"):
            yield code(f"assay report {step.result['run']} --out report")


def _told_by(found: Findings, step: Step) -> Iterator[str]:
    rows: list[Document] = [*objects(step.result.get("shortlist")), *objects(step.result.get("rows"))]
    named = dict.fromkeys((one.name, one.as_of, one.url) for row in rows for one in found.sources(row))
    for name, as_of, url in named:
        label = Source(name, as_of, frozenset(), url).said
        yield f"[{escaped(label)}]({url})" if url else code(label)
    dates: dict[str, Any] = part(step.result, "as_of")
    if dates:
        yield "as of: " + ", ".join(
            f"{escaped(tidy(kind))} {escaped(tidy(day or 'unknown'))}" for kind, day in dates.items()
        )


def called(step: Step) -> str:
    return step.tool if step.server == OURS else f"{step.server}: {step.tool}"
