"""Splits by family."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pricer.products.splits import NONE, TEST, TRAIN, VALIDATION, by_family, names, place

HASHES = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30, unique=True)


def hashes(*values: int) -> Any:
    return np.array(values, np.uint64)


def codes(*values: int) -> Any:
    return np.array(values, np.int8)


@given(HASHES, st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_split_of_a_family_depends_on_nothing_but_the_family(families: list[int], seed: int, draw: Any) -> None:
    alone = {family: by_family(hashes(family), seed)[0] for family in families}
    draw.shuffle(families)
    assert by_family(hashes(*families), seed).tolist() == [alone[family] for family in families]


def test_shares_are_eight_one_and_one_tenth() -> None:
    draw = np.random.default_rng(0).integers(0, 2**64 - 1, 100_000, np.uint64)
    counts = np.bincount(by_family(draw, 0), minlength=3) / len(draw)
    assert np.abs(counts - [0.8, 0.1, 0.1]).max() < 0.005


def test_another_seed_splits_otherwise() -> None:
    draw = np.arange(1000, dtype=np.uint64)
    assert (by_family(draw, 0) != by_family(draw, 1)).any()


def test_stated_splits_stay_and_straddling_training_items_leave() -> None:
    content, ids, family = hashes(1, 2, 3, 4), hashes(5, 6, 7, 8), hashes(9, 9, 9, 10)
    placed = place(content, ids, family, codes(TEST, VALIDATION, TRAIN, TRAIN), 0)
    assert names(placed.split) == ["test", "validation", "train", "train"]
    assert [placed.reasons[code] for code in placed.leaves] == [
        "", "near-duplicate of a test item", "near-duplicate of a test item", "",
    ]  # fmt: skip


def test_of_exact_duplicates_the_most_protected_stays() -> None:
    placed = place(hashes(1, 1, 1), hashes(5, 6, 7), hashes(9, 9, 9), codes(TRAIN, TEST, TRAIN), 0)
    assert [placed.reasons[code] for code in placed.leaves] == ["exact duplicate", "", "exact duplicate"]


def test_of_an_id_used_twice_one_stays() -> None:
    placed = place(hashes(1, 2), hashes(5, 5), hashes(9, 9), codes(NONE, NONE), 0)
    assert sorted(placed.reasons[code] for code in placed.leaves) == ["", "id used twice"]


def test_an_item_without_a_stated_split_follows_its_family() -> None:
    placed = place(hashes(1, 2), hashes(5, 6), hashes(9, 9), codes(TEST, NONE), 0)
    assert names(placed.split) == ["test", "test"]


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 4), st.integers(-1, 2)), min_size=1, max_size=25
    ),
    st.data(),
)
def test_no_family_straddles_and_the_order_does_not_matter(rows: list[tuple[int, int, int, int]], data: Any) -> None:
    rows = [(row[0], place_, row[2], row[3]) for place_, row in enumerate(rows)]  # ids are unique here
    order = data.draw(st.permutations(range(len(rows))))
    outcomes = []
    for sequence in (range(len(rows)), order):
        content, ids, family, stated = zip(*(rows[n] for n in sequence), strict=True)
        # equal content implies one family
        placed = place(
            hashes(*(c + 10 * f for c, f in zip(content, family, strict=True))),
            hashes(*ids),
            hashes(*family),
            codes(*stated),
            7,
        )
        staying: dict[int, set[int]] = {}
        for number, split, leaves in zip(family, placed.split.tolist(), placed.leaves.tolist(), strict=True):
            if not leaves:
                staying.setdefault(number, set()).add(split)
        assert all(len(splits) == 1 for splits in staying.values())
        outcomes.append(
            {row_id: (s, w) for row_id, s, w in zip(ids, placed.split.tolist(), placed.leaves.tolist(), strict=True)}
        )
    assert outcomes[0] == outcomes[1]
