"""Measuring: a bake-off proposed with its price and run once the user agreed, baselines, jobs, comparisons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from agent.conversation.evidence import Step
from agent.conversation.offline import naming, recall, telling_runs
from agent.conversation.offline.history import Exchange
from agent.conversation.offline.move import Call, Calls, Move, Say, call
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.recall import Proposal
from agent.conversation.offline.scene import Scene

MODELS, MOST_MODELS, ITEMS, WAIT_S = 2, 4, 50, 45
LAST_WAIT = 8  # the model's message after which a job is no longer waited for
SHARE = Decimal("0.0001")
MOST_RUNS = 12


def propose(scene: Scene) -> Move:
    """The estimates of the models meant on the data set meant, then the proposal. Nothing is asked of a model here."""
    estimates = scene.talk.now.every("run_frontier_price")
    if estimates:
        return Say(telling_runs.proposal(estimates, _left_out(scene), scene.japanese))
    named = _models(scene)
    if not named:
        return Say(phrase("which_to_measure", scene.japanese))
    data = _dataset(scene)
    if not isinstance(data, str):
        return data
    asked = [name for name in map(naming.asked_as, named) if name]
    if not asked:
        return Say(phrase("nobody_to_ask", scene.japanese, models=", ".join(named)))
    limit = naming.items(scene.said) or ITEMS
    share = _share(naming.cap(scene.said), len(asked), naming.is_each(scene.said))
    calls = [_run(data, name, limit, share, confirm=False) for name in dict.fromkeys(asked)]
    return Calls(tuple(calls))


def approved(scene: Scene, waits: Proposal) -> Move:
    """The bake-off the user agreed to: the free baseline, each model under its cap, waiting, the verdict."""
    if len(waits.runs) > 1 and (only := naming.models(scene.said)):
        kept = tuple(step for step in waits.runs if any(_is_model(step, name) for name in only))
        waits = Proposal(runs=kept or waits.runs)
    if changed := _changed(scene, waits):
        return changed
    now = scene.talk.now
    if "baseline" not in _done(now) and not _is_alone(scene):
        first = waits.runs[0].arguments
        return call("run_baseline", dataset=first["dataset"], limit=first.get("limit"))
    if refused := _unapproved(now):
        return Say(telling_runs.unapproved(refused, scene.japanese))
    for step, share in zip(waits.runs, _caps(scene, waits.runs), strict=True):
        if step.arguments["model"] not in _done(now):
            limit = int(step.arguments.get("limit") or ITEMS)
            return Calls((_run(step.arguments["dataset"], step.arguments["model"], limit, share, confirm=True),))
    return _until_told(scene, recall.started(now))


def baseline(scene: Scene) -> Move:
    """A predictor that needs no key, trained and scored."""
    now = scene.talk.now
    if now.last("run_baseline"):
        return _until_told(scene, recall.started(now))
    data = _dataset(scene)
    if not isinstance(data, str):
        return data
    seed = re.search(r"seed\s?(?:of |=|:)?\s?(\d{1,6})", naming.normal(scene.said))
    return call(
        "run_baseline", dataset=data, predictor=_predictor(scene.said), limit=naming.items(scene.said),
        seed=int(seed[1]) if seed else None,
    )  # fmt: skip


def status(scene: Scene) -> Move:
    """How the job named stands, else those last started here, else the last jobs of all."""
    looked = scene.talk.now.every("get_job")
    named = naming.jobs(scene.said)
    jobs = named or _started_jobs(scene)
    if not looked:
        if not jobs or re.search(r"\ball\b|\bjobs\b|一覧", naming.normal(scene.said)):
            return call("get_job")
        return Calls(tuple(Call("get_job", {"job_id": job}) for job in jobs))
    if not jobs or "job_id" not in looked[-1].arguments:
        return Say(telling_runs.jobs(looked[-1], scene.japanese))
    if named:
        return Say(telling_runs.states(looked, scene.japanese))
    return _until_told(scene, tuple(step for step in looked if not step.is_error), wait=False)


def cancel(scene: Scene) -> Move:
    """The job named is stopped, else the one last started here; where neither is known, the last jobs are shown."""
    step = scene.talk.now.last("cancel_job")
    if step:
        return Say(telling_runs.states(scene.talk.now.every("cancel_job"), scene.japanese))
    jobs = naming.jobs(scene.said) or _going(scene)
    if jobs:
        return Calls(tuple(Call("cancel_job", {"job_id": job}) for job in jobs[:MOST_MODELS]))
    looked = scene.talk.now.last("get_job")
    return Say(telling_runs.jobs(looked, scene.japanese, ask=True)) if looked else call("get_job")


def compare_runs(scene: Scene) -> Move:
    """The runs named side by side, else those made here, else the last of all on one data set."""
    step = scene.talk.now.last("compare_runs")
    if step:
        return Say(telling_runs.verdict(step, scene.japanese))
    runs: Sequence[str] = naming.jobs(scene.said)
    everyone = re.search(r"\ball\b|全|すべて", naming.normal(scene.said))
    if len(runs) < 2 and not everyone:
        runs = _runs_here(scene)
    if len(runs) < 2:
        return _runs_on_disk(scene)
    return call("compare_runs", runs=list(runs[:MOST_RUNS]))


# --- which data set, which models, what cap


def _dataset(scene: Scene) -> str | Move:
    """The data set meant, once it is known to be loaded; until then the call that looks, or the question."""
    there = recall.datasets(scene.talk)
    if there is None:
        return call("query_dataset", sql=recall.LISTING)
    earlier = [exchange.said for exchange in reversed(scene.talk.before)]
    named = naming.dataset(scene.said, there)
    if named is None:
        told = (naming.dataset(said, there) for said in earlier)
        named = next((name for name in told if name in there), None) or (there[0] if len(there) == 1 else None)
    if named in there:
        return str(named)
    if not there:
        return Say(phrase("no_data", scene.japanese))
    return Say(
        phrase("which_data" if named is None else "not_loaded", scene.japanese, name=named, there=", ".join(there))
    )


def _models(scene: Scene) -> tuple[str, ...]:
    """The models meant: named, pointed to, else the first of the last shortlist."""
    there = recall.listed_models(scene.talk)
    named, pointed = naming.models(scene.said), naming.listed(scene.said, there)
    meant = (*pointed, *named) if naming.points(scene.said) else named
    if not meant or set(meant) == set(there):
        meant = tuple(name for name in there if naming.asked_as(name))[
            : naming.how_many(_without_items(scene.said), MODELS, MOST_MODELS)
        ]
    return tuple(dict.fromkeys(meant))[:MOST_MODELS]


def _left_out(scene: Scene) -> tuple[str, ...]:
    """The models meant that no provider of the table offers."""
    return tuple(name for name in _models(scene) if naming.asked_as(name) is None)


def _without_items(said: str) -> str:
    return re.sub(r"\d+\s?(?:test )?(?:items?|examples?|products?|rows?|samples?|records?|件|サンプル)", " ", said)


def _share(cap: Decimal | None, runs: int, each: bool) -> Decimal | None:
    """A run's part of the cap that the user named for all, rounded down."""
    return cap if cap is None or each or runs == 1 else (cap / runs).quantize(SHARE, ROUND_DOWN)


