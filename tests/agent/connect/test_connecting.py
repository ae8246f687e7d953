"""`assay connect` and `assay doctor` as commands: files, screens, exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from agent.connecting import connect, doctor
from pricer.errors import BadInput

app = typer.Typer()
app.command()(connect)
app.command()(doctor)

SECRET = "sk-live-0123456789"


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder on Linux, with a Cursor in it that has another server."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    (tmp_path / ".cursor").mkdir()
    other = {"mcpServers": {"other": {"command": "x", "env": {"API_KEY": SECRET}}}}
    (tmp_path / ".cursor" / "mcp.json").write_text(json.dumps(other, indent=2), encoding="utf-8")
    return tmp_path


def assay(*arguments: str, code: int = 0) -> str:
    ended = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(app, list(arguments))
    if isinstance(ended.exception, BadInput):
        raise ended.exception
    assert ended.exit_code == code, ended.output
    return ended.stdout


def told(*arguments: str, code: int = 0) -> Any:
    return json.loads(assay(*arguments, "--json", code=code))


def entry(path: Path, container: str = "mcpServers") -> Any:
    return json.loads(path.read_text("utf-8"))[container]["llm-assay"]


def test_connect_names_an_absolute_program_and_passes_the_folder_on(user: Path, assay_home: Path) -> None:
    assay("connect", "cursor")
    made = entry(user / ".cursor" / "mcp.json")
    assert Path(made["command"]).is_absolute()
    assert made["args"][-1] == "serve"
    assert made["env"] == {"ASSAY_HOME": str(assay_home)}


def test_connect_tells_copy_next_step_keys_and_undo(user: Path) -> None:
    screen = assay("connect", "cursor")
    assert all(label in screen for label in ("Cursor", "Added", "Copy", "Next", "Keys", "Undo", "--undo"))
    assert SECRET not in screen


def test_connect_fits_eighty_columns(user: Path) -> None:
    assert max(len(line.rstrip()) for line in assay("connect", "cursor").splitlines()) <= 80


def test_a_dry_run_shows_the_lines_and_writes_nothing(user: Path) -> None:
    before = (user / ".cursor" / "mcp.json").read_bytes()
    screen = assay("connect", "cursor", "--dry-run")
    assert '+    "llm-assay": {' in screen
    assert "Not written" in screen
    assert SECRET not in screen
    assert [one.name for one in (user / ".cursor").iterdir()] == ["mcp.json"]
    assert (user / ".cursor" / "mcp.json").read_bytes() == before


def test_the_document_tells_what_was_done_without_secrets(user: Path) -> None:
    document = told("connect", "cursor")
    assert (document["change"], document["written"]) == ("added", True)
    assert Path(document["copy"]).is_file()
    assert SECRET not in json.dumps(document)


def test_a_second_time_there_is_nothing_to_do(user: Path) -> None:
    assay("connect", "cursor")
    assert "Nothing to do" in assay("connect", "cursor")
    assert told("connect", "cursor")["written"] is False


def test_undo_gives_the_same_bytes_back(user: Path) -> None:
    before = (user / ".cursor" / "mcp.json").read_bytes()
    assay("connect", "cursor")
    assay("connect", "cursor", "--undo")
    assert (user / ".cursor" / "mcp.json").read_bytes() == before


def test_a_project_gets_a_file_that_others_may_read(user: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    assay("connect", "vscode", "--project", str(project))
    path = project / ".vscode" / "mcp.json"
    assert entry(path, "servers")["type"] == "stdio"
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_address_is_written_as_such(user: Path) -> None:
    assay("connect", "claude-code", "--http", "http://127.0.0.1:8765/mcp")
    assert entry(user / ".claude.json") == {"type": "http", "url": "http://127.0.0.1:8765/mcp"}


def test_a_link_is_printed_and_nothing_is_written(user: Path) -> None:
    assert assay("connect", "cursor", "--link").startswith(
        "cursor://anysphere.cursor-deeplink/mcp/install?name=llm-assay&config="
    )
    assert assay("connect", "vscode", "--link").startswith("vscode:mcp/install?%7B")
    assert "llm-assay" not in (user / ".cursor" / "mcp.json").read_text("utf-8")


@pytest.mark.parametrize(
    "arguments",
    [("cursor", "--link", "--undo"), ("cursor", "--undo", "--http", "http://h/mcp"), ("cursor", "--link", "--dry-run")],
)
def test_what_does_not_go_together_is_refused(user: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="goes with neither"):
        assay("connect", *arguments)


def test_the_doctor_greets_the_server_and_ends_well(user: Path) -> None:
    assay("connect", "cursor")
    document = told("doctor", "--project", str(user))
    found = {finding["about"]: finding for finding in document["findings"]}
    assert document["broken"] == 0
    assert found["server"]["seconds"] > 0
    assert found["Cursor"]["state"] == "ok"


def test_the_doctor_fails_when_a_client_leads_nowhere(user: Path) -> None:
    gone = {"mcpServers": {"llm-assay": {"command": "/gone/assay", "args": ["serve"]}}}
    (user / ".cursor" / "mcp.json").write_text(json.dumps(gone), encoding="utf-8")
    screen = assay("doctor", "--project", str(user), "--timeout-s", "0.001", code=1)
    assert "/gone/assay" in screen
    assert "assay connect cursor" in screen
    assert "2 broken" in screen  # the client, and the server, which had no time
