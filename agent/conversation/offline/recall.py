"""What a conversation has established so far, read from its steps: requirements, what was listed, what awaits a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.conversation.evidence import Step
from agent.conversation.offline.history import Exchange, Talk

READY = "An estimate only"  # how `run_frontier_price` begins where nothing but the user's word is missing
LISTING = "SELECT dataset, kept, target, unit, synthetic FROM datasets ORDER BY dataset"
GOING = ("running", "queued", "paused")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was proposed in the exchange before and awaits the user's word: runs with estimates, or one training with its plan."""

    runs: tuple[Step, ...] = ()
    training: Step | None = None


def requirements(talk: Talk) -> dict[str, Any]:
    """The requirements of the last recommendation; empty where there was none."""
    step = talk.last("recommend_models")
    wanted = step.arguments.get("requirements") if step else None
    return dict(wanted) if isinstance(wanted, dict) else {}


def workload(talk: Talk) -> dict[str, Any]:
    """The tokens and requests of the last recommendation or comparison that had any."""
    for step in reversed(talk.steps):
        if not step.is_error and step.tool in ("recommend_models", "compare_models"):
            held = step.arguments.get("requirements", step.arguments)
            if isinstance(held, dict) and isinstance(held.get("workload"), dict) and held["workload"]:
                return dict(held["workload"])
    return {}


def listed_models(talk: Talk) -> tuple[str, ...]:
    """The models that were last put before the user: a shortlist, else two or more compared."""
    for step in reversed(talk.steps):
        rows = [] if step.is_error else models_in(step)
        if rows and (step.tool == "recommend_models" or len(rows) > 1):
            return tuple(rows)
    return ()


def last_model(talk: Talk) -> str | None:
    """The model that was spoken of last, alone or first of a list."""
    for step in reversed(talk.steps):
        rows = [] if step.is_error else models_in(step)
        if rows:
            return rows[0]
    return None


def models_in(step: Step) -> list[str]:
    """The models of a shortlist or a comparison."""
    rows = step.result.get({"recommend_models": "shortlist", "compare_models": "rows"}.get(step.tool, ""), [])
    return [str(row["model"]) for row in rows if isinstance(row, dict) and row.get("model")]


def datasets(talk: Talk) -> tuple[str, ...] | None:
    """The names of the loaded data sets, None where nobody has looked yet."""
    for step in reversed(talk.steps):
        if step.tool == "query_dataset" and not step.is_error and step.arguments.get("sql") == LISTING:
            return tuple(str(row[0]) for row in step.result.get("rows", []) if row)
    return None


def proposal(talk: Talk) -> Proposal | None:
    """What the exchange before proposed, None where it proposed nothing. Only the planner's own estimates count."""
    if not talk.before or talk.before[-1].answer is None:
        return None
    before = talk.before[-1]
    runs = tuple(step for step in before.every("run_frontier_price") if is_ready(step))
    training = before.last("start_fine_tune")
    if training and (
        training.is_error or training.result.get("state") != "plan" or training.arguments.get("confirm") is not False
    ):
        training = None
    return Proposal(runs, training) if runs or training else None


def is_ready(step: Step) -> bool:
    """Whether a step is an estimate that needs nothing but the user's word."""
    is_estimate = (
        not step.is_error and step.result.get("state") == "estimate" and step.arguments.get("confirm") is False
    )
    return is_estimate and str(step.result.get("next", "")).startswith(READY)


def is_paid(step: Step) -> bool:
    """Whether an estimated run will cost something: neither free nor complete already."""
    estimate = step.result.get("estimate", {})
    return estimate.get("cap_usd") is not None and bool(estimate.get("calls"))


def run_of(step: Step) -> str | None:
    """The run that a step made or told of, None while there is none."""
    run = step.result.get("run")
    return run if isinstance(run, str) and run and not step.is_error else None


def job_of(step: Step) -> str | None:
    """The job of a step."""
    job = step.result.get("job_id") or step.arguments.get("job_id")
    return job if isinstance(job, str) and job and not step.is_error else None


def started(exchange: Exchange) -> tuple[Step, ...]:
    """The steps of an exchange that started a job or ended one at once."""
    kinds = ("run_baseline", "run_frontier_price", "start_fine_tune")
    return tuple(
        step for step in exchange.steps
        if step.tool in kinds and not step.is_error and step.result.get("state") not in ("estimate", "plan") and job_of(step)
    )  # fmt: skip


def last_started(talk: Talk) -> tuple[Step, ...]:
    """The jobs started by the newest exchange that started any."""
    return next((found for one in reversed((*talk.before, talk.now)) if (found := started(one))), ())


def state_of(talk: Talk, job: str) -> Step | None:
    """The newest step that tells how a job stands."""
    return next((step for step in reversed(talk.steps) if job_of(step) == job and "state" in step.result), None)
