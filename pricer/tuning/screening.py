"""Examples worth a look before they are sent: near-copies within and across the files, and words that moderation may stumble over."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pricer.tuning.chat_line import Message
from pricer.tuning.chat_stream import readable

TABLE = Path(__file__).parent / "risks.toml"
FENCE = re.compile(r"\A<listing>\n|\n</listing>\Z")
COMPARED = 64  # earlier members of a family that one is compared with, to name the nearest
SHOWN_WORDS = 5
HINT = "words from a short list, matched as words: a hint, not a moderation model; the provider's own check decides"


@dataclass(frozen=True, slots=True)
class Entry:
    """An example as it is screened: its file and line (or a data set and an id), what is asked, and what is answered."""

    file: str
    line: int
    question: str
    answer: str = ""

    @property
    def place(self) -> str:
        """file:line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Copy:
    """An example that nearly repeats an earlier one. `across` means that it is held out and the earlier one is trained on."""

    kind: Literal["within", "across"]
    place: str
    other: str
    similarity: float

    @property
    def reason(self) -> str:
        """What is the matter, for a person."""
        alike = (
            "the same words" if self.similarity >= 1 else f"{self.similarity:.0%} of the three-word runs are the same"
        )
        harm = "validation measures what was learned by heart" if self.kind == "across" else "paid and weighed twice"
        return f"nearly copies {self.other} ({alike}): {harm}"


@dataclass(frozen=True, slots=True)
class Risk:
    """An example with words of a risky topic."""

    kind: str
    place: str
    words: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Screened:
    """What was found among so many examples. Nothing found is no promise that a provider accepts the files."""

    looked_at: int
    copies: tuple[Copy, ...]
    risks: tuple[Risk, ...]
    note: str = HINT


def screen(training: Path, validation: Path | None = None) -> Screened:
    """Near-copies and risky words of files in chat form. Lines that cannot be read are passed over: `check_file` tells them.

    Holds the questions of both files in memory.
    """
    train = entries(training)
    held_out = entries(validation) if validation is not None else []
    return Screened(len(train) + len(held_out), tuple(copies(train, held_out)), tuple(risks([*train, *held_out])))


def entries(path: Path) -> list[Entry]:
    """The readable lines of a file: what the user says, without our fence, and the last answer."""
    return [
        Entry(path.name, read.number, "\n".join(_asked(read.line.messages)), read.line.answer)
        for read in readable(path)
    ]


def copies(training: Sequence[Entry], validation: Sequence[Entry] = ()) -> list[Copy]:
    """Each example of a family but its first, with the nearest earlier one; families are found as curation finds them.

    Two questions are near-copies when the Jaccard similarity of their three-word runs is at least `families.SIMILAR`; those under six words
    only when they are equal.
    """
    from pricer.installed import require

    require("finding near-duplicates", "full", "numpy", "scipy", "daft")
    from pricer.products.families import Words, families, normal, sketch

    everyone = [*training, *validation]
    if not everyone:
        return []
    words = normal([entry.question for entry in everyone])
    untitled = [""] * len(words)
    drawn = sketch([str(place) for place in range(len(words))], untitled, words, words)
    family = families(drawn, lambda numbers: Words([""] * len(numbers), [words[place] for place in numbers])).family
    members: dict[int, list[int]] = {}
    for place, number in enumerate(family.tolist()):
        members.setdefault(number, []).append(place)
    pairs = [pair for group in members.values() for pair in _pairs(group, len(training))]
    return [
        Copy(
            "across" if pair.later >= len(training) > pair.earlier else "within",
            everyone[pair.later].place, everyone[pair.earlier].place, similarity,
        )
        for pair, similarity in _nearest(pairs, words)
    ]  # fmt: skip


def risks(entries: Iterable[Entry]) -> list[Risk]:
    """The examples that hold words of `risks.toml`, once for each topic."""
    found = []
    for entry in entries:
        text = f"{entry.question}\n{entry.answer}".lower()
        for topic in topics():
            words = tuple(dict.fromkeys(topic.pattern.findall(text)))
            if words:
                shown = ", ".join(words[:SHOWN_WORDS])
                found.append(Risk(topic.name, entry.place, words, f"{topic.why}: {shown}"))
    return found


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of `risks.toml`: `pattern` finds its words in lower-case text."""

    name: str
    why: str
    pattern: re.Pattern[str]


@cache
def topics() -> tuple[Topic, ...]:
    """The topics in the table's order."""
    told = tomllib.loads(TABLE.read_text(encoding="utf-8"))["topics"]
    return tuple(Topic(name, row["why"], _pattern(row["words"])) for name, row in told.items())


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Any of the words as a word of its own; a blank or hyphen in it may be either, an s or es may follow."""
    either = "|".join(
        re.sub(r"\\?[ -]", "[ -]", re.escape(word)) for word in sorted(words, key=lambda word: (-len(word), word))
    )
    return re.compile(rf"(?<![\w-])(?:{either})(?:e?s)?(?![\w-])")


def _asked(messages: Sequence[Message]) -> list[str]:
    return [FENCE.sub("", message.content) for message in messages if message.role == "user"]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A member of a family beside an earlier one, by their places."""

    later: int
    earlier: int


def _pairs(family: Sequence[int], trained: int) -> Iterator[_Pair]:
    """Each member after the first beside those before it; a held-out one beside those trained on, if there are any."""
    for rank, later in enumerate(family[1:], 1):
        known = [place for place in family[:rank] if place < trained] if later >= trained else []
        yield from (_Pair(later, place) for place in (known or family[:rank])[:COMPARED])


def _nearest(pairs: Sequence[_Pair], words: Sequence[str]) -> Iterator[tuple[_Pair, float]]:
    """For each later one its nearest earlier one and their similarity, in order of place."""
    best: dict[int, tuple[_Pair, float]] = {}
    for pair, similarity in zip(pairs, _similarities(pairs, words), strict=True):
        if pair.later not in best or similarity > best[pair.later][1]:
            best[pair.later] = (pair, similarity)
    return (best[later] for later in sorted(best))


def _similarities(pairs: Sequence[_Pair], words: Sequence[str]) -> list[float]:
    """The Jaccard similarity of three-word runs of each pair; 1 for equal words, however few."""
    import numpy as np

    from pricer.products.families import VERIFIED_AT_ONCE, features, jaccard

    places = sorted({place for pair in pairs for place in (pair.later, pair.earlier)})
    if not places:
        return []
    row = {place: number for number, place in enumerate(places)}
    matrix = features([words[place] for place in places], 3)
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    ones = np.array([row[pair.later] for pair in pairs], np.int64)
    twos = np.array([row[pair.earlier] for pair in pairs], np.int64)
    parts = range(0, len(pairs), VERIFIED_AT_ONCE)
    counted = np.concatenate([
        jaccard(matrix, sizes, ones[start : start + VERIFIED_AT_ONCE], twos[start : start + VERIFIED_AT_ONCE]) for start in parts
    ])  # fmt: skip
    return [
        1.0 if words[pair.later] == words[pair.earlier] else float(found)
        for pair, found in zip(pairs, counted, strict=True)
    ]
