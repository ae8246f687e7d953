"""Tool schemas cut to what a model needs: no titles, no `null` branches, no defaults of nothing, definitions in place."""

from __future__ import annotations

from typing import Any

DROPPED = {"title", "default", "additionalProperties", "minimum", "maximum", "exclusiveMinimum", "pattern", "format"}
OUTLINED = 5
LONG_ENUM = 4  # a longer list of values is named in the description and in the refusal of a wrong one


def slim(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, shorter: what it accepts is a superset, and the models behind the tools check the rest."""
    found: dict[str, Any] = _slim(schema, schema.get("$defs", {}))
    found.pop("$defs", None)
    return found


def outline(schema: dict[str, Any]) -> dict[str, Any]:
    """An output schema reduced to the names and kinds of the first of its top level; what is left out may still come."""
    first = list(schema["properties"].items())[:OUTLINED]
    return {"type": "object", "properties": {name: {"type": part["type"]} for name, part in first}}


def _slim(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_slim(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if reference := node.get("$ref"):
        return _slim(
            {**definitions[reference.rpartition("/")[2]], **{k: v for k, v in node.items() if k != "$ref"}}, definitions
        )
    if branches := node.get("anyOf"):
        kept = [branch for branch in branches if branch.get("type") not in ("null", "string") or len(branches) == 1]
        chosen = kept or [branch for branch in branches if branch.get("type") != "null"]
        return _slim({**chosen[0], **{k: v for k, v in node.items() if k != "anyOf"}}, definitions)
    properties = node.get("properties")
    found = {k: _slim(v, definitions) for k, v in node.items() if k not in DROPPED and k != "properties"}
    if len(found.get("enum", ())) > LONG_ENUM:
        del found["enum"]
    if properties is not None:
        found["properties"] = {name: _slim(value, definitions) for name, value in properties.items()}
    return found
