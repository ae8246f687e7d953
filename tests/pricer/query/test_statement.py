"""The first wall: which statements may run at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pricer.query.allowed import FUNCTIONS, TABLE_FUNCTIONS
from pricer.query.relations import BY_NAME, EXAMPLES
from pricer.query.statement import LONGEST, Refused, used_relations
from tests.pricer.query.toys import SECRET, hostile, plant

KINDS = sorted({each.kind for each in hostile(Path())})
PLACES = "a forbidden function in every place where an expression stands"


@pytest.fixture(scope="module")
def open_duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that could read any file: what a statement is refused here, the tree alone refuses."""
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    plant(folder)
    return folder


def refusal(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    with pytest.raises(Refused) as refused:
        used_relations(connection, sql, BY_NAME)
    return str(refused.value)


def test_the_corpus_has_hundreds_of_hostile_statements_and_none_twice() -> None:
    statements = [each.sql for each in hostile(Path())]
    assert len(statements) >= 400
    assert [sql for sql, count in Counter(statements).items() if count > 1] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_hostile_statement_is_refused_by_its_tree(
    kind: str, open_duckdb: duckdb.DuckDBPyConnection, secrets: Path
) -> None:
    for each in hostile(secrets):
        if each.kind == kind:
            assert SECRET not in refusal(open_duckdb, each.sql), each.sql


def test_a_place_is_refused_for_its_function_and_for_nothing_else(open_duckdb: duckdb.DuckDBPyConnection) -> None:
    for each in hostile(Path()):
        if each.kind == PLACES and "DECIMAL(" not in each.sql:  # a type's parameter takes constants only
            assert "'getvariable' is not available" in refusal(open_duckdb, each.sql), each.sql
            used_relations(open_duckdb, each.sql.replace("getvariable", "md5"), BY_NAME)


@pytest.mark.parametrize("sql", [
    *EXAMPLES,
    "FROM products", "TABLE products", "VALUES (1, 'a')", "SELECT 1;", "-- why\nSELECT 1 -- so", "SELECT 'a;b'",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t",
    "DESCRIBE products", "SUMMARIZE products", "SELECT * FROM (DESCRIBE products)",
    "PIVOT products ON split IN ('train', 'test') USING avg(target) GROUP BY category",
    "UNPIVOT (SELECT tokens, raw_chars FROM products) ON tokens, raw_chars INTO NAME k VALUE v",
    "SELECT DISTINCT ON (category) * FROM products ORDER BY category, target DESC LIMIT 10",
    "SELECT id, row_number() OVER (PARTITION BY category ORDER BY target) AS r FROM products QUALIFY r = 1",
    "SELECT [x * 2 FOR x IN [1, 2, 3] IF x > 1], list_transform([1], lambda x: x + 1), {'a': 1}.a, MAP {'a': 1}['a']",
    "SELECT details->>'$.Color', json_extract_string(details, '$.Color') FROM products WHERE title ILIKE '%pan%'",
    "SELECT * FROM products TABLESAMPLE 10%", "SELECT * FROM products USING SAMPLE 5 ROWS",
    "SELECT m.id FROM models m SEMI JOIN offerings o ON o.model = m.id",
    "SELECT * FROM products p, LATERAL (SELECT p.target + 1 AS t)", "SELECT * EXCLUDE (text) FROM products",
    "SELECT COLUMNS('p.*') FROM products", "SELECT unnest(modalities_in), count(*) FROM models GROUP BY ALL",
    "SELECT quantile_cont(target, [0.1, 0.9]), mode(category), corr(tokens, target) FROM products",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY target) FROM products", "SELECT 3*-5, 3 - -5, -(-5)",
    "SELECT sum(target) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM products",
    "SELECT EXTRACT(year FROM DATE '2020-02-02'), INTERVAL 3 DAY, current_date, now(), today()",
    "SELECT count(*) FILTER (WHERE split = 'test'), GROUPING(category) FROM products GROUP BY ROLLUP (category)",
    "SELECT CASE WHEN target > 5 THEN 'a' END, coalesce(brand, '?'), TRY_CAST(label AS DOUBLE) FROM products",
    "(SELECT 1) UNION (SELECT 2) EXCEPT SELECT 3 ORDER BY 1", "SELECT * FROM generate_series(1, 10)",
    "WITH products AS (SELECT 1 AS a) SELECT a FROM products", "SELECT * FROM PRODUCTS", 'SELECT * FROM "products"',
])  # fmt: skip
def test_an_ordinary_statement_may_run(sql: str, open_duckdb: duckdb.DuckDBPyConnection) -> None:
    assert used_relations(open_duckdb, sql, BY_NAME) <= set(BY_NAME)


def test_what_a_statement_reads_is_named(open_duckdb: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "WITH t AS (SELECT * FROM Products) SELECT * FROM t JOIN datasets d USING (dataset) WHERE id IN (FROM answers)"
    )
    assert used_relations(open_duckdb, sql, BY_NAME) == {"products", "datasets", "answers"}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM produts", "did you mean products?"),
        ("SELECT * FROM nothing_like_it", "schema_columns, splits"),
        ("SELECT * FROM main.products", "without a schema"),
        ("SELECT * FROM read_csv('a.csv')", "no files"),
        ("SELECT uper(title) FROM products", "near it: upper"),
        ("DELETE FROM models", "found DELETE"),
        ("SELECT 1; SELECT 2", "found 2 statements"),
        ("PIVOT products ON split USING count(*)", "IN ('train', 'test')"),
        ("SHOW TABLES", "schema_columns"),
        ("SELECT ?", "no values here"),
        ("SELECT * FORM products", "syntax error"),
        ("SELECT " + "1 + " * LONGEST + "1", "at most 20,000"),
        ("SELECT " + "(" * 2000 + "1" + ")" * 2000, "nests too deeply"),
    ],
)
def test_a_refusal_says_what_to_write_instead(sql: str, said: str, open_duckdb: duckdb.DuckDBPyConnection) -> None:
    assert said in refusal(open_duckdb, sql)


def test_every_function_that_is_allowed_exists_and_is_written_as_it_is_looked_up(
    open_duckdb: duckdb.DuckDBPyConnection,
) -> None:
    made_by_the_parser = {  # window functions, and what `->>`, NOT LIKE and UNPIVOT become
        "unnest", "row_number", "rank", "dense_rank", "rank_dense", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value",
        "last_value", "nth_value", "fill", "not_like_escape", "unpivot_list",
    }  # fmt: skip
    rows = open_duckdb.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").fetchall()
    assert {name for (name,) in rows} >= FUNCTIONS - made_by_the_parser
    assert {name.lower() for name in FUNCTIONS | TABLE_FUNCTIONS} == FUNCTIONS | TABLE_FUNCTIONS


def test_no_function_that_is_allowed_reads_more_than_its_arguments() -> None:
    reaching = (
        "read_",
        "scan",
        "glob",
        "query",
        "setting",
        "getvar",
        "getenv",
        "sleep",
        "duckdb_",
        "pragma",
        "sql",
        "secret",
        "log_",
    )
    assert [name for name in FUNCTIONS | TABLE_FUNCTIONS if any(part in name for part in reaching)] == []