def _caps(scene: Scene, runs: Sequence[Step]) -> list[Decimal | None]:
    """The cap of each run: the user's, shared as the runs may cost at most; without one exactly what was shown."""
    shown = [step.result.get("estimate", {}) for step in runs]
    paid = [one.get("cap_usd") is not None for one in shown]
    cap = naming.cap(scene.said)
    if cap is None:
        return [Decimal(str(one["cap_usd"])) if pays else None for one, pays in zip(shown, paid, strict=True)]
    most = [
        Decimal(str(one.get("at_most_usd") or 0)) if pays else Decimal(0) for one, pays in zip(shown, paid, strict=True)
    ]
    if naming.is_each(scene.said) or sum(paid) == 1:
        return [cap if pays else None for pays in paid]
    whole = sum(most, Decimal(0)) or Decimal(1)
    return [
        (cap * part / whole).quantize(SHARE, ROUND_DOWN) if pays else None
        for part, pays in zip(most, paid, strict=True)
    ]


def _run(data: str, model: str, limit: int, cap: Decimal | None, *, confirm: bool) -> Call:
    capped = {} if cap is None else {"max_cost_usd": float(cap)}
    return Call("run_frontier_price", {"dataset": data, "model": model, "limit": limit, **capped, "confirm": confirm})


