"""Servers to meet, and a way to call their tools as the assistant does."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.gateway.config import ServerConfig

if TYPE_CHECKING:
    from langchain_core.messages import ToolMessage
    from mcp.server import MCPServer

    from agent.gateway.gateway import Gateway

TOY = Path(__file__).with_name("toy_server.py")
KEY = "very-secret-0123456789"


def tool(name: str, does: str, description: str = "A tool.", **more: Any) -> dict[str, Any]:
    """A tool of a toy server."""
    return {"name": name, "description": description, "inputSchema": {"type": "object"}, "does": does, **more}


def toy(folder: Path, name: str, tools: Sequence[dict[str, Any]], **config: Any) -> ServerConfig:
    """A toy server with these tools, ready to be started. Written again under the same name it has changed."""
    spec = folder / f"{name}.json"
    spec.write_text(json.dumps({"name": name, "tools": tools}), encoding="utf-8")
    return ServerConfig(name, "stdio", sys.executable, ("-S", "-E", str(TOY), str(spec)), **config)


def script(name: str, code: str, **config: Any) -> ServerConfig:
    """A server that is this Python code."""
    return ServerConfig(name, "stdio", sys.executable, ("-S", "-E", "-c", code), **config)


def own() -> MCPServer:
    """Ours, with one tool that reads and two that do not."""
    from mcp.server import MCPServer
    from mcp_types import ToolAnnotations

    server = MCPServer("llm-assay")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def recommend_models(text: str = "") -> str:
        """Ours."""
        return f"ours {text}"

    @server.tool()
    def run_baseline() -> str:
        """Ours, and it works."""
        return "done"

    @server.tool()
    def run_frontier_price() -> str:
        """Ours, and it asks."""
        return "asked"

    return server


async def call(gateway: Gateway, name: str, **arguments: Any) -> ToolMessage:
    """The tool message of a call by the name under which the tool is listed."""
    tool = next(one for one in gateway.tools if one.name == name)
    message: ToolMessage = await tool.ainvoke({"name": name, "args": arguments, "id": "1", "type": "tool_call"})
    return message


def runs(pid: int) -> bool:
    """Whether the process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
