"""Token budgets: a pinned tokenizer that works offline, and cutting a text so that it fits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Protocol

from pricer.errors import BadInput, MissingExtra

DEFAULT = "llama3"
ENCODINGS = ("llama3", "cl100k_base", "o200k_base", "o200k_harmony", "qwen3")
# English has about 4.3 characters a token. Cutting a text at 8 a token first changes it only if its tokens average above that.
CHARS_PER_TOKEN = 8
PROBE = "How much? 12.5 kg, 日本語 👩‍👧 naïve\tRF28-XYZ"


class Tokenizer(Protocol):
    """What a budget needs of a tokenizer: ids of many texts at once and the bytes of ids."""

    name: str

    def encode(self, texts: Sequence[str]) -> list[Sequence[int]]:
        """The token ids of each text; special tokens in it are plain text."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`; a character whose bytes are not all there is left out."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text that fits its budget, and how many tokens it has."""

    text: str
    tokens: int


class QuickTok:
    """A byte-pair encoding that ships inside the quicktok package: Llama 3 and others, no download."""

    def __init__(self, name: str, threads: int) -> None:
        try:
            import quicktok
        except ImportError:
            raise MissingExtra("the tokenizer (quicktok-v1)", "full") from None
        self.name, self._threads = name, threads
        self._count: Any = quicktok.count_batch
        self._core: Any = quicktok.get_encoding(name)

    def encode(self, texts: Sequence[str]) -> list[Sequence[int]]:
        ids, offsets = self._core.encode_batch(list(texts), threads=self._threads)
        return [ids[start:end] for start, end in pairwise(offsets.tolist())]

    def count(self, texts: Sequence[str]) -> list[int]:
        counts: list[int] = self._count(self._core, list(texts), threads=self._threads).tolist()
        return counts

    def decode(self, ids: Sequence[int]) -> str:
        import numpy as np

        data: bytes = self._core.decode_bytes(np.asarray(ids).tolist())
        return data.decode("utf-8", errors="ignore")


@cache
def tokenizer(name: str = DEFAULT, threads: int = 1) -> Tokenizer:
    """The tokenizer called `name`, one of `ENCODINGS`, working on so many threads (0: all cores)."""
    if name not in ENCODINGS:
        raise BadInput(f"tokenizer: wanted one of {', '.join(ENCODINGS)}, found {name!r}")
    return QuickTok(name, threads)


def fingerprint(encoder: Tokenizer) -> str:
    """What tells one tokenizer from another: its name and how it cuts a probe."""
    told = (encoder.name, [int(token) for token in encoder.encode([PROBE])[0]])
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def fit(encoder: Tokenizer, texts: Sequence[str], budget: int) -> list[Fitted]:
    """Each text cut to at most `budget` tokens, at the end of a word where there is one."""
    heads = [text[: budget * CHARS_PER_TOKEN] for text in texts]
    ids = encoder.encode(heads)
    fitted = [Fitted(text, len(one)) for text, one in zip(texts, ids, strict=True)]
    room = {
        place: min(budget, len(one))
        for place, one in enumerate(ids)
        if len(one) > budget or len(heads[place]) < len(texts[place])
    }
    # A text cut inside encodes differently, so what is left is counted again, and cut again until it fits.
    while room:
        cut = [_whole_words(encoder.decode(ids[place][:left]), texts[place]) for place, left in room.items()]
        for place, head, tokens in zip(list(room), cut, encoder.count(cut), strict=True):
            fitted[place] = Fitted(head, tokens)
            room[place] -= 1
            if tokens <= budget:
                del room[place]
    return fitted


def _whole_words(head: str, text: str) -> str:
    """`head` less the word it was cut in, unless that word is most of it, as in scripts without spaces."""
    if head == text or text[len(head) : len(head) + 1].isspace():
        return head.rstrip()
    space = head.rfind(" ")
    return head[:space].rstrip() if space > len(head) // 2 else head.rstrip()
