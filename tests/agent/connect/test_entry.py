"""Our entry: the program by its path, what the user added to it, links; never a secret."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from agent.connect.clients import CLIENTS
from agent.connect.entry import address_entry, cursor_link, launch, link, merged, program_entry, vscode_link
from pricer.errors import BadInput

DESKTOP, CURSOR, VSCODE, CODE = (CLIENTS[name] for name in ("claude-desktop", "cursor", "vscode", "claude-code"))


@pytest.mark.parametrize(("platform", "name"), [("linux", "assay"), ("darwin", "assay"), ("win32", "assay.exe")])
def test_the_program_beside_this_python_is_named(tmp_path: Path, platform: str, name: str) -> None:
    (tmp_path / name).touch()
    assert launch(str(tmp_path / "python"), platform) == [str(tmp_path / name), "serve"]


def test_without_the_program_the_python_is_named_with_the_module(tmp_path: Path) -> None:
    python = str(tmp_path / "python")
    assert launch(python, "linux") == [python, "-P", "-m", "agent", "serve"]


def test_the_link_of_a_virtual_environment_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    assert launch(str(tmp_path / "python"), "linux")[0] == str(tmp_path / "python")


def test_only_the_folder_is_passed_on_and_no_key() -> None:
    environment = {"ASSAY_HOME": "/srv/assay", "OPENAI_API_KEY": "sk-test", "HOME": "/root"}
    entry = program_entry(CURSOR, ["/opt/assay", "serve"], environment)
    assert entry == {"command": "/opt/assay", "args": ["serve"], "env": {"ASSAY_HOME": "/srv/assay"}}


def test_without_the_folder_there_is_no_environment() -> None:
    assert program_entry(DESKTOP, ["/opt/assay", "serve"], {}) == {"command": "/opt/assay", "args": ["serve"]}


def test_vscode_and_claude_code_are_told_the_kind() -> None:
    assert program_entry(VSCODE, ["/opt/assay", "serve"], {})["type"] == "stdio"
    assert address_entry(CODE, "http://127.0.0.1:8765/mcp") == {"type": "http", "url": "http://127.0.0.1:8765/mcp"}


@pytest.mark.parametrize("url", ["127.0.0.1:8765", "ftp://host/mcp", "http:///mcp", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="wanted an address"):
        address_entry(CURSOR, url)


@pytest.mark.parametrize("url", ["http://ana:sesame@host/mcp", "https://host/mcp?token=sesame"])
def test_an_address_with_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        address_entry(CURSOR, url)
    assert "sesame" not in str(refused.value)


def test_claude_desktop_takes_no_address() -> None:
    with pytest.raises(BadInput, match="Connectors"):
        address_entry(DESKTOP, "http://127.0.0.1:8765/mcp")


def test_what_the_user_added_stays() -> None:
    former = {"command": "/old", "args": [], "env": {"OPENAI_API_KEY": "k", "ASSAY_HOME": "/old"}, "timeout": 60}
    ours = {"command": "/new", "args": ["serve"], "env": {"ASSAY_HOME": "/new"}}
    assert merged(former, ours) == ours | {"env": {"OPENAI_API_KEY": "k", "ASSAY_HOME": "/new"}, "timeout": 60}


def test_going_over_to_an_address_leaves_the_program_behind() -> None:
    former = {"type": "stdio", "command": "/old", "args": [], "env": {"A": "b"}, "disabled": True}
    assert merged(former, {"type": "http", "url": "http://h/mcp"}) == {
        "disabled": True,
        "type": "http",
        "url": "http://h/mcp",
    }


def test_going_over_to_the_program_leaves_the_address_behind() -> None:
    former = {"url": "http://h/mcp", "headers": {"Authorization": "Bearer x"}}
    assert merged(former, {"command": "/new", "args": []}) == {"command": "/new", "args": []}


def test_the_cursor_link_holds_name_and_entry() -> None:
    entry = program_entry(CURSOR, ["/opt/作業/assay", "serve"], {})
    parts = urlsplit(cursor_link(entry))
    asked = parse_qs(parts.query, strict_parsing=True)
    assert (parts.scheme, parts.netloc, parts.path) == ("cursor", "anysphere.cursor-deeplink", "/mcp/install")
    assert asked["name"] == ["llm-assay"]
    assert json.loads(base64.b64decode(asked["config"][0], validate=True)) == entry


def test_the_vscode_link_holds_name_and_entry() -> None:
    entry = program_entry(VSCODE, ["/opt/my assay", "serve"], {})
    scheme, _, asked = vscode_link(entry).partition("?")
    assert scheme == "vscode:mcp/install"
    assert json.loads(unquote(asked)) == {"name": "llm-assay"} | entry


def test_a_client_without_links_says_which_have_some() -> None:
    with pytest.raises(BadInput, match="cursor or vscode"):
        link(DESKTOP, {})


def test_headers_go_to_the_server_they_were_for_and_to_no_other() -> None:
    former = {"url": "https://old.example/mcp", "headers": {"Authorization": "Bearer abc"}}
    assert "headers" not in merged(former, {"url": "https://new.example/mcp"})
    assert merged(former, {"url": "https://old.example/other"})["headers"] == former["headers"]
