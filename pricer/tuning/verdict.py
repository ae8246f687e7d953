"""Whether a fine-tuning helped: the tuned model beside what it began with, a cheap baseline and retrieval, on the same test items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.cost import HOURS_PER_MONTH, break_even_requests
from pricer.errors import BadInput
from pricer.evaluation.compared import verdict_of
from pricer.evaluation.result import result
from pricer.ladder import evaluate
from pricer.request import Evaluation, Request, Watch
from pricer.tuning.job import BASE
from pricer.tuning.plan import Wish, wish_of
from pricer.tuning.record import Record

if TYPE_CHECKING:
    from pricer.evaluation.paired import Pair
    from pricer.evaluation.run import Run

BETTER, TIED, WORSE = "better than", "cannot be told apart from", "worse than"
NUMBERS = (("baseline", "tfidf-ridge"), ("retrieval", "similar"))
LABELS = (("majority", "majority"), ("baseline", "tfidf-logistic"), ("retrieval", "similar"))


@dataclass(frozen=True, slots=True)
class Against:
    """The tuned model and one other on the items that both answered. `difference` is the tuned one's mean loss less the other's, in the
    task's unit or as a share of wrong labels: below 0 tuning is better; with its paired 95 % interval."""

    role: str
    run: str
    says: str
    difference: float
    low: float | None
    high: float | None

    def sentence(self, unit: str) -> str:
        """The comparison in words."""
        interval = "" if self.low is None or self.high is None else f" [{self.low:+.3g}, {self.high:+.3g}]"
        return f"{self.says} {self.role} ({self.run}): {self.difference:+.3g}{unit}{interval}"


@dataclass(frozen=True, slots=True)
class Serving:
    """What keeping the tuned model at work costs in US dollars an hour, and what a model it replaces costs for 1,000 answers."""

    usd_per_hour: Decimal
    instead_usd_per_1000: Decimal | None = None

    def lines(self) -> list[str]:
        """The arithmetic, with the volume at which both cost the same."""
        monthly = self.usd_per_hour * HOURS_PER_MONTH
        told = [
            f"hosting: ${self.usd_per_hour:f} an hour x {HOURS_PER_MONTH:f} hours = ${monthly:,.2f} a month, however few the requests"
        ]
        requests = break_even_requests(monthly, (self.instead_usd_per_1000 or Decimal(0)) / 1000)
        if requests is not None:
            told.append(
                f"break-even: ${monthly:,.2f} / (${self.instead_usd_per_1000:f} / 1,000) = {requests:,.0f} requests a month; fewer do not pay"
            )
        return told


def verdict(
    record: Record, watch: Watch | None = None, against: Sequence[str] = (), serving: Serving | None = None, limit: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The table and the verdict as plain values; runs that are missing are made, those that are there are used. `against` names other
    predictors, `limit` measures on so many test items, drawn by the seed. `BadInput` while the job is not done."""
    status = record.status()
    if not (record.model / "manifest.json").is_file():
        raise BadInput(
            f"{record.id} is {status.state}: wanted a trained model; start it, or let it go on: assay tune start {record.id}"
        )
    wish = wish_of(record.plan())
    wish = replace(wish, wanted=replace(wish.wanted, limit=limit))
    others = (
        [(name, name) for name in against]
        if against
        else list(LABELS if record.plan()["data"]["task"]["labels"] else NUMBERS)
    )
    roles = {"tuned": str(record.model), "base": str(record.folder / BASE), **dict(others)}
    made = {role: _measured(wish, predictor, watch or Watch()) for role, predictor in roles.items()}
    document = _document(record, {role: one.run for role, one in made.items()})
    tuned = made["tuned"].result
    seconds = (tuned.get("wall_s") or 0.0) * 1000 / max(1, tuned["n"])
    return document | {
        "cost": [
            f"training: {duration(record.status().elapsed_s)} on this machine, nothing billed",
            f"answers: {duration(seconds)} of this machine for 1,000, the model's loading with it",
            *(serving.lines() if serving else []),
        ]
    }


def duration(seconds: float) -> str:
    """Seconds in words."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _measured(wish: Wish, predictor: str, watch: Watch) -> Evaluation:
    """The finished run of a predictor on the wish's test items."""
    watch.say(f"measuring {Path(predictor).name}")
    return evaluate(Request(wish.wanted, predictor), watch)


def _document(record: Record, runs: dict[str, Run]) -> dict[str, Any]:
    judged = verdict_of(runs)
    task = judged.comparison.task
    unit = " of the items" if task.is_label else f" {task.unit}" if task.unit else ""
    compared = [_against(role, runs[role], judged.comparison.pair("tuned", role)) for role in runs if role != "tuned"]
    return {
        "job": record.id, "n": judged.comparison.n, "is_label": task.is_label, "unit": task.unit,
        "rows": [_row(role, run) for role, run in runs.items()],
        "verdict": [f"tuned {one.sentence(unit)}" for one in compared],
        "against": {one.role: {"says": one.says, "run": one.run, "difference": one.difference, "low": one.low, "high": one.high} for one in compared},
        "runs": {role: run.name for role, run in runs.items()}, "trained_s": record.status().elapsed_s, "advice": _advice(compared),
    }  # fmt: skip


def _against(role: str, run: Run, pair: Pair) -> Against:
    from pricer.evaluation.run import called

    says = TIED if not pair.is_resolved else BETTER if pair.difference < 0 else WORSE
    interval = pair.difference_ci
    name = role if role == "base" else called(run.plan)
    return Against(
        role, name, says, pair.difference, interval.low if interval else None, interval.high if interval else None
    )


def _row(role: str, run: Run) -> dict[str, Any]:
    scores = result(run)
    figures = (
        "n",
        "answered",
        "failures",
        "mae_usd",
        "mae",
        "mae_ci95",
        "rmsle",
        "r2",
        "accuracy",
        "accuracy_ci95",
        "macro_f1",
        "macro_f1_ci95",
    )
    return {"role": role, "run": run.name, **{name: scores[name] for name in figures if name in scores}}


def _advice(compared: Sequence[Against]) -> str:
    """What to do about it."""
    worse = [one.role for one in compared if one.says == WORSE]
    tied = [one.role for one in compared if one.says == TIED]
    if worse:
        return f"do not use the tuned model: {' and '.join(worse)} {'is' if len(worse) == 1 else 'are'} better on the same items"
    if tied:
        return f"tuning does not pay on this evidence: it cannot be told apart from {' or '.join(tied)}, which cost no training"
    return "tuning helped: it is better than all that it was measured against"
