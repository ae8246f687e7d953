"""A decision memo: what to use, why, how sure that is and what would change it, with every figure a link to a fact or a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from agent.conversation import memo_measured, memo_shortlist
from agent.conversation.evidence import Step
from agent.conversation.memo_appendix import evidence
from agent.conversation.memo_doubts import changes, doubts, next_steps
from agent.conversation.memo_findings import Findings, Found, findings, texts
from agent.conversation.memo_text import code, quoted

MARK = "[//]: # (assay memo)"  # a comment in every Markdown: by it the command knows a file of its own
NO_DECISION = "No decision: nothing was recommended or measured."


def memo(
    steps: Sequence[Step], today: dt.date, texts: Sequence[str] = (), addresses: Mapping[str, str] | None = None
) -> str:
    """The memo in Markdown. `texts` are the user's own words, `addresses` the web pages of sources by name.

    The decision is the cheapest of the best group of the last comparison of runs, else the first of the last shortlist. Each figure
    outside of code links to its step in the appendix, or to the source's page with its date in the tooltip, where the evidence has one.
    Whatever comes from data, other servers or the user is text here and nothing else.
    """
    found = findings(steps, addresses or {})
    sections = (
        ("Asked", _asked(found, texts)), ("Shortlist", _shortlist(found)), ("Why, and why not", _reasons(found)),
        ("Measured", _measured(found)), ("Cost", [*memo_shortlist.costs(found), *memo_measured.spent(found)]),
        ("Approach", memo_shortlist.approaches(found.advice) if found.advice else []),
        ("Doubts", [*doubts(found, today)]), ("What would change this", [*changes(found)]), ("Next steps", next_steps(found, today)),
    )  # fmt: skip
    head = (
        MARK,
        "",
        "# Which model: a decision memo",
        "",
        today.isoformat(),
        "",
        f"**Decision.** {_decision(found)}",
        "",
    )
    lines = [*head]
    for title, body in sections:
        if body:
            lines += [f"## {title}", "", *body, ""]
    return "\n".join([*lines, "## Evidence", "", *evidence(found)]).rstrip() + "\n"


def source_addresses() -> dict[str, str]:
    """The web pages of the catalogue's sources by name, for `memo`."""
    from catalog import snapshot

    return {source.name: source.url for source in snapshot.load().sources.values()}


def _decision(found: Findings) -> str:
    if found.comparison and found.comparison.rows("rows"):
        return _measured_decision(found.comparison)
    if found.shortlist is None:
        return NO_DECISION
    rows = found.shortlist.rows("shortlist")
    if not rows:
        return "No decision: no model is known to satisfy every requirement."
    first = rows[0]
    cost, place = first.get("monthly_cost_usd"), first.get("provider")
    link = found.told_by(found.shortlist, first, "price")
    priced = f" for {link.usd(cost)} a month" if cost else ""
    return (
        f"Take {code(first.get('model'))}{f' at {code(place)}' if place else ''}{priced}: the first of "
        f"{found.shortlist.evidence.text(found.shortlist.document.get('qualified', '?'))} that qualify, not yet measured on your examples."
    )  # fmt: skip


def _measured_decision(found: Found) -> str:
    rows, name = found.rows("rows"), found.document.get("cheapest")
    n = found.evidence.text(found.document.get("n", "?"))
    if name is None:
        return f"Take {code(rows[0].get('run'))}: it did best on {n} items; what it costs is unknown."
    row = next((row for row in rows if row.get("run") == name), rows[0])
    cost = found.evidence.usd(row.get("cost_per_1k_usd"))
    if len(rows) == 1:
        return (
            f"Take {code(name)}, for now: it is the only run there is, on {n} items; cost per thousand items: {cost}."
        )
    need = " No LLM is needed." if found.document.get("no_llm_needed") else ""
    return f"Use {code(name)}: the cheapest of the best group, measured on {n} items; cost per thousand items: {cost}.{need}"


def _asked(found: Findings, said: Sequence[str]) -> list[str]:
    understood = ["Understood as:", "", *memo_shortlist.asked(found.shortlist)] if found.shortlist else []
    words = quoted(said)
    return [*words, *([""] if words and understood else []), *understood]


def _shortlist(found: Findings) -> list[str]:
    return memo_shortlist.shortlist(found, found.shortlist) if found.shortlist else []


def _reasons(found: Findings) -> list[str]:
    return memo_shortlist.reasons(found.shortlist) if found.shortlist else []


def _measured(found: Findings) -> list[str]:
    compared = memo_measured.comparison(found.comparison) if found.comparison else []
    says = (
        [f"- {found.advice.evidence.text(line)}" for line in texts(found.advice.document.get("measured_says"))]
        if found.advice
        else []
    )
    return [*compared, *memo_measured.alone(found), *([] if compared else says)]
