"""Data sets on the hub as sources: Amazon's item metadata by category, the course's item sets, and any repository of data files."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.products.shards import Raw, Shard
from pricer.products.sources import parquet
from pricer.products.sources.files import File, Files, format_of
from pricer.products.sources.hub import Hub, Progress, quiet

AMAZON = "McAuley-Lab/Amazon-Reviews-2023"
# No licence is stated for the data.
AMAZON_REVISION = "2b6d039ed471f2ba5fd2acb718bf33b0a7e5598e"
# https://amazon-reviews-2023.github.io, and the configurations `raw_meta_*` of that repository.
AMAZON_CATEGORIES = (
    "All_Beauty",
    "Amazon_Fashion",
    "Appliances",
    "Arts_Crafts_and_Sewing",
    "Automotive",
    "Baby_Products",
    "Beauty_and_Personal_Care",
    "Books",
    "CDs_and_Vinyl",
    "Cell_Phones_and_Accessories",
    "Clothing_Shoes_and_Jewelry",
    "Digital_Music",
    "Electronics",
    "Gift_Cards",
    "Grocery_and_Gourmet_Food",
    "Handmade_Products",
    "Health_and_Household",
    "Health_and_Personal_Care",
    "Home_and_Kitchen",
    "Industrial_and_Scientific",
    "Kindle_Store",
    "Magazine_Subscriptions",
    "Movies_and_TV",
    "Musical_Instruments",
    "Office_Products",
    "Patio_Lawn_and_Garden",
    "Pet_Supplies",
    "Software",
    "Sports_and_Outdoors",
    "Subscription_Boxes",
    "Tools_and_Home_Improvement",
    "Toys_and_Games",
    "Unknown",
    "Video_Games",
)
COURSE = {"lite": "ed-donner/items_lite", "full": "ed-donner/items_full"}
# Without `prompt`: it ends with the price.
COURSE_COLUMNS = ("id", "title", "category", "price", "weight", "full", "summary")


@dataclass(frozen=True)
class Repository:
    """A source of files in a repository. Without `names` it is all data files of one format; `reader` is the kind of its shards.

    Downloads take place when it is described or cut.
    """

    name: str
    repository: str
    revision: str | None
    names: tuple[str, ...]
    hub: Hub
    progress: Progress = quiet
    reader: str | None = None

    def describe(self) -> dict[str, Any]:
        """What `Files` says of the files, and where they are from."""
        said = self._files.describe()
        columns = _course_columns(said["columns"]) if self.reader == "course" else said["columns"]
        return {
            **said,
            "kind": "hub",
            "name": self.name,
            "format": said["kind"],
            "repository": self.repository,
            "revision": self._commit,
            "licence": None if self.names else self.hub.listing(self.repository, self._commit).licence,
            "columns": columns,
        }

    def shards(self, work: Path) -> Iterator[Shard]:
        """The shards of the files, which are downloaded first where they are not here."""
        for shard in self._files.shards(work):
            split = shard.kind.partition(":")[2]
            yield replace(shard, kind=f"{self.reader}:{split}") if self.reader else shard

    @cached_property
    def _commit(self) -> str:
        return self.hub.commit(self.repository, self.revision)

    @cached_property
    def _files(self) -> Files:
        names = self.names or _data_files(self.hub.listing(self.repository, self._commit).files, self.repository)
        return Files(
            tuple(File(self.hub.fetch(self.repository, self._commit, name, self.progress), name) for name in names)
        )


def amazon(wanted: str, there: Hub, progress: Progress) -> Repository:
    """The raw item metadata of a category, of several joined by commas, or of `all`."""
    asked = AMAZON_CATEGORIES if wanted.lower() == "all" else tuple(_category(name) for name in wanted.split(","))
    names = tuple(f"raw/meta_categories/meta_{category}.jsonl" for category in dict.fromkeys(asked))
    return Repository(f"amazon:{wanted}", AMAZON, AMAZON_REVISION, names, there, progress)


def course(wanted: str, there: Hub, progress: Progress) -> Repository:
    """The course's ready-made items: their splits, and their text as `description`."""
    if wanted not in COURSE:
        raise BadInput(f"course: wanted one of {', '.join(COURSE)}, found {wanted!r}")
    return Repository(f"course:{wanted}", COURSE[wanted], None, (), there, progress, "course")


def any_repository(wanted: str, there: Hub, progress: Progress) -> Repository:
    """A data set as owner/name or owner/name@revision. The course's own are read as `course` does, so that no answer leaks."""
    repository, _, revision = wanted.partition("@")
    reader = "course" if repository in COURSE.values() else None
    return Repository(f"hf:{wanted}", repository, revision or None, (), there, progress, reader)


def read(shard: Shard) -> Iterator[Raw]:
    """The course's items: known columns only, empty ones left out, `full` or else `summary` as the description."""
    for raw in parquet.read(shard):
        yield raw if raw.fields is None else replace(raw, fields=_item(raw.fields))


def _item(fields: dict[str, Any]) -> dict[str, Any]:
    known = {name: fields[name] for name in COURSE_COLUMNS if fields.get(name) is not None}
    return {**known, "description": known.get("full") or known.get("summary")}


def _course_columns(found: Collection[str]) -> list[str]:
    return [*(name for name in COURSE_COLUMNS if name in found), "description", *({"split"} & set(found))]


def _category(name: str) -> str:
    """A category by its name in any case, with blanks or underscores. `BadInput` gives the nearest."""
    plain = {known.lower(): known for known in AMAZON_CATEGORIES}
    asked = "_".join(name.lower().replace("&", "and").replace(",", " ").split())
    if asked in plain:
        return plain[asked]
    near = difflib.get_close_matches(asked, plain, 3, cutoff=0.4) or [key for key in plain if asked in key]
    hint = f"nearest: {', '.join(plain[key] for key in near)}" if near else f"there are {', '.join(AMAZON_CATEGORIES)}"
    raise BadInput(f"amazon: no category {name!r}; {hint}; amazon:all is all of them")


def _data_files(names: Collection[str], repository: str) -> tuple[str, ...]:
    """The data files of the first of the formats Parquet, JSON lines and CSV that is there: others tend to be copies."""
    for wanted in ("parquet", "jsonl", "csv"):
        found = tuple(
            name for name in names if (known := format_of(name)) and known.name == wanted and not _beside(name)
        )
        if found:
            return found
    raise BadInput(
        f"{repository}: wanted files of Parquet, JSON lines or CSV, found {', '.join(sorted(names)[:5]) or 'none'}"
    )


def _beside(name: str) -> bool:
    """Whether a file is about the data rather than of them."""
    base = name.rpartition("/")[2].lower()
    return base.startswith(".") or base in {
        "dataset_infos.json",
        "dataset_dict.json",
        "dataset_info.json",
        "state.json",
        "config.json",
    }
