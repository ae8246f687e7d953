"""Choosing a model: recommend, refine, compare, why not, advise on the approach; and saying what is not known."""

from __future__ import annotations

from typing import Any

from agent.conversation.offline import naming, recall, telling_comparison, telling_models
from agent.conversation.offline.intents import Intent
from agent.conversation.offline.move import Move, Say, call
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.phrases import words as words_of
from agent.conversation.offline.scene import Scene
from agent.conversation.offline.wishes import drops, refined, refusal, said_now, understood
from agent.conversation.offline.wordings import parts, wording

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
    volume = workload(scene)
    return call("compare_models", models=list(names[:8]), workload=volume or None)


def why_not(scene: Scene) -> Move:
    """Why a model is not on the shortlist: the same requirements, asking about it."""
    step = scene.talk.now.last("recommend_models")
    if step:
        return Say(telling_models.explanation(step, scene.japanese))
    names = naming.models(scene.said, bare=True)
    wanted = refined(recall.requirements(scene.talk), scene.said)
    return call("recommend_models", requirements=wanted | {"ask_about": list(names[:5])})


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


def term(scene: Scene) -> Move:
    """What a word means, where it is one of those explained here."""
    text = naming.normal(scene.said)
    name = next((name for name in parts("terms") if wording(name, "terms").search(text)), None)
    return Say(words_of("terms", scene.japanese)[name] if name else phrase("no_term", scene.japanese))


def workload(scene: Scene) -> dict[str, Any]:
    """The volumes said now, else those said before."""
    now = said_now(naming.without_models(scene.said)).get("workload")
    return dict(now) if isinstance(now, dict) else recall.workload(scene.talk)


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
