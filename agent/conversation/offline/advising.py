"""Advice on the approach: the task read from the user's words, its prices said or looked up."""

from __future__ import annotations

from typing import Any

from agent.conversation.offline import datasets, naming, recall, telling
from agent.conversation.offline.move import Move, Say, call
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.scene import Scene
from agent.conversation.offline.wishes import refined, said_now
from agent.conversation.offline.wordings import wording
from agent.planner.numbers import number
from agent.planner.workload import PER_MONTH

NEEDED = ("requests_per_month", "input_tokens", "output_tokens")
_CHANGES = {"daily": 30, "weekly": 4, "monthly": 1}  # times a month


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


def _task(scene: Scene) -> dict[str, Any]:
    """The fields of a task that are known: volumes, prices, examples, what the answer is."""
    changes, text = _changes(naming.normal(scene.said))
    now = said_now(naming.without_models(text)).get("workload")
    volumes = now if isinstance(now, dict) else recall.workload(scene.talk)
    task = {name: value for name, value in volumes.items() if name in NEEDED}
    if found := wording("examples", "task").search(text):
        task["labelled_examples"] = int(number(found["n"] or found["ja"]))
    flags = {
        "answer_is_number_or_label": bool(wording("label", "task").search(text)),
        "needs_citations": bool(wording("cites", "task").search(text)),
        "knowledge_changes_per_month": changes,
    }
    return task | {name: value for name, value in flags.items() if value} | _prices(scene)


def _changes(text: str) -> tuple[int, str]:
    """How often a month the knowledge changes, 0 where that is not said; and the words without it, since `15 times a month` is no volume."""
    found = wording("changes", "task").search(text)
    if found is None:
        return next((times for name, times in _CHANGES.items() if wording(name, "task").search(text)), 0), text
    said = {name.rstrip("_abc"): value for name, value in found.groupdict().items() if value}
    times = {"once": 1.0, "twice": 2.0}.get(said["n"]) or number(said["n"])
    return round(times * PER_MONTH[said["period"]]), text[: found.start()] + " " + text[found.end() :]


def _prices(scene: Scene) -> dict[str, str]:
    """Prices per million tokens: those the user named, else those of the step that looked them up."""
    if found := wording("prices", "task").search(naming.normal(scene.said)):
        return {"input_usd_per_mtok": found["input"], "output_usd_per_mtok": found["output"]}
    said = said_now(scene.said)
    if "max_input_usd_per_mtok" in said and "max_output_usd_per_mtok" in said:
        return {f"{way}_usd_per_mtok": str(said[f"max_{way}_usd_per_mtok"]) for way in ("input", "output")}
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
