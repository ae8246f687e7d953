"""Reading replies: what counts as an answer, and what does not."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pricer.predictors.chat.labels import read_label
from pricer.predictors.chat.replies import MOST_CHARACTERS, Reading, read_number
from pricer.predictors.protocol import Task

USD = Task()
EUR = Task(unit="eur")
KG = Task(name="weight", unit="kg")
STARS = Task(name="rating", unit=None, least=1, most=5)


def same(reading: Reading, said: float | str) -> bool:
    """Whether a reading is the number said, or the fault."""
    if isinstance(said, str):
        return reading == Reading(fault=said)
    return reading.value is not None and math.isclose(reading.value, said)


NUMBERS: list[tuple[str, float | str]] = [
    ("44", 44),
    ("44.5", 44.5),
    ("  $45 \n", 45),
    ("Price is $44.00", 44),
    ("Price is $44.00.", 44),
    ("about $45", 45),
    ("44 dollars", 44),
    ("44 USD", 44),
    ("USD 44", 44),
    ("US$44", 44),
    ("**$45.99**", 45.99),
    ("The price is **45**.", 45),
    ('{"price": 44}', 44),
    ('```json\n{"price": 44.5}\n```', 44.5),
    ('Here it is: {"price": "$1,299.00"}', 1299),
    ('{"answer": 12, "confidence": 0.9}', 12),
    ('{"reasoning": "2 lamps at $5", "price": 10}', 10),
    ('{"price": null}', "no number"),
    ('{"price": true}', "no number"),
    ('{"price": NaN}', "no number"),
    ('{"price": 1e999}', "no number"),
    ('{"price": -4}', "negative"),
    ('{"price": {"min": 20, "max": 30}}', "range"),
    ('{"min_price": 20, "max_price": 30}', "range"),
    ('{"price": [20, 30]}', "ambiguous"),
    ('{"price": "20-30"}', "range"),
    ('{"price": 44, "currency": "EUR"}', "answer in another currency"),
    ('{"price": 44, "currency": "USD"}', 44),
    ("12-pack for $30", 30),
    ("$30 for a 12-pack", 30),
    ("A 12 pack costs 30 dollars", 30),
    ("€45,99", "answer in another currency"),
    ("45 euros", "answer in another currency"),
    ("£45", "answer in another currency"),
    ("CA$45", "answer in another currency"),
    ("about ¥4500", "answer in another currency"),
    ("€40, which is $44", 44),
    ("1.2k", 1200),
    ("$1.2K", 1200),
    ("1,299.00", 1299),
    ("$1.299,00", 1299),
    ("$1,299", 1299),
    ("$1 299,00", 1299),
    ("1\u00a0299", 1299),
    ("$1.299", "ambiguous"),
    ("1.299", "ambiguous"),
    ("$12,345,678.90", 12_345_678.90),
    ("$20-30", "range"),
    ("$20 - $30", "range"),
    ("20–30 dollars", "range"),
    ("between 20 and 30", "range"),
    ("Between $20 and $30.", "range"),
    ("$20 to $30", "range"),
    ("from $20", "range"),
    ("under $50", "range"),
    ("$50+", "range"),
    ("It is $20-30, but my final answer is $25", 25),
    ("I can't determine the price of this item.", "refused"),
    ("As an AI, I do not have access to prices.", "refused"),
    ("I’m sorry, but I cannot help with that 55-inch TV from 2023.", "refused"),
    ("As an AI I cannot know, but my estimate is $45", 45),
    ("I can't be certain, but it costs around $45.", 45),
    ("-5", "negative"),
    ("-$5", "negative"),
    ("$-5.00", "negative"),
    ("Price: -45", "negative"),
    ("Price - 45", 45),
    ("", "empty reply"),
    ("  \n ", "empty reply"),
    ("nan", "no number"),
    ("inf", "no number"),
    ("Infinity", "no number"),
    ("No idea", "no number"),
    ("The 55-inch TV with 128GB", "no number"),
    ("A 12 V, 5 Ah battery", "no number"),
    ("Model WD40-300 (2nd gen), 1080p", "no number"),
    ("The 55-inch model sells for $399", 399),
    ("The 55 inch model sells for 399", 399),
    ("3 x 4 pieces: $12", 12),
    ("50% off", "no number"),
    ("$45 or $60", "range"),
    ("$45, $60, $75", "ambiguous"),
    ("It could be $45. It could be $60.", "ambiguous"),
    ("45 60", "ambiguous"),
    ("Similar lamps go at $20, $30 and $40. Final answer: 35", 35),
    ("List price $60, sale price $45", "ambiguous"),
    ("$45. Similar items sell for $40 to $60.", 45),
    ("Price: 45 (compared with $60 new)", 45),
    ("1. It is a lamp.\n2. It is small.\nPrice: $9.99", 9.99),
    ("\\boxed{45}", 45),
    ("12 × $2.50 = $30", 30),
    ("In 2024 it cost 45", 45),
    ("99 cents", 0.99),
    ("44 dollars and 99 cents", 44.99),
    ("<think>maybe $20, maybe $30</think>$25", 25),
    ("it was $20\n</think>\n\n$25", 25),
    ("<think>maybe $20", "empty reply"),
    ("＄４５．９９", 45.99),
    ("￥4500", "answer in another currency"),
    ("約45ドル", 45),
    ("価格は約45ドルです。", 45),
    ("The answer is 45", 45),
    ("#### 45", 45),
    ("~$45", 45),
    ("≈ 45", 45),
    (".99", 0.99),
    ("$0", 0),
    ("1_000", "ambiguous"),
    ("fifty dollars", "no number"),
    ("Approximately $1.5 million", 1_500_000),
    ("`45`", 45),
    ('"45"', 45),
    ("Price: $45 (MSRP)", 45),
    ("Estimated price: 45.00 USD", 45),
    ("The estimated retail price of this product is $129.99", 129.99),
    ('Price: **$1,299.99**\n\nReasoning: - 55" screen\n- similar TVs cost $999', 1299.99),
    ("45.00 - a fair price", 45),
    ("45 in US dollars", 45),
    ("$18.99 for 2", 18.99),
    ("2 for $10", 10),
    ("2 + 2 = 4. The price: $40", 40),
    ("$60 AUD", "answer in another currency"),
    ("$45 and it won't be less", 45),
    ("It costs 25 pounds", "no number"),
    ("Given 4.5 stars and 1,234 ratings, I'd guess $23.49", 23.49),
    ("I think it is 60 bucks", 60),
    ("Definitely not $500; it is $45", "ambiguous"),
    ("£45 ($57)", 57),
    ("price range: $20–$30; estimate: $24.99", 24.99),
    ("I estimate that the Sony 55-inch X90 costs $999.99 new, in 2023 dollars.", 999.99),
    ("$45 each, $90 for both", "ambiguous"),
    ("It's likely $45.\n\nHere's why: 1. It is new. 2. It has 4 legs.", 45),
]


@pytest.mark.parametrize(("reply", "said"), NUMBERS, ids=[reply for reply, _ in NUMBERS])
def test_a_reply_is_read_as_a_careful_person_would(reply: str, said: float | str) -> None:
    reading = read_number(reply, USD)
    assert same(reading, said)


@pytest.mark.parametrize(
    ("reply", "task", "said"),
    [
        ("€45,99", EUR, 45.99),
        ("45 Euro", EUR, 45),
        ("$45", EUR, "answer in another currency"),
        ("3 kg", KG, 3),
        ("3.125 kg", KG, 3.125),
        ("it weighs 3.5kg", KG, 3.5),
        ("4.5", STARS, 4.5),
        ("-1", STARS, -1),
        ("7", STARS, 7),
        ("Rating: 4", STARS, 4),
    ],
)
def test_the_unit_of_the_task_says_what_is_an_answer(reply: str, task: Task, said: float | str) -> None:
    reading = read_number(reply, task)
    assert same(reading, said)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Price is $44.00", 44),
        ("Price is $44.00 based on the", 44),
        ("$45\n\nThis is because the", 45),
        ("Price is $4", "truncated"),
        ("44", "truncated"),
        ("Let me think about the 12-pack of", "truncated"),
        ("Similar items go at $40, the", "truncated"),
        ('{"price": 4', "truncated"),
        ("", "truncated"),
    ],
)
def test_a_reply_cut_at_its_length_counts_only_when_its_number_is_complete(reply: str, said: float | str) -> None:
    reading = read_number(reply, USD, cut=True)
    assert reading == (Reading(fault=said) if isinstance(said, str) else Reading(value=said))


@pytest.mark.parametrize(
    "piece",
    ["1 111", "1,", "$", "$1-", "price ", "{", "[", "1.", "\n1. ", "between ", "９", "about about ", "((", "<think>"],
)
def test_a_long_reply_takes_no_more_than_its_length(piece: str) -> None:
    reading = read_number(piece * (2 * MOST_CHARACTERS), USD)
    assert reading.fault is not None or reading.value is not None


@given(st.text() | st.text(alphabet='$€0123456789.,- kand{}":[]tobewn<>/ik\n'))
@example('{"a":' * 5000)
@example("[" * 20_000)
@example("9" * 20_000)
@example('{"price": ' + "9" * 5000 + "}")
@example("ﷺ" * 5000)
@example("²½①٣")
def test_any_text_gives_one_finite_number_or_one_fault(text: str) -> None:
    for task in (USD, EUR, KG, STARS):
        for cut in (False, True):
            reading = read_number(text, task, cut=cut)
            assert (reading.value is None) != (reading.fault is None)
            assert reading.value is None or math.isfinite(reading.value)


MOOD = Task(name="mood", unit=None, labels=("positive", "negative", "very negative", "Mixed-Feelings"))
LETTERS = Task(name="grade", unit=None, labels=("A", "B", "C"))


@pytest.mark.parametrize(
    ("reply", "task", "said"),
    [
        ("positive", MOOD, "positive"),
        ("Positive.", MOOD, "positive"),
        ("**POSITIVE**", MOOD, "positive"),
        ("mixed feelings", MOOD, "Mixed-Feelings"),
        ("mixed_feelings", MOOD, "Mixed-Feelings"),
        ('{"mood": "negative"}', MOOD, "negative"),
        ('{"label": "Very Negative"}', MOOD, "very negative"),
        ('{"mood": "sad"}', MOOD, None),
        ("This review is very negative.", MOOD, "very negative"),
        ("The mood is positive", MOOD, "positive"),
        ("It has positive and negative sides. Answer: negative", MOOD, "negative"),
        ("<think>positive?</think>negative", MOOD, "negative"),
        ("B", LETTERS, "B"),
        ("B) because it is good", LETTERS, "B"),
        ("A good one. Answer: B", LETTERS, "B"),
    ],
)
def test_a_label_is_found_alone_or_in_a_sentence(reply: str, task: Task, said: str | None) -> None:
    assert read_label(reply, task).label == said


@pytest.mark.parametrize(
    ("reply", "task", "fault"),
    [
        ("positive or negative", MOOD, "ambiguous"),
        ("not positive", MOOD, "ambiguous"),
        ("happy", MOOD, "no label"),
        ("unpositively", MOOD, "no label"),
        ("A good product", LETTERS, "no label"),
        ("I cannot help with that", MOOD, "refused"),
        ("", MOOD, "empty reply"),
        ('{"mood": ["positive"]}', MOOD, "no label"),
        ('{"mood": true}', MOOD, "no label"),
    ],
)
def test_a_reply_that_names_no_label_or_several_is_a_fault(reply: str, task: Task, fault: str) -> None:
    assert read_label(reply, task) == Reading(fault=fault)


@given(st.text())
@example("[" * 20_000)
def test_any_text_gives_one_label_or_one_fault(text: str) -> None:
    for task in (MOOD, LETTERS):
        reading = read_label(text, task)
        assert (reading.label is None) != (reading.fault is None)
        assert reading.label is None or reading.label in task.labels
