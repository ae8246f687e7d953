"""An exam's figures as Markdown, and what went wrong task by task."""

from __future__ import annotations

from collections.abc import Iterator

from agent.exam.score import Figures, Paired, Score, Share

HEAD = "| tasks | n | right choice | right arguments | wholly right | needless call | missed call | right refusal | failed | spending |"
RULE = "| --- " * 10 + "|"


def table(score: Score) -> str:
    """The figures with their 95 % intervals: overall, by language, by kind, and how far the words were grounded."""
    rows = [HEAD, RULE, _row("all", score.overall)]
    rows += [
        _row(name, found) for name, found in (*score.by_language.items(), *score.by_kind.items()) if found.choice.n
    ]
    return "\n".join([*rows, "", *_talks(score)])


def errors(score: Score) -> Iterator[str]:
    """A line for each task that is not wholly right: what was wanted and what was done."""
    for one in score.marks:
        if one.faults:
            yield f"{one.task}: {'; '.join(one.faults)}"


def compared(found: Paired, first: str, second: str) -> str:
    """Two exams beside each other in a sentence."""
    return (
        f"{first} less {second}, wholly right on the same {found.n} tasks: {found.difference:+.1%} "
        f"[{found.interval.low:+.1%}, {found.interval.high:+.1%}]; only {first} {found.only_first}, only {second} {found.only_second}, "
        f"exact McNemar p = {found.p:.3f}"
    )


def _row(name: str, of: Figures) -> str:
    shares = (of.choice, of.arguments, of.right, of.needless, of.missed, of.refusals, of.failures)
    return f"| {name} | {of.choice.n} | {' | '.join(map(_cell, shares))} | {of.spending} |"


def _cell(share: Share) -> str:
    found, interval = share.share, share.interval
    if found is None or interval is None:
        return ""
    return f"{found:.0%} [{interval.low:.0%}, {interval.high:.0%}] of {share.n}"


def _talks(score: Score) -> list[str]:
    told = [f"First replies in words without an ungrounded figure: {_cell(score.grounded_replies) or 'none in words'}"]
    if score.whole_failures.n:
        told += [
            f"Whole conversations: {score.whole_failures.n}, of which failed {score.whole_failures.hits}, spending {score.whole_spending}",
            f"Their answers without an ungrounded figure: {_cell(score.grounded_answers) or 'no answer in words'}",
        ]
    return told
