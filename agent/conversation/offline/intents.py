"""What the user wants: a table of wordings, tried in order, and what the exchange before makes of a short reply."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum, auto

from agent.conversation.offline import amounts, datasets, naming
from agent.conversation.offline.history import Exchange, Talk
from agent.conversation.offline.recall import listed_models, proposal
from agent.conversation.offline.wordings import ways, wording


class Intent(StrEnum):
    """What can be wanted."""

    ORDER = auto()  # words for a program, not a wish
    GREETING = auto()
    THANKS = auto()
    HELP = auto()
    YES = auto()
    NO = auto()
    CANCEL = auto()
    STATUS = auto()
    TUNE = auto()
    COMPARE_RUNS = auto()
    MEASURE = auto()
    BASELINE = auto()
    SEARCH = auto()
    ADVISE = auto()
    SELLERS = auto()
    SPEED = auto()
    BEYOND = auto()
    QUERY = auto()
    WHY_NOT = auto()
    COMPARE = auto()
    FACTS = auto()
    RECOMMEND = auto()
    REFINE = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Meaning:
    """The intent, and the words it is to be read from: the user's last, with those before where these were cut short."""

    intent: Intent
    said: str


_YES = re.compile(rf"^(?:{'|'.join(ways('yes'))})(?![a-z])")
_NO = re.compile(rf"^(?:{'|'.join(ways('no'))})(?![a-z])")
_STATEMENT = re.compile(r"\s?(?:select|with)\s.+\sfrom\s", re.DOTALL)
_WHOLE = (Intent.GREETING, Intent.THANKS, Intent.HELP)
# Where two would fit, the first counts.
_IN_ORDER = (
    Intent.CANCEL, Intent.STATUS, Intent.ADVISE, Intent.TUNE, Intent.COMPARE_RUNS, Intent.BASELINE, Intent.MEASURE, Intent.SEARCH,
    Intent.SELLERS, Intent.SPEED, Intent.WHY_NOT, Intent.COMPARE,
)  # fmt: skip
# What may be asked of one model as well as required of any.
_ABILITIES = frozenset({
    "open_weights", "commercial_use", "licenses_allow", "derivatives", "tool_calling", "structured_output", "reasoning", "min_context_tokens",
    "min_output_tokens", "modalities_out", "workload",
})  # fmt: skip
_GOALS = {
    Intent.MEASURE: "run_frontier_price", Intent.BASELINE: "run_baseline", Intent.TUNE: "start_fine_tune", Intent.ADVISE: "advise_approach",
    Intent.SEARCH: "search_products", Intent.COMPARE: "compare_models", Intent.FACTS: "compare_models",
}  # fmt: skip
_CONTINUES = frozenset({Intent.UNKNOWN, Intent.RECOMMEND, Intent.REFINE, Intent.FACTS, Intent.QUERY})


def meaning(talk: Talk) -> Meaning:
    """What the user's last words mean after all that was said before, whatever tools have told since."""
    found = Meaning(Intent.UNKNOWN, "")
    for place, exchange in enumerate((*talk.before, talk.now)):
        so_far = Talk(talk.before[:place], Exchange(exchange.said, (), 0, None), talk.calls)
        found = _meaning(exchange, so_far, found)
    return found


def _meaning(exchange: Exchange, talk: Talk, before: Meaning) -> Meaning:
    own = _intent(exchange.said, talk)
    unfinished = bool(talk.before) and before.intent in _GOALS and talk.before[-1].last(_GOALS[before.intent]) is None
    if unfinished and own in _CONTINUES and not wording("choosing").search(naming.normal(exchange.said)):
        return Meaning(before.intent, f"{before.said}\n{exchange.said}")
    return Meaning(own, exchange.said)


def _intent(said: str, talk: Talk) -> Intent:
    text = naming.normal(said)
    return _manner(text, talk) or _matter(said, text, talk) or _about_models(said, text, talk)


def _manner(text: str, talk: Talk) -> Intent | None:
    """What is decided by the form of the words: orders, greetings, a yes or no, tasks for an LLM, a statement in SQL."""
    if wording("order").search(text):
        return Intent.ORDER
    if whole := next((intent for intent in _WHOLE if wording(intent).fullmatch(text)), None):
        return whole
    if answer := _answer(text, talk):
        return answer
    if wording("tasks").search(text) and not wording("subject").search(text):
        return Intent.UNKNOWN
    return Intent.QUERY if _STATEMENT.match(text) else None


def _matter(said: str, text: str, talk: Talk) -> Intent | None:
    """What the table of wordings knows."""
    for intent in _IN_ORDER:
        if wording(intent).search(text) and _CHECKS.get(intent, _always)(said, talk):
            return intent
    if wording("beyond").search(text) and not _has_wish(said):
        return Intent.BEYOND
    is_data = wording("model_count").search(text) or (_asks_data(text) and not wording("subject").search(text))
    return Intent.QUERY if is_data else None


def _answer(text: str, talk: Talk) -> Intent | None:
    """A yes or a no, where something was proposed or asked, or where it stands alone."""
    for intent, pattern in ((Intent.YES, _YES), (Intent.NO, _NO)):
        found = pattern.match(text)
        if found and re.match(r"(?:cancel|stop|キャンセル|中止)", text) and not proposal(talk):
            return None
        if found and intent is Intent.YES and proposal(talk):
            return intent if _is_plain(text[found.end() :]) else None
        if found and (proposal(talk) or _asked(talk) or len(text) - found.end() < 12):
            return None if intent is Intent.NO and re.match(r"(?:no|いや) \w+", text) and not proposal(talk) else intent
    return None


