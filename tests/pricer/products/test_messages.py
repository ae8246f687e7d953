"""Training and test prompts, and the search for the answer in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.products.messages import answer, mentions, question, stated_price, training_prompt


def test_the_training_prompt_is_the_test_prompt_and_its_answer() -> None:
    assert question("A filter") == "What does this product cost, to the nearest dollar?\n\nA filter\n\nPrice is $"
    assert training_prompt("A filter", 43.5) == question("A filter") + "44.00"


@given(st.text(), st.floats(0.5, 999.49))
def test_the_answer_is_the_only_difference(text: str, usd: float) -> None:
    assert training_prompt(text, usd).removesuffix(answer(usd)) == question(text)


def test_braces_in_a_product_text_are_not_variables() -> None:
    assert "{text} {0} {price}" in question("{text} {0} {price}")


@pytest.mark.parametrize(
    "text", ["only $44 today", "was 43.99 once", "Price: 44.00", "44 dollars", "USD: 44 usd", "price is 43.99."]
)
def test_a_stated_price_is_found(text: str) -> None:
    assert stated_price(question(text), 43.99)


@pytest.mark.parametrize("text", ["44 inches", "143.99 mm", "43.995", "$440", "$4", "model 44", "43.9 kg"])
def test_other_numbers_are_not_the_price(text: str) -> None:
    assert stated_price(question(text), 43.99) is None


def test_the_question_itself_states_no_price() -> None:
    assert [dollars for dollars in range(1000) if stated_price(question(""), float(dollars))] == []


def test_a_bare_number_counts_as_a_mention() -> None:
    assert mentions("a 44 inch screen", 44)
    assert not mentions("a 144 inch screen, 44.5 wide, 1,44", 44)
