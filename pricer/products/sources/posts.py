"""Short posts with the feeling of their writer: three labels, made up for this project, the same on every machine.

The posts and the label map stand in `posts.toml`. A post's id, its place in the order and its split follow from a hash of its text
alone, so that a post keeps its split when others are added. No claim about real posts rests on them.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pricer.products.shards import Raw, Shard

POSTS = Path(__file__).with_name("posts.toml")
TEXT, LABEL = "text", "sentiment"
COLUMNS = ("id", TEXT, LABEL, "category", "split")
# Up to these shares of its hash a post is for training, for validation, for the test: about 60, 15 and 25 in 100. The hash has four
# stretches of eight bytes; the third is taken, under which the labels are spread most evenly.
SPLIT_EDGES = {"train": 0.60, "validation": 0.75, "test": 1.0}


@dataclass(frozen=True, slots=True)
class PostsSource:
    """All posts, as a source that knows its own text and label columns."""

    def describe(self) -> dict[str, Any]:
        """What the manifest says of the posts; `labels` is the label map in its order."""
        data = POSTS.read_bytes()
        return {
            "kind": "posts",
            "name": "synthetic posts",
            "synthetic": True,
            "files": [{"name": POSTS.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}],
            "licence": "MIT, written for llm-assay",
            "note": "made up, each labelled by its one writer; no claim about real posts rests on it",
            "columns": list(COLUMNS),
            "text": [TEXT],
            "label": LABEL,
            "labels": label_map(),
        }

    def shards(self, work: Path) -> Iterator[Shard]:  # noqa: ARG002 - nothing needs staging
        """One shard; its range counts posts."""
        yield Shard(0, "posts", "", POSTS.name, 0, len(records()))


def read(shard: Shard) -> Iterator[Raw]:
    """The posts of a shard in the order of `records`; a post's line is its place, from 1."""
    for place, fields in enumerate(records()[shard.start : shard.stop], start=shard.first_line):
        yield Raw(place, dict(fields))


def label_map() -> dict[str, int]:
    """The labels with their numbers, in ascending order: negative 0, neutral 1, positive 2."""
    found: dict[str, int] = _table()["labels"]
    return dict(found)


def records() -> tuple[dict[str, str], ...]:
    """Every post as id, text, sentiment, category and split, ordered by its hash, so that neighbours share neither topic nor label."""
    topics: dict[str, dict[str, list[str]]] = _table()["topics"]
    found = [
        _record(text, label, topic) for topic, by_label in topics.items() for label, texts in by_label.items() for text in texts
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda post: post["id"]))


def write(path: Path) -> None:
    """Write all posts to `path`: JSON lines in UTF-8, or CSV where the name ends so."""
    if path.suffix.lower() == ".csv":
        _write_csv(path)
        return
    import json

    path.write_text("".join(json.dumps(post, ensure_ascii=False) + "\n" for post in records()), encoding="utf-8")


def _write_csv(path: Path) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        sheet.writeheader()
        sheet.writerows(records())


def _record(text: str, label: str, topic: str) -> dict[str, str]:
    digest = hashlib.sha256(text.encode()).digest()
    share = int.from_bytes(digest[16:24], "big") / 2**64
    split = next(name for name, edge in SPLIT_EDGES.items() if share < edge)
    return {"id": digest[:8].hex(), TEXT: text, LABEL: label, "category": topic, "split": split}


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(POSTS.read_text(encoding="utf-8"))
