"""The question as the rules see it: normalised, cut into clauses, with a record of what has been understood."""

from __future__ import annotations

import bisect
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

# Ways of writing a number that the rules would otherwise have to know one by one.
SPELLED = tuple(
    (re.compile(pattern), number)
    for pattern, number in (
        (r"\ba grand\b", "$1000"), (r"(?:\ba )?couple (?:of )?hundred\b", "200"), (r"(?:\ba )?couple (?:of )?thousand\b", "2000"),
        (r"\bhalf a million\b", "500000"), (r"\ba million\b", "1000000"), (r"\ba thousand\b", "1000"), (r"\ba hundred\b", "100"),
        (r"\ba dozen\b", "12"), (r"\bdual\b|\b(?:a |our )?pair of\b", "2"), (r"\bhalf an? (?=page|hour)", "0.5 "), (r"半ページ", "0.5ページ"),
        (r"\bthree[- ]quarters of\b", "75% of"), (r"\btwo[- ]thirds of\b", "67% of"), (r"\bhalf (?:of )?(?=the|every|each|our|all|them|it)", "50% of "),
        (r"\ba quarter of\b", "25% of"), (r"\ba third of\b", "33% of"), (r"半分", "5割"),
        *((f"{kanji}(?=[枚台つ個件基])", f" {n}") for n, kanji in enumerate("一二三四五六七八九", 1)),
    )
)  # fmt: skip
# A clause ends at a full stop, a comma between words, a line end; not inside 2,000 or 3.5 or gpt-4.1.
CLAUSE_END = re.compile(r"[。、;；!?！？\n]|\.(?=\s|$)|,(?!\d{3})|·|・| - | / |…|—")
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")


@dataclass
class Reading:
    """A question being read. `values` are requirements found so far, `spans` the characters that led to them."""

    text: str
    japanese: bool
    year: int = 2026
    values: dict[str, Any] = field(default_factory=dict)
    emphasis: set[str] = field(default_factory=set)
    unimportant: set[str] = field(default_factory=set)
    spans: list[tuple[int, int]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def take(self, name: str, value: Any, *found: re.Match[str]) -> None:
        """Set a requirement, unless an earlier rule has, and mark the words it came from."""
        self.values.setdefault(name, value)
        self.mark(*found)

    def add(self, name: str, value: str, *found: re.Match[str]) -> None:
        """Add to a requirement that is a list."""
        have = self.values.setdefault(name, ())
        if value not in have:
            self.values[name] = (*have, value)
        self.mark(*found)

    def mark(self, *found: re.Match[str]) -> None:
        """Mark words as understood."""
        self.spans += [match.span() for match in found]

    def marked(self, start: int, stop: int) -> bool:
        """Whether any character from `start` up to `stop` has been understood."""
        return any(a < stop and b > start for a, b in self.spans)

    def clause(self, at: int) -> tuple[int, int]:
        """Start and end of the clause around character `at`."""
        before = bisect.bisect_right(self._after, at)
        behind = bisect.bisect_left(self._ends, at)
        start = self._after[before - 1] if before else 0
        return start, self._ends[behind] if behind < len(self._ends) else len(self.text)

    @cached_property
    def _ends(self) -> list[int]:
        return [m.start() for m in CLAUSE_END.finditer(self.text)]

    @cached_property
    def _after(self) -> list[int]:
        return [m.end() for m in CLAUSE_END.finditer(self.text)]

    def around(self, at: int) -> str:
        """The text of that clause."""
        start, end = self.clause(at)
        return self.text[start:end]


def read(question: str, year: int) -> Reading:
    """A fresh reading: full-width forms folded, lower case, white space single."""
    text = unicodedata.normalize("NFKC", question.replace("／", "、")).lower()
    for pattern, number in SPELLED:
        text = pattern.sub(number, text)
    text = re.sub(r"[ \t]+", " ", text.replace("’", "'")).strip()
    return Reading(text, JAPANESE.search(text) is not None, year)


def leftovers(reading: Reading) -> list[str]:
    """Clauses in which nothing was understood, as the user wrote them (normalised)."""
    found, start = [], 0
    ends = [(m.start(), m.end()) for m in CLAUSE_END.finditer(reading.text)] + [(len(reading.text),) * 2]
    for stop, after in ends:
        clause = reading.text[start:stop].strip()
        if len(clause) > 2 and not reading.marked(start, stop):
            found.append(clause)
        start = after
    return found + [number for number in _numbers(reading) if not any(number in clause for clause in found)]


def _numbers(reading: Reading) -> list[str]:
    """Figures that no rule took, each with the words behind it: a number is seldom said in vain."""
    figures = re.finditer(r"(?<![\w.$€£¥-])\d[\d,.]*\d?\s?(?:%|[a-z万億千]+)?(?: [a-z%]+){0,2}", reading.text)
    return [m.group().strip() for m in figures if not reading.marked(m.start(), m.start() + 2)]
