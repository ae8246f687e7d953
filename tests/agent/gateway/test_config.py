"""The file of other servers: what is read of it, and what its errors say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.gateway.config import ServerConfig, read_config
from pricer.errors import BadInput


def written(folder: Path, text: str | dict[str, Any]) -> Path:
    path = folder / "mcp.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return path


def only(folder: Path, entry: dict[str, Any]) -> ServerConfig:
    """The one server of a file with this entry."""
    (found,) = read_config(written(folder, {"mcpServers": {"one": entry}}))
    return found


def refused(folder: Path, text: str | dict[str, Any]) -> str:
    with pytest.raises(BadInput) as caught:
        read_config(written(folder, text))
    return str(caught.value).replace(str(folder), "")


def test_a_stdio_entry_of_claude_desktop_is_read(tmp_path: Path) -> None:
    found = only(tmp_path, {"command": "npx", "args": ["-y", "server"], "env": {"A": "1"}, "cwd": "/srv"})
    assert found == ServerConfig("one", "stdio", "npx", ("-y", "server"), {"A": "1"}, "/srv")


@pytest.mark.parametrize(
    ("kind", "transport"),
    [(None, "http"), ("http", "http"), ("streamable-http", "http"), ("streamableHttp", "http"), ("sse", "sse")],
)
def test_an_address_is_read_with_its_headers(tmp_path: Path, kind: str | None, transport: Any) -> None:
    entry = {"url": "https://example.com/mcp", "headers": {"X-A": "b"}} | ({"type": kind} if kind else {})
    assert only(tmp_path, entry) == ServerConfig("one", transport, url="https://example.com/mcp", headers={"X-A": "b"})


VS_CODE = """// servers of this folder
{
  /* asked by the editor */
  "inputs": [],
  "servers": {
    "fetch": {"type": "stdio", "command": "uvx", "args": ["https://no//comment", "/* nor this */", ",]"],}, // trailing
  },
}
"""


def test_comments_and_trailing_commas_are_read_as_vs_code_writes_them(tmp_path: Path) -> None:
    (found,) = read_config(written(tmp_path, VS_CODE))
    assert found.args == ("https://no//comment", "/* nor this */", ",]")


def test_the_settings_of_vs_code_hold_servers_too(tmp_path: Path) -> None:
    path = written(tmp_path, {"editor.fontSize": 12, "mcp": {"servers": {"one": {"command": "uvx"}}}})
    assert [one.name for one in read_config(path)] == ["one"]


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert [one.name for one in read_config(written(tmp_path, '\ufeff{"servers": {"one": {"command": "x"}}}'))] == [
        "one"
    ]


def test_variables_are_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_MINE", "t-1")
    entry = {"command": "${env:TOKEN_OF_MINE}", "args": ["--x=${TOKEN_OF_MINE}", "${NOT_SET:-else}", "$HOME"]}
    found = only(tmp_path, entry)
    assert (found.command, found.args) == ("t-1", ("--x=t-1", "else", "$HOME"))


def test_the_folder_of_the_editor_is_the_workspace(tmp_path: Path) -> None:
    (tmp_path / ".vscode").mkdir()
    path = written(tmp_path / ".vscode", {"servers": {"one": {"command": "x", "cwd": "${workspaceFolder}"}}})
    assert read_config(path)[0].cwd == str(tmp_path.resolve())


def test_disabled_entries_are_left_out_whatever_they_hold(tmp_path: Path) -> None:
    entries = {"one": {"command": "${env:NOT_SET}", "disabled": True}, "two": {"enabled": False}}
    assert read_config(written(tmp_path, {"mcpServers": entries})) == ()


def test_unknown_fields_are_tolerated(tmp_path: Path) -> None:
    assert only(tmp_path, {"command": "x", "alwaysAllow": ["a"], "timeout": 60}).command == "x"


def test_limits_in_seconds_can_be_given(tmp_path: Path) -> None:
    found = only(tmp_path, {"command": "x", "timeout_s": 90, "start_timeout_s": 120})
    assert (found.timeout_s, found.start_timeout_s) == (90.0, 120.0)


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "/opt/venv/bin/assay", "args": ["serve"]},
        {"command": "C:\\Tools\\assay.exe", "args": ["serve"]},
        {"command": "uvx", "args": ["--from", "llm-assay", "assay", "serve"]},
        {"command": "python", "args": ["-m", "agent", "serve"]},
    ],
)
def test_this_very_program_is_left_out(tmp_path: Path, entry: dict[str, Any]) -> None:
    assert read_config(written(tmp_path, {"mcpServers": {"anything": entry}})) == ()


def test_what_may_hold_a_key_is_not_printed(tmp_path: Path) -> None:
    entry = {"command": "x", "args": ["--key=k-1"], "env": {"A_KEY": "k-2"}}
    address = {"url": "https://h/?key=k-3", "headers": {"X": "k-4"}}
    assert "k-" not in repr((only(tmp_path, entry), only(tmp_path, address)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '{\n  "mcpServers": {\n    "one": {"command" "x"}\n  }\n}',
            "/mcp.json:3:23: not JSON: Expecting ':' delimiter",
        ),
        ('{"servers": {\n "a": {"command": "x"},\n "a": {"command": "y"}}}', "/mcp.json:3:2: 'a' stands there twice"),
        ("[]", "/mcp.json:1:1: wanted an object with mcpServers or servers, found list"),
        ('{"other": 1}', "/mcp.json: wanted mcpServers or servers, found other"),
        ('{"servers": []}', "/mcp.json: servers: wanted an object of servers by name, found list"),
        ('{"servers": {\n  "one": 1}}', "/mcp.json:2:3: server 'one': wanted an object with command or url, found int"),
        ('{"servers": {\n  "one": {}}}', "server 'one': wanted command (a program) or url (an address), found nothing"),
        ('{"servers": {"one": {"type": "smoke"}}}', "type: wanted stdio, http or sse, found 'smoke'"),
        ('{"servers": {"one": {"command": ""}}}', "command: wanted text"),
        ('{"servers": {"one": {"command": "x", "args": "y"}}}', "args: wanted a list of texts"),
        ('{"servers": {"one": {"command": "x", "env": {"A": []}}}}', "env: wanted an object of names and texts"),
        ('{"servers": {"one": {"url": "file:///etc/passwd"}}}', "url: wanted an address that begins with http:// or"),
        ('{"servers": {"one": {"command": "x", "timeout_s": -1}}}', "timeout_s: wanted seconds, more than 0"),
        (
            '{"servers": {"one": {"command": "x", "env": {"A": "${env:NOT_SET}"}}}}',
            "/mcp.json:1:14: server 'one': env.A: the variable NOT_SET is not set: set it, or take the entry out",
        ),
        (
            '{"servers": {"one": {"command": "${input:key}"}}}',
            "${input:key} cannot be filled in here: write ${env:NAME}",
        ),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_an_error_says_where_and_how_to_mend_it(tmp_path: Path, text: str, words: str) -> None:
    assert words in refused(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.json: cannot be read: No such file"):
        read_config(tmp_path / "none.json")
