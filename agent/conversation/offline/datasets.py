"""Which data set the user's words name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.conversation.offline.amounts import JOB
from agent.conversation.offline.naming import BARE, PATH, normal
from agent.conversation.offline.wordings import ways
from agent.planner.names import MODEL

_DATASET = tuple(
    re.compile(pattern, re.ASCII)  # a name ends where Japanese begins
    for pattern in (
        r"data ?sets?\s+(?:(?:called|named)\s+)?['\"`]?(?P<name>[a-z0-9][\w.-]*)",
        r"(?:the|my|our|on|in|of|from)\s+['\"`]?(?P<name>[a-z0-9][\w.-]*)['\"`]?\s+data(?:\s?set)?\b",
        r"データセット\s?[「『'\"]?(?P<name>[a-z0-9][\w.-]*)",
        r"(?P<name>[a-z0-9][\w.-]*)[」』'\"]?\s?(?:という)?(?:データセット|のデータ|データ(?:で|を|に))",
        r"\b(?:on|against|with|over)\s+(?:(?:the|my|our)\s+)?['\"`]?(?P<name>[a-z][\w.-]*)",
        r"\b(?:in|of|from|for)\s+(?:(?:the|my|our)\s+)?['\"`]?(?P<name>[a-z][\w.-]*)",
        r"(?P<name>[a-z][\w.-]*)(?=\s?(?:で(?:[^。]{0,40}(?:測|試|評価|比較|学習|訓練|調整|予測|推定|分類|当た|当て|除外|捨て|何件|いくつ|ベースライン|微調整|ファイン|走|実行|動か)|(?:一番|最も|最安|安い|高い))|に(?:は|ある|対して)|を使って|の(?:商品|平均|件数|中|価格|製品|アイテム|学習|訓練|テスト|検証|レコード|値段|カテゴリ|\d+\s?(?:件|個|商品))))",
    )
)  # fmt: skip


_NO_DATASET = frozenset(ways("no_dataset"))


def dataset(said: str, there: Sequence[str] | None) -> str | None:
    """The data set named: one of `there` where these are known, else the likeliest name; None where none is."""
    text = normal(said)
    for name in sorted(there or (), key=len, reverse=True):
        if re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", text, re.ASCII):
            return name
    plain = MODEL.sub(
        lambda found: " " * len(found.group()) if re.search(r"\d", found.group()) else found.group(), text
    )
    plain = PATH.sub(lambda found: " " * len(found.group()), plain)
    for pattern in _DATASET:
        for found in pattern.finditer(plain):
            name = found["name"].rstrip(".-")
            if (
                name not in _NO_DATASET
                and not re.fullmatch(r"[\d.,]+[kmb]?", name)
                and not BARE.fullmatch(name)
                and not JOB.fullmatch(name)
            ):
                return name
    return None
