"""Tables: CSV cut between records however they are quoted, Parquet by row groups, spreadsheets by row."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer import installed
from pricer.errors import BadInput, MissingExtra
from pricer.products.shards import Raw, Shard
from pricer.products.sources import parquet, read, sheet, table
from tests.pricer.products.sheets import write_sheets

arrow: Any = pytest.importorskip("pyarrow")
arrow_parquet: Any = pytest.importorskip("pyarrow.parquet")


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def all_of(shards: Iterable[Shard]) -> list[Raw]:
    return [raw for shard in shards for raw in read(shard)]


def loaded(path: Path) -> list[Raw]:
    return all_of(table.shards(path, path.name, path.parent / "work"))


def rows(raws: Sequence[Raw]) -> list[tuple[int, dict[str, Any] | str | None]]:
    return [(raw.line, raw.fields or raw.fault) for raw in raws]


CELL = st.text(st.sampled_from('ab ",;\n\r|\té'), max_size=6)
# Lines as people write them, not as a library does: stray quotes, ragged rows, other encodings.
WILD = st.sampled_from(
    [b"1,2", b'"a\nb",2', b'x"y,2', b'"open,2', b'"a"b,2', b"", b"1", b"\xe9,2", b"1,2,3", b'"q""r",2', b"a\rb,2"]
)


@given(
    st.lists(st.tuples(CELL, CELL), max_size=12),
    st.sampled_from(table.DELIMITERS),
    st.integers(1, 4),
    st.integers(1, 40),
)
def test_what_a_csv_library_writes_comes_back_from_any_cut(
    given_rows: list[tuple[str, str]], delimiter: str, most_records: int, most_bytes: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("first name", "second"), *given_rows])
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "a.csv", out.getvalue())
        raws = all_of(table.cut(path, "a.csv", most_records, most_bytes))
    expected = [row for row in given_rows if any(cell.strip() for cell in row)]
    assert [tuple((raw.fields or {}).values()) for raw in raws] == expected


@given(st.lists(WILD, max_size=20), st.integers(1, 4), st.integers(1, 40), st.booleans())
def test_cut_anywhere_the_rows_faults_and_line_numbers_are_those_of_the_whole(
    given_lines: list[bytes], most_records: int, most_bytes: int, ends: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "a.csv", b"\n".join([b"a,b", b"1,2", *given_lines]) + (b"\n" if ends else b""))
        (whole,) = table.cut(path, "a.csv", 10**9, 10**9)
        shards = list(table.cut(path, "a.csv", most_records, most_bytes))
        assert all_of(shards) == list(read(whole))
        assert [shard.stop for shard in shards[:-1]] == [shard.start for shard in shards[1:]]


@given(st.lists(st.tuples(CELL, CELL), max_size=12))
def test_a_record_has_the_line_on_which_it_begins(given_rows: list[tuple[str, str]]) -> None:
    rows_without_cr = [(a.replace("\r", ""), "x" + b.replace("\r", "")) for a, b in given_rows]
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b"), *rows_without_cr])
    with tempfile.TemporaryDirectory() as folder:
        raws = loaded(written(Path(folder) / "a.csv", out.getvalue()))
    line, expected = 2, []
    for row in rows_without_cr:
        expected.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    assert [raw.line for raw in raws] == expected


@pytest.mark.parametrize("delimiter", table.DELIMITERS)
def test_the_delimiter_is_seen_from_header_and_rows(tmp_path: Path, delimiter: str) -> None:
    body = f"title{delimiter}price\n" + f'"a, b; c"{delimiter}1\n' * 3
    assert rows(loaded(written(tmp_path / "a.csv", body)))[0] == (2, {"title": "a, b; c", "price": "1"})


def test_a_decimal_comma_does_not_make_the_comma_the_delimiter(tmp_path: Path) -> None:
    body = "name;price, net\nA;1,50\nB;2\n"
    assert rows(loaded(written(tmp_path / "a.csv", body)))[0] == (2, {"name": "A", "price, net": "1,50"})


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    assert rows(loaded(written(tmp_path / "a.csv", "title\na b\n\nc\n"))) == [
        (2, {"title": "a b"}),
        (4, {"title": "c"}),
    ]


def test_ragged_rows_are_faults_that_say_both_widths(tmp_path: Path) -> None:
    raws = loaded(written(tmp_path / "a.csv", "a,b\n1\n1,2,3\n1,2,,\n ,\n"))
    assert rows(raws) == [
        (2, "wrong number of columns"),
        (3, "wrong number of columns"),
        (4, {"a": "1", "b": "2"}),
    ]
    assert [raw.found for raw in raws[:2]] == ["1 instead of 2: 1", "3 instead of 2: 1,2,3"]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path: Path) -> None:
    raws = loaded(written(tmp_path / "a.csv", 'a,b\n1,2\n"open,2\n3,4\n5,6\n'))
    assert rows(raws) == [
        (2, {"a": "1", "b": "2"}),
        (3, "quote never closed"),
        (4, {"a": "3", "b": "4"}),
        (5, {"a": "5", "b": "6"}),
    ]


def test_a_quote_that_runs_on_too_long_costs_its_own_line_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "LONGEST_RECORD_BYTES", 100)
    raws = loaded(written(tmp_path / "a.csv", 'a,b\n"open,2\n' + "3,4\n" * 100 + "x" * 200 + ",1\n5,6\n"))
    assert rows(raws)[0] == (2, "quote never closed")
    assert rows(raws)[-2:] == [(103, "line too long"), (104, {"a": "5", "b": "6"})]
    assert len(raws) == 1 + 100 + 2


def test_a_file_of_lines_with_open_quotes_is_refused_in_good_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "LONGEST_RECORD_BYTES", 1_000)
    with pytest.raises(BadInput, match=r"a\.csv: wanted quotes around whole cells.*101 lines in a row"):
        loaded(written(tmp_path / "a.csv", "a,b\n1,2\n" + 'x"y,"z\n' * 100_000))


def test_a_header_that_does_not_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="header of fewer than 65,536 bytes"):
        loaded(written(tmp_path / "a.csv", ",".join(f"c{n}" for n in range(20_000))))


def test_undecodable_rows_are_faults_with_line_and_advice(tmp_path: Path) -> None:
    body = b"a,b\n1,2\n" + "é,2\n".encode("latin-1") + "ü,3\n".encode()
    raws = loaded(written(tmp_path / "a.csv", body))
    assert rows(raws) == [(2, {"a": "1", "b": "2"}), (3, "not UTF-8"), (4, {"a": "ü", "b": "3"})]
    assert raws[1].found == "byte 0xe9 at offset 0 of the line, save the file as UTF-8: �,2"


def test_marks_windows_line_ends_and_blank_lines_above_the_header_are_tolerated(tmp_path: Path) -> None:
    body = b'\xef\xbb\xbf\r\n"a",b \r\n1,"x\r\ny"\r\n3,4\r\n'
    assert rows(loaded(written(tmp_path / "a.csv", body))) == [
        (3, {"a": "1", "b": "x\r\ny"}),
        (5, {"a": "3", "b": "4"}),
    ]


def test_columns_without_a_name_are_named_by_place_and_doubled_ones_are_refused(tmp_path: Path) -> None:
    assert table.columns(written(tmp_path / "a.csv", ",b\n0,1\n"), "a.csv") == ["column 1", "b"]
    with pytest.raises(BadInput, match="'b' 2 times"):
        table.columns(written(tmp_path / "a.csv", "b,b\n"), "a.csv")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty file"),
        (b"\n\n", "empty file"),
        (b"a,b\r1,2\r", "CR alone"),
        ("a,b\n".encode("utf-16"), "iconv"),
        (b"\xe9,b\n1,2\n", "not UTF-8"),
    ],
)
def test_a_file_without_a_header_that_can_be_read_is_refused(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        loaded(written(tmp_path / "a.csv", body))


def test_a_packed_table_is_read_like_a_plain_one_and_its_damage_is_one_fault(tmp_path: Path) -> None:
    body = b"a,b\n" + b'1,"x\ny"\n' * 50_000
    packed = gzip.compress(body)
    assert len(loaded(written(tmp_path / "a.csv.gz", packed))) == 50_000
    path = written(tmp_path / "b.csv.gz", packed[: len(packed) * 2 // 3])
    raws = loaded(path)
    assert raws[-1].fault == "gzip damaged"
    assert 20_000 < len(raws) < 50_000
    assert table.columns(path, "b.csv.gz") == ["a", "b"]


def people(path: Path, count: int, group: int) -> Path:
    arrow_parquet.write_table(arrow.table({"n": list(range(1, count + 1))}), path, row_group_size=group)
    return path


def test_parquet_is_cut_by_row_groups_small_ones_together(tmp_path: Path) -> None:
    path = people(tmp_path / "a.parquet", 25, group=4)
    shards = list(parquet.shards(path, "a.parquet", tmp_path, most_rows=10))
    assert [(shard.start, shard.stop, shard.first_line) for shard in shards] == [(0, 3, 1), (3, 6, 13), (6, 7, 25)]
    assert rows(all_of(shards)) == [(n, {"n": n}) for n in range(1, 26)]


def test_parquet_values_become_those_of_json(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    values = {
        "list": arrow.array([[1.5, float("nan")]]),
        "struct": arrow.array([{"at": dt.date(2024, 2, 29), "deep": [{"x": Decimal("1.20")}]}]),
        "map": arrow.array([[("k", 1)]], type=arrow.map_(arrow.string(), arrow.int32())),
        "time": arrow.array([dt.datetime(2024, 2, 29, 1, 2, 3, tzinfo=dt.UTC)]),
        "long": arrow.array([dt.timedelta(seconds=90)]),
        "text": arrow.array(["é".encode()]),
        "image": arrow.array([b"\xff\x00"]),
        "none": arrow.nulls(1),
        "word": arrow.array(["a"]).dictionary_encode(),
        "number": arrow.array([float("nan")]),
    }
    arrow_parquet.write_table(arrow.table(values), path)
    assert parquet.columns(path, "a.parquet") == list(values)
    assert rows(all_of(parquet.shards(path, "a.parquet", tmp_path))) == [
        (
            1,
            {
                "list": [1.5, None],
                "struct": {"at": "2024-02-29", "deep": [{"x": "1.20"}]},
                "map": {"k": 1},
                "time": "2024-02-29T01:02:03+00:00",
                "long": "0:01:30",
                "text": "é",
                "image": None,
                "none": None,
                "word": "a",
                "number": None,
            },
        )
    ]


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a\.parquet: wanted a Parquet file"):
        list(parquet.shards(written(tmp_path / "a.parquet", b"PAR1 is not enough"), "a.parquet", tmp_path))


def test_a_damaged_row_group_is_one_fault_and_the_next_is_read(tmp_path: Path) -> None:
    path = people(tmp_path / "a.parquet", 20, group=10)
    with arrow_parquet.ParquetFile(path) as file:
        at = file.metadata.row_group(0).column(0).dictionary_page_offset
    data = bytearray(path.read_bytes())
    data[at : at + 8] = b"\xff" * 8
    raws = all_of(parquet.shards(written(path, bytes(data)), "a.parquet", tmp_path))
    assert raws[0].fault == "parquet damaged"
    assert raws[0].found is not None
    assert raws[0].found.startswith("rows 1 to 10 lost")
    assert rows(raws[1:]) == [(n, {"n": n}) for n in range(11, 21)]


def test_a_spreadsheet_is_read_by_the_numbers_of_its_rows(tmp_path: Path) -> None:
    grid: dict[int, list[str | float | None]] = {
        3: ["title", "price", "n"],
        4: ["Kettle <1 l>", 12.5, 7.0],
        6: [None, 30],
    }
    grid[7] = ["x"]
    path = write_sheets(tmp_path / "a.xlsx", [{}, grid])
    assert sheet.columns(path, "a.xlsx") == ["title", "price", "n"]
    assert rows(all_of(sheet.shards(path, "a.xlsx", tmp_path / "work"))) == [
        (4, {"title": "Kettle <1 l>", "price": 12.5, "n": 7}),
        (6, {"title": None, "price": 30, "n": None}),
        (7, {"title": "x", "price": None, "n": None}),
    ]


def test_a_hidden_sheet_is_passed_over_and_one_without_rows_has_no_records(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "a.xlsx", [{1: ["secret"], 2: ["x"]}, {1: ["title"], 2: ["Pan"]}], hidden=[1])
    assert rows(all_of(sheet.shards(path, "a.xlsx", tmp_path / "work"))) == [(2, {"title": "Pan"})]
    empty = write_sheets(tmp_path / "b.xlsx", [{}])
    assert sheet.columns(empty, "b.xlsx") == []
    assert all_of(sheet.shards(empty, "b.xlsx", tmp_path / "work")) == []


def test_what_is_no_spreadsheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="wanted a spreadsheet without a password"):
        sheet.columns(written(tmp_path / "a.xlsx", b"PK\x03\x04 junk"), "a.xlsx")


def test_a_library_that_is_not_installed_is_named_with_the_extra_that_has_it() -> None:
    with pytest.raises(MissingExtra, match=r"no_such_library, which reads minds.*llm-assay\[full\]"):
        installed.load("no_such_library.part", "reads minds")
