"""The clients that can be set up, and where each keeps its servers on macOS, Windows and Linux.

Sources, read November 2026: the clients' own pages on MCP configuration; for Claude Desktop on Windows also the reports that its
packaged build reads only its own folder under Packages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pricer.errors import BadInput


@dataclass(frozen=True, slots=True)
class Client:
    """A program that speaks MCP. `container` is the member that holds its servers; `comments` says that its file may have some."""

    name: str
    label: str
    container: str
    comments: bool
    typed: bool
    speaks_http: bool
    restart: str


@dataclass(frozen=True, slots=True)
class System:
    """What decides where files are: `sys.platform`, the user's home folder and the environment."""

    platform: str
    home: Path
    environment: Mapping[str, str]


CLIENTS = {
    client.name: client
    for client in (
        Client("claude-desktop", "Claude Desktop", "mcpServers", False, False, False,
               "quit Claude Desktop wholly and start it again; llm-assay is under Settings > Developer"),
        Client("cursor", "Cursor", "mcpServers", True, False, True,
               "switch llm-assay on in Cursor Settings > MCP; a new chat can use it"),
        Client("vscode", "VS Code", "servers", True, True, True,
               "run MCP: List Servers in VS Code, choose llm-assay, Start Server; then use it in agent mode"),
        Client("claude-code", "Claude Code", "mcpServers", False, True, True,
               "a session that is open reads it when it is started again; claude mcp list shows it"),
    )
}  # fmt: skip


def client_named(name: str) -> Client:
    """The client of that name; `BadInput` names those that there are."""
    if name not in CLIENTS:
        raise BadInput(f"no client named {name!r}: wanted {', '.join(CLIENTS)}")
    return CLIENTS[name]


def this_system() -> System:
    """The machine this runs on."""
    return System(sys.platform, Path.home(), os.environ)


def location(client: Client, system: System, project: Path | None = None) -> Path:
    """The file that holds the client's servers: the user's, or that of a project folder. It need not be there yet."""
    if project is not None:
        return _project_file(client, project)
    match client.name:
        case "claude-desktop":
            return _claude_folder(system) / "claude_desktop_config.json"
        case "cursor":
            return system.home / ".cursor" / "mcp.json"
        case "vscode":
            return _settings(system) / "Code" / "User" / "mcp.json"
        case _:
            return Path(system.environment.get("CLAUDE_CONFIG_DIR") or system.home) / ".claude.json"


_PROJECT_FILES = {"cursor": (".cursor", "mcp.json"), "vscode": (".vscode", "mcp.json"), "claude-code": (".mcp.json",)}


def _project_file(client: Client, project: Path) -> Path:
    if client.name not in _PROJECT_FILES:
        raise BadInput(f"{client.label} has no configuration per project: leave --project out")
    if not project.is_dir():
        raise BadInput(f"no folder {str(project)!r}: --project wants the folder of a project")
    return project.joinpath(*_PROJECT_FILES[client.name])


def _settings(system: System) -> Path:
    """Where programs keep settings: per user, as the platform has it."""
    if system.platform == "darwin":
        return system.home / "Library" / "Application Support"
    if system.platform == "win32":
        return Path(system.environment.get("APPDATA") or system.home / "AppData" / "Roaming")
    # A relative XDG_CONFIG_HOME is to be ignored (XDG Base Directory Specification 0.8).
    stated = system.environment.get("XDG_CONFIG_HOME", "")
    return Path(stated) if stated.startswith("/") else system.home / ".config"


def _claude_folder(system: System) -> Path:
    """Claude Desktop's folder. Its packaged build on Windows sees another one in place of APPDATA, and only that."""
    if system.platform == "win32":
        local = Path(system.environment.get("LOCALAPPDATA") or system.home / "AppData" / "Local")
        packaged = sorted(local.glob("Packages/Claude_*/LocalCache/Roaming"))
        if len(packaged) > 1:
            found = ", ".join(path.parent.parent.name for path in packaged)
            raise BadInput(
                f"several Claude Desktop packages under {local / 'Packages'}: {found}; remove those not in use"
            )
        if packaged:
            return packaged[0] / "Claude"
    return _settings(system) / "Claude"
