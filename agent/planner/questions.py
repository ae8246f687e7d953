"""What is worth asking back: at most two questions, each only when its answer would change the shortlist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from agent.planner.plan import Plan
from catalog.cost import priced_volume
from catalog.models import Catalog
from catalog.requirements import Requirements
from catalog.shortlist import Shortlist, shortlist

MOST = 2
SENSITIVE = ("legal", "medicine", "business")


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the user, in the language of theirs, and the words to add to the question if the answer is yes."""

    text: str
    if_yes: str | None


def questions(plan: Plan, found: Shortlist, catalog: Catalog, today: dt.date) -> tuple[Question, ...]:
    """The questions that matter for `found`, most decisive first."""
    asked: list[Question] = []
    for applies, changed, english, japanese, if_yes in _candidates(plan):
        if len(asked) == MOST:
            break
        if applies and (changed is None or _changes(found, changed, catalog, today)):
            asked.append(Question(japanese if plan.japanese else english, if_yes))
    return tuple(asked)


def _candidates(
    plan: Plan,
) -> tuple[tuple[bool, Callable[[Requirements], Requirements] | None, str, str, str | None], ...]:
    """Whether the question applies, what a yes would change (None: it decides whether money counts at all), the words."""
    r = plan.requirements
    foreign = any("say it in US dollars" in said for said in plan.ignored)
    return (
        (foreign and r.max_monthly_usd is None, None, "What is the budget a month, in US dollars?", "月の予算は米ドルでいくらですか。", None),
        (_half_known(r) and not r.own_hardware, None,
         "How many requests a month, and how many tokens in and out each? Without all three no monthly cost can be worked out.",
         "月に何リクエスト、1件あたり入力と出力は何トークンですか。三つともわからないと月額を計算できません。", None),
        (r.own_hardware is None and r.board in SENSITIVE and not r.providers_allow and not r.regions_allow,
         lambda old: old.model_copy(update={"own_hardware": True, "max_monthly_usd": None}),
         "Must the data stay inside your network?", "データを社外に出せませんか。", "on-premise"),
        (r.commercial_use is None, lambda old: old.model_copy(update={"commercial_use": True}),
         "Is it for commercial use?", "商用利用ですか。", "commercial use"),
    )  # fmt: skip


def _half_known(r: Requirements) -> bool:
    """Whether money or volume was spoken of, but not enough to work out a bill."""
    w = r.workload
    said = (r.max_monthly_usd, w.requests_per_month, w.input_tokens, w.output_tokens)
    return any(part is not None for part in said) and not priced_volume(w)


def _changes(
    found: Shortlist, change: Callable[[Requirements], Requirements], catalog: Catalog, today: dt.date
) -> bool:
    other = shortlist(catalog, change(found.requirements), today)
    return [c.model.id for c in other.top] != [c.model.id for c in found.top]
