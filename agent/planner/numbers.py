"""Numbers as people write them: 10k, 1.5M, 2,000, 20万, 7億5000万, five."""

from __future__ import annotations

import re

WORDS = {
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "dozen": 12, "twenty": 20, "fifty": 50, "hundred": 100, "thousand": 1000,
    "million": 10**6, "half": 0.5, "一": 1, "二": 2, "三": 3,
}  # fmt: skip
SCALES = {
    "k": 10**3, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9, "thousand": 10**3, "million": 10**6, "billion": 10**9,
    "hundred": 100, "千": 10**3, "万": 10**4, "百万": 10**6, "億": 10**8, "百": 100,
}  # fmt: skip
_SCALE = r"(?:thousand|million|billion|hundred|mn|bn|k|m|b)(?![a-z])"
PLAIN = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
# `1億2000万`, `5千`, `20万` before Latin scales, so that 万 is never left behind.
NUMBER = rf"(?:(?:{PLAIN}\s?(?:億|百万|万|千|百))+(?:{PLAIN})?|{PLAIN}(?:\s?{_SCALE})?)"
COUNT = (
    rf"(?:{NUMBER}|(?<![a-z])(?:{'|'.join(w for w in WORDS if w.isascii() and len(w) > 1)})(?![a-z])(?:\s{_SCALE})?)"
)


def number(text: str) -> float:
    """The value of a text that matched `NUMBER` or `COUNT`."""
    text = text.strip()
    if (parts := text.split()) and parts[0] in WORDS:
        return WORDS[parts[0]] * (SCALES[parts[1]] if len(parts) > 1 else 1)
    total = 0.0
    for value, scale in re.findall(rf"({PLAIN})\s?(億|百万|万|千|百|{_SCALE})?", text):
        total += float(value.replace(",", "")) * SCALES.get(scale, 1)
    return total
