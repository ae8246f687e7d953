from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.products.own_file import in_families, number, read_file


def _file(folder: Path, rows: list[dict[str, Any]], name: str = "own.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _tickets(count: int) -> list[dict[str, Any]]:
    words = ("printer", "network", "password", "screen", "keyboard", "invoice", "licence", "phone")
    return [
        {"body": f"{words[n % 8]} {words[n % 7]} broke {n * 7919} in room {n * 31}", "hours": n - 3}
        for n in range(count)
    ]


def test_every_row_is_an_item_in_its_order(tmp_path: Path) -> None:
    own = read_file(_file(tmp_path, _tickets(20)), text=("body",), target="hours")
    assert [item.target for item in own.items] == [float(n - 3) for n in range(20)]
    assert (own.unit, own.target, own.stated, own.dropped) == (None, "hours", False, {})


def test_the_listing_never_holds_the_target(tmp_path: Path) -> None:
    own = read_file(_file(tmp_path, [{"title": "a lamp for the desk", "price": 123.45}]))
    assert "123.45" not in repr(own.items[0].listing)


def test_rows_without_an_answer_or_a_text_are_counted(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"body": "one", "hours": 1},
        {"body": "two", "hours": None},
        {"body": "", "hours": 3},
        {"body": "x", "hours": "soon"},
    ]
    own = read_file(_file(tmp_path, rows), text=("body",), target="hours")
    assert len(own.items) == 1
    assert own.dropped == {"target missing": 1, "no text": 1, "target unreadable": 1}


def test_words_in_the_target_column_are_labels(tmp_path: Path) -> None:
    rows = [{"post": f"text {n}", "mood": ("good", "bad")[n % 2]} for n in range(6)]
    own = read_file(_file(tmp_path, rows), text=("post",), target="mood")
    assert own.labels == ("bad", "good")
    assert [item.label for item in own.items[:2]] == ["good", "bad"]


def test_a_column_with_too_many_labels_is_taken_for_a_text(tmp_path: Path) -> None:
    rows = [{"post": f"text {n}", "mood": f"mood {n}"} for n in range(201)]
    with pytest.raises(BadInput, match="column 'mood' has 201 labels, wanted at most 200"):
        read_file(_file(tmp_path, rows), text=("post",), target="mood")


def test_a_column_that_is_not_there_is_named_with_its_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"column 'hour'.*nearest: hours"):
        read_file(_file(tmp_path, _tickets(3)), text=("body",), target="hour")


def test_a_csv_is_read_like_json_lines(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("body,hours\nthe printer is broken,2.5\nno network,-1\n")
    own = read_file(tmp_path / "own.csv", text=("body",), target="hours")
    assert [item.target for item in own.items] == [2.5, -1.0]


def test_stated_splits_are_kept_and_copies_are_counted(tmp_path: Path) -> None:
    copy = "a red ceramic teapot with a lid and six small cups for the afternoon"
    rows = [
        {"title": copy, "price": 10, "split": "train"}, {"title": copy + " tea", "price": 11, "split": "test"},
        {"title": "a garden chair of oak wood that can be folded for the winter", "price": 90, "split": "train"},
        {"title": "forty metal screws in a box with a transparent plastic cover", "price": 4, "split": "validation"},
    ]  # fmt: skip
    own = in_families(read_file(_file(tmp_path, rows)), 0)
    assert [item.split for item in own.items] == ["train", "test", "train", "validation"]
    assert own.near_copies == 1
    kept = in_families(read_file(_file(tmp_path, rows)), 0, drop_copies=True)
    assert [item.listing.title for item in kept.items if item.split == "train"] == [rows[2]["title"]]


def test_without_splits_families_go_to_one_side_by_the_seed(tmp_path: Path) -> None:
    read = read_file(_file(tmp_path, _tickets(300)), text=("body",), target="hours")
    one, same, other = in_families(read, 0), in_families(read, 0), in_families(read, 1)
    assert one == same
    assert [item.split for item in one.items] != [item.split for item in other.items]
    shares = Counter(item.split for item in one.items)
    assert shares["train"] > shares["test"] > 0
    sides = {item.family: item.split for item in one.items}
    assert all(sides[item.family] == item.split for item in one.items)


def test_a_repeated_id_is_told_apart_by_its_line(tmp_path: Path) -> None:
    rows = [{"id": "a", "title": "one thing", "price": 1}, {"id": "a", "title": "another thing", "price": 2}]
    assert [item.listing.id for item in read_file(_file(tmp_path, rows)).items] == ["a", "a:2"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12.5", 12.5), ("1,299", 1299.0), ("-3", -3.0), ("−3", -3.0), (7, 7.0), ("1e3", 1000.0)],
)
def test_a_cell_is_read_as_a_number(cell: object, value: float) -> None:
    assert number(cell) == value


@pytest.mark.parametrize("cell", ["", "soon", True, None, float("nan"), "inf", [1]])
def test_anything_else_is_no_number(cell: object) -> None:
    assert number(cell) is None
