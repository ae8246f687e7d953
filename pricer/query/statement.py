"""Whether a statement may run: its parse tree is walked, and whatever is not known to be harmless is refused.

The tree comes from DuckDB's own parser (`json_serialize_sql`), so comments, quoting and odd spellings cannot hide anything. It lists
what the statement names: relations must be ours or the statement's own WITH names, functions must be in `allowed`, and every kind of
node must be known. A file name, a setting, a catalogue table, another statement or a future syntax fails one of the three.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from pricer.query.allowed import FUNCTIONS, TABLE_FUNCTIONS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXPRESSIONS = frozenset({
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA", "LAMBDA_REF",
    "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW",
})  # fmt: skip
SHAPES = frozenset({
    "BASE_TABLE", "CTE_NODE", "DISTINCT_MODIFIER", "EMPTY", "EXPRESSION_LIST", "JOIN", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER",
    "ORDER_MODIFIER", "PIVOT", "RECURSIVE_CTE_NODE", "SELECT_NODE", "SET_OPERATION_NODE", "SHOW_REF", "SUBQUERY", "TABLE_FUNCTION",
    "ASCENDING", "DESCENDING", "ORDER_DEFAULT",
})  # fmt: skip
LONGEST = 20_000  # characters of a statement; one that a model writes has a few hundred
TOO_DEEP = "the statement nests too deeply: write it in steps, with WITH"
Node = dict[str, Any]


class Refused(Exception):
    """The statement is not one that may run; the text says what to change."""


def used_relations(connection: DuckDBPyConnection, sql: str, relations: Collection[str]) -> set[str]:
    """The relations that `sql` reads. `Refused` unless it is exactly one SELECT over them and over nothing else."""
    tree = _tree(connection, sql)
    own = {name.lower() for name in _with_names(tree)}
    used: set[str] = set()
    for node in _nodes(tree):
        kind = node.get("type")
        if "class" in node:
            _check_expression(node)
        elif isinstance(kind, str):
            _check_shape(node, kind)
            if kind == "BASE_TABLE":
                used.add(_relation(node, relations, own))
    return used & set(relations)


def _tree(connection: DuckDBPyConnection, sql: str) -> Node:
    if len(sql) > LONGEST:
        raise Refused(f"the statement has {len(sql):,} characters; at most {LONGEST:,} are read")
    row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    assert row is not None
    try:
        found: Node = json.loads(row[0])
    except RecursionError:
        raise Refused(TOO_DEEP) from None
    if found["error"]:
        raise Refused(_not_a_select(sql, found))
    if len(found["statements"]) != 1:
        raise Refused(f"wanted one SELECT statement, found {len(found['statements'])} statements")
    if found["statements"][0]["named_param_map"]:
        raise Refused("parameters (?, $1, $name) have no values here: write the values themselves")
    tree: Node = found["statements"][0]
    return tree


def _not_a_select(sql: str, found: Node) -> str:
    if "expression depth" in found["error_message"]:
        return TOO_DEEP
    if found["error_type"] != "not implemented":
        return f"{found['error_message']} (at character {found.get('position', '?')})"
    words = re.findall(r"[a-z]+", re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL)[:200], re.IGNORECASE)
    if words and words[0].upper() in ("PIVOT", "PIVOT_WIDER"):
        return "PIVOT needs its values here: PIVOT products ON split IN ('train', 'test') USING count(*)"
    found_word = words[0].upper() if words else "nothing"
    return f"wanted one SELECT statement (WITH, VALUES and DESCRIBE are such), found {found_word}"


def _nodes(tree: Any) -> Iterator[Node]:
    """Every object in the tree. A stack, since a statement can nest deeper than Python may recurse."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if item.get("type") == "TABLE_FUNCTION":
                item = _table_function(item)
            yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _with_names(tree: Node) -> Iterator[str]:
    """Names that WITH gives. They must be plain, since DuckDB reads an unknown 'file.csv' as a file outside its WITH."""
    for node in _nodes(tree):
        named = [entry["key"] for entry in node["cte_map"]["map"]] if "cte_map" in node else []
        for name in named:
            if not name.isidentifier():
                raise Refused(f"WITH {name!r}: name it with letters, digits and _ only")
        yield from named


def _check_expression(node: Node) -> None:
    if node["class"] not in EXPRESSIONS:
        raise Refused(f"{node['class']} is not read here: write a plain expression")
    if node["class"] == "TYPE":
        _unqualified(node, f"type {node['type_name']!r}")
    elif "function_name" in node:
        _unqualified(node, f"function {node['function_name']!r}")
        _known_function(node["function_name"], FUNCTIONS, "function")


def _check_shape(node: Node, kind: str) -> None:
    if kind not in SHAPES:
        raise Refused(f"{kind.replace('_', ' ').lower()} is not read here: write a plain SELECT")
    if kind == "SHOW_REF" and node["query"] is None:
        raise Refused(
            "SHOW is not read here: SELECT * FROM schema_columns lists every relation and column, DESCRIBE products one"
        )


def _table_function(node: Node) -> Node:
    """The node with its function checked, and replaced by what the function is given."""
    function = node["function"]
    if function.get("class") != "FUNCTION":
        raise Refused("FROM wants a relation, a subquery or a table function")
    _unqualified(function, f"function {function['function_name']!r}")
    _known_function(function["function_name"], TABLE_FUNCTIONS, "table function")
    inner = {name: value for name, value in function.items() if name not in ("class", "type", "function_name")}
    return {**node, "function": inner}


def _known_function(name: str, known: Collection[str], what: str) -> None:
    if name.lower() not in known:
        near = difflib.get_close_matches(name.lower(), known, n=3)
        more = f"; near it: {', '.join(near)}" if near else ""
        raise Refused(
            f"{what} {name!r} is not available: only functions of their arguments are, no files, settings or waiting{more}"
        )


def _relation(node: Node, relations: Collection[str], own: Collection[str]) -> str:
    name = str(node["table_name"])
    plain = len(node["qualified_name"]["path"]) == 1 and not node["schema_name"] and not node["catalog_name"]
    if plain and name.lower() in {*relations, *own}:
        return name.lower()
    shown = ".".join(node["qualified_name"]["path"])
    near = difflib.get_close_matches(name.lower(), sorted({*relations, *own}), n=1, cutoff=0.5)
    raise Refused(
        f"no relation {shown!r}{f' (did you mean {near[0]}?)' if near else ''}; "
        f"there are {', '.join(sorted(relations))}, written without a schema, and no files"
    )


def _unqualified(node: Node, what: str) -> None:
    if node["schema"] or node["catalog"] or len(node["qualified_name"]["path"]) != 1:
        raise Refused(f"{what}: write it without a schema")
