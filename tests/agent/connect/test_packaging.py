"""The bundle and the registry's file say what the server says."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import anyio
import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGING = ROOT / "packaging"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The bundle, made twice."""
    folders = [tmp_path_factory.mktemp("out") for _ in range(2)]
    for folder in folders:
        subprocess.run(
            [sys.executable, str(PACKAGING / "bundle.py"), "--out", str(folder)], check=True, capture_output=True
        )
    return [next(folder.glob("*.mcpb")) for folder in folders]


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PACKAGING / name).read_text("utf-8"))
    return found


def test_the_manifest_lists_the_tools_of_the_server() -> None:
    from mcp import Client

    from server.app import build_server

    async def go() -> list[str]:
        async with Client(build_server()) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    assert [tool["name"] for tool in load("mcpb/manifest.json")["tools"]] == anyio.run(go)


def test_every_file_tells_the_same_version() -> None:
    from server.app import VERSION

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    server = load("server.json")
    package = server["packages"][0]
    told = {project["version"], server["version"], package["version"], load("mcpb/manifest.json")["version"]}
    assert told == {VERSION}
    assert f"{project['name']}=={VERSION}" in [argument["value"] for argument in package["runtimeArguments"]]


def test_the_readme_carries_the_name_that_the_registry_looks_for() -> None:
    assert f"<!-- mcp-name: {load('server.json')['name']} -->" in (ROOT / "README.md").read_text("utf-8")


def test_the_description_keeps_to_the_registry_s_hundred_characters() -> None:
    assert len(load("server.json")["description"]) <= 100


def test_the_same_source_makes_the_same_bytes(bundles: list[Path]) -> None:
    assert bundles[0].read_bytes() == bundles[1].read_bytes()


def test_the_bundle_holds_what_it_starts_and_no_leavings(bundles: list[Path]) -> None:
    with zipfile.ZipFile(bundles[0]) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        project = tomllib.loads(archive.read("pyproject.toml").decode())
    assert {manifest["server"]["entry_point"], manifest["icon"], "catalog/snapshot.json.xz", "LICENSE"} <= set(names)
    assert names == sorted(names)
    assert not any("__pycache__" in name or name.startswith("tests/") for name in names)
    assert any(pin.startswith("mcp==") for pin in project["tool"]["uv"]["constraint-dependencies"])


def test_a_key_in_the_bundle_is_optional_and_marked_as_secret() -> None:
    options = load("mcpb/manifest.json")["user_config"]
    assert all(
        option["sensitive"] and not option["required"] and option["default"] == "" for option in options.values()
    )
