"""Token budgets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricer.errors import BadInput
from pricer.products.messages import LARGEST, question
from pricer.products.tokens import ENCODINGS, fingerprint, fit, tokenizer

WORDS = st.lists(
    st.sampled_from(["filter", "日本語のタイトル", "👩‍👩‍👧", "x" * 30, "naïve", "١٢٣", "<|begin_of_text|>", "=" * 40])
)
ANY_TEXT = st.one_of(st.text(max_size=600), WORDS.map(" ".join), WORDS.map("".join))


@given(ANY_TEXT, st.integers(1, 40), st.sampled_from(ENCODINGS))
@settings(max_examples=300)
def test_no_text_is_over_its_budget(text: str, budget: int, name: str) -> None:
    encoder = tokenizer(name)
    fitted = fit(encoder, [text], budget)[0]
    assert encoder.count([fitted.text])[0] == fitted.tokens <= budget


@given(ANY_TEXT, st.integers(1, 40))
def test_what_fits_is_the_beginning_of_the_text(text: str, budget: int) -> None:
    fitted = fit(tokenizer(), [text], budget)[0]
    assert text.startswith(fitted.text)


@given(ANY_TEXT)
def test_the_default_budgets_leave_room_for_the_question_and_the_answer(text: str) -> None:
    fitted = fit(tokenizer(), [text], 160)[0]
    assert tokenizer().count([question(fitted.text) + LARGEST])[0] <= 180


def test_a_cut_ends_with_a_whole_word() -> None:
    fitted = fit(tokenizer(), ["incomprehensible refrigeration " * 40], 50)[0]
    assert set(fitted.text.split()) == {"incomprehensible", "refrigeration"}
    assert 40 < fitted.tokens <= 50


def test_a_text_within_the_budget_is_left_alone() -> None:
    assert fit(tokenizer(), ["A short title", ""], 160)[0].text == "A short title"


def test_counts_are_those_of_the_llama_3_encoding() -> None:
    # the ids are those of the published Llama 3 vocabulary: 9906 "Hello", 1917 " world"
    assert list(tokenizer().encode(["Hello world"])[0]) == [9906, 1917]


def test_special_tokens_in_a_product_text_are_plain_text() -> None:
    assert tokenizer().count(["<|eot_id|>"])[0] > 1


def test_tokenizers_are_told_apart() -> None:
    assert len({fingerprint(tokenizer(name)) for name in ENCODINGS}) == len(ENCODINGS)


def test_an_unknown_tokenizer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="llama3"):
        tokenizer("gpt-9")
