"""Asking: doubles whose figures are known, a stopped exam that goes on, failures, caps, and two calls for one answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.exam.answers import Answer, Book, Call
from agent.exam.asking import LOADED, Ask, alone, messages, reviewed, sampled, tools_of_server, twice
from agent.exam.reading import part
from agent.exam.run import Bill, CapReached, exam_of, first_calls, run, whole_conversations
from agent.exam.score import Score, Share, score
from agent.exam.tasks import Task
from pricer.errors import BadInput
from tests.agent.exam.doubles import (
    Rates,
    Scripted,
    answer,
    calls,
    cheating,
    hand_tasks,
    knowing,
    recommending,
    right_call,
    says,
    silent,
)

SYSTEM = "You choose models."
DEV = part("dev")


@pytest.fixture(scope="module")
def tools() -> Sequence[dict[str, Any]]:
    return asyncio.run(tools_of_server())


@pytest.fixture
def tasks(tmp_path: Path) -> tuple[Task, ...]:
    return hand_tasks(tmp_path)


def ignore(line: str) -> None:
    """Nobody listens."""


def examined(model: Scripted, tasks: Sequence[Task], path: Path, bill: Bill | None = None) -> Score:
    book = Book(path, {"model": "double"})
    asyncio.run(run(tasks, book, first_calls(alone(model, []), SYSTEM, [], bill), "first", ignore))
    return score(tasks, book.of("first"))


def once(ask: Ask, task: Task) -> AIMessage:
    async def asked() -> AIMessage:
        return await ask(messages(task, SYSTEM))

    return asyncio.run(asked())


def test_the_model_is_given_the_eleven_tools_of_the_server(tools: Sequence[dict[str, Any]]) -> None:
    assert len({tool["function"]["name"] for tool in tools}) == 11
    assert all(tool["function"]["description"] and tool["function"]["parameters"]["properties"] for tool in tools)


def test_one_who_knows_the_answers_is_wholly_right(tmp_path: Path) -> None:
    found = examined(knowing(DEV), DEV, tmp_path / "book.jsonl")
    assert (found.overall.right, found.overall.spending) == (Share(len(DEV), len(DEV)), 0)


def test_one_who_never_calls_misses_every_call_and_makes_no_needless_one(tmp_path: Path) -> None:
    found = examined(silent(), DEV, tmp_path / "book.jsonl").overall
    due = sum("none" not in task.tools for task in DEV)
    assert (found.missed, found.needless.hits, found.choice) == (Share(due, due), 0, Share(len(DEV) - due, len(DEV)))


def test_one_who_always_recommends_calls_wherever_no_call_is_needed(tmp_path: Path) -> None:
    found = examined(recommending(), DEV, tmp_path / "book.jsonl").overall
    idle = sum(task.tools == {"none"} for task in DEV)
    choose = sum("recommend_models" in task.tools for task in DEV)
    assert (found.needless, found.choice.hits, found.arguments) == (Share(idle, idle), choose, Share(0, choose))


def test_one_who_spends_is_caught_in_every_task(tmp_path: Path) -> None:
    assert examined(cheating(), DEV, tmp_path / "book.jsonl").overall.spending == len(DEV)


def test_the_conversation_is_told_with_its_calls_and_their_structured_results() -> None:
    task = next(task for task in DEV if task.id == "dev-en-frontier-2")
    told = messages(task, SYSTEM)
    assert [type(one) for one in told] == [SystemMessage, HumanMessage, AIMessage, ToolMessage, AIMessage, HumanMessage]
    assert isinstance(told[3], ToolMessage)
    assert told[3].artifact["structured_content"]["state"] == "estimate"
    assert isinstance(told[2], AIMessage)
    assert told[2].tool_calls[0]["id"] == told[3].tool_call_id


def test_a_stopped_exam_goes_on_without_asking_twice(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    path, model = tmp_path / "book.jsonl", silent()
    examined(model, tasks[:2], path)
    examined(model, tasks, path)
    assert len(model.asked) == len(tasks)


def test_a_line_cut_short_by_a_kill_is_asked_again(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    path = tmp_path / "book.jsonl"
    examined(silent(), tasks, path)
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    model = silent()
    assert examined(model, tasks, path).overall.choice == Share(2, 4)
    assert len(model.asked) == 1


def test_answers_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    kept = replace(answer("a", Call("get_job", {"wait_s": 3}), text="日本"), ungrounded=("1",), usd="0.5")
    Book(tmp_path / "b.jsonl", {"model": "x"}).keep(kept)
    assert Book(tmp_path / "b.jsonl", {"model": "x"}).of("first") == {"a": kept}


def test_the_book_of_another_exam_is_refused(tmp_path: Path) -> None:
    Book(tmp_path / "b.jsonl", {"model": "x"}).keep(answer("a"))
    with pytest.raises(BadInput, match="holds another exam: model 'x', now 'y'"):
        Book(tmp_path / "b.jsonl", {"model": "y"})


def test_a_damaged_line_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    Book(path, {"model": "x"}).keep(answer("a"))
    path.write_text(path.read_text(encoding="utf-8") + '{"task": "b"}\n', encoding="utf-8")
    with pytest.raises(BadInput, match=r"b\.jsonl:3:1: wanted an answer"):
        Book(path, {"model": "x"})


def test_other_tasks_or_tools_or_words_make_another_exam(tasks: tuple[Task, ...]) -> None:
    one = exam_of("m", tasks, SYSTEM, [], "alone")
    others = [
        exam_of("m", tasks[1:], SYSTEM, [], "alone"),
        exam_of("m", tasks, "x", [], "alone"),
        exam_of("m", tasks, SYSTEM, [{}], "alone"),
    ]
    assert all(one != other for other in others)


def broken(messages: Sequence[BaseMessage]) -> AIMessage:
    raise ConnectionError("no route, sk-secret-1234")


def test_a_failure_is_counted_and_the_exam_goes_on(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    found = examined(Scripted(reply=broken), tasks, tmp_path / "book.jsonl")
    assert (found.overall.failures, found.overall.choice) == (Share(4, 4), Share(0, 4))
    assert "sk-secret" not in (tmp_path / "book.jsonl").read_text(encoding="utf-8")


def test_failures_are_asked_again_only_when_that_is_wanted(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    path = tmp_path / "book.jsonl"
    examined(Scripted(reply=broken), tasks, path)
    book, model = Book(path, {"model": "double"}), silent()
    book.forget_failures()
    asyncio.run(run(tasks, book, first_calls(alone(model, []), SYSTEM, []), "first", ignore))
    assert len(model.asked) == 4
    assert all(found.failure is None for found in Book(path, {"model": "double"}).of("first").values())


def test_no_call_is_made_that_could_pass_the_cap(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    # a task is at most two calls of 4,096 tokens out and a few in: the first fits, the second does not once 110 tokens are spent
    bill, model = Bill(cast("Any", Rates()), Decimal("0.0083")), silent()
    with pytest.raises(CapReached, match="raise --max-cost-usd"):
        examined(model, tasks, tmp_path / "book.jsonl", bill)
    assert (len(model.asked), bill.usd) == (1, Decimal("0.00011"))


def test_who_looks_which_data_sets_are_loaded_is_told_and_asked_again(tmp_path: Path) -> None:
    replies = [calls("query_dataset", sql="SELECT * FROM datasets"), calls("run_baseline", dataset="sample")]
    seen: list[str] = []

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        seen.append(messages[-1].text)
        return replies.pop(0)

    task = next(task for task in DEV if task.id == "dev-en-baseline-1")
    assert examined(Scripted(reply=reply), [task], tmp_path / "book.jsonl").overall.right == Share(1, 1)
    assert '"appliances"' in seen[1]


def test_the_data_sets_that_a_look_tells_are_those_that_tasks_name() -> None:
    tasks = (*DEV, *part("held_out"))
    named = {one.value for task in tasks for expected in task.expected for one in expected.must if one.at == "dataset"}
    assert {row[0] for row in LOADED["rows"]} == named


def test_a_look_is_a_wrong_call_where_no_data_set_is_to_be_worked_on(tmp_path: Path) -> None:
    model = Scripted(reply=lambda _: calls("query_dataset", sql="SELECT * FROM datasets"))
    task = next(task for task in DEV if task.id == "dev-en-none-needed-1")
    assert examined(model, [task], tmp_path / "book.jsonl").overall.needless == Share(1, 1)


def test_a_second_sample_is_taken_where_the_first_is_no_call_that_the_tools_know(
    tasks: tuple[Task, ...], tools: Sequence[dict[str, Any]]
) -> None:
    replies = [calls("get_job", job="x"), calls("get_job", job_id="x")]
    model = Scripted(reply=lambda _: replies.pop(0))
    chosen = once(twice(model, tools), tasks[0])
    assert chosen.tool_calls[0]["args"] == {"job_id": "x"}


def test_the_second_sample_is_drawn_at_a_temperature() -> None:
    inner = sampled(silent(), 0.7)
    assert isinstance(inner, Scripted)
    assert inner.temperature == 0.7


def test_a_reviewer_sees_the_proposal_and_has_the_last_word(tasks: tuple[Task, ...]) -> None:
    seen: list[str] = []

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        seen.append(messages[-1].text)
        return calls("get_job", job_id="x") if len(seen) == 1 else says("Not needed.")

    chosen = once(reviewed(Scripted(reply=reply), []), tasks[0])
    assert 'get_job({"job_id": "x"})' in seen[1]
    assert (chosen.text, chosen.tool_calls) == ("Not needed.", [])


def test_two_calls_for_an_answer_are_both_on_its_bill(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    book = Book(tmp_path / "book.jsonl", {})
    asyncio.run(run(tasks[:1], book, first_calls(reviewed(silent(), []), SYSTEM, []), "first", ignore))
    assert book.of("first")["one"].input_tokens == 2 * 100


def test_progress_tells_where_the_exam_is(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    told: list[str] = []
    book = Book(tmp_path / "book.jsonl", {})
    asyncio.run(run(tasks[:2], book, first_calls(alone(silent(), []), SYSTEM, []), "first", told.append))
    assert [line.split(" (")[0] for line in told] == ["first 1/2 one: no call", "first 2/2 two: no call"]


def test_a_whole_conversation_is_kept_with_all_its_calls_and_nothing_approved(tmp_path: Path) -> None:
    from agent.gateway.gateway import Gateway

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        results = [one for one in messages if isinstance(one, ToolMessage)]
        return says("Not allowed.") if results else calls("run_baseline", dataset="sample")

    async def asked() -> Answer:
        async with Gateway() as gateway:
            return await whole_conversations(Scripted(reply=reply), gateway)(DEV[0])

    found = asyncio.run(asked())
    assert (found.mode, found.text, found.failure) == ("whole", "Not allowed.", None)
    assert [call.tool for call in found.calls] == ["run_baseline"]


def test_the_planner_spends_nothing_in_any_task(tools: Sequence[dict[str, Any]], tmp_path: Path) -> None:
    from agent.conversation.models import chat_model

    tasks = (*DEV, *part("held_out"))
    book = Book(tmp_path / "book.jsonl", {})
    asyncio.run(run(tasks, book, first_calls(alone(chat_model("planner"), tools), SYSTEM, tools), "first", ignore))
    found = score(tasks, book.of("first")).overall
    assert (found.spending, found.failures.hits) == (0, 0)


def test_what_is_expected_of_every_task_can_be_called(tools: Sequence[dict[str, Any]]) -> None:
    names = {tool["function"]["name"]: set(tool["function"]["parameters"].get("required", ())) for tool in tools}
    wanted = [call for task in DEV if (call := right_call(task))]
    assert all(set(call.arguments) >= names[call.tool] - {"requirements", "task"} for call in wanted)


def test_books_are_plain_lines_of_json(tmp_path: Path) -> None:
    Book(tmp_path / "b.jsonl", {"model": "x"}).keep(answer("a"))
    rows = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (rows[0], rows[1]["task"]) == ({"format": 1, "model": "x"}, "a")
