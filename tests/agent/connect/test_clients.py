"""Where each client keeps its servers, on three platforms, wherever the test runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.connect.clients import CLIENTS, System, client_named, location
from pricer.errors import BadInput

HOME = Path("/people/ana")
APPDATA = {"APPDATA": "/people/ana/Roaming", "LOCALAPPDATA": "/people/ana/Local"}
MAC = "Library/Application Support"


@pytest.mark.parametrize(
    ("name", "platform", "environment", "wanted"),
    [
        ("claude-desktop", "darwin", {}, f"{MAC}/Claude/claude_desktop_config.json"),
        ("claude-desktop", "win32", APPDATA, "Roaming/Claude/claude_desktop_config.json"),
        ("claude-desktop", "win32", {}, "AppData/Roaming/Claude/claude_desktop_config.json"),
        ("claude-desktop", "linux", {}, ".config/Claude/claude_desktop_config.json"),
        ("cursor", "darwin", {}, ".cursor/mcp.json"),
        ("cursor", "win32", APPDATA, ".cursor/mcp.json"),
        ("cursor", "linux", {"XDG_CONFIG_HOME": "/people/ana/settings"}, ".cursor/mcp.json"),
        ("vscode", "darwin", {}, f"{MAC}/Code/User/mcp.json"),
        ("vscode", "win32", APPDATA, "Roaming/Code/User/mcp.json"),
        ("vscode", "linux", {}, ".config/Code/User/mcp.json"),
        ("vscode", "linux", {"XDG_CONFIG_HOME": "/people/ana/settings"}, "settings/Code/User/mcp.json"),
        ("vscode", "linux", {"XDG_CONFIG_HOME": "relative"}, ".config/Code/User/mcp.json"),
        ("claude-code", "darwin", {}, ".claude.json"),
        ("claude-code", "win32", APPDATA, ".claude.json"),
        ("claude-code", "linux", {}, ".claude.json"),
        ("claude-code", "linux", {"CLAUDE_CONFIG_DIR": "/people/ana/work"}, "work/.claude.json"),
    ],
)
def test_each_client_has_its_file_on_each_platform(
    name: str, platform: str, environment: dict[str, str], wanted: str
) -> None:
    assert location(CLIENTS[name], System(platform, HOME, environment)) == HOME / wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("cursor", ".cursor/mcp.json"), ("vscode", ".vscode/mcp.json"), ("claude-code", ".mcp.json")],
)
@pytest.mark.parametrize("platform", ["darwin", "win32", "linux"])
def test_a_project_has_a_file_of_its_own(name: str, wanted: str, platform: str, tmp_path: Path) -> None:
    assert location(CLIENTS[name], System(platform, HOME, {}), tmp_path) == tmp_path / wanted


def test_the_packaged_claude_desktop_on_windows_reads_only_its_own_folder(tmp_path: Path) -> None:
    roaming = tmp_path / "Packages" / "Claude_abc123" / "LocalCache" / "Roaming"
    roaming.mkdir(parents=True)
    system = System("win32", HOME, APPDATA | {"LOCALAPPDATA": str(tmp_path)})
    assert location(CLIENTS["claude-desktop"], system) == roaming / "Claude" / "claude_desktop_config.json"


def test_two_packages_of_claude_desktop_are_named_and_none_is_chosen(tmp_path: Path) -> None:
    for name in ("Claude_one", "Claude_two"):
        (tmp_path / "Packages" / name / "LocalCache" / "Roaming").mkdir(parents=True)
    with pytest.raises(BadInput, match="Claude_one, Claude_two"):
        location(CLIENTS["claude-desktop"], System("win32", HOME, {"LOCALAPPDATA": str(tmp_path)}))


def test_claude_desktop_has_no_project(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="leave --project out"):
        location(CLIENTS["claude-desktop"], System("linux", HOME, {}), tmp_path)


def test_a_project_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder"):
        location(CLIENTS["cursor"], System("linux", HOME, {}), tmp_path / "nowhere")


def test_an_unknown_client_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(BadInput, match="claude-desktop, cursor, vscode, claude-code"):
        client_named("emacs")
