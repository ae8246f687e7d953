"""A data set in figures, checked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pricer.products import describe as described
from pricer.products.describe import describe, document
from tests.pricer.products.shelf import drop, item, shelved

SPLITS = ["train"] * 4 + ["validation"] * 2 + ["test"] * 4


def rows() -> list[dict[str, object]]:
    """Ten items: prices 1 to 4 to train on, 5 and 6 for validation, 7 to 10 for the test."""
    return [item(number, split=split) for number, split in enumerate(SPLITS, 1)]


def test_each_split_has_its_sizes_and_quantiles(tmp_path: Path) -> None:
    found = describe(shelved(tmp_path, rows()))
    assert [(split.name, split.items, split.families) for split in found.splits] == [
        ("train", 4, 4),
        ("validation", 2, 2),
        ("test", 4, 4),
    ]
    train, test = found.splits[0].target, found.splits[2].tokens
    assert train is not None
    assert test is not None
    assert (train.least, train.median, train.most, train.mean) == (1, 2.5, 4, 2.5)
    assert (test.least, test.median, test.most) == (107, 108.5, 110)


def test_all_splits_together(tmp_path: Path) -> None:
    whole = describe(shelved(tmp_path, rows())).whole
    assert whole.target is not None
    assert (whole.items, whole.families, whole.target.median, whole.target.mean) == (10, 10, 5.5, 55 / 10)


def test_drift_is_measured_from_training(tmp_path: Path) -> None:
    items = [item(number, target=float(price)) for number, price in enumerate((1, 2, 3, 4))]
    items += [item(10 + price, target=float(price), split="test", tokens=100) for price in (3, 4, 5, 6)]
    validation, test = describe(shelved(tmp_path, items)).drift
    assert (validation.split, validation.target, validation.groups) == ("validation", None, None)
    assert test.target is not None
    assert test.target.statistic == 0.5
    assert test.groups is not None
    assert test.groups.distance == 0


def test_categories_drift_by_the_share_that_differs(tmp_path: Path) -> None:
    items = [item(number, category="A" if number < 3 else "B") for number in range(4)]
    items += [item(10 + number, category="A" if number else None, split="test") for number in range(2)]
    found = describe(shelved(tmp_path, items)).drift[1].groups
    assert found is not None
    assert found.distance == (abs(3 / 4 - 1 / 2) + abs(1 / 4 - 0) + abs(0 - 1 / 2)) / 2


def test_after_curation_is_counted_on_the_edges_of_before(tmp_path: Path) -> None:
    dataset = shelved(tmp_path, rows())
    bins = describe(dataset).target_bins
    assert list(bins.edges) == dataset.manifest["before"]["price"]["edges"]
    assert list(bins.before) == dataset.manifest["before"]["price"]["counts"]
    at = {edge: after for edge, after in zip(bins.edges, bins.after, strict=True) if after}
    assert at == {1: 1, 2: 3, 5: 5, 10: 1}  # 1 · 2, 3, 4 · 5 to 9 · 10


def test_categories_are_counted_before_and_in_each_split(tmp_path: Path) -> None:
    items = [item(1, category="A & B"), item(2, category="A & B", split="test"), item(3, category=None)]
    before = {"price": {"edges": [0], "counts": [3]}, "tokens": {"edges": [0], "counts": [3]}}
    dataset = shelved(tmp_path, items, before=before | {"category": {"A &amp; B": 2, "A  & B": 3, "": 4, "gone": 1}})
    found = describe(dataset).categories
    assert [(group.name, group.before, group.items) for group in found.rows] == [
        ("A & B", 2 + 3, (1, 0, 1)), (None, 4, (1, 0, 0)), ("gone", 1, (0, 0, 0)),
    ]  # fmt: skip


def test_many_categories_are_cut_and_none_is_lost(tmp_path: Path) -> None:
    items = [item(number, category=f"c{number:03}") for number in range(described.GROUPS + 5)]
    found = describe(shelved(tmp_path, items)).categories
    assert (len(found.rows), found.more) == (
        described.GROUPS,
        6,
    )  # "Tools", of which only the manifest knows, is the sixth
    assert found.rest is not None
    assert sum(group.after for group in found.rows) + found.rest.after == len(items)


def test_families_are_counted_and_the_largest_named(tmp_path: Path) -> None:
    items = [
        item(1, family="k", title="red kettle"),
        item(2, family="k", title="blue kettle"),
        item(3, family="k", title="red kettle"),
        item(4),
    ]
    found = describe(shelved(tmp_path, items)).families
    assert (found.count, found.singletons, found.straddling) == (2, 1, 0)
    assert [(one.id, one.items, one.split, one.titles) for one in found.largest] == [
        ("k", 3, "train", ("blue kettle", "red kettle"))
    ]


def test_a_family_in_two_splits_is_told(tmp_path: Path) -> None:
    found = describe(shelved(tmp_path, [item(1, family="k"), item(2, family="k", split="test"), item(3, family="k")]))
    assert found.families.straddling == 1
    assert [(split.items, split.families) for split in found.splits] == [(2, 1), (0, 0), (1, 1)]


def test_labels_are_counted_in_each_split(tmp_path: Path) -> None:
    items = [
        item(number, target=None, label="good" if number % 2 else "bad", split=split)
        for number, split in enumerate(SPLITS)
    ]
    found = describe(shelved(tmp_path, items, target={"name": "mood", "unit": None, "is_label": True}))
    assert found.labels is not None
    assert {group.name: group.items for group in found.labels.rows} == {"good": (2, 1, 2), "bad": (2, 1, 2)}
    assert found.whole.target is None
    assert found.drift[0].target is None


def test_drops_keep_the_order_of_the_manifest_and_show_what_was_found(tmp_path: Path) -> None:
    drops = [drop("price is a range", "from $7"), drop("exact duplicate", "family 0a"), drop("price missing")]
    drops += [drop("price is a range", "$1 - $2"), drop("price is a range", "$1 - $2")]
    found = describe(shelved(tmp_path, rows(), drops)).drops
    assert [(one.reason, one.count, one.found) for one in found] == [
        ("price is a range", 3, ("$1 - $2", "from $7")), ("exact duplicate", 1, ()), ("price missing", 1, ()),
    ]  # fmt: skip


def test_items_of_audit_examples_get_their_titles(tmp_path: Path) -> None:
    audit = shelved(tmp_path, rows()).manifest["audit"] | {"examples": [["title", 0.9, "i1", "i8"]], "straddlers": 1}
    assert describe(shelved(tmp_path, rows(), audit=audit)).titles == {"i1": "title 1", "i8": "title 8"}


def test_so_many_values_that_they_are_rounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(described, "DISTINCT", 1)
    found = describe(shelved(tmp_path, [item(1, target=123.4567), item(2, target=0.0)]))
    assert found.rounded
    assert found.whole.target is not None
    assert (found.whole.target.least, found.whole.target.most) == (0, 123.46)


def test_an_empty_data_set_is_described(tmp_path: Path) -> None:
    found = describe(shelved(tmp_path, [], [drop("price missing")]))
    assert (found.whole.items, found.whole.target, sum(found.target_bins.after)) == (0, None, 0)


def test_the_document_is_json_and_its_figures_agree_with_the_manifest(tmp_path: Path) -> None:
    dataset = shelved(tmp_path, rows(), [drop("price missing")])
    told = json.loads(json.dumps(document(describe(dataset))))
    assert told["funnel"] == {"raw": 11, "kept": 10, "dropped": {"price missing": 1}}
    assert sum(split["items"] for split in told["splits"]) == told["funnel"]["kept"]
    assert told["target"] == dataset.manifest["target"]
    assert told["rules"][0] == {
        "name": "text-money",
        "kind": "text",
        "reason": "could be the answer",
        "hits": 1234,
        "items": 1111,
    }
    assert told["verdicts"]["duplicates"] == {
        "says": "none found", "is_good": True, "because": "all 6 validation and test items were compared with every item",
    }  # fmt: skip
