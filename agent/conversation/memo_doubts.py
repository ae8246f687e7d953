"""What weakens a decision, and what comes next: unknown facts, old sources, small samples, steps that failed or were refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from agent.conversation import memo_measured, memo_shortlist
from agent.conversation.evidence import OURS, Step
from agent.conversation.memo_appendix import SHOWN_ERROR, called
from agent.conversation.memo_findings import Findings, texts
from agent.conversation.memo_text import Evidence, Source, code, tidy

FRESH_DAYS = 30
UNFINISHED = ("estimate", "plan", "queued", "running", "paused", "budget", "stopped", "failed", "died")
MEASURE = "assay evaluate --predictor best --data FILE --text COLUMN --target COLUMN"
ASK = 'assay ask "what the model is for, how many requests, which budget"'


def doubts(found: Findings, today: dt.date) -> Iterator[str]:
    yield from memo_measured.doubts(found)
    if found.shortlist:
        for row in found.shortlist.rows("shortlist"):
            if said := "; ".join(map(found.shortlist.evidence.text, texts(row.get("unknowns")))):
                yield f"- {code(row.get('model'))}: {said}."
    if found.models:
        for row in found.models.rows("rows"):
            if said := "; ".join(
                map(found.models.evidence.text, [*texts(row.get("unknowns")), *texts(row.get("problems"))])
            ):
                yield f"- {code(row.get('model'))}: {said}."
    old = sorted({source.said for source in _sources(found) if _is_old(source.as_of, today)})
    if old:
        yield f"- Older than a month: {'; '.join(map(code, old))}."
    for place, step in enumerate(found.steps):
        if not any(_mends(later, step) for later in found.steps[place + 1 :]):
            yield from _trouble(step)


def _mends(later: Step, step: Step) -> bool:
    """Whether a later step got what this one did not: the same tool for the same thing, or the job it began."""
    if later.is_error or later.server != step.server or later.result.get("state") in UNFINISHED:
        return False
    same = all(later.arguments.get(name) == step.arguments.get(name) for name in ("dataset", "model"))
    if step.result.get("state") in ("estimate", "plan") and same and later.tool == step.tool:
        return True
    if step.result.get("job_id"):
        return bool(later.result.get("job_id") == step.result["job_id"])
    return later.tool == step.tool and all(
        later.arguments.get(name) == step.arguments.get(name) for name in ("dataset", "model", "job_id")
    )


def _trouble(step: Step) -> Iterator[str]:
    """A step that failed, was refused, or is not at its end."""
    link, lead = Evidence(step), f"- {Evidence(step).link(f's{step.number}')}, {code(called(step))},"
    if step.is_error:
        yield f"{lead} failed: {link.text(tidy(step.result.get('text', ''), SHOWN_ERROR))}"
    elif step.server == OURS and step.result.get("state") in UNFINISHED:
        yield f"{lead} is no measurement: {link.text(tidy(step.result.get('next', ''), SHOWN_ERROR))}"


def changes(found: Findings) -> Iterator[str]:
    if found.comparison:
        yield from memo_measured.settling(found.comparison)
    if found.shortlist:
        yield from memo_shortlist.changes(found.shortlist)
    if found.advice:
        for line in texts(found.advice.document.get("flips")):
            yield f"- {found.advice.evidence.text(line)}"


def next_steps(found: Findings, today: dt.date) -> list[str]:
    lines = []
    if found.comparison:
        runs = " ".join(memo_measured.folders(found.comparison))
        lines += [f"- See every item of the runs: {code(f'assay report {runs} --out report', 1000)}"] if runs else []
    elif found.runs:
        runs = " ".join(str(one.document["run"]) for one in found.runs)
        lines.append(f"- Compare what was measured: {code(f'assay compare {runs}', 1000)}")
    elif found.shortlist and (rows := found.shortlist.rows("shortlist")):
        first = rows[0].get("model")
        lines.append(f"- All facts of the first, with sources: {code(f'assay models show {first}')}")
        lines.append(f"- Measure on your own examples, first without an LLM: {code(MEASURE)}")
    else:
        lines.append(f"- Ask: {code(ASK)}")
    if any(_is_old(source.as_of, today) for source in _sources(found)):
        lines.append("- Bring prices and ratings up to date: `assay models refresh`")
    return lines


def _sources(found: Findings) -> list[Source]:
    rows = [
        *(found.shortlist.rows("shortlist") if found.shortlist else ()),
        *(found.models.rows("rows") if found.models else ()),
    ]
    return [source for row in rows for source in found.sources(row)]


def _is_old(as_of: str, today: dt.date) -> bool:
    """Whether a date, or the last day that a month may mean, is more than `FRESH_DAYS` ago."""
    try:
        day = dt.date.fromisoformat({4: f"{as_of}-12-28", 7: f"{as_of}-28"}.get(len(as_of), as_of))
    except ValueError:
        return False
    return (today - day).days > FRESH_DAYS
