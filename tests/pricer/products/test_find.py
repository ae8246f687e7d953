"""What a user names as a source: paths, folders and patterns, data sets by name, and what is said when there is no such thing."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.products.shards import Raw, Source
from pricer.products.sources import files, read, repositories
from pricer.products.sources import find as finding
from pricer.products.sources.find import find
from tests.pricer.products.sheets import write_sheets


def all_of(source: Source, work: Path) -> list[Raw]:
    return [raw for shard in source.shards(work) for raw in read(shard)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file of each kind, one of them hidden and one of no use."""
    arrow: Any = pytest.importorskip("pyarrow")
    arrow_parquet: Any = pytest.importorskip("pyarrow.parquet")
    there = tmp_path / "data"
    (there / "more").mkdir(parents=True)
    (there / ".cache").mkdir()
    (there / ".cache" / "old.jsonl").write_text('{"hidden": 1}\n')
    (there / "notes.txt").write_text("nothing")
    (there / "a.jsonl").write_text('{"title": "A", "price": 1}\n')
    (there / "b.jsonl.gz").write_bytes(gzip.compress(b'{"title": "B", "price": 2}\n'))
    (there / "c.csv").write_text("title;price\nC;3\n")
    (there / "more" / "d.tsv").write_text("title\tprice\nD\t4\n")
    write_sheets(there / "more" / "e.xlsx", [{1: ["title", "price"], 2: ["E", 5]}])
    arrow_parquet.write_table(arrow.table({"title": ["F"], "price": [6]}), there / "more" / "f.parquet")
    return there


def test_a_folder_is_all_its_files_of_known_formats_in_order(folder: Path, tmp_path: Path) -> None:
    source = find(str(folder))
    raws = all_of(source, tmp_path / "work")
    assert [raw.fields and raw.fields["title"] for raw in raws] == list("ABCDEF")
    shards = list(source.shards(tmp_path / "work"))
    assert [shard.index for shard in shards] == [0, 1, 2, 3, 4, 5]
    assert [shard.file for shard in shards][2:] == ["c.csv", "more/d.tsv", "more/e.xlsx", "more/f.parquet"]


def test_a_source_says_what_it_is_without_any_path_of_this_machine(folder: Path, tmp_path: Path) -> None:
    said = find(str(folder)).describe()
    assert said["kind"] == "csv+jsonl+parquet+xlsx"
    assert said["name"] == "a.jsonl, b.jsonl.gz and 4 more"
    assert (said["columns"], said["synthetic"]) == (["title", "price"], False)
    data = (folder / "c.csv").read_bytes()
    assert said["files"][2] == {"name": "c.csv", "bytes": 16, "sha256": hashlib.sha256(data).hexdigest()}
    assert str(tmp_path) not in json.dumps(said)


def test_patterns_and_several_paths_make_one_source_with_each_file_once(folder: Path, tmp_path: Path) -> None:
    source = find(str(folder / "**" / "*.tsv"), str(folder / "a.jsonl"), str(folder / "more" / "d.tsv"))
    assert [raw.fields and raw.fields["title"] for raw in all_of(source, tmp_path)] == ["D", "A"]


def test_a_path_may_be_relative_and_shows_its_name_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert find("more/../a.jsonl").describe()["name"] == "a.jsonl"


def test_a_link_shows_its_own_name_and_counts_once_with_what_it_links_to(folder: Path, tmp_path: Path) -> None:
    (folder / "a.jsonl").rename(tmp_path / "store.bak")
    (folder / "a.jsonl").symlink_to(tmp_path / "store.bak")
    (folder / "z.jsonl").symlink_to(tmp_path / "store.bak")
    said = find(str(folder / "*.jsonl")).describe()
    assert [file["name"] for file in said["files"]] == ["a.jsonl"]


def test_a_second_cut_of_the_same_files_is_the_same(folder: Path, tmp_path: Path) -> None:
    first = list(find(str(folder)).shards(tmp_path / "work"))
    assert list(find(str(folder)).shards(tmp_path / "work")) == first


def test_files_named_for_splits_give_their_records_that_split(tmp_path: Path) -> None:
    for name in ("train.csv", "valid-2.csv", "test.csv"):
        (tmp_path / name).write_text("a,split\n1,\n" if name == "train.csv" else "a\n1\n")
    source = find(str(tmp_path))
    assert [raw.fields for raw in all_of(source, tmp_path)] == [
        {"a": "1", "split": "test"},
        {"a": "1", "split": "train"},
        {"a": "1", "split": "validation"},
    ]
    assert source.describe()["columns"] == ["a", "split"]


