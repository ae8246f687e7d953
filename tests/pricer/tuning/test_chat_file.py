"""A training file is checked as an outsider brings it: every fault with its place and how to mend it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.errors import BadInput
from pricer.products.tokens import tokenizer
from pricer.tuning.chat_file import MENDS, Checked, Limits, check_file
from pricer.tuning.chat_line import column, read_line, truth_in
from pricer.tuning.chat_stream import MOST_LINE_BYTES

ANY = Limits(least_examples=0, shown=100)


def example(asked: str = "A lamp", answer: str = "9.00") -> str:
    return json.dumps({"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]})


def turns(*roles: str) -> str:
    return json.dumps({"messages": [{"role": role, "content": "words"} for role in roles]})


def checked(tmp_path: Path, *lines: str | bytes, limits: Limits = ANY, **more: Any) -> Checked:
    path = tmp_path / "training.jsonl"
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    return check_file(path, limits=limits, **more)


def places(found: Checked) -> list[tuple[str, int | None, int | None]]:
    return [(one.kind, one.line, one.column) for one in found.problems]


TAIL = ', {"role": "assistant", "content": "x"}]}'
FAULTY: dict[str, tuple[str | bytes, str, int]] = {
    "no UTF-8": (b'{"caf\xe9": 1}', "encoding", 6),
    "blank": ("  ", "blank", 1),
    "comma after the object": (example() + ",", "comma", len(example()) + 1),
    "comma inside": ('{"messages": [1,]}', "comma", 16),
    "comma before a brace": ('{"messages": 1, }', "comma", 15),
    "single quotes": ("{'messages': []}", "json", 2),
    "cut off": ('{"messages": [', "json", 15),
    "two objects": (example() + example(), "json", len(example()) + 1),
    "a literal newline's half": ('{"messages": "a', "json", 14),
    "NaN": ('{"messages": NaN}', "json", 14),
    "one key twice": ('{"messages": 1, "messages": 2}', "twice", 17),
    "nested too deep": ("[" * 100_000, "json", 1),
    "no object": ("7", "object", 1),
    "a list": ("[1, 2]", "object", 1),
    "no messages": ("{}", "messages", 1),
    "empty messages": ('{"messages": []}', "messages", 14),
    "messages no list": ('{"messages": {}}', "messages", 14),
    "a message no object": ('{"messages": [3, {"role": "user", "content": "x"}' + TAIL, "messages", 15),
    "unknown key": (example()[:-1] + ', "id": 5}', "key", len(example()) + 8),
    "unknown key in a message": ('{"messages": [{"role": "user", "content": "x", "x": 1}' + TAIL, "key", 53),
    "unknown role": ('{"messages": [{"role": "user", "content": "x"}, {"role": "bot", "content": "x"}' + TAIL, "role", 58),
    "no role": ('{"messages": [{"content": "x"}, {"role": "user", "content": "x"}' + TAIL, "role", 15),
    "no content": ('{"messages": [{"role": "user"}' + TAIL, "content", 15),
    "content no text": ('{"messages": [{"role": "user", "content": ["x"]}' + TAIL, "content", 43),
    "content null": ('{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": null}]}', "content", 82),
    "content empty": ('{"messages": [{"role": "user", "content": " \\n"}' + TAIL, "content", 43),
    "half a character": ('{"messages": [{"role": "user", "content": "\\ud800"}' + TAIL, "content", 43),
    "no assistant": (turns("system", "user"), "assistant", 1),
    "last not assistant": ('{"messages": [{"role": "assistant", "content": "x"}, {"role": "user", "content": "x"}]}', "last", 54),
    "no user": (turns("system", "assistant"), "user", 1),
    "system not first": ('{"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "x"}' + TAIL, "system", 49),
    "the price in the question": (example("Lamp for $9", "9.00"), "truth", 43),
    "a price that rounds to the answer": (example("Lamp for $8.99", "9.00"), "truth", 43),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_told_with_its_line_and_column(name: str, tmp_path: Path) -> None:
    line, kind, at = FAULTY[name]
    assert places(checked(tmp_path, example("another"), line)) == [(kind, 2, at)]


def test_the_place_of_a_fault_counts_characters_and_not_bytes(tmp_path: Path) -> None:
    assert places(checked(tmp_path, '{"日本": 1, }')) == [("comma", 1, 9)]


def test_each_kind_says_how_to_mend_it(tmp_path: Path) -> None:
    (problem,) = checked(tmp_path, example() + ",").problems
    assert problem.text == f"line 1, column {len(example()) + 1}: a comma after the last value; {MENDS['comma']}"


@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_that_is_one_list_is_told_once(indent: int | None, tmp_path: Path) -> None:
    whole = json.dumps([json.loads(example(str(number))) for number in range(3)], indent=indent)
    assert places(checked(tmp_path, whole, limits=Limits())) == [("list", 1, 1)]


def test_a_byte_order_mark_is_told_and_the_line_read_all_the_same(tmp_path: Path) -> None:
    found = checked(tmp_path, b"\xef\xbb\xbf" + example().encode())
    assert (places(found), found.examples) == ([("bom", 1, 1)], 1)


def test_utf_16_is_told_by_its_name(tmp_path: Path) -> None:
    assert checked(tmp_path, example().encode("utf-16")).problems[0].found == "the file is UTF-16"


def test_another_form_of_example_is_named(tmp_path: Path) -> None:
    found = checked(tmp_path, '{"prompt": "a", "completion": "b"}')
    assert "prompt and completion" in found.problems[-1].found


def test_all_faults_of_a_line_are_told(tmp_path: Path) -> None:
    line = '{"messages": [{"role": "human", "content": ""}], "id": 1}'
    assert found_kinds(checked(tmp_path, line)) == ["key", "role", "content", "assistant", "user"]


def found_kinds(found: Checked) -> list[str]:
    return [one.kind for one in found.problems]


def test_the_same_example_twice_names_the_first(tmp_path: Path) -> None:
    found = checked(tmp_path, example("a"), example("b"), example("a"))
    assert places(found) == [("duplicate", 3, 1)]
    assert "line 1" in found.problems[0].found


def test_two_answers_for_one_question_are_a_conflict(tmp_path: Path) -> None:
    assert places(checked(tmp_path, example("a", "1"), example("a", "2"))) == [("conflict", 2, 1)]


def test_a_question_that_validation_asks_too_is_told_with_its_line_there(tmp_path: Path) -> None:
    other = tmp_path / "validation.jsonl"
    other.write_text(f"not json\n{example('b', 'anything')}\n", encoding="utf-8")
    found = checked(tmp_path, example("a"), example("b"), validation=other)
    assert [(one.kind, one.line) for one in found.problems] == [("overlap", 2)]
    assert "line 2" in found.problems[0].found


def test_an_example_of_too_many_tokens_is_told(tmp_path: Path) -> None:
    found = checked(tmp_path, example("a " * 50), example(), limits=Limits(least_examples=0, most_tokens=40))
    assert places(found) == [("tokens", 1, 1)]


@pytest.mark.parametrize(("count", "kinds"), [(9, ["few"]), (10, [])])
def test_ten_examples_are_the_least(count: int, kinds: list[str], tmp_path: Path) -> None:
    assert found_kinds(checked(tmp_path, *(example(str(n)) for n in range(count)), limits=Limits())) == kinds


def test_few_problems_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    found = checked(tmp_path, *["nonsense"] * 50, limits=Limits(least_examples=0, shown=3))
    assert (len(found.problems), found.counted, found.left_out) == (3, {"json": 50}, 47)


def test_a_question_may_state_its_answer_when_that_is_allowed(tmp_path: Path) -> None:
    assert checked(tmp_path, example("Lamp for $9"), limits=Limits(least_examples=0, truth=False)).ok


@pytest.mark.parametrize(
    ("question", "answer"), [("for $19", "9.00"), ("9 inches", "9.00"), ("$9", "nine"), ("$9", "9")]
)
def test_a_question_that_does_not_state_the_price_passes(question: str, answer: str) -> None:
    assert truth_in(question, answer) is None


def test_carriage_returns_and_a_missing_last_newline_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "crlf.jsonl"
    path.write_bytes(f"{example('a')}\r\n{example('b')}".encode())
    found = check_file(path, limits=ANY)
    assert (found.ok, found.examples, found.lines) == (True, 2, 2)


def test_a_gzip_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "training.jsonl"
    path.write_bytes(gzip.compress(f"{example()}\n{example()},\n".encode()))
    assert places(check_file(path, limits=ANY)) == [("comma", 2, len(example()) + 1)]


def test_a_gzip_file_that_ends_early_is_told(tmp_path: Path) -> None:
    path = tmp_path / "training.jsonl.gz"
    path.write_bytes(gzip.compress(example().encode())[:-9])
    assert "compressed" in check_file(path, limits=ANY).counted


def test_a_line_without_end_is_told_and_passed_over(tmp_path: Path) -> None:
    found = checked(tmp_path, b"x" * (2 * MOST_LINE_BYTES + 5), example())
    assert (places(found), found.examples) == ([("long", 1, 1)], 1)


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_what_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="wanted a file of JSON lines"):
        check_file(tmp_path / name)


def test_tokens_are_those_of_the_words_and_of_the_template(tmp_path: Path) -> None:
    own = tokenizer("o200k_base").count(["A lamp", "9.00"])
    second = tokenizer("o200k_base").count(["A long lamp of brass"])[0] + own[1]
    tokens = checked(tmp_path, example(), example("A long lamp of brass")).tokens
    assert tokens is not None
    assert (tokens.least, tokens.most) == (sum(own) + 2 * 4 + 3, second + 2 * 4 + 3)
    assert (tokens.total, tokens.assistant) == (tokens.least + tokens.most, 2 * own[1])


def test_without_an_example_no_tokens_are_known(tmp_path: Path) -> None:
    assert checked(tmp_path, "{}").tokens is None


def test_the_tokens_of_many_examples_are_all_counted(tmp_path: Path) -> None:
    tokens = checked(tmp_path, *(example(f"lamp {n:04}") for n in range(1100))).tokens
    assert tokens is not None
    assert tokens.total == 1100 * tokens.median


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(raw)
    assert check_file(path).examples == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["user", "assistant", "", "x", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["messages", "role", "content", "a"]), inner, max_size=3),
)  # fmt: skip


@given(JSON, st.sampled_from([None, 1]))
def test_any_json_is_judged_and_each_fault_has_a_column(told: Any, indent: int | None) -> None:
    text = json.dumps(told, indent=indent).replace("\n", " ")
    line = read_line(text)
    assert bool(line.faults) != bool(line.messages)
    assert all(1 <= column(text, fault.path) <= len(text) for fault in line.faults)


@given(JSON.filter(lambda told: isinstance(told, dict) and told))
def test_the_column_of_a_value_is_where_it_begins(told: dict[str, Any]) -> None:
    text = json.dumps(told)
    for key, value in told.items():
        assert text[column(text, (key,)) - 1 :].startswith(json.dumps(value))
