"""A client's file through connect and undo: what is written, what is kept, what is refused."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path

import pytest

from agent.connect import file, record
from agent.connect.change import Change, carry_out, connecting, undoing
from agent.connect.clients import CLIENTS
from agent.connect.diff import masked_entry, unified
from pricer.errors import BadInput, PricerError

DESKTOP, VSCODE = CLIENTS["claude-desktop"], CLIENTS["vscode"]
MOMENT = dt.datetime(2026, 11, 21, 12, 0, 0, tzinfo=dt.UTC)
OURS = {"command": "/opt/assay", "args": ["serve"]}
SECRET = "ghp_0123456789abcdef"
OTHERS = f"""{{
  "theme": "dark",
  "mcpServers": {{
    "github": {{
      "command": "docker",
      "args": ["run", "--token", "{SECRET}"],
      "env": {{ "GITHUB_TOKEN": "{SECRET}" }}
    }}
  }}
}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The client's file, with another server in it."""
    place = tmp_path / "settings" / "claude_desktop_config.json"
    place.parent.mkdir()
    place.write_text(OTHERS, encoding="utf-8")
    return place


def connect(path: Path, ours: dict[str, object] | None = None) -> Path | None:
    return carry_out(connecting(DESKTOP, path, dict(ours or OURS)), MOMENT, 0o600)


def undo(path: Path) -> Change:
    change = undoing(DESKTOP, path)
    carry_out(change, MOMENT, 0o600)
    return change


def servers(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text("utf-8"))["mcpServers"]
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_entry_is_added_and_the_other_stays(path: Path) -> None:
    connect(path)
    assert servers(path) == json.loads(OTHERS)["mcpServers"] | {"llm-assay": OURS}


def test_a_copy_with_the_same_rights_stands_beside_the_file(path: Path) -> None:
    path.chmod(0o640)
    copy = connect(path)
    assert copy == path.with_name("claude_desktop_config.json.before-llm-assay-20261121-120000")
    assert copy.read_text("utf-8") == OTHERS
    assert copy.stat().st_mode & 0o777 == path.stat().st_mode & 0o777 == 0o640


def test_two_copies_of_one_second_have_two_names(path: Path) -> None:
    first, second = connect(path), connect(path, {"command": "/new", "args": []})
    assert first is not None
    assert second == first.with_name(first.name + "-2")


def test_a_second_time_there_is_nothing_to_do_and_nothing_is_copied(path: Path) -> None:
    connect(path)
    before = sorted(path.parent.iterdir())
    assert connecting(DESKTOP, path, OURS).what == "nothing"
    assert connect(path) is None
    assert sorted(path.parent.iterdir()) == before


def test_a_file_that_was_not_there_is_made_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "config.json"
    assert connect(path) is None
    assert servers(path) == {"llm-assay": OURS}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link_and_its_target_changes(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(path)
    connect(link)
    assert link.is_symlink()
    assert "llm-assay" in servers(path)


def test_the_byte_order_mark_stays(path: Path) -> None:
    path.write_text("\ufeff" + OTHERS, encoding="utf-8")
    connect(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf{")
    assert path.read_bytes().count(b"\xef\xbb\xbf") == 1


def test_deciding_writes_nothing(path: Path) -> None:
    connecting(DESKTOP, path, OURS)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("text", ['{"mcpServers": {,}}', '{\n  // mine\n  "mcpServers": {}\n}', "[1]"])
def test_a_broken_file_is_refused_with_the_lines_to_paste(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        connecting(DESKTOP, path, OURS)
    assert str(path) in str(refused.value)
    assert '"command": "/opt/assay"' in str(refused.value)
    assert path.read_text("utf-8") == text


def test_a_file_in_another_encoding_is_refused(path: Path) -> None:
    path.write_bytes(OTHERS.encode("utf-16"))
    with pytest.raises(BadInput, match="not in UTF-8"):
        connecting(DESKTOP, path, OURS)


def test_a_file_changed_meanwhile_is_left_as_it_is(path: Path) -> None:
    change = connecting(DESKTOP, path, OURS)
    edit(path, "dark", "light")
    now = path.read_text("utf-8")
    with pytest.raises(PricerError, match="changed by another program"):
        carry_out(change, MOMENT, 0o600)
    assert path.read_text("utf-8") == now


def test_a_file_made_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    change = connecting(DESKTOP, path, OURS)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(PricerError, match="changed by another program"):
        carry_out(change, MOMENT, 0o600)
    assert path.read_text("utf-8") == "{}"


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot read"):
        connecting(DESKTOP, tmp_path, OURS)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(path: Path) -> None:
    path.parent.chmod(0o500)
    with pytest.raises(PricerError, match="could not write"):
        connect(path)


def test_undo_puts_the_whole_file_back_when_nobody_touched_it(path: Path) -> None:
    connect(path)
    assert undo(path).what == "restored"
    assert path.read_text("utf-8") == OTHERS


def test_undo_takes_a_file_away_that_was_not_there_before(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    connect(path)
    assert undo(path).what == "removed"
    assert not path.exists()


def test_undo_keeps_a_server_that_came_later(path: Path) -> None:
    connect(path)
    edit(path, '"github": {', '"later": {"command": "x"}, "github": {')
    assert undo(path).what == "removed"
    assert set(servers(path)) == {"later", "github"}


def test_undo_keeps_a_server_that_came_between_two_connects(path: Path) -> None:
    connect(path)
    edit(path, '"github": {', '"later": {"command": "x"}, "github": {')
    connect(path, {"command": "/new", "args": []})
    undo(path)
    assert set(servers(path)) == {"later", "github"}


def test_undo_goes_back_to_the_entry_before_the_first_connect(path: Path) -> None:
    edit(path, '"github": {', '"llm-assay": {"command": "/mine"}, "github": {')
    connect(path)
    connect(path, {"command": "/new", "args": []})
    edit(path, "dark", "light")
    assert undo(path).what == "restored"
    assert servers(path)["llm-assay"] == {"command": "/mine"}
    assert json.loads(path.read_text("utf-8"))["theme"] == "light"


def test_undo_without_a_connect_takes_the_entry_out(path: Path) -> None:
    edit(path, '"github": {', '"llm-assay": {"command": "/mine"}, "github": {')
    assert undo(path).what == "removed"
    assert set(servers(path)) == {"github"}


def test_undo_where_there_is_no_entry_does_nothing(path: Path) -> None:
    assert undo(path).what == "nothing"
    assert path.read_text("utf-8") == OTHERS


def test_undo_twice_does_nothing_more(path: Path) -> None:
    connect(path)
    undo(path)
    assert undo(path).what == "nothing"


def test_undo_says_when_the_copy_is_gone(path: Path) -> None:
    edit(path, '"github": {', '"llm-assay": {"command": "/mine"}, "github": {')
    copy = connect(path)
    assert copy is not None
    copy.unlink()
    change = undo(path)
    assert change.what == "removed"
    assert change.note is not None and copy.name in change.note


def test_undo_makes_a_copy_too(path: Path) -> None:
    connect(path)
    connected = path.read_text("utf-8")
    undo(path)
    assert connected in [one.read_text("utf-8") for one in path.parent.iterdir()]


def test_what_is_remembered_holds_no_content(path: Path, assay_home: Path) -> None:
    connect(path)
    kept = "".join(one.read_text("utf-8") for one in (assay_home / "connections").iterdir())
    assert SECRET not in kept
    assert "docker" not in kept


def test_a_damaged_memory_is_as_none(path: Path, assay_home: Path) -> None:
    connect(path)
    for one in (assay_home / "connections").iterdir():
        one.write_text("{", encoding="utf-8")
    assert record.recorded(path) is None
    assert undo(path).what == "removed"


def test_the_diff_shows_our_lines_and_nothing_that_others_keep(path: Path) -> None:
    change = connecting(DESKTOP, path, OURS)
    shown = unified(path, change.held.text, (change.after or b"").decode(), comments=False)
    assert '+      "command": "/opt/assay",' in shown
    assert "github" not in shown or SECRET not in shown
    assert SECRET not in shown
    assert "dark" not in shown


def test_the_diff_of_a_file_on_one_long_line_has_a_line_for_each_member(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps({f"name{number}": SECRET for number in range(40)} | {"mcpServers": {}}), encoding="utf-8"
    )
    change = connecting(DESKTOP, path, OURS)
    shown = unified(path, change.held.text, (change.after or b"").decode(), comments=False)
    assert max(map(len, shown.splitlines()[2:])) < 80
    assert SECRET not in shown


def test_a_secret_in_a_comment_is_hidden(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text(f'{{\n  "servers": {{\n  }} // {SECRET}\n}}\n', encoding="utf-8")
    change = connecting(VSCODE, path, OURS)
    assert SECRET not in unified(path, change.held.text, (change.after or b"").decode(), comments=True)


def test_what_the_user_added_to_our_entry_is_hidden_where_it_is_shown() -> None:
    entry = {"command": "/opt/assay", "args": ["serve", SECRET], "env": {"KEY": SECRET, "ASSAY_HOME": "/srv"}}
    shown = masked_entry(entry)
    assert shown == {"command": "/opt/assay", "args": ["serve", "…"], "env": {"KEY": "…", "ASSAY_HOME": "/srv"}}


def test_reading_a_file_that_is_not_there_gives_an_empty_text(tmp_path: Path) -> None:
    assert file.read(tmp_path / "none").text == ""


def test_nothing_is_written_where_what_stood_there_cannot_be_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    monkeypatch.setenv("ASSAY_HOME", str(path / "below-a-file"))
    with pytest.raises(PricerError, match="nothing was changed"):
        connect(path)
    assert path.read_bytes() == before


def test_read_only_file_is_left_alone(path: Path) -> None:
    path.chmod(0o444)
    with pytest.raises(PricerError, match="read-only"):
        connect(path)
