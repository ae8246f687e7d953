"""An advice weighed against what was measured: it is contradicted in plain words, and overruled where the user names the data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog.approach import Advice, Task
from pricer.evidence import words
from pricer.evidence.measured import Evidence, Row, is_clear

APPROACHES = ("baseline", "prompt", "few-shot", "retrieval", "fine-tune")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What is recommended and why once the evidence is in, what would flip it, the measured rows as JSON, and sentences that cite runs.
    `runs` names the run of each approach that counts for the named data set; it is empty where none was named."""

    recommended: str
    because: str
    flips: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    says: tuple[str, ...]
    runs: dict[str, str]


def weighed(advice: Advice, task: Task, evidence: Evidence, dataset: str | None = None) -> Weighed:
    """The advice after the evidence. Only a `dataset` that the user says is the task changes what is recommended: to the cheapest
    approach that cannot be told apart from the best one."""
    says = tuple(words.says(evidence, dataset))
    rows = tuple(words.told(row, evidence) for row in evidence.rows)
    chosen = _chosen(evidence, task) if dataset is not None else None
    if chosen:
        because = f"{_reason(chosen, evidence, task)}; {_beside_the_rule(chosen, advice)}"
        flips = (*_flips(chosen, evidence, task), *(advice.flips if chosen.best.approach == advice.recommended else ()))
        runs = {row.best.approach: row.best.folder.name for row in reversed(evidence.rows)}
        return Weighed(chosen.best.approach, because, flips, rows, says, runs)
    against = _contradiction(evidence, task, advice.recommended) if dataset is None else _none_allowed(evidence)
    because = f"{against} The rule of thumb: {advice.because}" if against else advice.because
    return Weighed(advice.recommended, because, advice.flips, rows, says, {})


# --- what the evidence does to the advice


def _chosen(evidence: Evidence, task: Task) -> Row | None:
    """The cheapest approach that cannot be told apart from the best; None where nothing measured does what the task needs."""
    allowed = _allowed(evidence, task)
    tied = [row for row in allowed if row is allowed[0] or not is_clear(evidence.pair(row, allowed[0]))]
    priced = [(row.usd_per_1000, row.best.llm, place) for place, row in enumerate(tied) if row.usd_per_1000 is not None]
    return tied[min(priced)[2]] if priced else next(iter(tied), None)


def _allowed(evidence: Evidence, task: Task) -> list[Row]:
    """The rows that do what the task needs: only a model that was given texts can cite one."""
    cites = (row.best.llm and "retrieval" in row.best.approach for row in evidence.rows)
    return [row for row, can in zip(evidence.rows, cites, strict=True) if can or not task.needs_citations]


def _reason(chosen: Row, evidence: Evidence, task: Task) -> str:
    best = _allowed(evidence, task)[0]
    on = f"measured on {evidence.dataset} ({words.items(evidence.compared.n)}), {words.name(chosen)}"
    told = f"{words.level(chosen, evidence)}, {words.cost(chosen.usd_per_1000)}{words.failed(chosen)}"
    if chosen is best:
        return f"{on} is best: {told} (run {words.run_name(chosen)})"
    gap = f"{words.difference(evidence.pair(chosen, best), evidence)}; {words.cost(best.usd_per_1000)}"
    runs = f"runs {words.run_name(chosen)}, {words.run_name(best)}"
    return f"{on} cannot be told apart from the best, {words.name(best)} ({gap}), and is the cheapest such: {told} ({runs})"


def _beside_the_rule(chosen: Row, advice: Advice) -> str:
    if chosen.best.approach == advice.recommended:
        return "the rule of thumb agrees"
    return f"the rule of thumb would say {advice.recommended}: {advice.because}"


def _none_allowed(evidence: Evidence) -> str | None:
    """Why the named data set does not decide, where it was measured."""
    cites = f"Nothing that was measured on {evidence.dataset} can cite a source, so the measurement does not decide."
    return cites if evidence.rows else None


def _contradiction(evidence: Evidence, task: Task, recommended: str) -> str | None:
    """What was measured against the rule, in words; None where nothing was, or where the task needs what no error shows."""
    fact = None if task.needs_citations else _fact_against(evidence, recommended)
    if fact is None:
        return None
    like = "a label" if evidence.compared.task.is_label else "a number"
    mine = "" if task.answer_is_number_or_label else f" and your answer is {like} too"
    named = f"If that data set is your task{mine}, name it as dataset and the measurement decides."
    return f"A measurement contradicts this: on {evidence.dataset}, {fact}. {named}"


def _fact_against(evidence: Evidence, recommended: str) -> str | None:
    """That something free beats every LLM that the rule would ask for, or that something beats just what the rule says."""
    if not evidence.rows:
        return None
    best, *others = evidence.rows
    llms = [row for row in others if row.best.llm]
    if recommended != "baseline" and not best.best.llm and llms and all(_is_worse(row, evidence) for row in llms):
        beats, worse = f"{words.name(best)}, {words.free(best)}, beats every LLM", llms[0]
        gap = f"the nearest, {words.name(worse)}, is worse {words.gap(worse, evidence)}"
        return f"{beats}; {gap} (runs {words.run_name(best)}, {words.run_name(worse)})"
    ruled = next((row for row in evidence.rows if row.best.approach == recommended), best)
    if ruled is best or not _is_worse(ruled, evidence):
        return None
    gap = f"{words.name(ruled)} is worse than {words.name(best)} {words.gap(ruled, evidence)}"
    return f"{gap} (runs {words.run_name(best)}, {words.run_name(ruled)})"


def _is_worse(row: Row, evidence: Evidence) -> bool:
    return is_clear(evidence.pair(row, evidence.rows[0]))


def _flips(chosen: Row, evidence: Evidence, task: Task) -> Iterator[str]:
    rivals = [row for row in _allowed(evidence, task) if row is not chosen]
    tied = [row for row in rivals if not is_clear(evidence.pair(row, chosen))]
    if tied and (settled := words.settled(evidence.pair(tied[0], chosen), evidence)):
        yield f"more items: {words.name(tied[0])} cannot be told apart on {words.items(evidence.compared.n)}; {settled}"
    elif rivals and rivals[0] not in tied:
        yield f"{words.name(rivals[0])} made better {words.gap(rivals[0], evidence, chosen)} on the same items"
    if untried := [name for name in APPROACHES if name not in {row.best.approach for row in evidence.rows}]:
        yield f"a run of what was not compared on {evidence.dataset} ({', '.join(untried)}) that beats it by more than chance"
    if task.knowledge_changes_per_month:
        yield "knowledge that changes: the measurement stands still, measure again on newer items"
    yield f"items unlike those of {evidence.dataset}, or other prices"
