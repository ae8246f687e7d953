"""The child: reads one request on stdin, runs its statement where it can reach nothing else, writes one reply on stdout.

`python -I -m pricer.query.child`, started by `pricer.query.run`. The order is the point. The tree of the statement is checked before
anything is set up; only the relations that it names are made, by our own SQL; then DuckDB loses every file but theirs and its settings
are locked; then the statement runs.
"""

from __future__ import annotations

import datetime as dt
import decimal  # noqa: F401 - DuckDB imports these two when it makes a value, and by then files are out of reach
import json
import sys
import types
import uuid  # noqa: F401
from pathlib import Path
from typing import Any

import duckdb

from pricer.products.text import printable
from pricer.query.cells import batches, page
from pricer.query.relations import literal
from pricer.query.sandbox import MEMORY_MB, confine
from pricer.query.statement import Refused, used_relations

COLUMNS = 100
NAME = 200  # characters of a column's name or type
MESSAGE = 1_500  # characters
BATCH = 50  # rows
SETTINGS: dict[str, Any] = {
    "threads": 1,  # sums of floats and rows without ORDER BY come out the same each time
    "async_threads": 1,
    "memory_limit": f"{MEMORY_MB}MB",
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
}
LOCKS = (
    "SET TimeZone = 'UTC'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
MISTAKES = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError, duckdb.PermissionException)


class Broken(Exception):
    """What the statement needs cannot be made; it is not the statement's fault."""


def main() -> None:
    """Answer the request. A reply is `columns` and rows, or `refused` (mend the statement), `memory` or `failed`."""
    request = json.loads(sys.stdin.buffer.read())
    sys.stdin.close()
    _stand_in_for_pytz()
    recipes = request["relations"].values()
    confine(request["seconds"], [file for made in recipes for file in (*made["files"], made["rows_file"]) if file])
    reply = json.dumps(_reply(request), ensure_ascii=False, allow_nan=False)
    sys.stdout.buffer.write(reply.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    relations = request["relations"]
    used: set[str] = set()
    try:
        connection = _connect()
        used = used_relations(connection, request["sql"], relations)
        _set_up(connection, relations, used)
        return _run(connection, request["sql"], request["limit"])
    except Refused as error:
        return {"refused": _message(str(error))}
    except Broken as error:
        return {"failed": _message(str(error))}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"memory": MEMORY_MB}
    except RecursionError:
        return {"refused": "a value nests too deeply to be shown"}
    except duckdb.Error as error:
        return _fault(error, used, relations)


def _fault(error: duckdb.Error, used: set[str], relations: dict[str, Any]) -> dict[str, Any]:
    """Whose fault it is: a file's, the statement's, or DuckDB's."""
    text = str(error)
    if isinstance(error, duckdb.IOException) or any(file in text for name in used for file in _files(name, relations)):
        return {
            "failed": _message(f"a file of a data set cannot be read, load the data set again: {_first_line(error)}")
        }
    if isinstance(error, MISTAKES):
        return {"refused": _message(text + _columns_of(used, relations))}
    return {"failed": _message(f"DuckDB gave up: {_first_line(error)}")}


def _files(name: str, relations: dict[str, Any]) -> list[str]:
    """The files that a relation reads, by itself or through what it needs."""
    return [file for each in (name, *relations[name]["needs"]) for file in relations[each]["files"]]


def _connect() -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(":memory:", config=SETTINGS)
    except duckdb.Error as error:
        raise Broken(f"this DuckDB does not start as wanted, reinstall llm-assay: {_first_line(error)}") from None


def _set_up(connection: duckdb.DuckDBPyConnection, relations: dict[str, Any], used: set[str]) -> None:
    """Make the relations that are used and what they need, then take files and settings away for good."""
    wanted = [name for name in relations if name in used | {need for each in used for need in relations[each]["needs"]}]
    try:
        if files := [file for name in wanted for file in relations[name]["files"]]:
            connection.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
        else:
            connection.execute("SET disabled_filesystems = 'LocalFileSystem'")
        for name in wanted:
            _make(connection, name, relations[name])
        for lock in LOCKS:
            connection.execute(lock)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise Broken(f"a data set is not as this version writes it, load it again: {_first_line(error)}") from None


def _make(connection: duckdb.DuckDBPyConnection, name: str, recipe: dict[str, Any]) -> None:
    connection.execute(recipe["create"])
    if not recipe["view"]:
        structure = json.dumps([dict(recipe["columns"])])
        fill = f"INSERT INTO {name} SELECT r.* FROM (SELECT unnest(from_json(?, {literal(structure)})) AS r)"  # noqa: S608
        connection.execute(fill, [_rows(name, recipe)])


def _rows(name: str, recipe: dict[str, Any]) -> str:
    if recipe["rows_file"]:
        return Path(recipe["rows_file"]).read_text(encoding="utf-8")
    if recipe["rows"] is None:
        raise Broken(f"no rows came for {name}")
    rows: str = recipe["rows"]
    return rows


def _run(connection: duckdb.DuckDBPyConnection, sql: str, limit: int) -> dict[str, Any]:
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Refused("wanted one SELECT statement")  # the tree said so already; this is the other parser entry
    cursor = connection.execute(statements[0])
    described = cursor.description or []
    if len(described) > COLUMNS:
        raise Refused(f"the result has {len(described)} columns; at most {COLUMNS} are shown: name those you need")
    found = page(batches(cursor.fetchmany, min(BATCH, limit + 1)), limit)
    columns = [(str(column[0])[:NAME], str(column[1]).strip('"')[:NAME]) for column in described]
    return {"columns": columns, "rows": found.rows, "truncated": found.truncated, "cells_cut": found.cells_cut}


def _columns_of(used: set[str], relations: dict[str, Any]) -> str:
    """What the relations of a mistaken statement have, for the next try."""
    return "".join(
        f"\n{name}({', '.join(column for column, _ in relations[name]['columns'])})" for name in sorted(used)
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _message(text: str) -> str:
    text = printable(text)
    return text if len(text) <= MESSAGE else text[:MESSAGE] + " …"


class Utc(dt.tzinfo):
    """The zone of every timestamp here, with what DuckDB asks of a zone from pytz, which is not installed."""

    def utcoffset(self, _when: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(0)

    def dst(self, _when: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(0)

    def tzname(self, _when: dt.datetime | None) -> str:
        return "UTC"

    def localize(self, naive: dt.datetime) -> dt.datetime:
        return naive.replace(tzinfo=self)


def _stand_in_for_pytz() -> None:
    module = types.ModuleType("pytz")
    module.timezone = lambda _name: Utc()  # type: ignore[attr-defined]
    sys.modules["pytz"] = module


if __name__ == "__main__":
    main()
