"""How people write currencies: what stands before an amount, what after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# unit: what stands before an amount, what stands after it
WORDS: dict[str, tuple[str, str]] = {
    "usd": (r"us ?\$|\$|usd", r"us ?\$|\$|usd|us dollars?|dollars?|bucks?|d[oó]lares|ドル|米ドル|美元"),
    "eur": (r"€|eur|euros?", r"€|eur|euros?|ユーロ"),
    "gbp": (r"£|gbp", r"£|gbp|pounds? sterling|quid"),
    "jpy": (r"¥|jpy|yen", r"¥|jpy|yen|円"),
    "cny": (r"cn¥|rmb|cny", r"元|rmb|cny|yuan"),
    "inr": (r"₹|inr|rs\.?", r"₹|inr|rupees?"),
    "krw": (r"₩|krw", r"₩|krw|won|원"),
    "cad": (r"ca?\$|cad", r"cad|canadian dollars?"),
    "aud": (r"au?\$|aud", r"aud|australian dollars?"),
    "mxn": (r"mx\$|mxn", r"mxn|pesos?"),
    "brl": (r"r\$|brl", r"brl|reais"),
    "chf": (r"chf|fr\.", r"chf|francs?"),
    "sek": (r"sek", r"sek|kronor|kr"),
    "pln": (r"pln", r"pln|zł"),
    "other": (r"₽|₺|₫|฿|nz\$|hk\$|s\$|nt\$", r"₽|₺|₫|฿|rubles?|baht"),
}
PLAIN_DOLLAR = frozenset({"usd", "cad", "aud"})
REACH = 24  # characters looked at on either side of an amount: longer than every word above with its blanks


@dataclass(frozen=True, slots=True)
class Marks:
    """Patterns for the currency asked for and for all others: `before` ends at an amount, `after` begins at its end."""

    own_before: re.Pattern[str]
    own_after: re.Pattern[str]
    foreign_before: re.Pattern[str]
    foreign_after: re.Pattern[str]


@lru_cache(maxsize=32)
def marks(unit: str | None) -> Marks | None:
    """How the unit is written when it is money; None when it is not."""
    key = (unit or "").casefold()
    if key not in WORDS or key == "other":
        return None
    before, after = WORDS[key]
    if key in PLAIN_DOLLAR:
        before, after = rf"{before}|\$", rf"{after}|\$|dollars?"
    foreign = [words for name, words in WORDS.items() if name != key]
    if key in PLAIN_DOLLAR:
        foreign = [(_without_dollar(left), _without_dollar(right)) for left, right in foreign]
    return Marks(
        _before(before),
        _after(after),
        _before("|".join(left for left, _ in foreign)),
        _after("|".join(right for _, right in foreign)),
    )


def _without_dollar(words: str) -> str:
    return "|".join(word for word in words.split("|") if word not in {r"\$", "dollars?", "us ?\\$", "bucks?"})


def _before(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{words})[ :]?[ -]?$", re.IGNORECASE)


def _after(words: str) -> re.Pattern[str]:
    return re.compile(rf"[ -]?(?:{words})(?![a-z$'])", re.IGNORECASE)
