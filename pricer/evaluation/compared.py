"""Several runs side by side on the items they share: one document for the command, the server and the report."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pricer.errors import BadInput
from pricer.evaluation.paired import compare
from pricer.evaluation.result import result
from pricer.evaluation.run import Run, called, find_run, load_run
from pricer.evaluation.verdict import Verdict, judge

CENT_PARTS = Decimal("0.0001")


def compared(said: Sequence[str], *, ordered: bool = False, seed: int = 0) -> dict[str, Any]:
    """The runs named by `said`, best first, on their common answered items; with `ordered`, whether each is better than the next.

    `difference` is the mean loss of a run less that of the first of the table, on the same items. `BadInput` when the runs ask
    different things or share fewer than two items.
    """
    runs = named([load_run(find_run(one)) for one in said])
    verdict = verdict_of(runs, seed)
    rows = [_row(name, runs[name], verdict) for group in verdict.groups for name in group]
    claims = verdict.holds(list(runs)) if ordered else []
    return {
        "n": verdict.comparison.n, "left_out": verdict.comparison.left_out, "is_label": verdict.comparison.task.is_label,
        "unit": verdict.comparison.task.unit, "rows": rows, "verdict": verdict.sentences(), "cheapest": verdict.cheapest,
        "no_llm_needed": verdict.no_llm_needed, "groups": [list(group) for group in verdict.groups],
        "claims": [claim.told() | {"says": f"{claim.better} is better than {claim.worse}"} for claim in claims],
        "order_holds": all(claim.holds for claim in claims),
        "pairs": [pair.told() for pair in verdict.comparison.pairs],
    }  # fmt: skip


def verdict_of(runs: dict[str, Run], seed: int = 0) -> Verdict:
    """The verdict on named runs of one task."""
    first = next(iter(runs.values()))
    for run in runs.values():
        if (run.task.name, run.task.unit, run.task.labels) != (first.task.name, first.task.unit, first.task.labels):
            raise BadInput(
                f"wanted runs that predict the same, found {first.task.name!r} in {first.name} and {run.task.name!r} in {run.name}"
            )
    comparison = compare({name: run.outcomes for name, run in runs.items()}, first.task, seed=seed)
    without_llm = {name for name, run in runs.items() if not run.plan["llm"]}
    return judge(
        comparison, usd_per_1000={name: per_thousand(run) for name, run in runs.items()}, without_llm=without_llm
    )


def named(runs: Sequence[Run]) -> dict[str, Run]:
    """Runs by a name to show: the model or predictor where that is unique, else the name of the folder."""
    if not runs:
        raise BadInput("wanted at least one run, found none")
    short = [called(run.plan) for run in runs]
    names = [one if short.count(one) == 1 else run.name for one, run in zip(short, runs, strict=True)]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"wanted each run once, found {repeated!r} twice")
    return dict(zip(names, runs, strict=True))


def per_thousand(run: Run) -> Decimal | None:
    """What 1,000 items cost at the run's own rate; None when that is not known."""
    cost, answers = run.cost_usd, len(run.lines.answers)
    return None if cost is None or not answers else (cost * 1000 / answers).quantize(CENT_PARTS, ROUND_HALF_UP)


def _row(name: str, run: Run, verdict: Verdict) -> dict[str, Any]:
    """One run of the table: its own scores over all it answered, and its difference from the best on the common items."""
    best = verdict.groups[0][0]
    pair = None if name == best else verdict.comparison.pair(name, best)
    place = next(number for number, group in enumerate(verdict.groups) if name in group)
    scores, cost = result(run), per_thousand(run)
    return {
        "run": name, "folder": str(run.folder), "llm": run.plan["llm"], "answered": scores["answered"], "failures": scores["failures"],
        **{figure: scores[figure] for figure in ("mae", "mae_ci95", "accuracy", "accuracy_ci95", "macro_f1") if figure in scores},
        "loss_on_common_items": verdict.comparison.losses[name],
        "difference": None if pair is None else pair.difference,
        "difference_ci95": None if pair is None or pair.difference_ci is None else pair.difference_ci.told(),
        "detectable": None if pair is None else pair.detectable,
        "group": "best group" if place == 0 else f"group {place + 1}", "cost_per_1k_usd": None if cost is None else f"{cost.normalize():f}",
    }  # fmt: skip
