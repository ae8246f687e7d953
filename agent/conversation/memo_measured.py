"""The parts of a memo that come from runs: what was measured, the verdict, and how much it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from agent.conversation.memo_findings import Document, Findings, Found, part, texts
from agent.conversation.memo_text import Evidence, Table, code

FEW = 30  # items; below it a bootstrap interval of a mean is too narrow to trust


def comparison(found: Found) -> list[str]:
    """The table of runs, best first, the verdict, and how to see each run."""
    rows = found.rows("rows")
    is_label = any("accuracy" in row for row in rows)
    heads = (
        "run",
        "accuracy" if is_label else "mean absolute error",
        "against the best",
        "$ per thousand",
        "failures",
        "group",
    )
    table = Table(heads, [_run(found, row) for row in rows], frozenset({1, 2, 3, 4}))
    lead = f"On {found.evidence.text(found.document.get('n', '?'))} items that all answered; intervals in brackets, at {_level(found)}."
    return [
        lead,
        *table.lines(),
        *(f"- {found.evidence.text(line)}" for line in texts(found.document.get("verdict"))),
        *_untested(found),
    ]


def alone(findings: Findings) -> list[str]:
    """Runs that were scored and are in no comparison."""
    compared = {str(row.get("folder")) for row in findings.comparison.rows("rows")} if findings.comparison else set()
    return [_scored(found) for found in findings.runs if str(found.document["run"]) not in compared]


def spent(findings: Findings) -> list[str]:
    """What each measurement cost."""
    return [
        f"- Measuring {code(found.document['run'])} cost {_of_run(found, found.document['run']).usd(cost)}."
        for found in findings.runs
        if (cost := part(found.document, "result").get("cost_usd")) is not None
    ]


def doubts(findings: Findings) -> Iterator[str]:
    """What weakens the measurement."""
    if found := findings.comparison:
        n, link = found.document.get("n"), found.evidence
        if isinstance(n, int) and n < FEW:
            yield f"- {link.text(n)} items are few: the intervals are rough, and another sample may turn the order."
        if found.document.get("left_out"):
            yield f"- {link.text(found.document['left_out'])} items were left out, because not every run answered them."
        for row in found.rows("rows"):
            if row.get("failures"):
                yield f"- {code(row.get('run'))} failed on {link.text(row['failures'])} items."
            if row.get("group") == "best group" and row.get("detectable") is not None:
                yield f"- Between {code(row.get('run'))} and the best, a difference below {_figure(found, row['detectable'])} is easily missed."
    for run in findings.runs:
        if part(part(run.document, "result"), "data").get("synthetic"):
            yield f"- The data of {code(run.document['run'])} are made up."
    if findings.shortlist and findings.comparison:
        yield from _unmeasured(findings.shortlist, findings.comparison)
    elif findings.shortlist:
        yield "- Nothing was measured on your own examples: the order rests on published facts alone."


def _unmeasured(shortlist: Found, comparison: Found) -> Iterator[str]:
    """That the first of the shortlist is not among the runs."""
    slugs = {str(row.get("run")).rpartition("/")[2] for row in comparison.rows("rows")}
    for row in shortlist.rows("shortlist")[:1]:
        if str(row.get("model")).rpartition("/")[2] not in slugs:
            yield f"- The first of the shortlist, {code(row.get('model'))}, is not among the compared runs."


def settling(found: Found) -> Iterator[str]:
    """How many items would tell apart what could not be."""
    best = {str(row.get("run")) for row in found.rows("rows") if row.get("group") == "best group"}
    for pair in found.rows("pairs"):
        first, second, needed = pair.get("first"), pair.get("second"), pair.get("needed_n")
        if {str(first), str(second)} <= best and isinstance(needed, int) and needed > (found.document.get("n") or 0):
            yield f"- About {found.evidence.text(f'{needed:,}')} items would tell {code(first)} from {code(second)}, if what was seen is true."


def folders(found: Found) -> list[str]:
    """The names of the compared runs."""
    return [str(row["folder"]) for row in found.rows("rows") if row.get("folder")]


def _run(found: Found, row: Document) -> list[str]:
    link = _of_run(found, row.get("folder"))
    score = "accuracy" if "accuracy" in row else "mae"
    return [
        code(row.get("run")), link.link(_interval(found, row.get(score), row.get(f"{score}_ci95"))),
        "best" if row.get("difference") is None else link.link(_interval(found, row["difference"], row.get("difference_ci95"))),
        link.usd(row.get("cost_per_1k_usd")), link.text(row.get("failures", "?")), link.text(row.get("group")),
    ]  # fmt: skip


def _scored(found: Found) -> str:
    told, link = part(found.document, "result"), _of_run(found, found.document["run"])
    score = "accuracy" if "accuracy" in told else "mae"
    value = _interval(found, told.get(score), told.get(f"{score}_ci95"), usd=told.get("unit") == "usd")
    name = "accuracy" if score == "accuracy" else "mean absolute error"
    return f"- {code(found.document['run'])}, not compared: {name} {link.link(value)} on {link.text(told.get('n', '?'))} items."


def _of_run(found: Found, run: Any) -> Evidence:
    return Evidence(found.step, f"run {run}")


def _untested(found: Found) -> Iterator[str]:
    """That the verdict is silent about the need for an LLM, where it is."""
    if len({bool(row.get("llm")) for row in found.rows("rows")}) < 2:
        yield "- Whether an LLM is needed was not tested: runs with one and without one have to be compared."


def _interval(found: Found, value: Any, ends: Any, *, usd: bool | None = None) -> str:
    if value is None:
        return "unknown"
    is_usd = found.document.get("unit") == "usd" if usd is None else usd
    said = _number(value, is_usd)
    return f"{said} [{', '.join(_number(end, is_usd) for end in ends)}]" if isinstance(ends, list) else said


def _figure(found: Found, value: Any) -> str:
    return found.evidence.link(_number(value, found.document.get("unit") == "usd"))


def _number(value: Any, usd: bool) -> str:
    """Dollars and cents from a dollar on; else as many digits as a reader needs."""
    if not isinstance(value, int | float):
        return str(value)
    sign = "−" if value < 0 else ""
    return (
        f"{sign}${abs(value):,.2f}" if usd and abs(value) >= 1 else f"{sign}{'$' if usd else ''}{_digits(abs(value))}"
    )


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{Decimal(f'{value:.3g}'):f}"


def _level(found: Found) -> str:
    return found.evidence.link("95 %")
