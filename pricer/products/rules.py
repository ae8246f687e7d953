"""Scrub rules: what is taken out of a record's text, with the reason, how often, and samples."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pricer.errors import BadInput

KINDS = ("detail", "text", "part-number")
PART_NUMBER = "part-number"
# Scripts that do not put spaces between words: inside them only a run of ASCII can be a part number.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]"
)
ASCII_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_+-]*[A-Za-z0-9]")
DIGIT = re.compile(r"\d")
EDGES = ".,;:!?()[]{}<>\"'|*-/_+#®™"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `pattern` is RE2 and applies to a detail's whole name, or to the text."""

    name: str
    kind: str
    pattern: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The table and the least number of characters of a part number (null: part numbers stay)."""

    rows: tuple[Rule, ...]
    part_number_chars: int | None = 8

    @property
    def fingerprint(self) -> str:
        """Of everything that decides what is removed."""
        told = [[rule.name, rule.kind, rule.pattern] for rule in self.rows] + [self.part_number_chars]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    def kind(self, kind: str) -> tuple[Rule, ...]:
        """The rules of one kind, in order."""
        return tuple(rule for rule in self.rows if rule.kind == kind)

    def without(self, name: str) -> Rules:
        """The same rules less one, for an ablation; `part-number` names the threshold."""
        if name == PART_NUMBER:
            return replace(self, part_number_chars=None)
        rows = tuple(rule for rule in self.rows if rule.name != name)
        if len(rows) == len(self.rows):
            raise BadInput(f"rules: wanted one of {', '.join(rule.name for rule in self.rows)}, found {name!r}")
        return replace(self, rows=rows)


@cache
def default_rules() -> Rules:
    """The table that ships with the project."""
    return read_rules(Path(__file__).parent / "rules.toml")


def read_rules(path: Path) -> Rules:
    """The rules of a TOML file: `[[rule]]` with name, kind, pattern and reason; `part_number_chars` before them."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"rules: wanted a TOML file, found nothing at {path.name}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"rules: {path.name} is not TOML: {error}") from None
    threshold = told.get("part_number_chars", 8)
    if threshold not in (None, False) and (
        isinstance(threshold, bool) or not isinstance(threshold, int) or threshold < 2
    ):
        raise BadInput(f"{path.name}: part_number_chars: wanted a whole number from 2, or false, found {threshold!r}")
    rows = tuple(_rule(row, f"{path.name}: rule {place}") for place, row in enumerate(told.get("rule", []), 1))
    if len({rule.name for rule in rows}) < len(rows):
        raise BadInput(f"{path.name}: rule names: wanted each once")
    return Rules(rows, threshold or None)


def drop_part_numbers(text: str, least: int) -> tuple[str, int]:
    """Cleaned `text`, of one line or several, without part numbers, and how many were dropped.

    A part number is a word of at least `least` characters, punctuation at its edges not counted, that contains a digit.
    """
    suspects = {word for word in text.split() if len(word) >= least and DIGIT.search(word)}
    gone = {word: rest for word in suspects if (rest := _without_part_number(word, least)) != word}
    if not gone:
        return text, 0
    lines, dropped = [], 0
    for line in text.split("\n"):
        words = line.split(" ")
        kept = [rest for word in words if (rest := gone.get(word, word))]
        dropped += sum(word in gone for word in words)
        lines.append(" ".join(kept))
    return "\n".join(lines), dropped


def is_part_number(word: str, least: int = 8) -> bool:
    """Whether a word is dropped: RF28-XYZ12345 is, WHIRLPOOL, 1080p and 500GB are not."""
    core = word.strip(EDGES)
    return len(core) >= least and DIGIT.search(core) is not None


def _without_part_number(word: str, least: int) -> str:
    if not word.isascii() and UNSPACED.search(word):
        return ASCII_RUN.sub(lambda run: "" if is_part_number(run.group(), least) else run.group(), word)
    return "" if is_part_number(word, least) else word


def _rule(row: object, where: str) -> Rule:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not isinstance(row, dict) or set(row) != {"name", "kind", "pattern", "reason"}:
        raise BadInput(f"{where}: wanted name, kind, pattern and reason, found {row!r:.80}")
    if not all(isinstance(value, str) and value for value in row.values()) or row["kind"] not in KINDS[:2]:
        raise BadInput(f"{where}: wanted texts and a kind of {' or '.join(KINDS[:2])}, found {row!r:.80}")
    try:
        empty = pc.match_substring_regex(pa.array([""]), row["pattern"])[0].as_py()
    except pa.ArrowInvalid as error:
        raise BadInput(f"{where}: the pattern is not RE2: {error}") from None
    if empty:
        raise BadInput(f"{where}: the pattern {row['pattern']!r} matches nothing at all, so it would match everywhere")
    return Rule(**row)
