"""Choosing a model: recommend, refine, compare, why not, advise on the approach; and saying what is not known."""

from __future__ import annotations

from typing import Any

from agent.conversation.offline import datasets, naming, recall, telling, telling_comparison, telling_models
from agent.conversation.offline.intents import Intent
from agent.conversation.offline.move import Move, Say, call
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.scene import Scene
from agent.conversation.offline.wishes import drops, refined, refusal, said_now, understood
from agent.conversation.offline.wordings import wording

NEEDED = ("requests_per_month", "input_tokens", "output_tokens")
_CHANGES = {"daily": 30, "weekly": 4, "monthly": 1}  # times a month
_IF_YES = (
    ("commercial use", ("Is it for commercial use?", "商用利用ですか。")),
    ("on-premise", ("Must the data stay inside your network?", "データを社外に出せませんか。")),
)


def recommend(scene: Scene) -> Move:
    """The shortlist for what was said now, over what was said before where this refines it."""
    if problem := refusal(scene.said):
        return Say(phrase("cannot", scene.japanese, why=problem))
    step = scene.talk.now.last("recommend_models")
    if step:
        return Say(
            telling_models.recommendation(step, None if drops(scene.said) else understood(scene.said), scene.japanese)
        )
    before = recall.requirements(scene.talk) if scene.intent is Intent.REFINE else {}
    return call("recommend_models", requirements=refined(before, scene.said))


def agreed(scene: Scene) -> Move:
    """A yes where nothing awaits approval: to a question at the end of the last answer, or to nothing."""
    answer = (scene.talk.before[-1].answer or "") if scene.talk.before else ""
    step = scene.talk.now.last("recommend_models")
    if step:
        return Say(telling_models.recommendation(step, None, scene.japanese))
    for words, asked in _IF_YES:
        if any(question in answer for question in asked):
            return call("recommend_models", requirements=refined(recall.requirements(scene.talk), words))
    return Say(phrase("nothing_waits", scene.japanese))


def compare(scene: Scene) -> Move:
    """The models named, or those that the words point to, side by side; one alone is told in full."""
    step = scene.talk.now.last("compare_models")
    if step:
        return Say(telling_comparison.comparison(step, scene.said, scene.japanese))
    names = _models(scene)
    if not names:
        return Say(phrase("which_models", scene.japanese))
    volume = _workload(scene)
    return call("compare_models", models=list(names[:8]), workload=volume or None)


def why_not(scene: Scene) -> Move:
    """Why a model is not on the shortlist: the same requirements, asking about it."""
    step = scene.talk.now.last("recommend_models")
    if step:
        return Say(telling_models.explanation(step, scene.japanese))
    names = naming.models(scene.said, bare=True)
    wanted = refined(recall.requirements(scene.talk), scene.said)
    return call("recommend_models", requirements=wanted | {"ask_about": list(names[:5])})


def advise(scene: Scene) -> Move:
    """The approach. It needs volumes and prices: those said, else those of the model named or found for what was said."""
    advice = scene.talk.now.last("advise_approach")
    if advice:
        return Say(telling.advice(advice, _priced_by(scene), scene.japanese))
    task = _task(scene)
    if missing := [name for name in NEEDED if name not in task]:
        return Say(phrase("advice_needs", scene.japanese, missing=_spelled(missing, scene.japanese)))
    if "input_usd_per_mtok" in task:
        return call("advise_approach", task=task, dataset=_measured_on(scene))
    names = naming.models(scene.said) or (naming.listed(scene.said, recall.listed_models(scene.talk)))
    if names:
        return _once(scene, "compare_models", models=list(names[:1]))
    wanted = refined(recall.requirements(scene.talk), scene.said)
    return _once(
        scene,
        "recommend_models",
        requirements={name: value for name, value in wanted.items() if name != "fine_tunable"},
    )


def beyond(scene: Scene) -> Move:
    """What the catalogue has no facts on."""
    plan = understood(scene.said)
    ignored = (
        ()
        if plan is None
        else tuple(
            line
            for line in plan.ignored
            if ": no " in line or "catalogue" in line or "no board" in line or "recorded" in line
        )
    )
    return Say(phrase("beyond", scene.japanese, what="; ".join(ignored) or phrase("beyond_these", scene.japanese)))


