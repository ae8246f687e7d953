"""What stands in quotes: data that the user hands over, never their wish."""

from __future__ import annotations

import re

from agent.conversation.offline.naming import normal
from agent.conversation.offline.wordings import wording

QUOTED = re.compile(r"\"[^\"]{2,2000}\"|“[^”]{2,2000}”|「[^」]{2,2000}」|『[^』]{2,2000}』")
MARK = '"_"'  # stands where a quoted text stood
_SENTENCE = re.compile(r"(?<=[.!?;。！？])\s*|\n+")


def outside(said: str) -> str:
    """The words with `MARK` for each quoted text; all of them where nothing else is there."""
    left = QUOTED.sub(MARK, said)
    return left if re.sub(r"[\s\"_.?!。]", "", left) else said


def without_orders(text: str) -> str:
    """A quoted text less its sentences that are words for a program; empty where all are."""
    return " ".join(one.strip() for one in _SENTENCE.split(text) if one.strip() and not is_order(one))


def is_order(text: str) -> bool:
    """Whether words are meant for a program rather than said by a person."""
    return wording("order").search(normal(text)) is not None
