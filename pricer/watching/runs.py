"""A look at runs: a new run beside the earlier ones of the same predictor on the same data set."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.evaluation.run import PLAN, RESULT, called, load_run, runs_folder
from pricer.watching import series as kept
from pricer.watching.alerts import Alert, Runs, alert_id
from pricer.watching.detector import Rule
from pricer.watching.table import Look
from pricer.watching.watches import RunsWatch

FEWEST_SHARED = 20  # items of two runs, for a paired comparison
SURE = 0.005  # of unchanged predictors one new run in 200 is called changed
LEAST_CHANGE = 0.05  # of the earlier mean loss: less is not worth an alert
Z_FAILURES = 2.81  # the same two-sided level for shares of failures
RULE = Rule(scale="ratio")

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of a figure of a run: now, before, how the two were compared."""

    observed: float
    before: float | None
    how: str
    sigmas: float | None = None


def look(watch: RunsWatch, state: dict[str, Any], now: dt.datetime) -> Look:
    """Judge the complete runs that were not there at the last look, in the order in which they began."""
    read: dict[str, Figures] = dict(state.get("read", {}))
    first = "read" not in state
    fresh = [one for one in _runs(watch) if one["run"] not in read]
    found: list[Alert] = []
    notes: list[str] = []
    few: set[str] = set()
    for one in sorted(fresh, key=lambda row: (row["started_at"], row["run"])):
        earlier = sorted(
            (row for row in read.values() if row["group"] == one["group"]), key=lambda row: str(row["started_at"])
        )
        if earlier:
            found += _judged(watch, one, earlier, now, notes)
            if len(earlier) < RULE.fewest + 3:
                few.add(one["called"])
        read[one["run"]] = one
    if few:
        notes.append(
            f"cost and latency of {', '.join(sorted(few))}: fewer than {RULE.fewest + 3} earlier runs, too few to say what is unusual"
        )
    if not read:
        notes.append("no complete run yet: assay evaluate makes one")
    elif first and not found:
        notes.append(f"first look: {len(read)} runs are what later ones are compared with")
    return Look(tuple(found), (), tuple(notes), {"read": read}, len(fresh))


def plan_of(folder: Path) -> dict[str, Any] | None:
    """The plan of a run; None where it cannot be read."""
    try:
        row = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return row if isinstance(row, dict) else None


def _runs(watch: RunsWatch) -> Iterator[Figures]:
    """What plans and results of the complete runs tell; damaged ones are passed over."""
    for path in sorted(runs_folder().glob(f"*/{RESULT}")):
        plan = plan_of(path.parent)
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            if plan and result.get("complete") and watch.dataset in (None, plan["data"]["name"]):
                yield _figures(path.parent.name, plan, result)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue


def _figures(run: str, plan: dict[str, Any], result: dict[str, Any]) -> Figures:
    n, accuracy, cost = int(result["n"]), result.get("accuracy"), result.get("cost_usd")
    task = plan["task"]
    return {
        "run": run, "started_at": str(plan["started_at"]), "called": called(plan), "dataset": plan["data"]["name"],
        "group": json.dumps([called(plan), plan["data"]["name"], task["name"], task["unit"], task["labels"]], ensure_ascii=False),
        "metric": "mean absolute error" if accuracy is None else "share of wrong labels", "unit": task["unit"],
        "loss": result.get("mae") if accuracy is None else 1 - accuracy,
        "interval": result.get("mae_ci95") or _turned(result.get("accuracy_ci95")),
        "n": n, "failures": result.get("failures", 0),
        "usd_per_1000": float(cost) / n * 1000 if cost is not None and n else None, "latency_p50_s": result.get("latency_p50_s"),
    }  # fmt: skip


def _turned(interval: list[float] | None) -> list[float] | None:
    return [1 - interval[1], 1 - interval[0]] if interval else None


def _judged(
    watch: RunsWatch, one: Figures, earlier: Sequence[Figures], now: dt.datetime, notes: list[str]
) -> Iterator[Alert]:
    """The alerts on one new run."""
    last = earlier[-1]
    quality = _paired(one, last, notes) or _unpaired(one, last)
    if quality:
        yield _alert(watch, one, [last], one["metric"], _Said(one["loss"], last["loss"], quality), now)
    if apart := _failures(one, last):
        share, before = one["failures"] / one["n"], last["failures"] / last["n"]
        yield _alert(watch, one, [last], "share of unanswered items", _Said(share, before, apart), now)
    for name, what in (("usd_per_1000", "cost of 1,000 items, $"), ("latency_p50_s", "median latency, s")):
        yield from _figure(watch, one, earlier, name, what, now)


