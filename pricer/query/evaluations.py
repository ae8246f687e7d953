"""Evaluation runs under the home folder as rows for SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.evaluation.run import PLAN, Run, earlier_result, load_run

Row = dict[str, Any]


def all_runs(folder: Path) -> list[Run]:
    """The readable runs in `folder`, by name; one that is damaged or half-made is left out."""
    found = []
    for place in sorted(path.parent for path in folder.glob(f"*/{PLAN}")):
        try:
            found.append(load_run(place))
        except BadInput:
            continue
    return found


def run_rows(runs: list[Run]) -> list[Row]:
    """The rows of `runs`; tokens are null where no answer states them."""
    return [_run(run) for run in runs]


def answer_rows(runs: list[Run]) -> list[Row]:
    """The rows of `answers`, run by run in the order in which items were asked."""
    return [row for run in runs for row in _answers(run)]


def _run(run: Run) -> Row:
    answers = run.lines.answers.values()
    usages = [answer.guess.usage for answer in answers if answer.guess.usage]
    cost = run.cost_usd
    return {
        "run": run.name, "dataset": run.plan["data"]["name"], "split": run.plan["data"]["split"],
        "predictor": run.plan["predictor"], "model": run.plan.get("catalog_model") or run.plan["model"],
        "n": len(run.items), "failures": sum(answer.guess.failure is not None for answer in answers),
        "input_tokens": sum(usage.input_tokens or 0 for usage in usages) if usages else None,
        "output_tokens": sum(usage.output_tokens or 0 for usage in usages) if usages else None,
        "cost_usd": None if cost is None else str(cost), "wall_s": earlier_result(run.folder).get("wall_s"),
        "started_at": run.plan["started_at"].removesuffix("Z"), "data_fingerprint": run.plan["data"]["fingerprint"],
    }  # fmt: skip


def _answers(run: Run) -> Iterator[Row]:
    for item in run.items:
        answer = run.lines.answers.get(item.listing.id)
        if answer is None:
            continue
        guess, usage = answer.guess, answer.guess.usage
        yield {
            "run": run.name, "item_id": item.listing.id, "guess": guess.value, "guess_label": guess.label, "failure": guess.failure,
            "input_tokens": usage and usage.input_tokens, "output_tokens": usage and usage.output_tokens,
            "latency_s": guess.latency_s, "raw_reply": guess.raw,
        }  # fmt: skip
