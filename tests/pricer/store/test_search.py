"""A search fuses meaning and words, keeps to its filter, cites its sources and refuses what it cannot answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from pricer.errors import BadInput, PricerError
from pricer.store.product import Filter
from pricer.store.search import MOST_HITS, NOTE, chosen, document, search, way_of
from pricer.store.store import Store, create
from tests.pricer.store.toys import ToyEncoder, product, shelf

ODD = 21  # the product whose text shares a word with no other


@pytest.fixture
def store() -> Store:
    """Forty products; one of them has a word that the others have not."""
    made = create("things", encoder=ToyEncoder())
    made.add([*shelf(ODD), product(ODD, f"thing {ODD} HX-4520 of kind 0 in colour 10"), *shelf(40 - ODD - 1, ODD + 1)])
    return made


def test_dense_hits_are_those_of_the_index_with_their_cosine(store: Store) -> None:
    text = product(5).text
    hits = search(store, text, 4, way="dense")
    near = store.nearest(store.encoder.queries([text]), 4)[0]
    assert [(hit.product, hit.similarity) for hit in hits] == [(one.product, one.similarity) for one in near]
    assert [hit.score for hit in hits] == [hit.similarity for hit in hits]
    assert all(hit.rank_words is None for hit in hits)


def test_hits_by_words_have_no_similarity(store: Store) -> None:
    (hit,) = search(store, "hx-4520", 1, way="words")
    assert (hit.product.id, hit.similarity, hit.rank_dense, hit.rank_words) == (f"p{ODD}", None, None, 1)


def test_the_hybrid_sums_the_reciprocal_ranks_of_both_lists(store: Store) -> None:
    for hit in search(store, "thing 21 HX-4520", 20):
        ranks = [rank for rank in (hit.rank_dense, hit.rank_words) if rank is not None]
        assert hit.score == pytest.approx(sum(1 / (60 + rank) for rank in ranks))
        assert ranks


def test_the_hybrid_finds_what_only_words_find(store: Store) -> None:
    assert search(store, "hx-4520", 1)[0].product.id == f"p{ODD}"


def test_hits_are_ordered_by_score_and_each_stands_once(store: Store) -> None:
    hits = search(store, "thing of kind 3", 30)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.product.id for hit in hits}) == len(hits) == 30


@pytest.mark.parametrize("way", ["hybrid", "dense", "words"])
def test_a_filter_holds_for_every_hit_of_every_way(store: Store, way: str) -> None:
    only = Filter(category="kind 3", least=5, most=30)
    found = search(store, "thing of kind 3", 10, only, way_of(way))
    assert {hit.product.id for hit in found} == {
        "p10",
        "p17",
    }  # 3, 10, 17, 24, 31, 38; 24 has no price, 31 and 38 cost more


def test_what_is_added_and_removed_by_hand_is_found_and_not_found(store: Store) -> None:
    store.add([product(90, "zebra striped thing")])
    assert search(store, "zebra", 1)[0].product.id == "p90"
    store.remove(["p90"])
    assert "p90" not in {hit.product.id for hit in search(store, "zebra", 50)}


@pytest.mark.parametrize(
    ("text", "k", "only", "said"),
    [
        (" ", 5, Filter(), "wanted a text"),
        ("pan", 0, Filter(), f"1 to {MOST_HITS}"),
        ("pan", MOST_HITS + 1, Filter(), f"1 to {MOST_HITS}"),
        ("pan", 5, Filter(least=9, most=3), "found 9 and 3"),
        ("pan", 5, Filter(category="Kind 3"), "did you mean kind 3"),
        ("pan", 5, Filter(category="shoes"), "there is kind 0"),
    ],
)
def test_a_search_that_cannot_be_answered_says_why(store: Store, text: str, k: int, only: Filter, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        search(store, text, k, only)


def test_an_unknown_way_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="hybrid, dense, words"):
        way_of("fuzzy")


def test_an_empty_store_says_how_to_fill_it() -> None:
    with pytest.raises(BadInput, match="assay store add bare FILE"):
        search(create("bare", encoder=ToyEncoder()), "pan")


def test_a_store_whose_words_are_gone_says_how_to_mend_it(store: Store) -> None:
    store.words.clear()
    with pytest.raises(PricerError, match="assay store repair things"):
        search(store, "pan")


def test_a_lone_surrogate_in_a_text_does_no_harm(store: Store) -> None:
    assert search(store, "thing \ud800", 1)


def test_the_only_store_needs_no_name(store: Store) -> None:
    assert chosen(None) == "things"
    create("others", encoder=ToyEncoder())
    with pytest.raises(BadInput, match="--store: others, things"):
        chosen(None)
    assert chosen("others") == "others"


def test_without_a_store_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="assay store index DATASET"):
        chosen(None)


def test_a_document_cites_each_source_and_says_that_texts_are_data(store: Store) -> None:
    told = document(search(store, "hx-4520", 1), detailed=False)
    assert told["note"] == NOTE
    assert told["hits"][0] | {"score": None, "similarity": None} == {
        "rank": 1, "id": f"p{ODD}", "title": f"thing {ODD}", "price": None, "category": "kind 0", "similarity": None, "score": None,
        "source": f"things.jsonl:{ODD + 1}",
    }  # fmt: skip


def test_a_detailed_document_cuts_long_texts(store: Store) -> None:
    store.add([product(91, "zebra " * 1000)])
    (hit,) = document(search(store, "zebra", 1, way="words"), detailed=True)["hits"]
    assert (len(hit["text"]), hit["text"][-1], hit["family"]) == (1_200, "…", "f91")
