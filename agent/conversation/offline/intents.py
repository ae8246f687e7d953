"""What the user wants: a table of wordings, tried in order, and what the exchange before makes of a short reply."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum, auto

from agent.conversation.offline import amounts, checks, naming
from agent.conversation.offline.history import Exchange, Talk
from agent.conversation.offline.quoting import is_order, outside
from agent.conversation.offline.recall import listed_models, proposal
from agent.conversation.offline.wishes import drops, has_wish, weight
from agent.conversation.offline.wordings import ways, wording


class Intent(StrEnum):
    """What can be wanted."""

    ORDER = auto()  # words for a program, not a wish
    GREETING = auto()
    THANKS = auto()
    HELP = auto()
    TERM = auto()  # a word to be explained
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
    """The intent of the words outside quotes. An order within them lets nothing count but the search for the product it stands in."""
    text = naming.normal(outside(said))
    found = _manner(text, talk) or _matter(said, text, talk) or _about_models(said, text, talk)
    return Intent.ORDER if is_order(said) and found is not Intent.SEARCH else found


def _manner(text: str, talk: Talk) -> Intent | None:
    """What is decided by the form of the words: orders, greetings, a yes or no, tasks for an LLM, a statement in SQL."""
    if wording("order").search(text):
        return Intent.ORDER
    if whole := next((intent for intent in _WHOLE if wording(intent).fullmatch(text)), None):
        return whole
    if answer := _answer(text, talk):
        return answer
    is_ours = wording("subject").search(text) or wording("tune_plan").search(text)
    if wording("tasks").search(text) and not is_ours:
        return Intent.UNKNOWN
    return Intent.QUERY if _STATEMENT.match(text) else None


def _matter(said: str, text: str, talk: Talk) -> Intent | None:
    """What the table of wordings knows."""
    if special := _named_matter(said, text):
        return special
    for intent in _IN_ORDER:
        if wording(intent).search(text) and checks.CHECKS.get(intent, _always)(said, talk):
            return intent
    if wording("beyond").search(text) and not has_wish(said):
        return Intent.BEYOND
    is_data = wording("model_count").search(text) or (checks.asks_data(text) and not wording("subject").search(text))
    return Intent.QUERY if is_data else None


def _named_matter(said: str, text: str) -> Intent | None:
    """What is known by what is named together: two runs, a predictor or a model with a data set, a word to explain."""
    if checks.asks_term(said, text):
        return Intent.TERM
    if checks.weighs_runs(said):
        return Intent.COMPARE_RUNS
    if any(wording(first).search(text) for first in (Intent.CANCEL, Intent.STATUS, Intent.ADVISE)):
        return None
    if checks.plans_training(said):
        return Intent.TUNE
    if checks.prices_run(said):
        return Intent.MEASURE
    return Intent.BASELINE if checks.runs_predictor(said) else None


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
    if named and wording("about_one").search(text) and not has_wish(said, beside=_ABILITIES):
        return Intent.FACTS
    if named and has_wish(said):
        return Intent.REFINE if there and wording("refines").search(text) else Intent.RECOMMEND
    if named:
        return Intent.FACTS
    pointed = naming.listed(said, there)
    if there and pointed and not has_wish(said) and (naming.points(said) or wording("facts").search(text)):
        return Intent.FACTS if len(pointed) == 1 else Intent.COMPARE
    return _wanted(said, text, bool(there))


def _wanted(said: str, text: str, was_listed: bool) -> Intent:
    """Whether a choice is wanted anew, or the last one changed."""
    found, strong = weight(said), has_wish(said)
    if (
        was_listed
        and (found or drops(said))
        and (wording("refines").search(text) or not wording("choosing").search(text))
    ):
        return Intent.REFINE
    is_choice = wording("choosing").search(text) is not None
    if (
        strong
        or (is_choice and (wording("subject").search(text) or found > 1))
        or (wording("subject").search(text) and found)
    ):
        return Intent.RECOMMEND
    return Intent.UNKNOWN


def _always(said: str, talk: Talk) -> bool:  # noqa: ARG001
    return True
