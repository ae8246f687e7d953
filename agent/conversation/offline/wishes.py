"""Requirements through a conversation: those said now, over those said before, less those taken back."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from agent.conversation.offline import naming
from catalog.errors import BadInput
from server.tools import today

if TYPE_CHECKING:
    from agent.planner import Plan

# What a taken-back wish is called, and the fields that go with it.
_TAKEN_BACK = (
    (("max_monthly_usd", "max_input_usd_per_mtok", "max_output_usd_per_mtok"), r"budget|price (?:limit|cap)|cost limit|予算"),
    (("open_weights",), r"open(?:[- ](?:weights?|source))?|オープン"),
    (("licenses_allow", "commercial_use"), r"licen[sc]es?(?: constraint)?|ライセンス"),
    (("commercial_use",), r"commercial(?: use)?|商用"),
    (("min_context_tokens",), r"context(?: (?:size|limit|window))?|コンテキスト"),
    (("tool_calling",), r"tools?(?: calling)?|function calling|ツール"),
    (("structured_output",), r"json|structured(?: output)?|構造化"),
    (("modalities_in",), r"vision|images?|audio|画像|音声"),
    (("regions_allow", "regions_deny"), r"regions?|hosting|eu\b|リージョン|国内"),
    (("providers_allow", "providers_deny"), r"providers?|プロバイダー?"),
    (("makers_allow", "makers_deny", "maker_countries_deny"), r"makers?|vendors?|countr(?:y|ies)|メーカー"),
    (("own_hardware", "memory_gb"), r"on-?prem\w*|own hardware|オンプレ"),
)  # fmt: skip
_BACK = r"(?:drop|forget|remove|lift|relax|ignore|scrap|without (?:the|a|any)|no longer|no need for|don'?t need|doesn'?t (?:need|have to)|any|no)"
_BACK_JA = (
    r"(?:は|を|の条件は?|の制限は?|の指定は?)?[^。、]{0,5}(?:なし|不要|外して|なくて|やめ|忘れ|いらない|問わない|撤廃)"
)


def understood(said: str) -> Plan | None:
    """The plan of the words, None where they ask for what cannot be (`refusal` says what)."""
    plan = _planned(said, today().isoformat())
    return None if isinstance(plan, str) else plan


def refusal(said: str) -> str | None:
    """Why the words cannot be planned for, None where they can."""
    plan = _planned(said, today().isoformat())
    return plan if isinstance(plan, str) else None


def drops(said: str) -> tuple[str, ...]:
    """The fields that the words take back."""
    text = naming.normal(said)
    return tuple(
        field for fields, noun in _TAKEN_BACK for field in fields
        if re.search(rf"\b{_BACK}\b\s(?:the |a |any |that |my |our )?(?:{noun})\b(?! (?:only|under|of))|(?:{noun}){_BACK_JA}", text)
        or re.search(rf"\b(?:{noun}) (?:is|are)(?: not|n't) (?:needed|required|necessary|important)", text)
    )  # fmt: skip


def said_now(said: str) -> dict[str, Any]:
    """The requirements of these words alone, as a tool takes them."""
    plan = understood(said)
    return {} if plan is None else plan.requirements.model_dump(mode="json", exclude_defaults=True)


def weight(said: str) -> int:
    """How many requirements and emphases the words hold; 0 where they cannot be planned for."""
    plan = understood(said)
    if plan is None:
        return 0
    held = plan.requirements.model_dump(exclude_defaults=True, exclude={"ask_about", "wishes"})
    return len(held) + len(plan.emphasis)


def has_wish(said: str, beside: frozenset[str] = frozenset()) -> bool:
    """Whether the words hold a requirement that only the choice of a model can have, `beside` those that are none."""
    plan = understood(naming.without_models(said))
    weak = {"ask_about", "board", "wishes", "modalities_in", "modalities_out", "makers_allow", "fine_tunable", *beside}
    return plan is not None and bool(plan.requirements.model_dump(exclude_defaults=True, exclude=weak))


def refined(before: dict[str, Any], said: str) -> dict[str, Any]:
    """`before` with what the words say laid over it and what they take back left out."""
    kept = {name: value for name, value in before.items() if name != "ask_about"}
    back = set(drops(said))
    new = {name: value for name, value in said_now(said).items() if name not in back or value is False}
    for name in back - set(new):
        kept.pop(name, None)
    return kept | {name: _laid_over(name, kept.get(name), value) for name, value in new.items()}


def _laid_over(name: str, old: Any, new: Any) -> Any:
    """Refusals and abilities add up, parts of the workload and of the wishes stand beside each other, all else is replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | new
    if isinstance(old, list) and isinstance(new, list) and (name.endswith("_deny") or name.startswith("modalities")):
        return list(dict.fromkeys([*old, *new]))
    return new


@lru_cache(maxsize=64)
def _planned(said: str, day: str) -> Plan | str:
    import datetime as dt

    from agent.planner import understand

    try:
        return understand(said, dt.date.fromisoformat(day))
    except BadInput as error:
        return str(error)
