"""Measuring: a bake-off proposed with its price and run once the user agreed, baselines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from agent.conversation.evidence import Step
from agent.conversation.offline import addresses, amounts, datasets, jobs, naming, recall, telling_runs
from agent.conversation.offline.history import Exchange
from agent.conversation.offline.move import Call, Calls, Move, Say, call
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.predictors import predictor
from agent.conversation.offline.recall import Proposal
from agent.conversation.offline.scene import Scene

MODELS, MOST_MODELS, ITEMS = 2, 4, 50
SHARE = Decimal("0.0001")
_KEPT = ("dataset", "model", "limit", "shots", "similar")  # of an estimate, for its run


def propose(scene: Scene) -> Move:
    """The estimates of the models meant on the data set meant, then the proposal. Nothing is asked of a model here."""
    named = _models(scene)
    if not named:
        return Say(phrase("which_to_measure", scene.japanese))
    data = _dataset(scene)
    if not isinstance(data, str):
        return data
    asked = [name for name in map(addresses.asked_as, named) if name]
    if not asked:
        return Say(phrase("nobody_to_ask", scene.japanese, models=", ".join(named)))
    limit = amounts.items(scene.said) or ITEMS
    share = _share(amounts.cap(scene.said), len(asked), amounts.is_each(scene.said))
    wanted = {"dataset": data, "limit": limit, **amounts.in_prompt(scene.said)}
    calls = [_run(wanted | {"model": name}, share, confirm=False) for name in dict.fromkeys(asked)]
    return _estimated(scene, calls, _left_out(scene))


def approved(scene: Scene, waits: Proposal) -> Move:
    """The bake-off the user agreed to: the free baseline if it was proposed, each model under its cap, waiting, the verdict."""
    with_baseline = _has_baseline(scene)
    if len(waits.runs) > 1 and (only := naming.models(scene.said)):
        kept = tuple(step for step in waits.runs if any(_is_model(step, name) for name in only))
        waits = Proposal(runs=kept or waits.runs)
    if changed := _changed(scene, waits):
        return changed
    now = scene.talk.now
    if with_baseline and "baseline" not in _done(now):
        first = waits.runs[0].arguments
        return call("run_baseline", dataset=first["dataset"], limit=first.get("limit"))
    if refused := _unapproved(now):
        return Say(telling_runs.unapproved(refused, scene.japanese))
    for step, share in zip(waits.runs, _caps(scene, waits.runs), strict=True):
        if step.arguments["model"] not in _done(now):
            return Calls((_run(step.arguments, share, confirm=True),))
    return jobs.until_told(scene, recall.started(now))


def baseline(scene: Scene) -> Move:
    """A predictor that needs no key, trained and scored."""
    now = scene.talk.now
    if now.last("run_baseline"):
        return jobs.until_told(scene, recall.started(now))
    data = _dataset(scene)
    if not isinstance(data, str):
        return data
    seed = re.search(r"(?:seed|シード(?:値)?|乱数の種)\s?(?:of |=|:|is |は|を)?\s?(\d{1,6})", naming.normal(scene.said))
    return call(
        "run_baseline", dataset=data, predictor=predictor(scene.said), limit=amounts.items(scene.said),
        seed=int(seed[1]) if seed else None,
    )  # fmt: skip


# --- which data set, which models, what cap


def _dataset(scene: Scene) -> str | Move:
    """The data set meant, once it is known to be loaded; until then the call that looks, or the question."""
    there = recall.datasets(scene.talk)
    if there is None:
        return call("query_dataset", sql=recall.LISTING)
    earlier = [exchange.said for exchange in reversed(scene.talk.before)]
    named = datasets.dataset(scene.said, there)
    if named is None:
        told = (datasets.dataset(said, there) for said in earlier)
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
        meant = tuple(name for name in there if addresses.asked_as(name))[
            : amounts.how_many(_without_items(scene.said), MODELS, MOST_MODELS)
        ]
    return tuple(dict.fromkeys(meant))[:MOST_MODELS]


def _left_out(scene: Scene) -> tuple[str, ...]:
    """The models meant that no provider of the table offers."""
    return tuple(name for name in _models(scene) if addresses.asked_as(name) is None)


def _without_items(said: str) -> str:
    return re.sub(r"\d+\s?(?:test )?(?:items?|examples?|products?|rows?|samples?|records?|件|サンプル)", " ", said)


def _share(cap: Decimal | None, runs: int, each: bool) -> Decimal | None:
    """A run's part of the cap that the user named for all, rounded down."""
    return cap if cap is None or each or runs == 1 else (cap / runs).quantize(SHARE, ROUND_DOWN)


