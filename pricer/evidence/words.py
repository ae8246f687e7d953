"""Evidence in words and figures: rows as JSON, and sentences that name the runs to look up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pricer.evaluation.paired import Pair
from pricer.evidence.measured import FEWEST, Effect, Evidence, Row, excludes_zero, is_clear, is_named
from pricer.products.figures import number

MANY_FAILURES = 0.02
HOW = (
    "assay evaluate --predictor best --dataset NAME, then --predictor chat --model PROVIDER/MODEL on the same data "
    "(tools: run_baseline, run_frontier_price)"
)


def says(evidence: Evidence, dataset: str | None) -> Iterator[str]:
    """What was measured, citing runs: how the approaches stand, what retrieval changes, what was left aside; or how to measure."""
    if evidence.rows:
        yield _standing(evidence)
    else:
        yield f"{_nothing(evidence, dataset)} To measure: {HOW}."
    if evidence.effect:
        yield _retrieval(evidence.effect, evidence)
    if aside := list(_aside(evidence)):
        yield " ".join(aside)


def told(row: Row, evidence: Evidence) -> dict[str, Any]:
    """A row as JSON; the difference is from the first row, above 0 where this one errs more."""
    best, one, task = evidence.rows[0], row.best, evidence.compared.task
    pair = None if row is best else evidence.pair(row, best)
    interval = pair.difference_ci if pair else None
    figure = {"accuracy": _rounded(1 - row.loss)} if task.is_label else {"mae": _rounded(row.loss), "unit": task.unit}
    return {
        "approach": one.approach, "llm": one.llm, "by": one.by, "run": one.folder.name, "dataset": evidence.dataset,
        "n": evidence.compared.n, **figure, "difference": pair and _rounded(pair.difference),
        "difference_ci95": interval and [_rounded(end) for end in interval.told()],
        "excludes_zero": None if pair is None else excludes_zero(pair),
        "told_apart": None if pair is None else is_clear(pair),
        "cost_per_1k_usd": None if row.usd_per_1000 is None else f"{row.usd_per_1000.normalize():f}",
        "failures": one.failures, "best_of_runs": row.out_of,
    }  # fmt: skip


def name(row: Row) -> str:
    """The approach and who answered."""
    return f"{row.best.title} ({row.best.by})"


def run_name(row: Row) -> str:
    """The name under which the run is looked up."""
    return row.best.folder.name


def level(row: Row, evidence: Evidence) -> str:
    """How good it is, as the end of a sentence."""
    is_label = evidence.compared.task.is_label
    return f"right on {100 * (1 - row.loss):.1f} %" if is_label else f"off by {_amount(row.loss, evidence)} on average"


def gap(row: Row, evidence: Evidence, than: Row | None = None) -> str:
    """How far the row is from the best one, or from another."""
    return f"by {_sized(evidence.pair(row, than or evidence.rows[0]), evidence)}"


def difference(pair: Pair, evidence: Evidence) -> str:
    """A difference of errors with its sign: above 0 the first errs more."""
    sign, ends = "-" if pair.difference < 0 else "+", pair.difference_ci.told() if pair.difference_ci else []
    return f"{sign}{_amount(abs(pair.difference), evidence)}{_interval(ends, evidence)}"


def settled(pair: Pair, evidence: Evidence) -> str | None:
    """How many items would tell the two apart, were the true difference as large as the observed one."""
    if pair.needed_n is None or pair.detectable is None:
        return None
    missed = f"a difference below {_amount(pair.detectable, evidence)} is easily missed"
    return missed if pair.needed_n <= evidence.compared.n else f"about {pair.needed_n:,} would settle it, {missed}"


def cost(usd: Decimal | None) -> str:
    """What 1,000 items cost."""
    return "at an unknown cost" if usd is None else f"at {_usd(usd)} per 1,000" if usd else "free"


def free(row: Row) -> str:
    """That it costs nothing, or what it costs."""
    return "which is free" if row.usd_per_1000 == 0 else cost(row.usd_per_1000)


def failed(row: Row) -> str:
    """A clause on failures where there are many."""
    many = row.best.failures > MANY_FAILURES * row.best.n
    return f", though it failed on {row.best.failures:,} of {items(row.best.n)}" if many else ""


def items(count: int) -> str:
    """So many items."""
    return f"{count:,} item{'' if count == 1 else 's'}"


def _standing(evidence: Evidence) -> str:
    best, *others = evidence.rows
    parts = [f"{name(best)} is best, {level(best, evidence)} (run {run_name(best)})"]
    for row in others:
        pair = evidence.pair(row, best)
        if is_clear(pair):
            parts.append(f"{name(row)} is worse {gap(row, evidence)} (run {run_name(row)})")
        else:
            parts.append(
                f"{name(row)} cannot be told apart from it, {difference(pair, evidence)} (run {run_name(row)})"
            )
    return f"On {evidence.dataset}, {items(evidence.compared.n)} that all answered: {'; '.join(parts)}."


def _retrieval(effect: Effect, evidence: Evidence) -> str:
    pair, more = effect.pair, effect.usd_more
    said = f"{'better' if pair.difference < 0 else 'worse'} by {_sized(pair, evidence)}"
    if not is_clear(pair):
        said = f"neither better nor worse beyond chance, {difference(pair, evidence)},"
    dearer = "an unknown cost more" if more is None else f"{_usd(abs(more))} {'less' if more < 0 else 'more'}"
    runs = f"runs {effect.found.folder.name}, {effect.plain.folder.name}"
    return f"Retrieval makes {effect.found.by} {said} at {dearer} per 1,000 ({items(effect.n)}, {runs})."


def _nothing(evidence: Evidence, dataset: str | None) -> str:
    known = ", ".join(evidence.others[:5])
    if any(is_named(name, dataset) for name in evidence.others):
        few = f"share too few answered items with the same truths to be compared: {FEWEST} are enough"
        return f"The runs on {known if dataset is None else dataset} {few}."
    if dataset is None:
        return "No two approaches have been measured on the same items yet."
    tried = f"; approaches were tried on {known}" if known else ""
    return f"No two approaches have been measured on the same items of {dataset!r} yet{tried}."


def _aside(evidence: Evidence) -> Iterator[str]:
    if evidence.apart:
        yield f"Too few shared items to compare: {', '.join(evidence.apart)}."
    if evidence.rows and evidence.others:
        yield f"Approaches were also tried on {', '.join(evidence.others[:5])}."
    if count := evidence.skipped:
        yield f"{count} run{' was' if count == 1 else 's were'} skipped: damaged, unfinished or mostly unanswered."


def _sized(pair: Pair, evidence: Evidence) -> str:
    """The size of a difference with its interval, whichever way it goes."""
    ends = pair.difference_ci.told() if pair.difference_ci else []
    turned = ends if pair.difference >= 0 else [-end for end in reversed(ends)]
    return f"{_amount(abs(pair.difference), evidence)}{_interval(turned, evidence)}"


def _interval(ends: Sequence[float], evidence: Evidence) -> str:
    if not ends:
        return ""
    task = evidence.compared.task
    shown = (
        f"{100 * end:.1f}" if task.is_label else f"{end:.2f}" if task.unit == "usd" else f"{end:.4g}" for end in ends
    )
    return f" [{', '.join(shown)}]"


def _amount(value: float, evidence: Evidence) -> str:
    """An error or a difference of errors, above 0, in its unit."""
    task = evidence.compared.task
    if task.is_label:
        return f"{100 * value:.1f} points"
    shown = number(value, usd=task.unit == "usd")
    return f"{shown} {task.unit}" if task.unit not in (None, "usd") else shown


def _usd(amount: Decimal) -> str:
    """Dollars and cents; below a dollar two digits, wherever they begin."""
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${Decimal(f'{amount:.2g}'):f}"


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
