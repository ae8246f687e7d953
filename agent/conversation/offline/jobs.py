"""Jobs and runs: waiting for what was started, how it stands, stopping it, and what came out side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agent.conversation.evidence import Step
from agent.conversation.offline import amounts, datasets, naming, recall, telling_runs
from agent.conversation.offline.history import Exchange
from agent.conversation.offline.move import Call, Calls, Move, Say, call
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.scene import Scene
from agent.conversation.offline.wordings import wording

WAIT_S = 45
LAST_WAIT = 8  # the model's message after which a job is no longer waited for
MOST_CANCELLED, MOST_RUNS = 4, 12


def status(scene: Scene) -> Move:
    """How the job named stands, else those last started here, else the last jobs of all."""
    looked = scene.talk.now.every("get_job")
    named = amounts.jobs(scene.said)
    jobs = named or _started_jobs(scene)
    if not looked:
        if not jobs or re.search(r"\ball\b|\bjobs\b|一覧", naming.normal(scene.said)):
            return call("get_job")
        return Calls(tuple(Call("get_job", {"job_id": job}) for job in jobs))
    if not jobs or "job_id" not in looked[-1].arguments:
        return Say(telling_runs.jobs(looked[-1], scene.japanese))
    if named:
        return Say(telling_runs.states(looked, scene.japanese))
    return until_told(scene, tuple(step for step in looked if not step.is_error), wait=False)


def cancel(scene: Scene) -> Move:
    """The job named is stopped, else the one last started here; where neither is known, the last jobs are shown."""
    step = scene.talk.now.last("cancel_job")
    if step:
        return Say(telling_runs.states(scene.talk.now.every("cancel_job"), scene.japanese))
    jobs = amounts.jobs(scene.said) or _going(scene)
    if jobs:
        return Calls(tuple(Call("cancel_job", {"job_id": job}) for job in jobs[:MOST_CANCELLED]))
    looked = scene.talk.now.last("get_job")
    return Say(telling_runs.jobs(looked, scene.japanese, ask=True)) if looked else call("get_job")


def compare_runs(scene: Scene) -> Move:
    """The runs named side by side, else those made here, else the last of all on one data set."""
    step = scene.talk.now.last("compare_runs")
    if step:
        return Say(telling_runs.verdict(step, scene.japanese))
    runs: Sequence[str] = amounts.jobs(scene.said)
    everyone = re.search(r"\ball\b|全|すべて", naming.normal(scene.said))
    if len(runs) < 2 and not everyone:
        runs = _runs_here(scene)
    if len(runs) < 2:
        return _runs_on_disk(scene)
    in_order = len(amounts.jobs(scene.said)) > 1 and wording("order_tested").search(naming.normal(scene.said))
    return call("compare_runs", runs=list(runs[:MOST_RUNS]), ordered=True if in_order else None)


def until_told(scene: Scene, begun: Sequence[Step], *, wait: bool = True) -> Move:
    """Wait for jobs that run, then compare what they made, then tell."""
    talk = scene.talk
    compared = talk.now.last("compare_runs")
    if compared:
        return Say(telling_runs.verdict(compared, scene.japanese, failures(talk.now)))
    latest = [recall.state_of(talk, job) or step for step in begun if (job := recall.job_of(step))]
    going = [step for step in latest if step.result.get("state") in recall.GOING]
    if going and wait and talk.now.turns < LAST_WAIT:
        return Calls(tuple(Call("get_job", {"job_id": recall.job_of(step), "wait_s": WAIT_S}) for step in going))
    runs = _runs(scene, begun)
    if going or len(runs) < 2:
        return Say(telling_runs.states([*latest, *failures(talk.now)], scene.japanese))
    return call("compare_runs", runs=runs)


def _runs(scene: Scene, begun: Sequence[Step]) -> list[str]:
    """The runs that these jobs made, as far as they are told."""
    jobs = [recall.job_of(step) for step in begun]
    made = [run for step in scene.talk.steps if recall.job_of(step) in jobs and (run := recall.run_of(step))]
    return list(dict.fromkeys(made))


def failures(now: Exchange) -> list[Step]:
    """What was refused in this exchange."""
    return [step for step in now.steps if step.is_error]


def _started_jobs(scene: Scene) -> tuple[str, ...]:
    return tuple(dict.fromkeys(job for step in recall.last_started(scene.talk) if (job := recall.job_of(step))))


def _going(scene: Scene) -> tuple[str, ...]:
    """The jobs started here that ran when last heard of."""
    states = [(job, recall.state_of(scene.talk, job)) for job in _started_jobs(scene)]
    return tuple(job for job, step in states if step and step.result.get("state") in recall.GOING)


def _runs_here(scene: Scene) -> list[str]:
    """The runs made in this conversation, the newest exchange that made two of them."""
    for exchange in reversed(scene.talk.before):
        found = list(dict.fromkeys(run for step in exchange.steps if (run := recall.run_of(step))))
        if len(found) > 1:
            return found
    return list(dict.fromkeys(run for step in scene.talk.steps if (run := recall.run_of(step))))


def _runs_on_disk(scene: Scene) -> Move:
    """The runs in the home folder, of the data set named or of that of the newest run; fewer than two cannot be compared."""
    listing = scene.talk.now.last("query_dataset")
    if listing is None:
        return call(
            "query_dataset", sql="SELECT run, dataset FROM runs WHERE n > failures ORDER BY started_at DESC LIMIT 40"
        )
    rows: list[list[Any]] = listing.result.get("rows", [])
    names = tuple(dict.fromkeys(str(row[1]) for row in rows))
    named = datasets.dataset(scene.said, names)
    data = named if named in names else (names[0] if names else None)
    runs = [str(row[0]) for row in rows if row[1] == data]
    if len(runs) < 2:
        return Say(phrase("no_runs", scene.japanese))
    return call("compare_runs", runs=runs[:MOST_RUNS])
