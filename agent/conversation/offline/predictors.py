"""Which predictor without an LLM the user's words name."""

from __future__ import annotations

import re

from agent.conversation.offline.naming import normal

# Names that are also common words, and what may not stand behind them.
_COMMON = frozenset({"best", "blend", "deep", "majority", "mean", "median", "random", "similar"})
_NOT_BEHIND = r"(?![\s-]?(?:abs|error|forest|guess|learning|of|one|possible|price|products?|items?|result|score|to|way|while|誤差))"
_ALSO = (
    ("words-forest", r"random forest|ランダムフォレスト"), ("boosting", r"ブースティング|lightgbm|xgboost"), ("tfidf-ridge", r"\bridge\b|リッジ"),
    ("neighbours", r"nearest neighbou?rs?|\bknn\b|近傍"), ("mean", r"平均(?:値)?(?:で|の(?:ベースライン|予測器))"),
    ("median", r"中央値(?:で|の(?:ベースライン|予測器))"),
)  # fmt: skip


def predictor(said: str) -> str | None:
    """The shelf's name of the predictor named, the longest first; None where none is."""
    from pricer.predictors.shelf import SHELF

    text = normal(said)
    names = sorted((entry.name for entry in SHELF), key=len, reverse=True)
    own = next((name for name in names if re.search(_pattern(name), text)), None)
    return own or next((name for name, pattern in _ALSO if re.search(pattern, text)), None)


def _pattern(name: str) -> str:
    behind = _NOT_BEHIND if name in _COMMON else ""
    return rf"(?<![a-z0-9_-]){re.escape(name)}(?![a-z0-9_-]){behind}"
