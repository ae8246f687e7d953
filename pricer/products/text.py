"""Cleaning: any Unicode text to one tidy line, idempotent and in linear time."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

# Control, formatting and decorative characters. The joiner U+200D and the variation selectors stay: emoji are built with them.
ODD = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e007f【】〖〗《》「」『』〔〕★☆●■◆▶►•]"
)
TAG = re.compile(r"<[/!]?[a-zA-Z-][^<>]*>")
ROUNDS = 3
BIDI = frozenset({0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)})  # they reorder what is shown


def clean(text: str) -> str:
    """`text` on one line: entities read, tags and odd characters out, runs of whitespace to one space, NFC.

    Idempotent: cleaning twice changes nothing. Linear in the length of `text`.
    """
    if "&" in text:
        text = _until_stable(text, html.unescape, "&")
    if "<" in text:
        text = _until_stable(text, _without_tags, "<")
    if text.isascii() and text.isprintable():  # then a blank is the only white space
        return " ".join(text.split()) if "  " in text else text.strip()
    return unicodedata.normalize("NFC", " ".join(ODD.sub(" ", text).split()))


def printable(text: str) -> str:
    """The text with control characters shown as what they are: a terminal must not act on data."""
    return "".join(_visible(character) for character in text)


def _without_tags(text: str) -> str:
    return TAG.sub(" ", text)


def _until_stable(text: str, step: Callable[[str], str], opener: str) -> str:
    """`step` until nothing changes; text nested deeper than three rounds loses the `opener`, so that nothing is left to open."""
    for _ in range(ROUNDS):
        changed = step(text)
        if changed == text:
            return text
        text = changed
    return text.replace(opener, " ")


def _visible(character: str) -> str:
    code = ord(character)
    if character in "\n\t" or not (code < 0x20 or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code in BIDI):
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
