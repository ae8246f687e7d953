"""A user's own rows become products, or are named by file and line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.store.rows import read_rows


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_keeps_its_line_even_behind_a_cell_of_several_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "own.csv", '\ufeffid,name,description,price_usd\n1,pan,"of iron\nand wood",$30\n\n2,wok,,\n')
    first, second = read_rows(path).products
    assert (first.id, first.title, first.text, first.price, first.source) == (
        "1",
        "pan",
        "of iron and wood",
        30.0,
        "own.csv:2",
    )
    assert (second.text, second.price, second.source) == ("wok", None, "own.csv:5")


def test_a_packed_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 7, "text": "a pan", "price": 3, "brand": null}\n'))
    (one,) = read_rows(path).products
    assert (one.id, one.title, one.price, one.brand) == ("7", "a pan", 3.0, None)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("own.txt", "id\n1\n", "wanted a .csv or .jsonl file"),
        ("own.csv", "id,title\n", "the file has none"),
        ("own.csv", "", "the file has none"),
        ("own.csv", "id,title\n1,pan,extra\n", "own.csv:2: wanted 2 cells, found 3"),
        ("own.csv", "title\npan\n", "own.csv:2: wanted an id and a title or text, found title"),
        ("own.csv", "id,title,price\n1,pan,-3\n", "own.csv:2: price: wanted a number"),
        ("own.jsonl", '{"id": "1", "title": ["pan"]}\n', "own.jsonl:1: title: wanted text"),
        ("own.jsonl", '{"id": "1", "title": "pan", "price": NaN}\n', "own.jsonl:1: price: wanted a number"),
        ("own.jsonl", "x\n" * 7, "and 2 more"),
        ("own.jsonl.gz", "no gzip", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_and_where(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_rows(write(tmp_path, name, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.csv"):
        read_rows(tmp_path / "none.csv")


def test_lone_surrogates_of_json_do_not_reach_a_product(tmp_path: Path) -> None:
    (one,) = read_rows(
        write(tmp_path, "own.jsonl", '{"id": "1", "title": "pan \\ud800", "category": "\\ud800"}\n')
    ).products
    assert (one.title, one.category) == ("pan", None)
