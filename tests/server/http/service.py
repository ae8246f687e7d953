"""A real server in a thread, and plain requests to it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from mcp.server import MCPServer

from server.http.serving import Service, service_of
from server.http.settings import Settings

LEGACY, MODERN = "2025-11-25", "2026-07-28"
ACCEPT = "application/json, text/event-stream"
COMPARE = {"name": "compare_models", "arguments": {"models": ["openai/gpt-5.1"], "workload": {}}}


@contextmanager
def running(settings: Settings, server: MCPServer | None = None) -> Iterator[Service]:
    """The server, answering; stopped in order at the end."""
    service = service_of(settings, server)
    thread = threading.Thread(target=service.serve_until_stopped)
    thread.start()
    try:
        yield service
    finally:
        service.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive()


def asked(url: str, method: str = "POST", body: Any = None, path: str | None = None, **headers: str) -> Reply:
    """One request on a connection of its own. `body` is sent as JSON, unless it is bytes. A header's `_` stands for `-`."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    named = {"accept": ACCEPT, "content-type": "application/json"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    try:
        connection.request(method, path or parts.path, sent, named)
        reply = connection.getresponse()
        return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read().decode())
    finally:
        connection.close()


class Reply:
    """What came back."""

    def __init__(self, status: int, headers: dict[str, str], text: str) -> None:
        self.status, self.headers, self.text = status, headers, text

    @property
    def message(self) -> dict[str, Any]:
        """The JSON-RPC message, alone or as the last event of a stream."""
        lines = [line[6:] for line in self.text.splitlines() if line.startswith("data: ")]
        told: dict[str, Any] = json.loads(lines[-1] if lines else self.text)
        return told


def rpc(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """A request as JSON-RPC writes it."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}


def opened(url: str, **headers: str) -> str:
    """The id of a new session of the 2025 protocol."""
    client = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    reply = asked(url, body=rpc("initialize", client), **headers)
    assert reply.status == 200, reply.text
    return reply.headers["mcp-session-id"]


def called(url: str, session: str, params: dict[str, Any], **headers: str) -> Reply:
    """One tool call in a session."""
    return asked(url, body=rpc("tools/call", params), mcp_session_id=session, mcp_protocol_version=LEGACY, **headers)


def sent_alone(url: str, params: dict[str, Any], **headers: str) -> Reply:
    """One tool call of the 2026 protocol, which knows no sessions."""
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    told = {"mcp_protocol_version": MODERN, "mcp_method": "tools/call", "mcp_name": params["name"]}
    return asked(url, body=rpc("tools/call", params | {"_meta": meta}), **(told | headers))


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"authorization": f"Bearer {token}"}
