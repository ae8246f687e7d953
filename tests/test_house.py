"""The house itself: what is packaged, what the doors say, what no file may contain."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("catalog", "pricer", "server", "agent", "prompts")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_is_the_one_in_this_repository(name: str) -> None:
    found = importlib.import_module(name).__file__
    assert found is not None
    assert Path(found).is_relative_to(ROOT)


def test_the_wheel_ships_the_snapshot_the_tables_and_the_prompts(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    assert sizes["catalog/snapshot.json.xz"] < 1.5e6
    assert {"catalog/tables/licenses.toml", "prompts/interview.md", "agent/py.typed"} <= set(sizes)
    assert not any(name.startswith("tests/") for name in sizes)


def test_the_readme_shows_both_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make ask" in readme
    assert "make test" in readme


def test_every_target_that_people_run_has_a_help_line() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    assert all(re.search(rf"^{target}:.*## \w", makefile, re.MULTILINE) for target in phony.group(1).split())


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    named = [*project["project"]["dependencies"], *(name for extra in extras for name in extra)]
    pins = {_plain(line) for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if "==" in line}
    assert {_plain(name) for name in named} <= pins


def _plain(requirement: str) -> str:
    return re.split(r"[\[<>=]", requirement)[0].replace("_", "-").replace(".", "-").lower()
