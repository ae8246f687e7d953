"""The audit finds what was planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from pricer.products.audit import audit
from pricer.products.dataset import Dataset
from pricer.products.parts import write_parquet
from tests.pricer.products.toys import raw, usual


def dataset(folder: Path, *rows: dict[str, Any]) -> Dataset:
    """A data set of these rows, two files of them where there are several."""
    folder.mkdir(exist_ok=True)
    plain = [
        {
            "id": f"i{place}",
            "title": raw(place)["title"],
            "text": raw(place)["description"][0],
            "target": 44.0,
            "split": "train",
        }
        | row
        for place, row in enumerate(rows)
    ]
    half = max(1, len(plain) // 2)
    for place, part in enumerate((plain[:half], plain[half:])):
        if part:
            write_parquet(pa.Table.from_pylist(part), folder / f"items-{place:05}.parquet")
    return Dataset(folder, {})


def test_a_planted_near_duplicate_across_splits_is_found(tmp_path: Path) -> None:
    text = "a long description of the very same kettle made of steel with a whistle and a handle"
    found = audit(dataset(tmp_path, {"text": text}, {}, {}, {"text": f"{text} red", "split": "test"}), usual())
    assert found["straddlers"] == 1
    assert found["examples"] == [["text", round(15 / 16, 3), "i3", "i0"]]  # 17 words make 15 runs of three, 18 make 16
    assert found["exhaustive"]


def test_near_duplicate_titles_are_found_too(tmp_path: Path) -> None:
    title = "norvane steel kettle with whistle"
    found = audit(dataset(tmp_path, {"title": title}, {"title": f"{title} red", "split": "validation"}), usual())
    assert [example[0] for example in found["examples"]] == ["title"]


def test_near_duplicates_in_one_split_are_no_leak(tmp_path: Path) -> None:
    rows = [{"title": "norvane steel kettle with whistle", "split": "test"}] * 3
    assert audit(dataset(tmp_path, *rows, {}), usual())["straddlers"] == 0


def test_validation_against_test_is_compared_as_well(tmp_path: Path) -> None:
    title = "norvane steel kettle with whistle"
    found = audit(
        dataset(tmp_path, {"title": title, "split": "test"}, {"title": title, "split": "validation"}), usual()
    )
    assert found["straddlers"] == 2  # from either side


def test_a_prompt_that_holds_its_answer_is_counted(tmp_path: Path) -> None:
    found = audit(dataset(tmp_path, {"text": "a kettle for $44 only"}, {"text": "a kettle of 44 inches"}), usual())
    assert found["prompts"]["holding_the_answer"] == 1
    assert found["prompts"]["checked"] == 2


def test_a_prompt_over_its_budget_is_counted(tmp_path: Path) -> None:
    found = audit(dataset(tmp_path, {"text": "steel kettle " * 200}, {}), usual())
    assert found["prompts"]["over_budget"] == 1
