"""Scrub rules and part numbers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.errors import BadInput
from pricer.products.rules import PART_NUMBER, default_rules, drop_part_numbers, is_part_number, read_rules


@pytest.mark.parametrize(
    "word", ["RF28-XYZ12345", "i7-8700K", "W10326469", "AP6019603", "12345678", "(OMNIPURE-E5720)", "E5720-AB."]
)
def test_words_of_eight_characters_with_a_digit_are_part_numbers(word: str) -> None:
    assert is_part_number(word)


@pytest.mark.parametrize(
    "word",
    ["WHIRLPOOL", "UNIVERSAL", "1080p", "500GB", "5000mAh", "(E5720),", "refrigerator", "E572012", "...1234567..."],
)
def test_brands_and_measures_stay(word: str) -> None:
    assert not is_part_number(word)


@pytest.mark.parametrize(
    ("text", "left", "dropped"),
    [
        ("WHIRLPOOL filter RF28-XYZ12345 with 500GB", "WHIRLPOOL filter with 500GB", 1),
        ("W10326469 W10326469", "", 2),
        ("ソニーWH-1000XM4ヘッドホン", "ソニーヘッドホン", 1),
        ("新しい冷蔵庫500リットル対応モデル", "新しい冷蔵庫500リットル対応モデル", 0),
        ("Größe500x200 passt", "passt", 1),
        ("nothing here", "nothing here", 0),
        ("", "", 0),
    ],
)
def test_only_part_numbers_leave_the_text(text: str, left: str, dropped: int) -> None:
    assert drop_part_numbers(text, 8) == (left, dropped)


@given(st.text(st.sampled_from("aB1- .,日本é/"), max_size=60).map(lambda text: " ".join(text.split())))
def test_dropping_twice_changes_nothing(text: str) -> None:
    once, _ = drop_part_numbers(text, 8)
    assert drop_part_numbers(once, 8) == (once, 0)


TEXT_CASES = [
    ("text-batteries", "Batteries Included? : No Batteries Required? : Yes cable", "cable"),
    ("text-batteries", "two AA batteries in the box", "two AA batteries in the box"),
    ("text-discontinued", "Is Discontinued By Manufacturer : No cable", "cable"),
    ("text-discontinued", "made by manufacturers in Japan", "made by manufacturers in Japan"),
    (
        "text-best-sellers-rank",
        "cable Best Sellers Rank: #12,345 in Tools (See Top 100 in Tools) #6 in Filters",
        "cable #6 in Filters",
    ),
    ("text-part-number", "cable Part Number: AB-123 red", "cable red"),
    ("text-part-number", "spare part for dryers", "spare part for dryers"),
    ("text-model-number", "Item model number: XQ5 red", "red"),
    ("text-model-number", "a model of numbers", "a model of numbers"),
    ("text-dates", "Date First Available: August 18, 2012 red", "red"),
    ("text-money", "was $1,299.00 now €45,99 or 40 dollars, free", "was now or , free"),
    ("text-money", "weighs 45 pounds and 30 inches", "weighs 45 pounds and 30 inches"),
    ("text-links", "see https://example.com/a?b=1 or www.example.com now", "see or now"),
]


@pytest.mark.parametrize(("name", "text", "left"), TEXT_CASES)
def test_a_text_rule_takes_out_what_it_names_and_nothing_else(name: str, text: str, left: str) -> None:
    rule = next(rule for rule in default_rules().rows if rule.name == name)
    scrubbed = pc.replace_substring_regex(pa.array([text]), rule.pattern, " ")[0].as_py()
    assert " ".join(scrubbed.split()) == left


def test_every_text_rule_has_a_case() -> None:
    assert {name for name, _, _ in TEXT_CASES} == {rule.name for rule in default_rules().kind("text")}


def test_leaving_one_rule_out_changes_the_fingerprint() -> None:
    rules = default_rules()
    prints = {rules.without(name).fingerprint for name in [*(rule.name for rule in rules.rows), PART_NUMBER]}
    assert len(prints | {rules.fingerprint}) == len(rules.rows) + 2


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("rule = [", "not TOML"),
        ('[[rule]]\nname="a"\nkind="text"\npattern="("\nreason="r"', "not RE2"),
        ('[[rule]]\nname="a"\nkind="text"\npattern="(?=x)"\nreason="r"', "not RE2"),
        ('[[rule]]\nname="a"\nkind="text"\npattern="x*"\nreason="r"', "everywhere"),
        ('[[rule]]\nname="a"\nkind="word"\npattern="x"\nreason="r"', "kind"),
        ('[[rule]]\nname="a"\nkind="text"\npattern="x"', "reason"),
        ('part_number_chars = "8"', "whole number"),
    ],
)
def test_a_broken_table_is_refused_with_its_place(tmp_path: Path, table: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(table)
    with pytest.raises(BadInput, match=said):
        read_rules(path)


def test_an_unknown_rule_cannot_be_left_out() -> None:
    with pytest.raises(BadInput, match="text-money"):
        default_rules().without("no-such-rule")
