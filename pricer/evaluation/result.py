"""The result of a run: scores, failures, cost and time in one document, computed from what lies on disk and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pricer.evaluation.run import Run, called

MICRODOLLAR = Decimal("0.000001")


def result(run: Run, *, wall_s: float | None = None, fit_s: float | None = None) -> dict[str, Any]:
    """The document that `assay evaluate --json` prints. Errors are in the unit of the target; what is not known is None.

    `n` counts the items of the run, `answered` those with a readable answer, `failures` those without; unanswered items of a run that
    was stopped are in neither. `wall_s` and `fit_s` are seconds.
    """
    return {
        "run": str(run.folder), "predictor": run.plan["predictor"], "model": run.plan["model"], "called": called(run.plan),
        "data": run.plan["data"], "unit": run.task.unit, "complete": run.complete,
        **_scores(run), "n": len(run.items), **_bill(run), "wall_s": _rounded(wall_s), "fit_s": _rounded(fit_s),
    }  # fmt: skip


def _scores(run: Run) -> dict[str, Any]:
    """The figures of the run. Prices carry their unit in the name."""
    if run.task.is_label:
        from pricer.evaluation.labels import score_labels

        of_labels: dict[str, Any] = _named(score_labels(run.outcomes, run.task).told())
        return of_labels
    from pricer.evaluation.metrics import score

    told: dict[str, Any] = _named(score(run.outcomes, run.task).told())
    if run.task.unit == "usd":
        told |= {"mae_usd": told["mae"], "median_ae_usd": told["median_ae"]}
    return told


def _named(told: Any) -> Any:
    """Intervals with their level in the name, and no more digits than a figure is good for."""
    if isinstance(told, dict):
        return {re.sub("_ci$", "_ci95", name): _named(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_named(value) for value in told]
    return float(f"{told:.6g}") if isinstance(told, float) else told


def _bill(run: Run) -> dict[str, Any]:
    answers = run.lines.answers.values()
    used = [answer.guess.usage for answer in answers if answer.guess.usage]
    sums = {
        name: sum(getattr(usage, name) or 0 for usage in used)
        for name in ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
    }
    latencies = sorted(answer.guess.latency_s for answer in answers if answer.guess.latency_s is not None)
    cost = run.cost_usd
    return {
        "cost_usd": None if cost is None else str(cost.quantize(MICRODOLLAR, ROUND_HALF_UP).normalize() + Decimal(0)),
        "tokens": sums if used else None,
        "attempts": sum(answer.attempts for answer in answers), "maybe_billed_in_vain": sum(run.lines.vain.values()),
        "latency_p50_s": _quantile(latencies, 0.5), "latency_p95_s": _quantile(latencies, 0.95),
        "models_returned": dict(Counter(answer.guess.model for answer in answers if answer.guess.model)),
    }  # fmt: skip


def _quantile(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) if ordered else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
