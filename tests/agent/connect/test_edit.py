"""A text edited in one place: whatever stood in it stands in it afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.connect.edit import entry_of, with_entry, without_entry
from agent.connect.jsonc import Broken, parse

NAME = "llm-assay"
ENTRY = {"command": "/opt/assay", "args": ["serve"], "env": {"ASSAY_HOME": "/srv/作業"}}

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)
names = st.sampled_from(["github", "a//b", "/* x */", "mcpServers", "{", '"', "日本", NAME]) | st.text(max_size=8)
servers = st.dictionaries(names, st.dictionaries(st.text(max_size=6), values, max_size=3), max_size=4)
indents = st.sampled_from([None, 0, 1, 2, 4, "\t"])


@st.composite
def configurations(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """A document with servers or without, and its text in one of the ways in which programs lay it out."""
    document: dict[str, Any] = draw(st.dictionaries(st.text(max_size=6), values, max_size=3))
    if draw(st.booleans()):
        document["mcpServers"] = draw(servers)
        document |= draw(st.dictionaries(st.text(max_size=6), scalars, max_size=2))
    if not isinstance(document.get("mcpServers", {}), dict):
        del document["mcpServers"]
    separators = draw(st.sampled_from([None, (",", ":")]))
    text = json.dumps(document, indent=draw(indents), separators=separators, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return document, text + draw(st.sampled_from(["", "\n"]))


@given(configurations())
def test_setting_our_entry_keeps_every_other_and_their_order(case: tuple[dict[str, Any], str]) -> None:
    document, text = case
    after = json.loads(with_entry(text, "mcpServers", NAME, ENTRY, comments=False))
    assert after.pop("mcpServers") == {**document.get("mcpServers", {}), NAME: ENTRY}
    assert after == {key: value for key, value in document.items() if key != "mcpServers"}


@given(configurations())
def test_setting_and_taking_out_changes_nothing_else(case: tuple[dict[str, Any], str]) -> None:
    document, text = case
    there = with_entry(text, "mcpServers", NAME, ENTRY, comments=True)
    back = json.loads(without_entry(there, "mcpServers", NAME, comments=True))
    others = {key: value for key, value in document.get("mcpServers", {}).items() if key != NAME}
    assert back == document | {"mcpServers": others}


@given(configurations())
def test_a_server_that_came_later_stays_when_ours_goes(case: tuple[dict[str, Any], str]) -> None:
    _, text = case
    mine = with_entry(text, "mcpServers", NAME, ENTRY, comments=False)
    later = with_entry(mine, "mcpServers", "later", {"command": "x"}, comments=False)
    assert json.loads(without_entry(later, "mcpServers", NAME, comments=False))["mcpServers"]["later"] == {
        "command": "x"
    }


@given(configurations())
def test_setting_twice_is_setting_once(case: tuple[dict[str, Any], str]) -> None:
    once = with_entry(case[1], "mcpServers", NAME, ENTRY, comments=False)
    assert with_entry(once, "mcpServers", NAME, ENTRY, comments=False) == once


@given(st.text(max_size=60) | st.text(alphabet='{}[]",:/* \n1a', max_size=40))
def test_any_text_is_edited_to_sound_json_or_refused(text: str) -> None:
    try:
        after = with_entry(text, "mcpServers", NAME, ENTRY, comments=True)
    except Broken:
        return
    assert parse(after, comments=True)["mcpServers"][NAME] == ENTRY


COMMENTED = """// what the team uses
{
\t"inputs": [], /* none, yet */
\t"servers": {
\t\t"docs": {
\t\t\t"url": "https://docs.example/mcp", // no key
\t\t}, // last
\t},
}
"""


def test_comments_tabs_and_last_commas_stay() -> None:
    after = with_entry(COMMENTED, "servers", NAME, {"command": "/opt/assay"}, comments=True)
    added = f'\n\t\t"{NAME}": {{\n\t\t\t"command": "/opt/assay"\n\t\t}}'
    assert after == COMMENTED.replace("}, // last", "}, // last" + added)


def test_taking_out_leaves_the_comments_of_others() -> None:
    after = with_entry(COMMENTED, "servers", NAME, {"command": "/opt/assay"}, comments=True)
    assert without_entry(after, "servers", NAME, comments=True) == COMMENTED.replace("}, // last", "} // last")


def test_a_file_on_one_line_stays_on_one_line() -> None:
    text = '{"mcpServers": {"a": {"command": "x"}}}'
    assert with_entry(text, "mcpServers", "b", {"url": "u"}, comments=False) == (
        '{"mcpServers": {"a": {"command": "x"}, "b": {"url": "u"}}}'
    )


def test_lines_keep_their_ends() -> None:
    text = '{\r\n  "mcpServers": {\r\n    "a": {}\r\n  }\r\n}\r\n'
    after = with_entry(text, "mcpServers", NAME, ENTRY, comments=False)
    assert after.count("\n") == after.count("\r\n") > text.count("\r\n")


def test_of_a_name_that_stands_twice_the_one_that_counts_is_changed() -> None:
    text = '{"mcpServers": {"llm-assay": {"command": "1"}, "llm-assay": {"command": "2"}}}'
    assert json.loads(with_entry(text, "mcpServers", NAME, ENTRY, comments=False))["mcpServers"] == {NAME: ENTRY}
    assert json.loads(without_entry(text, "mcpServers", NAME, comments=False)) == {"mcpServers": {}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "a": 1,\n  "b" 2\n}', "line 3, column 7"),
        ('{"mcpServers": []}', "no object"),
        ('{"mcpServers": null}', "no object"),
        ("[]", "no JSON object"),
        ('{"mcpServers": {"llm-assay": 3}}', None),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": 1} // c', "comments are not understood"),
        ("[" * 100_000, "nested too deeply"),
        ('{"mcpServers": {}', "line 1"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_place(text: str, said: str | None) -> None:
    if said is None:
        with pytest.raises(Broken, match="no object"):
            entry_of(text, "mcpServers", NAME, comments=False)
        return
    with pytest.raises(Broken, match=said):
        with_entry(text, "mcpServers", NAME, ENTRY, comments=False)
