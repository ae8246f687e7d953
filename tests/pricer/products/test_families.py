"""Families of near-duplicates."""

from __future__ import annotations

import random

import numpy as np
import pytest

from pricer.products.families import SIMILAR, Words, families, features, jaccard, normal, sketch

VOCABULARY = [f"{first}{second}{third}" for first in "bcdfgklm" for second in "aeiou" for third in "nrstx"]


def grouped(titles: list[str], texts: list[str], ids: list[str] | None = None) -> list[int]:
    """The family numbers of items."""
    normal_titles, normal_texts = normal(titles), normal(texts)
    drawn = sketch(ids or [f"id{place}" for place in range(len(titles))], titles, texts, texts)
    found = families(
        drawn, lambda numbers: Words([normal_titles[n] for n in numbers], [normal_texts[n] for n in numbers])
    )
    assert len(found.family) == len(titles)
    return [int(family) for family in found.family]


def sentence(seed: int, words: int) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choices(VOCABULARY, k=words))


def test_variants_of_a_product_are_one_family() -> None:
    base = sentence(1, 60)
    found = grouped(
        [
            "Norvane steel kettle with whistle 2 litre red",
            "Norvane steel kettle with whistle 2 litre blue",
            "Quite another thing here",
        ],
        [base, f"{base} blue", sentence(2, 60)],
    )
    assert found[0] == found[1] != found[2]


def test_titles_alone_can_make_a_family() -> None:
    titles = [
        "Norvane steel kettle with loud whistle 2 litre in red",
        "Norvane steel kettle with loud whistle 2 litre in blue",
    ]
    found = grouped(titles, [sentence(1, 60), sentence(2, 60)])
    assert found[0] == found[1]


def test_an_id_used_twice_makes_a_family() -> None:
    found = grouped([sentence(1, 6), sentence(2, 6)], [sentence(3, 40), sentence(4, 40)], ["B01", "B01"])
    assert found[0] == found[1]


def test_families_join_through_a_common_member() -> None:
    words = sentence(1, 40).split()
    steps = [" ".join([*words[: 40 - 2 * step], *sentence(50 + step, 2 * step).split()]) for step in (0, 1, 2, 3)]
    found = grouped([sentence(10 + step, 7) for step in range(4)], steps)
    assert found[0] == found[1]


def test_short_titles_do_not_make_a_family() -> None:
    found = grouped(["Cardigan", "Cardigan"], [sentence(1, 60), sentence(2, 60)])
    assert found[0] != found[1]


def test_case_and_punctuation_do_not_matter() -> None:
    found = grouped(["Norvane, Steel KETTLE (red)!", "norvane steel kettle red"], [sentence(1, 50), sentence(2, 50)])
    assert found[0] == found[1]


def test_a_family_does_not_depend_on_the_order_of_the_items() -> None:
    texts = [sentence(place // 3, 40) + f" tail{place}" for place in range(60)]
    titles = [sentence(1000 + place, 8) for place in range(60)]
    order = list(range(60))
    random.Random(3).shuffle(order)
    ids = [f"id{place}" for place in range(60)]
    forward = dict(zip(ids, grouped(titles, texts, ids), strict=True))
    shuffled = grouped([titles[n] for n in order], [texts[n] for n in order], [ids[n] for n in order])
    assert forward == dict(zip([ids[n] for n in order], shuffled, strict=True))
    assert len(set(forward.values())) == 20


@pytest.mark.parametrize("seed", range(4))
def test_every_pair_above_the_threshold_is_found(seed: int) -> None:
    draw = random.Random(seed)
    texts = []
    for base in range(40):
        words = sentence(base + 1000 * seed, 30).split()
        for _ in range(4):
            changed = list(words)
            for place in draw.sample(range(30), draw.randrange(3)):
                changed[place] = draw.choice(VOCABULARY)
            texts.append(" ".join(changed))
    found = grouped([sentence(9000 + place, 7) for place in range(len(texts))], texts)
    matrix = features(texts, 3)
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    one, two = np.triu_indices(len(texts), 1)
    near = jaccard(matrix, sizes, one, two) >= SIMILAR
    assert near.sum() > 20
    assert [(a, b) for a, b in zip(one[near], two[near], strict=True) if found[a] != found[b]] == []


def test_a_crowd_of_equal_titles_is_one_family() -> None:
    titles = ["the very same title for all of them"] * 700
    found = grouped(titles, [sentence(place, 30) for place in range(700)])
    assert len(set(found)) == 1


def test_no_items_make_no_families() -> None:
    assert grouped([], []) == []


def test_features_are_sets_of_runs_of_words() -> None:
    matrix = features(["a b c a b c", "b c a", "a b"], 3)
    sizes = np.asarray(matrix.sum(axis=1)).ravel().tolist()
    assert sizes == [3, 1, 0]  # abc bca cab; bca; too short for any
    assert jaccard(matrix, np.array(sizes), np.array([0]), np.array([1])).tolist() == [1 / 3]
