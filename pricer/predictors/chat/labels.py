"""Which of a task's labels a reply names."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pricer.predictors.chat.replies import (
    AMBIGUOUS,
    EMPTY,
    REFUSAL,
    REFUSED,
    TRUNCATED,
    Reading,
    answer_in,
    json_in,
    spoken,
)
from pricer.predictors.protocol import Task

NO_LABEL = "no label"
CUE = re.compile(r"\b(?:answer|label|category|class|option|choice|verdict|therefore|is)\b[ :=\"'(\-]*$", re.IGNORECASE)
NEGATED = re.compile(r"\b(?:not|isn't|neither|nor|rather than|instead of|never)(?: an?| the)? ?$", re.IGNORECASE)


def read_label(text: str, task: Task, *, cut: bool = False) -> Reading:
    """The one label of the task that a reply names: alone, as JSON, or in a sentence; a fault when it names several or none.

    Case, punctuation and the kind of blank do not matter. Labels of one character count in a sentence only after a cue
    ("answer: B") or at its head.
    """
    plain = spoken(text)
    if not plain:
        return Reading(fault=TRUNCATED if cut else EMPTY)
    data = json_in(plain)
    if data is not None:
        value = answer_in(data, task)
        return _alone(value, task) if isinstance(value, str | int) else Reading(fault=NO_LABEL)
    alone = _alone(plain, task)
    if alone.label is not None:
        return alone
    named = _named(_plain(plain), task.labels)
    if len(named) == 1:
        return Reading(label=named.pop())
    if REFUSAL.search(plain) and not named:
        return Reading(fault=REFUSED)
    return Reading(fault=AMBIGUOUS if named else TRUNCATED if cut else NO_LABEL)


def _alone(value: str | int, task: Task) -> Reading:
    given = str(value).strip()
    if given in task.labels:
        return Reading(label=given)
    same = [label for label in task.labels if _plain(label) == _plain(given)]
    return Reading(label=same[0]) if len(same) == 1 else Reading(fault=AMBIGUOUS if same else NO_LABEL)


def _plain(text: str) -> str:
    """Lower case, one blank for blanks, hyphens and underscores, no quotes or final full stop."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s_\-]+", " ", re.sub(r"[\"'“”‘’]", "", folded)).strip(" .!:;,()[]")


@lru_cache(maxsize=16)
def _pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted({_plain(label) for label in labels} - {""}, key=lambda label: (-len(label), label))
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})(?![a-z0-9])")


def _named(plain: str, labels: tuple[str, ...]) -> set[str]:
    """The labels that a text names; those after the last cue alone, when there is one."""
    originals = {_plain(label): label for label in labels}
    cued: str | None = None
    named: set[str] = set()
    for match in _pattern(labels).finditer(plain):
        left = plain[max(0, match.start() - 40) : match.start()]
        if NEGATED.search(left):
            named |= {originals[match[0]], ""}
            continue
        after_cue = CUE.search(left) is not None
        if len(match[0]) == 1 and not (after_cue or _heads(plain, match)):
            continue
        if after_cue and not left.rstrip().endswith(" is"):
            cued = originals[match[0]]
        named.add(originals[match[0]])
    return {cued} if cued is not None else named


def _heads(plain: str, match: re.Match[str]) -> bool:
    return match.start() == 0 and plain[match.end() : match.end() + 1] in {"", ".", ")", ":"}
