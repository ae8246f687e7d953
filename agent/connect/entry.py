"""Our entry in a client's configuration: the installed program by its absolute path, or an address; never a key."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from agent.connect.clients import Client
from pricer.errors import BadInput

NAME = "llm-assay"
# What one of the two ways to reach a server has and the other has not.
_OF_A_PROGRAM, _OF_AN_ADDRESS = frozenset({"command", "args", "env"}), frozenset({"url", "headers"})


def launch(executable: str = sys.executable, platform: str = sys.platform) -> list[str]:
    """The command that serves over stdio: `assay` beside the Python that runs this, else that Python with the module.

    The path is not resolved: a virtual environment's Python is a link, and only under its own name finds its packages.
    """
    python = Path(executable).absolute()
    program = python.with_name("assay.exe" if platform == "win32" else "assay")
    return [str(program), "serve"] if program.is_file() else [str(python), "-P", "-m", "agent", "serve"]


def program_entry(
    client: Client, command: Sequence[str], environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """The entry that starts the program; it passes ASSAY_HOME on where it is set, and nothing else."""
    entry: dict[str, Any] = {"type": "stdio"} if client.typed else {}
    entry |= {"command": command[0], "args": list(command[1:])}
    if named := environment.get("ASSAY_HOME"):
        entry["env"] = {"ASSAY_HOME": str(Path(named).expanduser().absolute())}
    return entry


def address_entry(client: Client, url: str) -> dict[str, Any]:
    """The entry that reaches a server over HTTP; `BadInput` for an address that is none, carries a secret, or cannot be used."""
    if not client.speaks_http:
        raise BadInput(
            f"{client.label} starts programs from its file and reaches addresses only from its own pages: leave --http out, "
            "or add the address under Settings > Connectors"
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"wanted an address such as http://127.0.0.1:8765/mcp, found {parts.scheme or url[:20]!r}")
    if parts.username or parts.password or parts.query:
        raise BadInput("the address carries a user name, password or query: keep secrets out of the file's address")
    return ({"type": "http"} if client.typed else {}) | {"url": url}


def merged(former: dict[str, Any] | None, ours: dict[str, Any]) -> dict[str, Any]:
    """Our entry with what the user had added to the former one: keys in its environment, time-outs, switches."""
    if former is None:
        return ours
    leave = {"type"} | (_OF_A_PROGRAM if "url" in ours else _OF_AN_ADDRESS)
    kept = {key: value for key, value in former.items() if key not in leave or key in ours}
    if "url" in ours and urlsplit(str(former.get("url")))[:2] != urlsplit(ours["url"])[:2]:
        kept.pop("headers", None)  # they were for another server, and may hold its token
    if isinstance(former.get("env"), dict) and "command" in ours:
        kept["env"] = former["env"]
        ours = ours | {"env": former["env"] | ours.get("env", {})}
    return kept | ours


def cursor_link(entry: dict[str, Any]) -> str:
    """The link that makes Cursor offer to install the entry."""
    config = base64.b64encode(json.dumps(entry, separators=(",", ":")).encode()).decode()
    return f"cursor://anysphere.cursor-deeplink/mcp/install?name={quote(NAME)}&config={quote(config, safe='')}"


def vscode_link(entry: dict[str, Any]) -> str:
    """The link that makes VS Code offer to install the entry."""
    return f"vscode:mcp/install?{quote(json.dumps({'name': NAME, **entry}, separators=(',', ':')), safe='')}"


def link(client: Client, entry: dict[str, Any]) -> str:
    """The client's install link; `BadInput` for a client that has none."""
    links = {"cursor": cursor_link, "vscode": vscode_link}
    if client.name not in links:
        raise BadInput(f"{client.label} has no install link: leave --link out, or name {' or '.join(links)}")
    return links[client.name](entry)