def _is_plain(rest: str) -> bool:
    """Whether nothing stands behind a yes but a cap, a number of items, names of models and courtesy: any doubt is no yes."""
    left = amounts.without_amounts(naming.without_models(rest)) if rest.strip() else ""
    harmless = "|".join((*ways("yes"), *ways("plain_yes")))
    is_harmless = re.fullmatch(rf"(?:[\s,.!。、]|(?:{harmless})(?![a-z]))*", left) is not None
    return is_harmless and not re.search(r"[?？]", rest)


def _asked(talk: Talk) -> bool:
    answer = talk.before[-1].answer if talk.before else None
    return answer is not None and answer.rstrip().endswith(("?", "？", "か。"))


def _about_models(said: str, text: str, talk: Talk) -> Intent:
    """Questions about models, those that name one first."""
    there = listed_models(talk)
    named = naming.models(said)
    if named and wording("about_one").search(text) and not _has_wish(said, beside=_ABILITIES):
        return Intent.FACTS
    if named and _has_wish(said):
        return Intent.REFINE if there and wording("refines").search(text) else Intent.RECOMMEND
    if named:
        return Intent.FACTS
    pointed = naming.listed(said, there)
    if there and pointed and not _has_wish(said) and (naming.points(said) or wording("facts").search(text)):
        return Intent.FACTS if len(pointed) == 1 else Intent.COMPARE
    return _wanted(said, text, bool(there))


def _wanted(said: str, text: str, was_listed: bool) -> Intent:
    """Whether a choice is wanted anew, or the last one changed."""
    from agent.conversation.offline.wishes import drops

    weight, strong = _weight(said), _has_wish(said)
    if (
        was_listed
        and (weight or drops(said))
        and (wording("refines").search(text) or not wording("choosing").search(text))
    ):
        return Intent.REFINE
    is_choice = wording("choosing").search(text) is not None
    if (
        strong
        or (is_choice and (wording("subject").search(text) or weight > 1))
        or (wording("subject").search(text) and weight)
    ):
        return Intent.RECOMMEND
    return Intent.UNKNOWN


def _weight(said: str) -> int:
    from agent.conversation.offline.wishes import understood

    plan = understood(said)
    if plan is None:
        return 0
    return len(plan.requirements.model_dump(exclude_defaults=True, exclude={"ask_about", "wishes"})) + len(
        plan.emphasis
    )


def _has_wish(said: str, beside: frozenset[str] = frozenset()) -> bool:
    """Whether the words hold a requirement that only the choice of a model can have, `beside` those that are none."""
    from agent.conversation.offline.wishes import understood

    plan = understood(naming.without_models(said))
    weak = {"ask_about", "board", "wishes", "modalities_in", "modalities_out", "makers_allow", "fine_tunable", *beside}
    return plan is not None and bool(plan.requirements.model_dump(exclude_defaults=True, exclude=weak))


def _names_some(said: str, talk: Talk) -> bool:
    return bool(naming.models(said, bare=True) or naming.listed(said, listed_models(talk)))


def _measures(said: str, talk: Talk) -> bool:
    """Measuring wants a data set or models: `run on our own GPUs` is a requirement, `try it with vision` too."""
    text = naming.normal(said)
    if re.search(r"bake-?off|ベイクオフ", text):
        return True
    named = datasets.dataset(said, None) is not None
    return (_names_some(said, talk) or naming.points(said) or re.search(r"data ?set|データ", text) is not None) and (
        named or not _has_wish(amounts.without_amounts(said))
    )


def _asks_data(text: str) -> bool:
    """Whether something is to be counted, listed or averaged that a data set holds."""
    figure, thing = "|".join(ways("counted")), "|".join(ways("counted_things"))
    either = rf"\bsql\b|(?:{figure})[^.?]{{0,50}}(?:{thing})|(?:{thing})[^.?。]{{0,30}}(?:{figure})"
    return (
        re.search(
            rf"{either}|(?:what|which|about (?:the|my|our)) data\b|dropped|データ(?:セット)?(?:は|には)(?:何|どんな)",
            text,
        )
        is not None
    )


def _is_named(said: str, talk: Talk) -> bool:
    return bool(naming.models(said) or naming.listed(said, listed_models(talk)))


def _always(said: str, talk: Talk) -> bool:  # noqa: ARG001
    return True


def _asks_why(said: str, talk: Talk) -> bool:  # noqa: ARG001
    return bool(naming.models(said, bare=True))


def _is_product(said: str, talk: Talk) -> bool:  # noqa: ARG001
    return not wording("subject").search(naming.normal(said))


def _runs_baseline(said: str, talk: Talk) -> bool:  # noqa: ARG001
    return not re.search(r"what is (?:a )?baseline", naming.normal(said))


_CHECKS = {
    Intent.MEASURE: _measures, Intent.SELLERS: _is_named, Intent.SPEED: _is_named, Intent.WHY_NOT: _asks_why, Intent.COMPARE: _names_some,
    Intent.BASELINE: _runs_baseline, Intent.SEARCH: _is_product,
}  # fmt: skip
