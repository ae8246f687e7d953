"""The relations are what the schema says they are, and the catalogue's rows are the catalogue."""

from __future__ import annotations

import datetime as dt
import json
import os
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from catalog import snapshot
from catalog.errors import BadSnapshot
from catalog.models import Offering
from catalog.status import live_offerings
from pricer.query import child, run
from pricer.query.catalogue import NAMES, catalogue_rows, rows_of
from pricer.query.relations import BY_NAME, JOINS, RELATIONS, schema_text
from pricer.query.run import query

NINE = Decimal("0.000000001")


@pytest.fixture(scope="module")
def made(home: Path) -> duckdb.DuckDBPyConnection:
    """Every relation, made as the child makes them."""
    recipes = run._relations(f"{NAMES}", home)
    connection = child._connect()
    before = Path.cwd()
    os.chdir(home / "datasets")
    for name, recipe in recipes.items():
        child._make(connection, name, recipe)
    os.chdir(before)
    return connection


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.name)
def test_the_schema_lists_every_column_that_is_there_with_its_type(
    relation: object, made: duckdb.DuckDBPyConnection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home / "datasets")
    name = relation.name  # type: ignore[attr-defined]
    there = [(row[0], row[1]) for row in made.execute(f"DESCRIBE {name}").fetchall()]
    assert there == [(column.name, column.type) for column in BY_NAME[name].columns]
    text = schema_text()
    assert f"\n{name}: " in text
    assert all(f"  {column} {kind}" in text for column, kind in there)


def test_the_schema_is_there_as_a_table_too(home: Path) -> None:
    found = query("SELECT relation, column_name, type FROM schema_columns", home=home, limit=1000)
    assert set(found.rows) == {(r.name, c.name, c.type) for r in RELATIONS for c in r.columns}


def test_every_column_of_a_number_states_its_unit_or_counts() -> None:
    counts = {"items", "families", "votes", "rank", "n", "failures", "trust", "score", "source_line"}
    numbers = [c for r in RELATIONS for c in r.columns if c.type.startswith(("DOUBLE", "BIGINT", "INTEGER", "DECIMAL"))]
    assert [c.name for c in numbers if not c.unit and c.name not in counts] == []


def test_every_join_names_columns_that_are_there() -> None:
    sides = [
        side.strip()
        for join in JOINS
        for pair in join.split(" AND ")
        for part in pair.split(" = ")
        for side in part.split(",")
    ]
    for side in sides:
        relation, column = side.split(".")
        assert column in {c.name for c in BY_NAME[relation].columns}, side


def test_the_schema_fits_a_prompt() -> None:
    assert len(schema_text()) < 12_000


# --- the catalogue


def test_every_model_and_offering_is_there_and_every_price_is_exact_to_nine_decimals(home: Path) -> None:
    catalog = snapshot.load(snapshot.EMBEDDED)
    offerings = [offering for model in catalog.models for offering in model.offerings]
    prices = [_trusted(offering) for offering in offerings]
    total = sum((price.quantize(NINE) for price in prices if price is not None), Decimal(0))
    found = query("SELECT count(*), count(input_usd_per_mtok), sum(input_usd_per_mtok) FROM offerings", home=home)
    assert found.rows == ((len(offerings), sum(price is not None for price in prices), f"{total.normalize():f}"),)
    assert query("SELECT count(*), count(DISTINCT id) FROM models", home=home).rows == ((len(catalog.models),) * 2,)


def test_four_relations_of_the_catalogue_join_as_the_catalogue_does(home: Path) -> None:
    catalog = snapshot.load(snapshot.EMBEDDED)
    day = dt.date.fromisoformat(catalog.built)
    expected = []
    for model in catalog.models:
        rated, context = model.rating_on("coding"), model.context_tokens
        live = [price for place in live_offerings(model, day) if (price := _trusted(place)) is not None]
        if rated and live and context.claims:
            expected.append(
                (model.id, rated.rating, f"{min(live).quantize(NINE).normalize():f}", context.claims[0].source)
            )
    sql = """
        SELECT m.id, r.rating, min(o.input_usd_per_mtok), c.source FROM models m JOIN ratings r ON r.model = m.id
        JOIN offerings o ON o.model = m.id JOIN claims c ON c.model = m.id
        WHERE r.board = 'coding' AND o.live AND o.input_usd_per_mtok IS NOT NULL AND c.fact = 'context_tokens' AND c.trust = 1
        GROUP BY ALL
    """
    assert len(expected) > 100
    assert set(query(sql, home=home, limit=1000).rows) == set(expected)


def test_unknown_is_null_and_free_is_zero_never_the_one_for_the_other(home: Path) -> None:
    catalog = snapshot.load(snapshot.EMBEDDED)
    unknown = sum(model.open_weights.value is None for model in catalog.models)
    free = sum(_trusted(offering) == 0 for model in catalog.models for offering in model.offerings)
    sql = "SELECT (SELECT count(*) FROM models WHERE open_weights IS NULL), count(*) FROM offerings WHERE input_usd_per_mtok = 0"
    assert query(sql, home=home).rows == ((unknown, free),)


def test_rows_are_the_same_from_the_cache_and_without_one(tmp_path: Path) -> None:
    sql = "SELECT model, provider, input_usd_per_mtok, live FROM offerings ORDER BY ALL LIMIT 50"
    (tmp_path / "kept").mkdir()
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "cache").write_text("a file where the folder would be")
    first, again, without = (query(sql, home=tmp_path / name).rows for name in ("kept", "kept", "none"))
    assert first == again == without
    assert sorted(path.name.split("-")[2] for path in (tmp_path / "kept" / "cache").iterdir()) == sorted(
        f"{name}.json" for name in NAMES
    )


def test_a_refreshed_catalogue_is_asked_at_once(tmp_path: Path) -> None:
    catalog = snapshot.load(snapshot.EMBEDDED)
    before = query("SELECT count(*) FROM models", home=tmp_path).rows
    few = type(catalog)(catalog.built, catalog.sources, catalog.models[:3])
    snapshot.save(few, tmp_path / "catalog" / "snapshot.json.xz")
    assert (before, query("SELECT count(*) FROM models", home=tmp_path).rows) == (((len(catalog.models),),), ((3,),))


def test_a_catalogue_that_cannot_be_read_harms_no_statement_about_data_sets(tmp_path: Path) -> None:
    path = tmp_path / "catalog" / "snapshot.json.xz"
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    assert query("SELECT count(*) FROM products", home=tmp_path).rows == ((0,),)
    with pytest.raises(BadSnapshot, match="delete it"):
        query("SELECT count(*) FROM MODELS", home=tmp_path)


def test_a_half_written_cache_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        texts = catalogue_rows(tmp_path)
    assert all(isinstance(text, str) for text in texts.values())
    assert list((tmp_path / "cache").iterdir()) == []
    files = catalogue_rows(tmp_path)
    assert {name: Path(file).read_text(encoding="utf-8") for name, file in files.items()} == texts


def test_the_rows_have_every_column_of_their_relation() -> None:
    made = rows_of(snapshot.load(snapshot.EMBEDDED))
    assert set(made) == set(NAMES)
    for name, rows in made.items():
        assert {column.name for column in BY_NAME[name].columns} <= set(rows[0])
        assert json.dumps(rows[0], default=str)


def _trusted(offering: Offering) -> Decimal | None:
    return (offering.prices or offering.sheets[0]).standard.input