def test_a_split_that_a_record_states_wins(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"split": "test"}\n')
    (tmp_path / "test.jsonl").write_text('{"split": null}\nbroken\n')
    assert [raw.fields for raw in all_of(find(str(tmp_path)), tmp_path)] == [
        {"split": "test"},
        None,
        {"split": "test"},
    ]


@pytest.mark.parametrize("names", [["test.csv"], ["test.csv", "other.csv"], ["training.csv", "testimony.csv"]])
def test_a_name_alone_makes_no_split(names: list[str]) -> None:
    assert files.split_names(names) == [None] * len(names)


def test_an_empty_file_alone_is_refused_and_among_others_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(BadInput, match=r"wanted records in a\.csv, found an empty file"):
        find(str(tmp_path / "a.csv")).describe()
    (tmp_path / "b.csv").write_text("a\n1\n")
    source = find(str(tmp_path))
    assert source.describe()["columns"] == ["a"]
    assert len(all_of(source, tmp_path)) == 1


def test_the_sample_is_made_to_measure(tmp_path: Path) -> None:
    pytest.importorskip("pricer.products.sources.sample")
    source = find("sample", size=7, seed=3)
    assert source.describe()["synthetic"] is True
    assert len(all_of(source, tmp_path)) == 7


def test_all_of_amazon_is_its_thirty_four_categories() -> None:
    source = find("amazon:all")
    assert isinstance(source, repositories.Repository)
    assert len(source.names) == len(set(source.names)) == 34
    assert list(repositories.AMAZON_CATEGORIES) == sorted(repositories.AMAZON_CATEGORIES, key=str.lower)


@pytest.mark.parametrize(
    "wanted", ["Home_and_Kitchen", "home and kitchen", "Home & Kitchen", "home_and_kitchen,Home_and_Kitchen"]
)
def test_a_category_is_known_however_it_is_written(wanted: str) -> None:
    source = find(f"amazon:{wanted}")
    assert isinstance(source, repositories.Repository)
    assert source.names == ("raw/meta_categories/meta_Home_and_Kitchen.jsonl",)
    assert source.revision == "2b6d039ed471f2ba5fd2acb718bf33b0a7e5598e"


REFUSALS = [
    ("amazon:Appliance", "no category 'Appliance'; nearest: Appliances"),
    ("amazon:Beauty", "nearest: .*All_Beauty"),
    ("amazon:qqqq", "there are All_Beauty, Amazon_Fashion"),
    ("amazon:", "wanted a name behind the colon"),
    ("amazn:Appliances", "nearest: amazon:Appliances"),
    ("smaple", "no source and no file 'smaple'; nearest: sample"),
    ("course:medium", "wanted one of lite, full, found 'medium'"),
    ("https://example.org/a.csv", "addresses are not fetched"),
    ("no/such/file.csv", "found nothing at 'no/such/file.csv'"),
    ("*.csv", r"found nothing at '\*\.csv'"),
]


@pytest.mark.parametrize(("spec", "words"), REFUSALS)
def test_what_is_no_source_is_refused_with_what_there_is(
    spec: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=words):
        find(spec)


def test_a_missing_file_is_answered_with_the_nearest_beside_it(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"nearest: 'c\.csv'"):
        find(str(folder / "C.cvs"))


def test_a_format_that_is_not_read_is_refused_with_those_that_are(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"wanted a file that ends in \.jsonl.*found '\.txt'"):
        find(str(folder / "notes.txt"))


def test_a_folder_without_data_is_refused_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"wanted files that end in \.jsonl.*found nothing"):
        find(str(tmp_path))
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadInput, match=r"found 'notes\.txt'"):
        find(str(tmp_path))


def test_sources_by_name_go_alone(folder: Path) -> None:
    with pytest.raises(BadInput, match="'sample' goes alone"):
        find("sample", str(folder))
    with pytest.raises(BadInput, match="wanted a source, found none"):
        find()


def test_every_prefix_is_among_the_forms_that_refusals_show() -> None:
    assert all(f"{prefix}:" in finding.FORMS for prefix in finding.HUB)
