"""Cleaning text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.products.text import clean

PIECES = [
    "&amp;", "&", "amp;", "&#60;", "&#x3c;", "&lt;", "<b>", "<", ">", "</", "<!--", "b", " ", "\u200b", "\u0301", "e", "【", "日本語",
    "👩‍👩‍👧", "&nbsp;", "\ud800", "&#xd800;", "&#0;", "ᄀ", "ᅡ", "\u2028", "\x1c", "\x85", "\ufeff",
]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("  two\t\nlines\u3000here ", "two lines here"),
        ("Washer &amp; Dryer&nbsp;set", "Washer & Dryer set"),
        ("a &amp;lt;b&amp;gt; c", "a c"),
        ("one<br/>two<p class='x'>three", "one two three"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("【新品】日本語のタイトル", "新品 日本語のタイトル"),
        ("family 👩‍👩‍👧 ✔️ ok", "family 👩‍👩‍👧 ✔️ ok"),
        ("cafe\u0301", "café"),
        ("1½ inch™", "1½ inch™"),
        ("zero\u200bwidth\ufeff", "zero width"),
        ("broken \ud83d half", "broken half"),
        ("\u202eevil\u202c", "evil"),
        ("", ""),
    ],
)
def test_text_comes_out_as_one_tidy_line(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    once = clean(raw)
    assert clean(once) == once


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_cleaned_text_is_one_line_of_valid_unicode(raw: str) -> None:
    once = clean(raw)
    assert len(once.splitlines()) <= 1
    assert once == once.strip()
    assert once.encode().decode() == once


@pytest.mark.parametrize("piece", ["&amp;", "<", "<a", "&", "日", "a", "<b>", "&#60;"])
def test_work_grows_with_the_length_and_not_with_its_square(piece: str) -> None:
    assert (
        len(clean(piece * 200_000)) <= len(piece) * 200_000
    )  # a quadratic pass would not end within the suite's patience


def test_letters_and_digits_of_every_script_survive() -> None:
    text = "Größe 12 اللون أحمر Цвет красный 色は赤 สีแดง 빨강"
    assert clean(text) == text
