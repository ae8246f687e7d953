from __future__ import annotations

import json
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.evaluation.material import Wanted, chosen, gather
from pricer.predictors.protocol import Task
from tests.pricer.evaluation.toys import items


def _priced(folder: Path, count: int, split: bool = False) -> Path:
    rows = []
    for n in range(count):
        row = {"title": f"thing {n} of {n * 37} parts made in {1900 + n}", "price_usd": 5.0 + n}
        rows.append(row | ({"split": ("train", "train", "validation", "test")[n % 4]} if split else {}))
    path = folder / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_without_splits_what_learns_nothing_is_scored_on_every_row(tmp_path: Path) -> None:
    found = gather(Wanted(file=_priced(tmp_path, 40)), learns=False)
    assert (len(found.items), found.split, len(found.train.listings)) == (40, "all", 0)


def test_without_splits_what_learns_is_scored_on_its_test_part(tmp_path: Path) -> None:
    found = gather(Wanted(file=_priced(tmp_path, 200)), learns=True)
    parts = [len(found.items), len(found.train.listings), len(found.validation.listings)]
    assert sum(parts) == 200
    assert min(parts) > 0
    assert not {item.listing.id for item in found.items} & {listing.id for listing in found.train.listings}


def test_a_stated_split_is_kept_whether_something_learns_or_not(tmp_path: Path) -> None:
    path = _priced(tmp_path, 40, split=True)
    one, other = (gather(Wanted(file=path), learns=learns) for learns in (True, False))
    assert one.items == other.items or {i.listing.id for i in one.items} == {i.listing.id for i in other.items}
    assert len(one.items) == 40 / 4
    assert len(one.train.listings) == 40 / 2


def test_a_smaller_limit_asks_for_a_part_of_a_larger_one() -> None:
    small, large = chosen(items(100), 10, 3), chosen(items(100), 50, 3)
    assert large[:10] == small
    assert chosen(items(100), 10, 4) != small


def test_the_draw_does_not_depend_on_the_order_of_the_file() -> None:
    assert chosen(items(50), 10, 0) == chosen(items(50)[::-1], 10, 0)


def test_prices_that_keep_the_usual_bounds_have_them_as_valid_range(tmp_path: Path) -> None:
    task = gather(Wanted(file=_priced(tmp_path, 10)), learns=False).task
    assert (task.least, task.most, task.unit) == (0.50, 999.49, "usd")


def test_prices_beyond_the_usual_bounds_have_no_range_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(json.dumps({"title": "a car of some age", "price_usd": 8000}) + "\n")
    task = gather(Wanted(file=tmp_path / "own.jsonl"), learns=False).task
    assert (task.least, task.most) == (None, None)


def test_a_question_and_a_range_of_the_user_are_taken(tmp_path: Path) -> None:
    asked = Task(question="How much?", least=1, most=50)
    task = gather(Wanted(file=_priced(tmp_path, 10), task=asked), learns=False).task
    assert (task.question, task.least, task.most, task.name) == ("How much?", 1, 50, "price_usd")


def test_an_empty_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="wanted --least below --most, found 5 and 5"):
        gather(Wanted(file=_priced(tmp_path, 10), task=Task(least=5, most=5)), learns=False)


def test_one_of_data_set_and_file_is_wanted() -> None:
    with pytest.raises(BadInput, match="one of --dataset NAME and --data FILE"):
        Wanted()
    with pytest.raises(BadInput, match="one of --dataset NAME and --data FILE"):
        Wanted("name", Path("file"))


def test_fewer_training_examples_are_part_of_more_and_another_material(tmp_path: Path) -> None:
    path = _priced(tmp_path, 200, split=True)
    few, more, whole = (gather(Wanted(file=path, train=train), learns=True) for train in (10, 50, None))
    assert len(few.train.listings) == 10
    assert set(few.train.listings) < set(more.train.listings) < set(whole.train.listings)
    assert few.items == more.items == whole.items
    assert len({few.fingerprint, more.fingerprint, whole.fingerprint}) == 3
