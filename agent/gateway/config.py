"""Which other servers there are: the file that Claude Desktop, Cursor and VS Code read, as values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any, Literal

from agent.gateway.jsonc import place, read_jsonc
from pricer.errors import BadInput

Transport = Literal["stdio", "http", "sse"]
TRANSPORTS: Mapping[str, Transport] = {
    "stdio": "stdio", "http": "http", "streamable-http": "http", "streamablehttp": "http", "streamable_http": "http", "sse": "sse",
}  # fmt: skip
SECTIONS = (("mcpServers",), ("servers",), ("mcp", "servers"))  # Claude and Cursor, VS Code, VS Code's settings.json
VARIABLE = re.compile(r"\$\{([^{}]*)\}")
NAME = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
TIMEOUT_S, START_S, MOST_S = 30.0, 20.0, 3600.0


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """One other server. `command`, `args`, `env` and `cwd` are those of a stdio server, `url` and `headers` those of the others.

    What may hold a key is not shown when it is printed.
    """

    name: str
    transport: Transport
    command: str | None = None
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    url: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = TIMEOUT_S
    start_timeout_s: float = START_S


def read_config(path: Path) -> tuple[ServerConfig, ...]:
    """The servers of the file in its order, without the disabled ones and without this very program, which is there in memory.

    `${NAME}`, `${env:NAME}` and `${NAME:-otherwise}` are taken from the environment, `${userHome}` and `${workspaceFolder}` are folders.
    BadInput, with line and column, for a file or an entry that cannot be used.
    """
    document, text = read_jsonc(path)
    entries = _entries(path, document)
    found = []
    for name, entry in entries.items():
        where = f"{path}:{place(text, name)}: server {name!r}"
        if not isinstance(entry, dict):
            raise BadInput(f"{where}: wanted an object with command or url, found {type(entry).__name__}")
        if entry.get("disabled") is True or entry.get("enabled") is False:
            continue
        config = _server(name, entry, where, path)
        if not is_ours(config):
            found.append(config)
    return tuple(found)


def is_ours(config: ServerConfig) -> bool:
    """Whether the entry starts this very program: `assay serve`, also through uvx, npx or python -m agent."""
    if config.command is None:
        return False
    words = [PurePath(config.command.replace("\\", "/")).stem, *config.args]
    pairs = list(pairwise(words))
    return ("assay", "serve") in pairs or (("-m", "agent") in pairs and ("agent", "serve") in pairs)


def _entries(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    for section in SECTIONS:
        found: Any = document
        for key in section:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, dict):
            return found
        if found is not None:
            raise BadInput(
                f"{path}: {'.'.join(section)}: wanted an object of servers by name, found {type(found).__name__}"
            )
    raise BadInput(f"{path}: wanted mcpServers or servers, found {', '.join(sorted(document)) or 'nothing'}")


def _server(name: str, entry: dict[str, Any], where: str, path: Path) -> ServerConfig:
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise BadInput(f"{where}: a server's name is 1 to 100 visible characters")
    transport = _transport(entry, where)
    expand = _expander(where, path)
    timeout_s, start_s = (
        _seconds(entry, "timeout_s", TIMEOUT_S, where),
        _seconds(entry, "start_timeout_s", START_S, where),
    )
    if transport == "stdio":
        cwd = _text(entry, "cwd", where, expand) if entry.get("cwd") is not None else None
        return ServerConfig(
            name,
            transport,
            command=_text(entry, "command", where, expand),
            args=_args(entry, where, expand),
            env=_texts(entry, "env", where, expand),
            cwd=None if cwd is None else str(Path(cwd).expanduser()),
            timeout_s=timeout_s,
            start_timeout_s=start_s,
        )
    url = _text(entry, "url", where, expand)
    if not re.match(r"https?://[^/\s]", url, re.IGNORECASE):
        raise BadInput(f"{where}: url: wanted an address that begins with http:// or https://")
    headers = _texts(entry, "headers", where, expand)
    return ServerConfig(name, transport, url=url, headers=headers, timeout_s=timeout_s, start_timeout_s=start_s)


def _transport(entry: dict[str, Any], where: str) -> Transport:
    told = entry.get("type") or entry.get("transport")
    if told is not None:
        if not isinstance(told, str) or told.lower() not in TRANSPORTS:
            raise BadInput(f"{where}: type: wanted stdio, http or sse, found {told!r}")
        return TRANSPORTS[told.lower()]
    if "command" in entry:
        return "stdio"
    if "url" in entry:
        return "http"
    raise BadInput(f"{where}: wanted command (a program) or url (an address), found {', '.join(entry) or 'nothing'}")


def _expander(where: str, path: Path) -> Callable[[str, str], str]:
    folder = path.resolve().parent
    workspace = folder.parent if folder.name in {".vscode", ".cursor"} else folder
    known = {
        "userHome": str(Path.home()), "workspaceFolder": str(workspace), "workspaceFolderBasename": workspace.name,
        "pathSeparator": os.sep, "/": os.sep,
    }  # fmt: skip

    def expand(text: str, field_name: str) -> str:
        return VARIABLE.sub(lambda found: _value(found[1], field_name), text)

    def _value(inner: str, field_name: str) -> str:
        if inner in known:
            return known[inner]
        named = NAME.fullmatch(inner)
        if named is None:
            raise BadInput(
                f"{where}: {field_name}: ${{{inner}}} cannot be filled in here: write ${{env:NAME}} and set NAME"
            )
        value = os.environ.get(named[1]) or named[2]
        if value is None:
            raise BadInput(f"{where}: {field_name}: the variable {named[1]} is not set: set it, or take the entry out")
        return value

    return expand


def _text(entry: dict[str, Any], key: str, where: str, expand: Callable[[str, str], str]) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where}: {key}: wanted text, found {'nothing' if value is None else type(value).__name__}")
    return _whole(expand(value, key), key, where)


def _args(entry: dict[str, Any], where: str, expand: Callable[[str, str], str]) -> tuple[str, ...]:
    args = entry.get("args")
    if args is None:
        return ()
    if not isinstance(args, list) or not all(isinstance(one, str) for one in args):
        raise BadInput(f"{where}: args: wanted a list of texts")
    return tuple(_whole(expand(one, "args"), "args", where) for one in args)


def _texts(entry: dict[str, Any], key: str, where: str, expand: Callable[[str, str], str]) -> dict[str, str]:
    found = entry.get(key)
    if found is None:
        return {}
    plain = (str, int, float)
    if not isinstance(found, dict) or not all(isinstance(one, plain) for one in found.values()):
        raise BadInput(f"{where}: {key}: wanted an object of names and texts")
    return {name: _whole(expand(_written(one), f"{key}.{name}"), key, where) for name, one in found.items()}


def _written(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(text: str, key: str, where: str) -> str:
    if "\0" in text:
        raise BadInput(f"{where}: {key}: a NUL character cannot be passed on")
    return text


def _seconds(entry: dict[str, Any], key: str, otherwise: float, where: str) -> float:
    value = entry.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST_S:
        raise BadInput(f"{where}: {key}: wanted seconds, more than 0 and at most {MOST_S:.0f}, found {value!r}")
    return float(value)
