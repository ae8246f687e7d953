"""What must hold beside a wording before it counts: a model named, a data set, a product, runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from agent.conversation.offline import amounts, datasets, naming
from agent.conversation.offline.history import Talk
from agent.conversation.offline.predictors import predictor
from agent.conversation.offline.quoting import outside
from agent.conversation.offline.recall import listed_models
from agent.conversation.offline.wishes import has_wish, said_now
from agent.conversation.offline.wordings import ways, wording

_HOSTS = frozenset({"providers_allow"})
Check = Callable[[str, Talk], bool]


def weighs_runs(said: str) -> bool:
    """Whether two runs or more are named to be told apart, and not to be waited for or stopped."""
    text = naming.normal(said)
    if len(amounts.jobs(said)) < 2:
        return False
    return wording("apart").search(text) is not None or not any(
        wording(name).search(text) for name in ("cancel", "status")
    )


def prices_run(said: str) -> bool:
    """Whether it is asked what a model would cost on a number of items of a data set."""
    is_named = bool(naming.models(said)) and datasets.dataset(said, None) is not None
    if not is_named or amounts.items(said) is None or "workload" in said_now(naming.without_models(said)):
        return False
    return wording("priced_run").search(naming.normal(said)) is not None


def runs_predictor(said: str) -> bool:
    """Whether a predictor without an LLM is to be trained or scored, named by its own name."""
    text = naming.normal(outside(said))
    if predictor(said) is None or naming.models(said) or wording("tunes").search(text):
        return False
    return re.search(r"\b(?:train|score|fit|evaluate|measure)\b|(?:測|学習|訓練|評価|実行|試)", text) is not None and (
        datasets.dataset(said, None) is not None
    )


def plans_training(said: str) -> bool:
    """Whether the plan or cost of a training on a data set is asked for."""
    return wording("tune_plan").search(naming.normal(said)) is not None and datasets.dataset(said, None) is not None


def asks_data(text: str) -> bool:
    """Whether something is to be counted, listed or averaged that a data set holds."""
    figure, thing = "|".join(ways("counted")), "|".join(ways("counted_things"))
    either = rf"\bsql\b|(?:{figure})[^.?]{{0,50}}(?:{thing})|(?:{thing})[^.?。]{{0,30}}(?:{figure})"
    others = r"(?:what|which|about (?:the|my|our)) data\b|データ(?:セット)?(?:は|には)(?:何|どんな)"
    return re.search(rf"{either}|{others}|{'|'.join(ways('dropped', 'data'))}", text) is not None


def asks_term(said: str, text: str) -> bool:
    """Whether a word is to be explained, and not a model, a run or data."""
    return wording("term").search(text) is not None and not naming.models(said) and not amounts.jobs(said)


def _names_some(said: str, talk: Talk) -> bool:
    return bool(naming.models(said, bare=True) or naming.listed(said, listed_models(talk)))


def _measures(said: str, talk: Talk) -> bool:
    """Measuring wants a data set or models: `run on our own GPUs` is a requirement, `try it with vision` too."""
    text = naming.normal(said)
    if re.search(r"bake-?off|ベイクオフ", text):
        return True
    named = datasets.dataset(said, None) is not None
    return (_names_some(said, talk) or naming.points(said) or re.search(r"data ?set|データ", text) is not None) and (
        named or not has_wish(amounts.without_amounts(said))
    )


def _is_named(said: str, talk: Talk) -> bool:
    return bool(naming.models(said) or naming.listed(said, listed_models(talk)))


def _asks_why(said: str, talk: Talk) -> bool:  # noqa: ARG001
    return bool(naming.models(said, bare=True))


def _is_product(said: str, talk: Talk) -> bool:  # noqa: ARG001
    own = outside(said)
    return not wording("subject").search(naming.normal(own)) and not naming.models(own)


def _runs_baseline(said: str, talk: Talk) -> bool:  # noqa: ARG001
    """A simple model's score wants a data set; the word `baseline` does not. Where a chat model is to be measured it stands beside it."""
    text = naming.normal(said)
    if naming.models(said) and wording("measure").search(text):
        return False
    return (
        wording("baseline_word").search(text) is not None
        or datasets.dataset(said, None) is not None
        or re.search(r"\bdata\b|データ", text) is not None
    )


def _tunes(said: str, talk: Talk) -> bool:  # noqa: ARG001
    """`train` alone may also mean a predictor without an LLM; and with no data set named, `we fine-tune it later` is said of a choice."""
    text = naming.normal(said)
    if datasets.dataset(said, None) is None and has_wish(amounts.without_amounts(said), beside=_HOSTS):
        return False
    return wording("tunes").search(text) is not None or (
        predictor(said) is None and not wording("baseline").search(text)
    )


CHECKS: Mapping[str, Check] = {
    "measure": _measures, "sellers": _is_named, "speed": _is_named, "why_not": _asks_why, "compare": _names_some,
    "baseline": _runs_baseline, "search": _is_product, "tune": _tunes,
}  # fmt: skip
