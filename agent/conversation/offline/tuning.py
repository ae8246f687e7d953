"""Fine-tuning: the plan first, the training once the user agreed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from agent.conversation.offline import amounts, datasets, naming, recall, telling_runs
from agent.conversation.offline.jobs import LAST_WAIT, WAIT_S
from agent.conversation.offline.move import Call, Calls, Move, Say, call
from agent.conversation.offline.phrases import phrase
from agent.conversation.offline.recall import Proposal
from agent.conversation.offline.scene import Scene
from agent.planner.numbers import COUNT, NUMBER, number

HOSTS = ("openai", "together", "fireworks")
_METHODS = (
    ("lora", r"\blora\b|smollm|\bllm\b"),
    ("encoder", r"\bencoder\b|minilm|エンコーダ"),
    *((host, rf"\b(?:at|with|on|via) {host}|{host}(?:で|の)") for host in HOSTS),
)
_BASES = (("minilm", r"minilm"), ("local/smollm2-135m", r"smollm2?"))
_KNOBS: tuple[tuple[str, str, Callable[[str], float]], ...] = (
    ("epochs", rf"(?P<n>{COUNT})\s?(?:epochs?|エポック)", number),
    ("learning_rate", r"(?:learning rate|lr|学習率)\s?(?:of|=|:|は|を)?\s?(?P<n>\d+(?:\.\d+)?(?:e-?\d+)?)", float),
    ("batch_size", r"batch(?:[ -]?sizes?)?\s?(?:of|=|:|is)?\s?(?P<n>\d{1,4})|バッチ(?:サイズ)?(?:は|を|が|:|=)?\s?(?P<m>\d{1,4})", int),
    ("train", rf"(?P<n>{NUMBER})\s?(?:of the )?(?:training )?(?:examples?|items?|rows?|件)", lambda said: int(number(said))),
)  # fmt: skip


def plan(scene: Scene) -> Move:
    """The plan of a training. Nothing is started."""
    step = scene.talk.now.last("start_fine_tune")
    if step:
        return Say(telling_runs.training_plan(step, scene.japanese))
    there = recall.datasets(scene.talk)
    named = datasets.dataset(scene.said, there)
    if named is None:
        if there is None:
            return call("query_dataset", sql=recall.LISTING)
        if len(there) != 1:
            return Say(phrase("which_data" if there else "no_data", scene.japanese, there=", ".join(there)))
        named = there[0]
    return call("start_fine_tune", dataset=named, **_wished(scene.said), confirm=False)


def approved(scene: Scene, waits: Proposal) -> Move:
    """The training the user agreed to, then how far it is."""
    planned = waits.training
    assert planned is not None
    now = scene.talk.now
    started = now.last("start_fine_tune")
    if started is None:
        cap = amounts.cap(scene.said)
        agreed: dict[str, Any] = (
            planned.arguments | {"confirm": True} | ({} if cap is None else {"max_cost_usd": float(cap)})
        )
        return Calls((Call("start_fine_tune", agreed),))
    latest = recall.state_of(scene.talk, recall.job_of(started) or "") or started
    if latest.result.get("state") == "plan":
        return Say(telling_runs.unapproved(latest, scene.japanese))
    if latest.result.get("state") in recall.GOING and now.turns < LAST_WAIT // 2:
        return call("get_job", job_id=recall.job_of(latest), wait_s=WAIT_S)
    return Say(telling_runs.states([latest], scene.japanese))


def _wished(said: str) -> dict[str, Any]:
    """Method, base, knobs and cap, as far as the words name them."""
    text = naming.normal(said)
    wished: dict[str, Any] = {}
    for name, table in (("method", _METHODS), ("base", _BASES)):
        if value := next((value for value, pattern in table if re.search(pattern, text)), None):
            wished[name] = value
    if wished.get("method") in HOSTS and (models := naming.models(said)):
        wished["base"] = models[0].partition("/")[2] if models[0].startswith("openai/") else models[0]
    for name, pattern, kind in _KNOBS:
        if found := re.search(pattern, text):
            wished[name] = kind(next(part for part in found.groups() if part))
    cap = amounts.cap(said)
    return wished | ({} if cap is None else {"max_cost_usd": float(cap)})
