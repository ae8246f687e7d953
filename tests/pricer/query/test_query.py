"""What statements give: rows worked out by hand, cut where they must be, refused in words that help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.products.items import ITEM_COLUMNS
from pricer.query.cells import CELL, PAGE
from pricer.query.errors import QueryFailed
from pricer.query.run import ResultColumn, query
from tests.pricer.query.toys import write_home, write_rows


def rows(sql: str, home: Path, **options: Any) -> list[tuple[Any, ...]]:
    return list(query(sql, home=home, **options).rows)


def test_products_holds_the_items_of_every_finished_data_set(home: Path) -> None:
    found = rows("SELECT dataset, id, title, target, price_usd FROM products ORDER BY ALL", home)
    assert found == [
        ("kitchen", "k1", "Kettle", 30.0, 30.0),
        ("kitchen", "k2", "Kettle, black", 34.0, 34.0),
        ("kitchen", "k3", "Pan", 50.0, 50.0),
        ("kitchen", "k4", "Drill 日本", 120.5, 120.5),
        ("tickets", "t1", "Login fails", 2.0, None),  # hours are no dollars
        ("tickets", "t2", "Slow page", 4.0, None),
    ]


def test_datasets_says_what_the_manifest_says_and_null_for_the_rest(home: Path) -> None:
    assert rows("FROM datasets", home) == [
        ("kitchen", "file", "kitchen.jsonl", True, 7, 4, 3, "price", "usd", "abc123"),
        ("tickets", None, None, None, None, None, None, None, "hours", None),
    ]


def test_splits_counts_items_and_families(home: Path) -> None:
    sql = "SELECT split, category, items, families, mean_price_usd, mean_tokens FROM splits WHERE dataset = 'kitchen'"
    assert rows(sql, home) == [
        ("test", "Kitchen", 1, 1, 50.0, 8.0),
        ("train", "Kitchen", 2, 1, (30 + 34) / 2, (10 + 12) / 2),
        ("train", "Tools", 1, 1, 120.5, 20.0),
    ]


def test_five_relations_join(home: Path) -> None:
    sql = """
        SELECT d.dataset, d.kept, count(DISTINCT p.id), count(DISTINCT x.source_line), max(s.mean_price_usd), count(r.run), count(a.run)
        FROM datasets d JOIN products p USING (dataset) JOIN splits s USING (dataset) LEFT JOIN dropped x USING (dataset)
        LEFT JOIN runs r USING (dataset) LEFT JOIN answers a ON a.run = r.run AND a.item_id = p.id LEFT JOIN models m ON m.id = r.model
        GROUP BY ALL ORDER BY 1
    """
    assert rows(sql, home) == [("kitchen", 4, 4, 0, 120.5, 0, 0), ("tickets", None, 2, 0, None, 0, 0)]


def test_dropped_gives_the_reasons(home: Path) -> None:
    sql = "SELECT reason, count(*), count(id) FROM dropped GROUP BY reason ORDER BY reason"
    assert rows(sql, home) == [("not JSON", 1, 0), ("price missing", 2, 2)]


def test_a_home_without_data_sets_has_empty_relations_and_the_whole_catalogue(tmp_path: Path) -> None:
    sql = "SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM splits), (SELECT count(*) FROM models) > 400"
    assert rows(sql, tmp_path) == [(0, 0, True)]


def test_types_come_back_as_json_has_them(home: Path) -> None:
    sql = """
        SELECT DATE '2026-11-21' AS d, TIMESTAMP '2026-11-21 10:00:00' AS t, TIMESTAMPTZ '2026-11-21 10:00:00+02' AS z,
        1.50::DECIMAL(9,2) AS m, 'nan'::DOUBLE AS n, '\\x00\\xFF'::BLOB AS b, [1, NULL] AS l, {'a': DATE '2026-01-01'} AS s,
        9007199254740993 AS big, true AS yes, NULL AS nothing, MAP {'k': 1} AS pairs, uuid() IS NOT NULL AS u, INTERVAL 3 DAY AS i
    """
    found = query(sql, home=home)
    assert found.columns[:4] == (
        ResultColumn("d", "DATE"),
        ResultColumn("t", "TIMESTAMP"),
        ResultColumn("z", "TIMESTAMP WITH TIME ZONE"),
        ResultColumn("m", "DECIMAL(9,2)"),
    )
    assert found.rows == ((
        "2026-11-21", "2026-11-21T10:00:00", "2026-11-21T08:00:00+00:00", "1.5", None, "00ff", [1, None], {"a": "2026-01-01"},
        "9007199254740993", True, None, {"k": 1}, True, "3 days, 0:00:00",
    ),)  # fmt: skip


def test_only_the_first_rows_are_shown_and_that_is_said(home: Path) -> None:
    found = query("FROM range(1000000000000)", home=home, limit=3)
    assert (found.rows, found.truncated) == (((0,), (1,), (2,)), True)
    assert not query("FROM range(3)", home=home, limit=3).truncated


def test_a_long_cell_is_cut_with_a_mark_and_counted(home: Path) -> None:
    found = query("SELECT repeat('é', 10000) AS a, list(range) AS b FROM range(10000)", home=home)
    assert found.rows[0][0] == "é" * CELL + "… [cut: 10,000 characters]"
    assert found.rows[0][1].startswith("[0,1,2,")
    assert found.cells_cut == 2


def test_a_page_of_wide_characters_stays_below_its_bytes(home: Path) -> None:
    found = query("SELECT repeat('日', 400) FROM range(10000)", home=home, limit=10_000)
    assert found.truncated
    assert 0.9 * PAGE < sum(len(row[0].encode()) for row in found.rows) <= PAGE


def test_a_statement_gives_the_same_again(home: Path) -> None:
    sql = "SELECT maker, sum(context_tokens), avg(parameters_b) FROM models GROUP BY maker"
    assert rows(sql, home) == rows(sql, home)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT prise FROM products", 'Candidate bindings: "price_usd"'),
        ("SELECT prise FROM products", "products(dataset, id, title"),
        ("SELECT target - [title] FROM products", "No function matches"),
        ("SELECT title, count(*) FROM products", "GROUP BY"),
        ("SELECT 'a'::INTEGER", "Could not convert string 'a'"),
        ("SELECT chr(27) || '[31m' || ('x' || chr(27) || '[2J')::INTEGER", r"\x1b[2J"),
        ("SELECT error('stop')", "stop"),
        ("FROM (FROM models LIMIT 1) a, (FROM a) b, (FROM a) c, (FROM a) d, (FROM a) e", "no relation 'a'"),
        ("WITH m AS (FROM models LIMIT 1) FROM m a, m b, m c, m d, m e", "115 columns; at most 100"),
        ("FROM 'secret.csv'", "no files"),
    ],
)
def test_a_mistake_comes_back_with_what_mends_it(sql: str, said: str, home: Path) -> None:
    with pytest.raises(BadInput) as refused:
        query(sql, home=home)
    assert said in str(refused.value)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    ("sql", "limit", "timeout_s", "said"),
    [
        ("", 1, 1, "one SELECT"),
        (" \n", 1, 1, "one SELECT"),
        (None, 1, 1, "one SELECT"),
        ("SELECT '\ud800'", 1, 1, "half a character"),
        ("SELECT 1", 0, 1, "1 to 10,000"),
        ("SELECT 1", 10_001, 1, "1 to 10,000"),
        ("SELECT 1", True, 1, "1 to 10,000"),
        ("SELECT 1", "5", 1, "1 to 10,000"),
        ("SELECT 1", 1, 0, "at most 60"),
        ("SELECT 1", 1, 61, "at most 60"),
        ("SELECT 1", 1, float("nan"), "at most 60"),
        ("SELECT 1", 1, "5", "at most 60"),
    ],
)
def test_an_argument_out_of_range_is_refused_with_the_range(
    sql: Any, limit: Any, timeout_s: Any, said: str, home: Path
) -> None:
    with pytest.raises(BadInput, match=said):
        query(sql, limit=limit, timeout_s=timeout_s, home=home)


def test_a_data_set_may_have_an_odd_name_and_many_files(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / 'o\'brien "x" – 日本'
    for n in range(80):  # more than the child may hold open at once
        write_rows(folder / f"items-{n:05}.parquet", ITEM_COLUMNS, [{"id": f"i{n}"}])
    (folder / "manifest.json").write_text("{}")
    assert rows("SELECT dataset, count(*), max(id) FROM products GROUP BY ALL", tmp_path) == [(folder.name, 80, "i9")]


def test_a_home_whose_path_looks_like_a_pattern_is_read_as_it_stands(tmp_path: Path) -> None:
    write_home(tmp_path / "a[1]*")
    assert rows("SELECT count(*) FROM products", tmp_path / "a[1]*") == [(6,)]


def test_a_data_set_whose_name_is_a_pattern_is_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "a*"
    write_rows(folder / "items-0.parquet", ITEM_COLUMNS, [{"id": "i"}])
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(BadInput, match=r"'a\*'.*rename the folder"):
        query("SELECT 1", home=tmp_path)


@pytest.mark.parametrize("spoiled", ["items-00000.parquet", "items-00001.parquet", "dropped.parquet"])
def test_a_damaged_file_is_named_and_harms_only_what_reads_it(tmp_path: Path, spoiled: str) -> None:
    write_home(tmp_path)
    (tmp_path / "datasets" / "kitchen" / spoiled).write_bytes(b"PAR1 and then nothing")
    relation = "dropped" if spoiled == "dropped.parquet" else "splits"
    with pytest.raises(QueryFailed, match=rf"load.*again.*kitchen/{spoiled}") as failed:
        query(f"FROM {relation}", home=tmp_path)
    assert str(tmp_path) not in str(failed.value)
    assert len(rows("FROM datasets", tmp_path)) == 2


def test_a_data_set_of_another_version_is_named_as_such(tmp_path: Path) -> None:
    write_home(tmp_path)
    write_rows(tmp_path / "datasets" / "kitchen" / "items-00000.parquet", ITEM_COLUMNS[:1], [{"id": "i"}])
    with pytest.raises(QueryFailed, match="not as this version writes it, load it again"):
        query("FROM products", home=tmp_path)


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{", '{"source": 1, "funnel": null}', '{"funnel": {"dropped": {"a": "b"}}, "target": []}']
)
def test_an_odd_manifest_never_stops_a_statement(tmp_path: Path, manifest: str) -> None:
    write_home(tmp_path)
    (tmp_path / "datasets" / "kitchen" / "manifest.json").write_text(manifest)
    assert ("tickets",) in rows("SELECT dataset FROM datasets", tmp_path)