def _caps(scene: Scene, runs: Sequence[Step]) -> list[Decimal | None]:
    """The cap of each run: the user's, shared as the runs may cost at most; without one exactly what was shown."""
    shown = [step.result.get("estimate", {}) for step in runs]
    paid = [recall.is_paid(step) for step in runs]
    cap = amounts.cap(scene.said)
    if cap is None:
        return [Decimal(str(one["cap_usd"])) if pays else None for one, pays in zip(shown, paid, strict=True)]
    most = [
        Decimal(str(one.get("at_most_usd") or 0)) if pays else Decimal(0) for one, pays in zip(shown, paid, strict=True)
    ]
    if amounts.is_each(scene.said) or sum(paid) == 1:
        return [cap if pays else None for pays in paid]
    whole = sum(most, Decimal(0)) or Decimal(1)
    return [
        (cap * part / whole).quantize(SHARE, ROUND_DOWN) if pays else None
        for part, pays in zip(most, paid, strict=True)
    ]


def _run(wanted: Mapping[str, Any], cap: Decimal | None, *, confirm: bool) -> Call:
    """A run as wanted, under that cap alone."""
    kept = {name: wanted[name] for name in _KEPT if wanted.get(name) is not None}
    capped = {} if cap is None else {"max_cost_usd": float(cap)}
    return Call("run_frontier_price", {**kept, **capped, "confirm": confirm})


def _is_model(step: Step, name: str) -> bool:
    return str(step.arguments.get("model", "")) in {name, addresses.asked_as(name)}


# --- what was done, what to wait for


def _changed(scene: Scene, waits: Proposal) -> Move | None:
    """New estimates where the user agrees to something else than what was shown: another number of items."""
    limit = amounts.items(scene.said)
    if limit is None or limit == waits.runs[0].arguments.get("limit"):
        return None
    caps = _caps(scene, waits.runs) if amounts.cap(scene.said) else [None] * len(waits.runs)
    pairs = zip(waits.runs, caps, strict=True)
    calls = [_run(step.arguments | {"limit": limit}, cap, confirm=False) for step, cap in pairs]
    return _estimated(scene, calls, ())


def _estimated(scene: Scene, calls: Sequence[Call], left_out: Sequence[str]) -> Move:
    """The next estimate, one at a time so that each has its number; the proposal once all are told."""
    told = scene.talk.now.every("run_frontier_price")
    if len(told) < len(calls):
        return Calls((calls[len(told)],))
    return Say(telling_runs.proposal(told, left_out, scene.japanese))


def _done(now: Exchange) -> set[str]:
    """What was tried in this exchange: the models asked, and `baseline`."""
    return {str(step.arguments.get("model")) for step in now.every("run_frontier_price")} | (
        {"baseline"} if now.every("run_baseline") else set()
    )


def _has_baseline(scene: Scene) -> bool:
    """Whether a baseline runs beside the models: where the proposal that was agreed to or the user spoke of one, and they do not refuse it."""
    now, before = naming.normal(scene.said), scene.talk.before[-1]
    if re.search(r"(?:without|no|skip)(?: the| a)? baseline|ベースライン(?:なし|抜き|は不要)", now):
        return False
    words = f"{before.answer or ''} {before.said} {now}".lower()
    return re.search(r"baseline|bake-?off|ベースライン|ベイクオフ", words) is not None


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
