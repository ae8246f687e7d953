"""Curating a shard."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricer.products.curate import Block, Tally, curate
from pricer.products.shards import Raw
from tests.pricer.products.toys import raw, usual

BAD = [
    Raw(0, None, "not JSON", "{"),
    Raw(0, raw(1, price=None)), Raw(0, raw(2, price="from 7.99")), Raw(0, raw(3, price="€5")), Raw(0, raw(4, price=1000.0)),
    Raw(0, raw(5, title="", features=[], description=[], details={})),
    Raw(0, raw(6, price=43.21, description=["costs 43.21 in shops"])),
]  # fmt: skip


def curated(*fields: dict[str, Any]) -> Block:
    return curate([Raw(line, one) for line, one in enumerate(fields, 1)], "toy.jsonl", usual())


def test_a_record_becomes_an_item_without_what_distracts() -> None:
    item = curated(
        raw(7, title="NORVANE kettle RF28-XYZ12345", details={"Batteries Included?": "No", "Color": "Red"})
    ).items.to_pylist()[0]
    assert item["title"] == "NORVANE kettle"
    assert item["details"] == '{"Color":"Red"}'
    assert item["text"].splitlines()[0] == "NORVANE kettle"
    assert item["text"].splitlines()[2] == "Color: Red"
    assert (item["target"], item["source_line"], item["source_file"]) == (12.0, 1, "toy.jsonl")


def test_features_and_details_come_before_a_long_description() -> None:
    item = curated(raw(7, features=["brushed steel"], description=["long " * 500])).items.to_pylist()[0]
    assert "brushed steel" in item["text"]
    assert "Color: " in item["text"]
    assert item["tokens"] <= 160


def test_each_drop_has_its_reason_line_and_what_was_found() -> None:
    drops = curated(raw(1, price="from 7.99"), raw(2), raw(3, price=None)).dropped.to_pylist()
    assert [(drop["reason"], drop["found"], drop["source_line"]) for drop in drops] == [
        ("price is a range", "from 7.99", 1), ("price missing", None, 3),
    ]  # fmt: skip


def test_a_text_that_states_its_price_is_dropped() -> None:
    drops = curated(raw(1, price=43.21, description=["costs 43.21 in shops"])).dropped.to_pylist()
    assert [(drop["reason"], drop["found"]) for drop in drops] == [("text states the price", "43.21")]


def test_money_is_taken_out_of_the_text_before_it_is_searched() -> None:
    block = curated(raw(1, price=43.0, description=["was $43.00, a bargain that shines"]))
    assert "was , a bargain" in block.items["description"][0].as_py()
    assert block.tally.hits["text-money"] == 1


def test_hits_count_matches_and_items_count_records() -> None:
    batteries = {"Batteries Included?": "No", "Batteries Required?": "No"}
    tally = curated(raw(1, title="kettle W10326469 AP6019603 steel", store="X", details=batteries), raw(2)).tally
    assert (tally.hits["part-number"], tally.items["part-number"]) == (2, 1)
    assert (tally.hits["detail-batteries"], tally.items["detail-batteries"]) == (2, 1)
    assert tally.hits["detail-best-sellers-rank"] == 1
    before, after = tally.samples["part-number"][0]
    assert before.startswith("kettle W10326469 AP6019603 steel\n")
    assert after.startswith("kettle steel\n")


def test_a_labelled_record_keeps_its_label() -> None:
    reading = replace(usual().columns, is_label=True, unit=None)
    block = curate(
        [Raw(1, raw(1, price=" positive ")), Raw(2, raw(2, price=None))], "f", replace(usual(), columns=reading)
    )
    assert block.items["label"].to_pylist() == ["positive"]
    assert block.dropped["reason"].to_pylist() == ["label missing"]


def test_the_distribution_before_counts_prices_that_are_filtered_out() -> None:
    tally = curated(raw(1, price=7000.0), raw(2, price=12.0), raw(3, price=None)).tally
    assert sum(tally.prices_before.values()) == 2


@given(st.lists(st.sampled_from([*BAD, *(Raw(0, raw(number)) for number in range(20, 26))]), max_size=30))
@settings(max_examples=40)
def test_the_funnel_adds_up(records: list[Raw]) -> None:
    block = curate([replace(one, line=line) for line, one in enumerate(records, 1)], "f", usual())
    assert block.tally.raw == len(records) == len(block.items) + len(block.dropped)
    assert block.tally.kept == len(block.items)
    assert block.tally.dropped == Counter(block.dropped["reason"].to_pylist())
    lines = block.items["source_line"].to_pylist() + block.dropped["source_line"].to_pylist()
    assert sorted(lines) == list(range(1, len(records) + 1))


@given(st.integers(0, 12))
@settings(max_examples=13)
def test_where_a_source_is_cut_changes_nothing(cut: int) -> None:
    records = [Raw(line, raw(line, price=None if line % 5 == 0 else 9.0 + line)) for line in range(1, 13)]
    whole = curate(records, "f", usual())
    one, two = curate(records[:cut], "f", usual()), curate(records[cut:], "f", usual())
    assert one.items.to_pylist() + two.items.to_pylist() == whole.items.to_pylist()
    added = Tally()
    added.add(one.tally)
    added.add(two.tally)
    assert replace(added, expected_coincidences=0) == replace(whole.tally, expected_coincidences=0)


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=60)
def test_any_text_is_kept_or_dropped_and_never_fails(title: str, description: str) -> None:
    block = curated(raw(1, title=title, description=[description]))
    assert len(block.items) + len(block.dropped) == 1


@pytest.mark.parametrize(
    "details", [[1, 2], 7, "plain", {"a": {"b": [1, {"c": None}]}}, {"Color:": ":"}, {"a\nb": "c\nd"}]
)
def test_details_of_any_shape_are_read(details: object) -> None:
    assert len(curated(raw(1, details=details)).items) == 1