def unknown(scene: Scene) -> Move:
    """What is not about choosing, measuring or one's data."""
    problem = refusal(scene.said) if scene.said.strip() else None
    return Say(phrase("cannot", scene.japanese, why=problem) if problem else phrase("unknown", scene.japanese))


def _models(scene: Scene) -> tuple[str, ...]:
    there = recall.listed_models(scene.talk)
    named = naming.models(scene.said, bare=scene.intent is Intent.COMPARE)
    pointed = naming.listed(scene.said, there)
    both = tuple(dict.fromkeys((*pointed, *named))) if naming.points(scene.said) or not named else named
    if (
        scene.intent is Intent.COMPARE
        and len(both) == 1
        and (last := recall.last_model(scene.talk))
        and last not in both
    ):
        return (last, *both)
    return both


def _workload(scene: Scene) -> dict[str, Any]:
    """The volumes said now, else those said before."""
    now = said_now(naming.without_models(scene.said)).get("workload")
    return dict(now) if isinstance(now, dict) else recall.workload(scene.talk)


def _task(scene: Scene) -> dict[str, Any]:
    """The fields of a task that are known: volumes, prices, examples, what the answer is."""
    text = naming.normal(scene.said)
    task = {name: value for name, value in _workload(scene).items() if name in NEEDED}
    if found := wording("examples", "task").search(text):
        from agent.planner.numbers import number

        task["labelled_examples"] = int(number(found["n"] or found["ja"]))
    changes = next((times for name, times in _CHANGES.items() if wording(name, "task").search(text)), 0)
    flags = {
        "answer_is_number_or_label": bool(wording("label", "task").search(text)),
        "needs_citations": bool(wording("cites", "task").search(text)),
        "knowledge_changes_per_month": changes,
    }
    return task | {name: value for name, value in flags.items() if value} | _prices(scene)


def _prices(scene: Scene) -> dict[str, str]:
    """Prices per million tokens: those the user named, else those of the step that looked them up."""
    said = said_now(scene.said)
    if "max_input_usd_per_mtok" in said and "max_output_usd_per_mtok" in said:
        return {f"{way}_usd_per_mtok": str(said[f"max_{way}_usd_per_mtok"]) for way in ("input", "output")}
    if found := wording("prices", "task").search(naming.normal(scene.said)):
        return {"input_usd_per_mtok": found["input"], "output_usd_per_mtok": found["output"]}
    row = _priced_row(scene)
    facts = row.get("facts", {})
    if facts.get("input_usd_per_mtok") is None or facts.get("output_usd_per_mtok") is None:
        return {}
    return {name: str(facts[name]) for name in ("input_usd_per_mtok", "output_usd_per_mtok")}


def _priced_row(scene: Scene) -> dict[str, Any]:
    for tool, part in (("compare_models", "rows"), ("recommend_models", "shortlist")):
        step = scene.talk.now.last(tool)
        if step and step.result.get(part):
            row: dict[str, Any] = step.result[part][0]
            return row
    return {}


def _priced_by(scene: Scene) -> tuple[str, int] | None:
    """The model whose prices the advice rests on, and the step that told them."""
    row = _priced_row(scene)
    step = scene.talk.now.last("compare_models") or scene.talk.now.last("recommend_models")
    return (str(row["model"]), step.number) if row and step else None


def _measured_on(scene: Scene) -> str | None:
    """A data set of the user's that the advice may rest on, where its name is known to be one."""
    there = recall.datasets(scene.talk)
    return datasets.dataset(scene.said, there) if there and datasets.dataset(scene.said, there) in there else None


def _once(scene: Scene, tool: str, **arguments: Any) -> Move:
    """The call, or that no price was found where it was made already."""
    if scene.talk.now.last(tool):
        return Say(phrase("no_price", scene.japanese))
    return call(tool, **arguments)


def _spelled(missing: list[str], japanese: bool) -> str:
    return ("、" if japanese else ", ").join(phrase(name, japanese) for name in missing)
