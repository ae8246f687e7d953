"""The tasks themselves: they ask for what the server has, in both languages, and the two parts share nothing."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agent.exam.asking import tools_of_server
from agent.exam.marking import mark, overspends
from agent.exam.reading import FOLDER, PARTS, part, read
from agent.exam.tasks import KINDS, LANGUAGES, NONE, Called, Said, Task
from pricer.errors import BadInput
from tests.agent.exam.doubles import HAND, answer, right_call

ALL = [task for name in PARTS for task in part(name)]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    return {tool["function"]["name"]: tool["function"]["parameters"] for tool in asyncio.run(tools_of_server())}


def known(schema: dict[str, Any], path: str) -> bool:
    for name in path.split("."):
        if name not in schema.get("properties", {}):
            return False
        schema = schema["properties"][name]
    return True


def test_there_are_at_least_a_hundred_tasks_half_of_them_held_out() -> None:
    assert len(ALL) >= 100
    assert len(part("dev")) == len(part("held_out"))


@pytest.mark.parametrize("name", PARTS)
def test_each_part_is_at_least_two_fifths_in_each_language(name: str) -> None:
    count = Counter(task.language for task in part(name))
    assert all(count[language] >= 0.4 * len(part(name)) for language in LANGUAGES)


@pytest.mark.parametrize("name", PARTS)
def test_each_part_has_every_kind_in_both_languages(name: str) -> None:
    assert {(task.language, task.kind) for task in part(name)} == {(said, kind) for said in LANGUAGES for kind in KINDS}


@pytest.mark.parametrize("name", PARTS)
def test_each_part_expects_each_of_the_eleven_tools(name: str, schemas: dict[str, Any]) -> None:
    assert {tool for task in part(name) for tool in task.tools} - {NONE} == set(schemas)


def test_every_condition_is_on_an_argument_that_its_tool_has(schemas: dict[str, Any]) -> None:
    wrong = [
        f"{task.id}: {expected.tool} {one.at}"
        for task in ALL
        for expected in task.expected
        for one in expected.must
        if not known(schemas[expected.tool], one.at)
    ]
    assert wrong == []


def test_every_forbidden_argument_is_one_that_some_tool_has(schemas: dict[str, Any]) -> None:
    assert all(any(known(schema, one.at) for schema in schemas.values()) for task in ALL for one in task.must_not)


def test_every_recorded_call_is_of_a_tool_there_is_with_arguments_it_has(schemas: dict[str, Any]) -> None:
    recorded = [turn for task in ALL for turn in task.conversation if isinstance(turn, Called)]
    assert all(set(turn.arguments) <= set(schemas[turn.tool]["properties"]) for turn in recorded)


def test_no_id_is_used_twice() -> None:
    assert max(Counter(task.id for task in ALL).values()) == 1


def test_the_parts_share_no_text() -> None:
    dev, held_out = (
        {turn.text for task in part(name) for turn in task.conversation if isinstance(turn, Said)} for name in PARTS
    )
    assert not dev & held_out


def test_tasks_asked_to_their_end_have_no_earlier_turns() -> None:
    assert all(len(task.conversation) == 1 for task in ALL if task.whole)


def test_what_a_task_expects_is_marked_as_wholly_right() -> None:
    wrong = []
    for task in ALL:
        wanted = right_call(task)
        found = mark(task, answer(task.id, *([] if wanted is None else [wanted])))
        wrong += [] if found.right else [f"{task.id}: {found.faults}"]
    assert wrong == []


def test_a_task_that_expects_confirmation_says_that_the_user_gave_it() -> None:
    def confirms(task: Task) -> bool:
        return any(one.at == "confirm" and one.value is True for expected in task.expected for one in expected.must)

    assert all(task.confirmed == confirms(task) for task in ALL)


def test_no_expected_call_of_an_unsafe_task_spends() -> None:
    calls = [(task, wanted) for task in ALL if task.kind == "unsafe" and (wanted := right_call(task))]
    assert [task.id for task, wanted in calls if overspends(task, wanted)] == []


def test_files_have_one_compact_task_a_line() -> None:
    for name in PARTS:
        lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["id"] for line in lines] == [task.id for task in part(name)]


def spoiled(folder: Path, text: str) -> str:
    """The refusal of a file with that text."""
    path = folder / "tasks.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        read(path)
    return str(refused.value)


def test_broken_json_is_refused_with_line_and_column(tmp_path: Path) -> None:
    whole = json.dumps(HAND[0])
    assert spoiled(tmp_path, f'{whole}\n{{"id": oops}}\n').startswith("tasks.jsonl:2:8: ")


def test_an_unknown_key_is_refused_at_its_column(tmp_path: Path) -> None:
    told = spoiled(tmp_path, json.dumps({"colour": 1, **HAND[0]}))
    assert told.startswith("tasks.jsonl:1:2: colour: wanted one of id, language")


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    assert "each key once" in spoiled(tmp_path, '{"id": "a", "id": "b"}')


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "chat"}, "kind: wanted one of choose"),
        ({"language": "fr"}, "language: wanted one of en, ja, found 'fr'"),
        ({"id": ""}, "id: wanted a text"),
        ({"conversation": [{"assistant": "hi"}]}, "conversation: wanted the user's words at its end"),
        ({"conversation": []}, "conversation: wanted a list of turns"),
        ({"conversation": [{"user": "a", "x": 1}]}, "conversation: wanted turns with user, assistant or call"),
        ({"expected": []}, "expected: wanted a list of right calls"),
        ({"expected": [{"tool": "none", "must": [{"at": "a", "equals": 1}]}]}, "must: wanted no arguments"),
        ({"expected": [{"tool": "get_job", "must": [{"at": "a", "like": 1}]}]}, "like: wanted one of equals"),
        ({"expected": [{"tool": "get_job", "must": [{"at": "a", "between": [1]}]}]}, "between: wanted two numbers"),
        ({"named_usd": 0}, "named_usd: wanted dollars above 0"),
        ({"whole": "yes"}, "whole: wanted true or false, found 'yes'"),
    ],
)
def test_what_is_wrong_in_a_task_is_named(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    assert told in spoiled(tmp_path, json.dumps(HAND[0] | change))


def test_a_task_without_a_needed_key_is_refused(tmp_path: Path) -> None:
    assert "wanted the key expected" in spoiled(
        tmp_path, json.dumps({key: value for key, value in HAND[0].items() if key != "expected"})
    )


def test_an_id_used_twice_is_refused(tmp_path: Path) -> None:
    assert "id 'one' is used twice" in spoiled(tmp_path, f"{json.dumps(HAND[0])}\n{json.dumps(HAND[0])}\n")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert "found none" in spoiled(tmp_path, "\n")


def test_there_are_only_the_two_parts() -> None:
    with pytest.raises(BadInput, match="wanted dev or held_out"):
        part("test")
