"""Text to the words it is found by: one spelling for all ways of writing a word, and pairs of characters where no blanks divide words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

# Written without blanks between words. Of 16 pairs of a Japanese word and a title with it, pairs of characters find 16, FTS5's own
# tokenizers 8 (unicode61) and 4 (trigram, which cannot see words of two characters). Thai, Lao, Burmese, Korean particles, Khmer, Kana, Han.
UNDIVIDED = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3041-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
RUN = re.compile(rf"([{UNDIVIDED}]+)|([^\W_{UNDIVIDED}]+)")
ACCENT = re.compile("[\u0300-\u036f]")
STOP = frozenset({
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "for", "from", "has", "have", "how", "i", "in", "is", "it", "its",
    "me", "my", "of", "on", "or", "our", "so", "some", "than", "that", "the", "their", "them", "there", "these", "they", "this", "to", "was",
    "we", "what", "when", "where", "which", "who", "will", "with", "you", "your",
})  # fmt: skip


def document_words(text: str) -> list[str]:
    """The words of a text in order, each as often as it occurs. Undivided writing gives each character and each pair of neighbours."""
    return list(_words(text, alone=True))


def query_words(text: str) -> list[str]:
    """The words that a query is answered by, each once: no function words of English, and pairs rather than characters."""
    return [word for word in dict.fromkeys(_words(text, alone=False)) if word not in STOP]


def _words(text: str, alone: bool) -> Iterator[str]:
    for undivided, word in RUN.findall(_plain(text)):
        if word:
            yield word
            continue
        if alone or len(undivided) == 1:
            yield from undivided
        yield from map("".join, pairwise(undivided))


def _plain(text: str) -> str:
    """One spelling: no case, no accents, no full-width forms. Marks of other scripts, such as those of Kana, stay."""
    if text.isascii():
        return text.lower()
    bare = ACCENT.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", bare).casefold()
