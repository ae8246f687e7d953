"""An alert in words, made from its evidence alone: what was seen, what was expected, which rows, claims or runs say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pricer.watching.alerts import Alert, Claims, Group, Runs, Said, Table

UNKNOWN_CAUSE = "Why it happened is not in the data."
MOST_SIGMAS = 99.0


def headline(alert: Alert) -> str:
    """One line: what, when, from what to what."""
    found = alert.evidence
    if isinstance(found, Table):
        expected = alert.expected
        middle = f", expected {figure(expected.middle)}" if expected else ""
        return f"{alert.what}: {figure(alert.observed)} on {alert.at}{middle}"
    if isinstance(found, Runs):
        return f"{alert.what}: {figure(found.figures.get('before'))} → {figure(found.figures.get('now'))}"
    if found.before is None:
        return f"{alert.what}: {_value(found.after)}"
    return f"{alert.what}: {_value(found.before)} → {_value(found.after)}{_percent(found)}"


def explain(alert: Alert) -> str:
    """Sentences in English, one a line. Nothing in them comes from elsewhere than the alert."""
    found = alert.evidence
    if isinstance(found, Table):
        lines = [*_jump(alert, found)]
    elif isinstance(found, Runs):
        lines = [*_run(found)]
    else:
        lines = [*_claims(found)]
    return "\n".join([f"{headline(alert)}.", *lines])


def figure(value: object) -> str:
    """A number with at most six digits; what is not known says so."""
    if value is None:
        return "unknown"
    return f"{value:,.6g}" if isinstance(value, float | int) else str(value)


def _jump(alert: Alert, found: Table) -> Iterator[str]:
    if alert.expected and alert.unusual is not None:
        expected = alert.expected
        far = "99 or more" if abs(alert.unusual) >= MOST_SIGMAS else f"{abs(alert.unusual):.1f}"
        side = "above" if alert.unusual > 0 else "below"
        yield (
            f"Expected was {figure(expected.middle)}, ordinary {figure(expected.low)} to {figure(expected.high)} "
            f"(forecast by {expected.forecaster}, {expected.points} earlier points); it lies {far} robust sigmas {side}."
        )
    yield {
        None: "Whether it is a single spike or a new level will show after three more points.",
        "spike": "The points after it went back: a spike.",
        "level shift": "The points after it stayed there: the level has shifted.",
    }.get(alert.settled, f"It was settled as {alert.settled}.")
    lines = ", ".join(str(row.line) for row in found.rows)
    more = f" and {found.rows_in_all - len(found.rows)} more" if found.rows_in_all > len(found.rows) else ""
    yield f"Evidence: {found.file}, line {lines}{more}."
    yield from _groups(found.groups)
    changed = [f"{one.name} is {figure(one.observed)} ({one.before})" for one in found.columns if one.new]
    same = [one.name for one in found.columns if not one.new]
    if changed:
        yield f"At the same time: {'; '.join(changed)}."
    if same:
        yield f"Within what they were before: {', '.join(same)}."
    yield UNKNOWN_CAUSE


def _groups(groups: tuple[Group, ...]) -> Iterator[str]:
    """Who contributed; shares only where groups add up."""
    if len(groups) < 2:
        return
    said = []
    for one in groups[:5]:
        share = f", {100 * one.share:.0f} % of the whole change" if one.share is not None else ""
        said.append(f"{one.name} {figure(one.observed)} (expected {figure(one.expected)}{share})")
    yield f"By group at that time: {'; '.join(said)}."


def _claims(found: Claims) -> Iterator[str]:
    for word, side in (("Before", found.before), ("Now", found.after)):
        if side is not None:
            source = f" says {side.source}" if side.source else ""
            yield f"{word}: {_value(side)}{source}{f', as of {side.as_of}' if side.as_of else ''}."
    if found.built_before:
        yield f"The catalogues compared were built on {found.built_before} and {found.built_after}."
    else:
        yield f"The catalogue was built on {found.built_after}."
    if found.note:
        yield f"Note: {found.note}."


def _run(found: Runs) -> Iterator[str]:
    yield f"Compared with {found.earlier[-1]}{f' and {len(found.earlier) - 1} earlier runs' if len(found.earlier) > 1 else ''}: {found.how}."
    yield f"Evidence: run {found.run}; assay compare {found.run} {found.earlier[-1]} shows both."
    yield UNKNOWN_CAUSE


def _value(side: Said | None) -> str:
    return "unknown" if side is None or side.value is None else side.value


def _percent(found: Claims) -> str:
    try:
        before, after = (float(_value(side)) for side in (found.before, found.after))
    except ValueError:
        return ""
    return f" ({(after / before - 1) * 100:+.0f} %)" if before else ""


def document(alert: Alert) -> dict[str, Any]:
    """The alert with its words, as `assay watch alerts --json` and the server tell it."""
    from pricer.watching.alerts import told

    return told(alert) | {"headline": headline(alert), "explanation": explain(alert)}
