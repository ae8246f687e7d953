"""The parts of a memo that come from the catalogue: what was asked, the shortlist, why and why not, what it costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from agent.conversation.memo_findings import Document, Findings, Found, objects, part, texts
from agent.conversation.memo_text import Evidence, Table, code

SHOWN_OTHERS = 4


def asked(found: Found) -> list[str]:
    """The requirements as they were understood, a bullet each."""
    from agent.words import understood
    from catalog.errors import BadRequirements
    from catalog.requirements import requirements

    told = part(found.document, "requirements")
    try:
        phrases = understood(requirements(**told))
    except (BadRequirements, TypeError):
        phrases = [f"{name}: {value}" for name, value in told.items()]
    return [f"- {found.evidence.text(phrase)}" for phrase in phrases]


def shortlist(findings: Findings, found: Found) -> list[str]:
    """The table of candidates and how many were looked at."""
    rows = [_candidate(findings, found, row) for row in found.rows("shortlist")]
    if not rows:
        return ["Nothing qualifies.", *_conflict(found)]
    table = Table(("model", "a month", "at", "licence", "context, tokens", "rating"), rows, frozenset({1, 4}))
    rejected, link = part(found.document, "rejected"), found.evidence
    counted = (
        f"{link.text(found.document.get('qualified', '?'))} qualify, {link.text(rejected.get('total', '?'))} were rejected, "
        f"of {link.text(found.document.get('unknown', '?'))} too little is known."
    )
    return [*table.lines(), counted]


def reasons(found: Found) -> list[str]:
    """Why the first, what speaks against it, how firm that is, and why not the others."""
    rows = found.rows("shortlist")
    lines = _first(found, rows[0]) if rows else []
    for row in rows[1 : 1 + SHOWN_OTHERS]:
        lines.append(f"- {code(row.get('model'))}, not first: {_behind(found, rows[0], row)}")
    for row in found.rows("why_not"):
        lines.append(f"- {code(row.get('asked'))}, asked about: {found.evidence.text(row.get('why'))}")
    if by_reason := part(part(found.document, "rejected"), "by_reason"):
        said = "; ".join(
            f"{found.evidence.text(why)}: {found.evidence.text(count)}" for why, count in by_reason.items()
        )
        lines.append(f"- Rejected for lack of: {said}.")
    return lines


def changes(found: Found) -> Iterator[str]:
    """What would make another model the first: other weights, a requirement dropped, a fact that nobody states."""
    link = found.evidence
    for row in objects(part(found.document, "firm").get("changes")):
        yield f"- With the weight of {link.text(row.get('weight'))}, {code(row.get('first'))} leads."
    for row in found.rows("relax"):
        cost = f" at {link.usd(row['monthly_cost_usd'])} a month" if row.get("monthly_cost_usd") else ""
        yield f"- Without “{link.text(row.get('drop'))}”, {code(row.get('brings_in'))} comes in{cost} (it has: {link.text(row.get('which_has'))})."
    by_gap: dict[str, list[str]] = defaultdict(list)
    for row in found.rows("would_qualify_if"):
        by_gap["; ".join(map(link.text, texts(row.get("if"))))].append(code(row.get("model")))
    for gap, names in by_gap.items():
        yield f"- {', '.join(names)} would qualify if this were known: {gap}."


def costs(findings: Findings) -> list[str]:
    """What the workload costs a month, by model, and how that comes about."""
    lines = []
    if found := findings.shortlist:
        lines += [line for row in found.rows("shortlist")[:1] for line in _bill(findings, found, row)]
    if found := findings.models:
        lines += [line for row in found.rows("rows") for line in _bill(findings, found, row)]
    return lines


def approaches(found: Found) -> list[str]:
    """The options of the advice as a table, and its arithmetic."""
    link = found.evidence
    rows = [
        [link.text(row.get("name")), *(link.usd(row.get(name)) for name in ("monthly_usd", "one_off_usd", "total_usd")),
         link.text(row.get("because"))]
        for row in found.rows("options")
    ]  # fmt: skip
    table = Table(("approach", "a month", "once", "in all", "possible"), rows, frozenset({1, 2, 3}))
    advice = (
        f"Advised approach: {link.text(found.document.get('recommended'))}. {link.text(found.document.get('because'))}"
    )
    return [advice, *table.lines(), *(f"- {link.text(line)}" for line in texts(found.document.get("arithmetic")))]


def _candidate(findings: Findings, found: Found, row: Document) -> list[str]:
    facts = part(row, "facts")
    return [
        code(row.get("model")), findings.told_by(found, row, "price").usd(row.get("monthly_cost_usd")),
        code(row["provider"]) if row.get("provider") else "own hardware",
        _fact(findings.told_by(found, row, "license"), facts.get("license")),
        _fact(findings.told_by(found, row, "context_tokens"), facts.get("context_tokens")),
        _rating(findings.told_by(found, row, "ratings"), part(row, "rating")),
    ]  # fmt: skip


def _first(found: Found, row: Document) -> list[str]:
    link = found.evidence
    lines = [f"Why {code(row.get('model'))}:", "", *(f"- {link.text(why)}" for why in texts(row.get("reasons")))]
    lines += [f"- But: {link.text(why)}" for why in texts(row.get("against"))]
    return [*lines, f"- {_firm(found)}"]


def _firm(found: Found) -> str:
    firm, link = part(found.document, "firm"), found.evidence
    rivals = objects(firm.get("changes"))
    if not rivals:
        return f"Firm: it stays first in all {link.text(firm.get('moves', '?'))} trials that move one weight by a fifth up or down."
    leaders = ", ".join(f"{code(row.get('first'))} with {link.text(row.get('weight'))}" for row in rivals)
    return f"Not firm: of {link.text(firm.get('moves', '?'))} trials that move one weight by a fifth, another leads in some: {leaders}."


def _behind(found: Found, first: Document, row: Document) -> str:
    """Its score, the terms in which it is behind the first, and what speaks against it."""
    link, mine, best = found.evidence, part(row, "terms"), part(first, "terms")
    less = [name for name in mine if _less(mine[name], best.get(name))]
    said = f"score {link.text(row.get('score'))} against {link.text(first.get('score'))}"
    behind = f", behind on {link.text(', '.join(less))}" if less else ""
    return "; ".join([said + behind, *(link.text(why) for why in texts(row.get("against")))])


def _less(value: Any, other: Any) -> bool:
    return isinstance(value, int | float) and isinstance(other, int | float) and value < other


def _conflict(found: Found) -> list[str]:
    wanted = "; ".join(map(found.evidence.text, texts(found.document.get("conflict"))))
    return ["", f"These cannot be had together: {wanted}."] if wanted else []


def _bill(findings: Findings, found: Found, row: Document) -> Iterator[str]:
    """One model's monthly cost with the prices behind it."""
    facts, link = part(row, "facts"), findings.told_by(found, row, "price")
    if row.get("monthly_cost_usd") is None:
        yield f"- {code(row.get('model'))}: its monthly cost is unknown."
        return
    place = f" at {code(row['provider'])}" if row.get("provider") else ""
    prices = " and ".join(
        f"{link.usd(facts[name])} per million tokens {way}"
        for name, way in (("input_usd_per_mtok", "in"), ("output_usd_per_mtok", "out")) if facts.get(name) is not None
    )  # fmt: skip
    notes = "; ".join(map(found.evidence.text, texts(row.get("cost_notes"))))
    yield f"- {code(row.get('model'))}{place}: {link.usd(row['monthly_cost_usd'])} a month ({prices}){f'; {notes}' if notes else ''}."
    if own := part(row, "own_gpu"):
        yield f"- {code(row.get('model'))} on a hired GPU ({code(own.get('gpu'))}): {found.evidence.usd(own.get('usd_per_month'))} a month."


def _rating(link: Evidence, rating: Document) -> str:
    if rating.get("rating") is None:
        return "not on the board"
    told = f"{rating['rating']} [{rating.get('low')}, {rating.get('high')}]"
    return f"{link.text(rating.get('board'))} {link.link(told)} ({link.text(rating.get('as_of'))})"


def _fact(link: Evidence, value: Any) -> str:
    if value is None:
        return "unknown"
    return link.link(f"{value:,}" if isinstance(value, int) else str(value))
