"""Raw fields to records."""

from __future__ import annotations

import pytest

from pricer.errors import BadInput
from pricer.products.records import columns, record
from tests.pricer.products.toys import NAMES, amazon, raw


def test_a_raw_amazon_record_is_read_part_by_part() -> None:
    said = record(raw(7), amazon(), "f:7")
    assert (said.id, said.brand, said.category, said.answer) == ("B000000007", "NORVANE", "Tools", 12.0)
    assert said.details["Best Sellers Rank"] == "Tools: 12345"
    assert "; made for the" in said.features


def test_details_come_as_an_object_or_as_its_json_text() -> None:
    as_text = record(raw(1, details='{"Color": "Red", "Size": null}'), amazon(), "f:1")
    as_object = record(raw(1, details={"Color": "Red", "Size": None}), amazon(), "f:1")
    assert as_text.details == as_object.details == {"Color": "Red"}


def test_broken_details_are_kept_as_text() -> None:
    assert record(raw(1, details='{"Color": '), amazon(), "f:1").details == {"Details": '{"Color": '}


def test_a_record_without_an_id_is_named_for_its_place() -> None:
    one, two = (record(raw(1, parent_asin=None), amazon(), place) for place in ("f:1", "f:2"))
    assert one.id != two.id
    assert one == record(raw(1, parent_asin=""), amazon(), "f:1")


def test_named_columns_win_over_the_known_ones() -> None:
    reading = columns(["subject", "body", "hours", "price"], text=("subject", "body"), target="hours")
    said = record({"subject": "Broken", "body": "It fell.", "hours": 3, "price": 9}, reading, "f:1")
    assert (said.description, said.answer, reading.unit) == ("Broken It fell.", 3, None)


def test_a_label_is_an_answer_too() -> None:
    reading = columns(["text", "mood"], text=("text",), label="mood")
    assert reading.is_label
    assert record({"text": "so good", "mood": "positive"}, reading, "f:1").answer == "positive"


@pytest.mark.parametrize(
    ("found", "options", "said"),
    [
        (["titel", "price"], {"text": ("title",)}, "titel"),
        (["title"], {}, "--target or --label"),
        (["price"], {}, "--text"),
        (NAMES, {"target": "price", "label": "store"}, "both"),
    ],
)
def test_columns_that_cannot_be_read_are_refused_with_what_there_is(
    found: list[str], options: dict[str, str], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        columns(found, **options)  # type: ignore[arg-type]


def test_an_unknown_split_is_none() -> None:
    assert record(raw(1, split="holdout"), amazon(), "f:1").split is None
    assert record(raw(1, split="test"), amazon(), "f:1").split == "test"