def _paired(one: Figures, last: Figures, notes: list[str]) -> str | None:
    """How the losses on shared items differ, when they do so beyond chance; None also when they cannot be compared."""
    from pricer.evaluation.paired import compare

    try:
        runs = {row["run"]: load_run(runs_folder() / row["run"]) for row in (one, last)}
        tables = {name: run.outcomes for name, run in runs.items()}
        shared = set.intersection(*({outcome.item_id for outcome in outcomes} for outcomes in tables.values()))
        if len(shared) < FEWEST_SHARED:
            return None
        comparison = compare(tables, runs[one["run"]].task)
    except BadInput as error:
        notes.append(f"{one['run']} and {last['run']} could not be compared item by item: {error}")
        return None
    pair = comparison.pair(one["run"], last["run"])
    before = comparison.losses[last["run"]]
    if pair.p > SURE or pair.difference_ci is None or abs(pair.difference) < LEAST_CHANGE * before:
        return None
    low, high = pair.difference_ci.told()
    return (
        f"on the {comparison.n} items of both runs the mean loss differs by {pair.difference:+.4g} [{low:.4g}, {high:.4g}], "
        f"p = {pair.p:.2g} (sign-flip test on paired items)"
    )


def _unpaired(one: Figures, last: Figures) -> str | None:
    """Whether the intervals of two runs that share few items lie apart."""
    mine, its = one["interval"], last["interval"]
    if one["loss"] is None or last["loss"] is None or not mine or not its:
        return None
    if mine[0] <= its[1] and its[0] <= mine[1]:
        return None
    if abs(one["loss"] - last["loss"]) < LEAST_CHANGE * last["loss"]:
        return None
    return f"the 95 % intervals [{mine[0]:.4g}, {mine[1]:.4g}] and [{its[0]:.4g}, {its[1]:.4g}] lie apart"


def _failures(one: Figures, last: Figures) -> str | None:
    """Two shares apart, by the two-proportion z-test with pooled variance; not judged on fewer than 20 items."""
    n, m = one["n"], last["n"]
    if min(n, m) < FEWEST_SHARED:
        return None
    pooled = (one["failures"] + last["failures"]) / (n + m)
    sigma = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    gap = one["failures"] / n - last["failures"] / m
    if sigma == 0 or abs(gap) < Z_FAILURES * sigma or one["failures"] + last["failures"] < 5:
        return None
    return f"{one['failures']} of {n} items against {last['failures']} of {m}: {abs(gap) / sigma:.1f} sigmas of two equal shares"


def _figure(
    watch: RunsWatch, one: Figures, earlier: Sequence[Figures], name: str, what: str, now: dt.datetime
) -> Iterator[Alert]:
    """Cost or latency beside all earlier runs, by the detector for series."""
    values = [row[name] for row in [*earlier, one] if row[name] is not None]
    if one[name] is None or not all(value > 0 for value in values):
        return
    series = kept.Series()
    for place, value in enumerate(values):
        step = kept.advance(series, f"{place}", value, None, RULE)
        series = step.series
    said = step.judgement
    if step.alert and said.low is not None and said.high is not None:
        how = f"ordinary is {said.low:.4g} to {said.high:.4g}, from {len(values) - 1} earlier runs"
        yield _alert(watch, one, earlier, what, _Said(one[name], said.expected, how, said.sigmas), now)


def _alert(
    watch: RunsWatch, one: Figures, earlier: Sequence[Figures], what: str, said: _Said, now: dt.datetime
) -> Alert:
    figures = {
        "before": said.before,
        "now": said.observed,
        "unit": one["unit"],
        "n": one["n"],
        "n_before": earlier[-1]["n"],
    }
    return Alert(
        alert_id(watch.name, one["run"], what), now.isoformat(timespec="seconds") + "Z", watch.name, "run",
        f"{what} of {one['called']} on {one['dataset']}", one["started_at"], said.observed, None, said.sigmas,
        Runs(one["run"], tuple(row["run"] for row in earlier[-20:]), figures, said.how),
    )  # fmt: skip
