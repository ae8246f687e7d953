"""A tool of the list: the function, what it may do to the world, and its parameters in as few words as serve."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver.tools.base import Tool
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import TypeAdapter

from server.schema import outline, slim

READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
# Asked the same again, a measurement goes on or is shown again: nothing is paid for twice.
MEASURES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
ASKS_OTHERS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is registered. `parameters` are types and words by name, the first `required` of them needed."""

    fn: Callable[..., Any]
    title: str
    hints: ToolAnnotations
    parameters: Mapping[str, tuple[Any, str]]
    required: int = 1


def registered(entry: Entry) -> Tool:
    """The tool with short schemas. The bodies check arguments themselves, so that a refusal says how to mend it."""
    words = " ".join((entry.fn.__doc__ or "").split())
    tool = Tool.from_function(entry.fn, title=entry.title, description=words, annotations=entry.hints)
    described = {name: _described(kind, text) for name, (kind, text) in entry.parameters.items()}
    tool.parameters = {"type": "object", "properties": described}
    if entry.required:
        tool.parameters["required"] = list(described)[: entry.required]
    assert tool.fn_metadata.output_schema is not None
    tool.fn_metadata.output_schema = outline(tool.fn_metadata.output_schema)
    return tool


def compact(document: dict[str, Any]) -> CallToolResult:
    """The document as a result. The SDK would indent its text, a line a cell, and outgrow what clients accept."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=document)


def _described(kind: Any, text: str) -> dict[str, Any]:
    return slim(TypeAdapter(kind).json_schema()) | {"description": text}
