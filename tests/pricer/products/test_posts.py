"""The posts: labelled, varied, split for good, and loaded like any other source."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.evaluation.material import Wanted, gather
from pricer.products.engine import Engine
from pricer.products.load import Options, load, request
from pricer.products.own_file import in_families, read_file
from pricer.products.shards import Shard
from pricer.products.sources import posts, read
from pricer.products.sources.find import find

POSTS = posts.records()


def test_there_are_over_600_posts_and_the_commonest_label_is_about_two_in_five() -> None:
    counts = Counter(post["sentiment"] for post in POSTS)
    assert sum(counts.values()) == len(POSTS) > 600
    assert counts["negative"] > counts["neutral"] > counts["positive"] > 170
    assert 0.38 < counts["negative"] / len(POSTS) < 0.44


def test_the_label_map_goes_from_negative_to_positive_and_names_every_label() -> None:
    assert list(posts.label_map().items()) == [("negative", 0), ("neutral", 1), ("positive", 2)]
    assert {post["sentiment"] for post in POSTS} == set(posts.label_map())


def test_a_post_has_5_to_40_words() -> None:
    lengths = [len(post["text"].split()) for post in POSTS]
    assert (min(lengths), max(lengths)) == (5, 40)


def test_every_topic_has_posts_of_all_three_labels() -> None:
    found = {(post["category"], post["sentiment"]) for post in POSTS}
    topics = {post["category"] for post in POSTS}
    assert len(topics) > 20
    assert len(found) == len(topics) * 3


def test_no_post_names_an_account_or_an_address() -> None:
    assert not [post["text"] for post in POSTS if re.search(r"@|#\w|https?:|www\.", post["text"])]


def test_no_two_posts_share_half_of_their_words() -> None:
    words = [frozenset(re.findall(r"\w+", post["text"].lower())) for post in POSTS]
    pairs = ((one, two) for place, one in enumerate(words) for two in words[:place])
    assert not [one | two for one, two in pairs if 2 * len(one & two) >= len(one | two)]


def test_a_split_follows_from_the_text_alone() -> None:
    for post in POSTS[::50]:
        share = int.from_bytes(hashlib.sha256(post["text"].encode()).digest()[16:24], "big") / 2**64
        assert post["split"] == ("train" if share < 0.6 else "validation" if share < 0.75 else "test")


def test_about_60_15_and_25_in_100_are_for_training_validation_and_test() -> None:
    counts = Counter(post["split"] for post in POSTS)
    for split, share in {"train": 0.60, "validation": 0.15, "test": 0.25}.items():
        assert abs(counts[split] / len(POSTS) - share) < 0.03


def test_every_split_has_at_least_25_posts_of_each_label() -> None:
    counts = Counter((post["split"], post["sentiment"]) for post in POSTS)
    assert len(counts) == 3 * 3
    assert min(counts.values()) >= 25


def test_a_shard_gives_the_posts_in_their_order() -> None:
    found = list(read(Shard(0, "posts", "", "posts.toml", 2, 4, first_line=3)))
    assert [(raw.line, raw.fields) for raw in found] == [(3, POSTS[2]), (4, POSTS[3])]


def test_the_source_is_read_as_labelled_text_without_being_told() -> None:
    wanted = request(find("posts"))
    assert wanted.name == "posts"
    assert wanted.settings.columns.is_label
    assert (wanted.settings.columns.of("target"), wanted.settings.columns.text) == ("sentiment", ("text",))


def test_loaded_posts_are_a_labelled_data_set_from_which_nothing_is_dropped(tmp_path: Path) -> None:
    pytest.importorskip("daft")
    dataset = load(request(find("posts")), Engine(workers=1), tmp_path)
    assert dataset.manifest["target"] == {"name": "sentiment", "unit": None, "is_label": True}
    assert dataset.manifest["funnel"] == {"raw": len(POSTS), "kept": len(POSTS), "dropped": {}}
    said = {post["id"]: (post["text"], post["sentiment"], post["split"]) for post in POSTS}
    assert {item.listing.id: (item.listing.text, item.label, item.split) for item in dataset.items()} == said


def test_what_the_user_says_about_columns_goes_first() -> None:
    wanted = request(find("posts"), Options(label="category"))
    assert wanted.settings.columns.of("target") == "category"


def test_posts_go_alone() -> None:
    with pytest.raises(BadInput, match="'posts' goes alone"):
        find("posts", "sample")


def test_a_written_file_holds_every_post_whatever_its_format(tmp_path: Path) -> None:
    posts.write(tmp_path / "posts.jsonl")
    posts.write(tmp_path / "posts.csv")
    lines = [json.loads(line) for line in (tmp_path / "posts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == list(POSTS)
    csv, jsonl = (
        read_file(tmp_path / name, text=("text",), label="sentiment") for name in ("posts.csv", "posts.jsonl")
    )
    assert [(item.listing, item.label, item.split) for item in csv.items] == [
        (item.listing, item.label, item.split) for item in jsonl.items
    ]


def test_a_written_file_is_measured_on_its_own_test_posts_with_no_copy_in_training(tmp_path: Path) -> None:
    posts.write(tmp_path / "posts.jsonl")
    material = gather(Wanted(file=tmp_path / "posts.jsonl", text=("text",), label="sentiment"), learns=True)
    counts = Counter(post["split"] for post in POSTS)
    assert (len(material.train.listings), len(material.items)) == (counts["train"], counts["test"])
    assert material.task.labels == ("negative", "neutral", "positive")
    assert material.near_copies == 0


def test_the_posts_are_families_of_one(tmp_path: Path) -> None:
    posts.write(tmp_path / "posts.jsonl")
    own = in_families(read_file(tmp_path / "posts.jsonl", text=("text",), label="sentiment"), seed=0)
    assert len({item.family for item in own.items}) == len(POSTS)


def test_a_listing_does_not_say_its_label(tmp_path: Path) -> None:
    posts.write(tmp_path / "posts.jsonl")
    own = read_file(tmp_path / "posts.jsonl", text=("text",), label="sentiment")
    said = {(post["id"], post["text"], post["category"]) for post in POSTS}
    assert {(item.listing.id, item.listing.text, item.listing.category) for item in own.items} == said