def _is_model(step: Step, name: str) -> bool:
    return str(step.arguments.get("model", "")) in {name, naming.asked_as(name)}


def _predictor(said: str) -> str | None:
    """The baseline named, longest name first."""
    from pricer.predictors.shelf import SHELF

    text = naming.normal(said)
    names = sorted((entry.name for entry in SHELF), key=len, reverse=True)
    return next((name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)), None)


# --- what was done, what to wait for


def _changed(scene: Scene, waits: Proposal) -> Move | None:
    """New estimates where the user agrees to something else than what was shown: another number of items."""
    limit = naming.items(scene.said)
    if limit is None or limit == waits.runs[0].arguments.get("limit"):
        return None
    estimates = scene.talk.now.every("run_frontier_price")
    if estimates:
        return Say(telling_runs.proposal(estimates, (), scene.japanese))
    caps = _caps(scene, waits.runs) if naming.cap(scene.said) else [None] * len(waits.runs)
    calls = (
        _run(step.arguments["dataset"], step.arguments["model"], limit, cap, confirm=False)
        for step, cap in zip(waits.runs, caps, strict=True)
    )
    return Calls(tuple(calls))


def _done(now: Exchange) -> set[str]:
    """What was tried in this exchange: the models asked, and `baseline`."""
    return {str(step.arguments.get("model")) for step in now.every("run_frontier_price")} | (
        {"baseline"} if now.every("run_baseline") else set()
    )


def _is_alone(scene: Scene) -> bool:
    """Whether the user wants no baseline beside it."""
    return (
        re.search(
            r"(?:without|no|skip)(?: the| a)? baseline|ベースライン(?:なし|抜き|は不要)", naming.normal(scene.said)
        )
        is not None
    )


def _unapproved(now: Exchange) -> Step | None:
    """A run that was not started although it was agreed to: the user was asked again and refused, or something is missing."""
    return next(
        (
            step
            for step in now.every("run_frontier_price")
            if not step.is_error and step.result.get("state") == "estimate"
        ),
        None,
    )


def _until_told(scene: Scene, begun: Sequence[Step], *, wait: bool = True) -> Move:
    """Wait for jobs that run, then compare what they made, then tell."""
    talk = scene.talk
    compared = talk.now.last("compare_runs")
    if compared:
        return Say(telling_runs.verdict(compared, scene.japanese, _failures(talk.now)))
    latest = [recall.state_of(talk, job) or step for step in begun if (job := recall.job_of(step))]
    going = [step for step in latest if step.result.get("state") in recall.GOING]
    if going and wait and talk.now.turns < LAST_WAIT:
        return Calls(tuple(Call("get_job", {"job_id": recall.job_of(step), "wait_s": WAIT_S}) for step in going))
    runs = _runs(scene, begun)
    if going or len(runs) < 2:
        return Say(telling_runs.states([*latest, *_failures(talk.now)], scene.japanese))
    return call("compare_runs", runs=runs)


def _runs(scene: Scene, begun: Sequence[Step]) -> list[str]:
    """The runs that these jobs made, as far as they are told."""
    jobs = [recall.job_of(step) for step in begun]
    made = [run for step in scene.talk.steps if recall.job_of(step) in jobs and (run := recall.run_of(step))]
    return list(dict.fromkeys(made))


def _failures(now: Exchange) -> list[Step]:
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
    named = naming.dataset(scene.said, names)
    data = named if named in names else (names[0] if names else None)
    runs = [str(row[0]) for row in rows if row[1] == data]
    if len(runs) < 2:
        return Say(phrase("no_runs", scene.japanese))
    return call("compare_runs", runs=runs[:MOST_RUNS])
