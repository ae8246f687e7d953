from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from agent.conversation.conversation import Conversation
from agent.conversation.events import Called, Event, Question, Reply, Returned, Turn
from agent.conversation.limits import Limits
from agent.conversation.session import Session, new_session, open_session
from agent.gateway.gateway import Gateway
from catalog.snapshot import home
from catalog.tariff import given
from tests.agent.conversation.scripted import Scripted, call, calls, says, scripted
from tests.server.toys import make_dataset

GPT = "openai/gpt-5.1"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


class User:
    """Somebody at the terminal who always says the same."""

    def __init__(self, yes: bool, **content: Any) -> None:
        self.reply, self.asked = Reply(yes, content), list[Question]()

    async def __call__(self, question: Question) -> Reply:
        self.asked.append(question)
        return self.reply


def asked(
    model: Scripted, *questions: str, user: User | None = None, limits: Limits | None = None, session: Session | None = None,
    watch: Callable[[Event], None] | None = None, tariff: Any = None, resumed: bool = False,
) -> list[Turn]:  # fmt: skip
    async def main() -> list[Turn]:
        async with (
            Gateway() as gateway,
            Conversation(
                model, gateway, limits, user or User(False), session, watch or (lambda event: None), tariff, resumed
            ) as talk,
        ):
            return [await talk.ask(question) for question in questions]

    return asyncio.run(main())


def results(messages: Sequence[BaseMessage]) -> list[ToolMessage]:
    return [message for message in messages if isinstance(message, ToolMessage)]


def test_answer_comes_with_the_steps_it_rests_on() -> None:
    (turn,) = asked(
        scripted(call("compare_models", models=[GPT]), says("It has 400,000 tokens of context [1].")), "And gpt-5.1?"
    )
    assert (turn.how, turn.answer) == ("answered", "It has 400,000 tokens of context [1].")
    assert [(step.number, step.tool, step.arguments) for step in turn.steps] == [
        (1, "compare_models", {"models": [GPT]})
    ]


def test_steps_are_numbered_through_the_session() -> None:
    model = scripted(
        call("compare_models", models=[GPT]), says("Done [1]."), call("compare_models", models=[GPT]), says("Done [2].")
    )
    assert [step.number for turn in asked(model, "one", "two") for step in turn.steps] == [1, 2]


def test_results_are_numbered_in_the_order_of_their_calls_however_they_come() -> None:
    both = calls(("recommend_models", {"requirements": {"open_weights": True}}), ("compare_models", {"models": [GPT]}))
    seen: list[Event] = []
    (turn,) = asked(scripted(both, says("Both.")), "go", watch=seen.append)
    assert [(step.number, step.tool) for step in turn.steps] == [(1, "recommend_models"), (2, "compare_models")]
    assert {(event.step.number, event.step.tool) for event in seen if isinstance(event, Returned)} == {
        (1, "recommend_models"), (2, "compare_models")
    }  # fmt: skip


def test_model_reads_what_was_said_before() -> None:
    model = scripted(says("Hello."), says("You said hi."))
    asked(model, "hi", "what did I say?")
    assert [message.text for message in model.heard[1][1:]] == ["hi", "Hello.", "what did I say?"]


def test_refusal_of_a_tool_reaches_the_model_as_an_error_and_the_talk_goes_on() -> None:
    model = scripted(call("compare_models", models=["no/such"]), says("It is not known."))
    (turn,) = asked(model, "compare it")
    assert (turn.how, turn.steps[0].is_error) == ("answered", True)
    assert "no/such" in turn.steps[0].result["text"]


def test_model_that_calls_for_ever_is_stopped_at_its_turns() -> None:
    model = scripted(*[call("compare_models", models=[GPT]) for _ in range(5)])
    (turn,) = asked(model, "go", limits=Limits(turns=3))
    assert (turn.how, len(turn.steps)) == ("limit", 3)
    assert "--max-turns" in (turn.why or "")


def test_tools_beyond_their_number_are_not_called() -> None:
    wanted = [("compare_models", {"models": [GPT]})] * 4
    (turn,) = asked(scripted(calls(*wanted), says("done")), "go", limits=Limits(tool_calls=2))
    assert turn.how == "limit"
    assert sum(not step.is_error for step in turn.steps) <= 2


def test_tokens_of_a_session_end_it() -> None:
    model = scripted(says("one"), says("two"))
    turns = asked(model, "a", "b", limits=Limits(tokens=105))
    assert [turn.how for turn in turns] == ["answered", "limit"]
    assert len(model.heard) == 1


def test_call_that_might_pass_the_cap_is_not_made() -> None:
    model = scripted(says("never said"))
    (turn,) = asked(model, "hi", limits=Limits(usd=Decimal("0.01")), tariff=given(Decimal(10), Decimal(100)))
    assert (turn.how, len(model.heard)) == ("limit", 0)


def test_bill_is_counted_from_the_tokens() -> None:
    (turn,) = asked(scripted(says("hello")), "hi", tariff=given(Decimal(1), Decimal(10)))
    assert Decimal(turn.usd or "0") == (100 * Decimal(1) + 10 * Decimal(10)) / 10**6


def test_baseline_does_not_run_without_the_users_word() -> None:
    make_dataset(home())
    user = User(False)
    model = scripted(call("run_baseline", dataset="pans", predictor="median"), says("You said no."))
    (turn,) = asked(model, "measure", user=user)
    assert [(question.kind, question.tool) for question in user.asked] == [("approval", "run_baseline")]
    assert turn.steps[0].is_error
    assert "did not approve" in turn.steps[0].result["text"]


def test_baseline_runs_with_the_users_word() -> None:
    make_dataset(home())
    model = scripted(call("run_baseline", dataset="pans", predictor="median"), says("Measured [1]."))
    (turn,) = asked(model, "measure", user=User(True))
    assert turn.steps[0].result["state"] in ("done", "running", "queued")


def test_run_that_costs_asks_through_the_servers_own_form(monkeypatch: pytest.MonkeyPatch) -> None:
    make_dataset(home())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key-000000")
    user = User(False)
    model = scripted(
        call("run_frontier_price", dataset="pans", model=GPT, limit=2, max_cost_usd=1, confirm=True), says("Not run.")
    )
    (turn,) = asked(model, "ask gpt-5.1", user=user)
    assert [(question.kind, question.tool) for question in user.asked] == [("form", "run_frontier_price")]
    assert "nothing spent" in turn.steps[0].result["next"]


def test_free_model_on_this_machine_asks_too() -> None:
    make_dataset(home())
    user = User(False)
    asked(
        scripted(call("run_frontier_price", dataset="pans", model="local/smollm2-135m", limit=2), says("no")),
        "go",
        user=user,
    )
    assert [question.kind for question in user.asked] == ["approval"]


def test_estimate_alone_asks_nobody() -> None:
    make_dataset(home())
    user = User(False)
    asked(
        scripted(call("run_frontier_price", dataset="pans", model=GPT, limit=2, confirm=False), says("ok")),
        "price?",
        user=user,
    )
    assert user.asked == []


def test_figure_without_evidence_is_sent_back_once() -> None:
    model = scripted(
        call("compare_models", models=[GPT]), says("It costs $777.77 a month."), says("The month is not known.")
    )
    (turn,) = asked(model, "cost?")
    assert (turn.answer, turn.ungrounded) == ("The month is not known.", ())
    assert "777.77" in model.heard[2][-1].text


def test_figure_that_stays_without_evidence_is_named() -> None:
    model = scripted(says("It costs $777.77."), says("It does cost $777.77."))
    (turn,) = asked(model, "cost?")
    assert any("777.77" in figure for figure in turn.ungrounded)


def test_client_that_fails_ends_the_question_and_not_the_session() -> None:
    model = scripted(ConnectionError("sk-not-a-real-key-000000 refused"), says("back"))
    turns = asked(model, "a", "b")
    assert [turn.how for turn in turns] == ["failed", "answered"]
    assert "sk-not" not in (turns[0].why or "")


def test_stopped_answer_keeps_what_was_done() -> None:
    async def main() -> list[BaseMessage]:
        async with Gateway() as gateway:
            model = scripted(call("compare_models", models=[GPT]), says("never"))
            seen: list[Event] = []
            talk = Conversation(model, gateway, watch=seen.append)
            async with talk:
                task = asyncio.create_task(talk.ask("go"))
                while not any(isinstance(event, Returned) for event in seen):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            return talk.messages

    messages = asyncio.run(main())
    assert len(results(messages)) == 1
    assert isinstance(messages[-1], AIMessage)


def test_watchers_hear_the_call_and_its_result() -> None:
    seen: list[Event] = []
    asked(scripted(call("compare_models", models=[GPT]), says("ok")), "go", watch=seen.append)
    assert [type(event) for event in seen if isinstance(event, Called | Returned)] == [Called, Returned]


def test_session_goes_on_in_another_process() -> None:
    session = new_session("scripted")
    asked(scripted(call("compare_models", models=[GPT]), says("Known [1].")), "first", session=session)
    model = scripted(says("As said."))
    asked(model, "second", session=open_session("last"), resumed=True)
    assert [message.text for message in model.heard[0] if message.type == "human"] == ["first", "second"]
    assert results(model.heard[0])[0].artifact["structured_content"]["rows"]


def test_torn_last_line_of_a_session_is_left_out() -> None:
    session = new_session("scripted")
    asked(scripted(says("Hello.")), "hi", session=session)
    with (session.folder / "messages.jsonl").open("a") as file:
        file.write('{"type": "human", "data": {"conte')
    assert [message.text for message in session.messages()] == ["hi", "Hello."]


def test_no_key_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret-value-123")
    trace = tmp_path / "trace.jsonl"
    session = new_session("scripted", trace)
    asked(
        scripted(says("Your key is very-secret-value-123.")),
        "my other key is sk-abcdefghijklmnop12345678",
        session=session,
    )
    written = "".join(path.read_text() for path in [*session.folder.iterdir(), trace])
    assert "very-secret-value-123" not in written
    assert "sk-abcdefghijklmnop12345678" not in written


def test_trace_holds_every_step(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    asked(scripted(call("compare_models", models=[GPT]), says("ok")), "go", session=new_session("scripted", trace))
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    assert [line["what"] for line in lines] == ["question", "model", "result", "model", "answer"]


def test_last_session_is_found_and_an_unknown_one_names_those_there_are() -> None:
    from pricer.errors import BadInput

    session = new_session("scripted")
    asked(scripted(says("Hello.")), "hi", session=session)
    assert open_session("last").id == session.id
    with pytest.raises(BadInput, match=session.id):
        open_session("20200101-000000")


def test_space_before_a_free_models_name_does_not_spare_the_question() -> None:
    make_dataset(home())
    user = User(False)
    asked(
        scripted(call("run_frontier_price", dataset="pans", model=" local/smollm2-135m", limit=2), says("no")),
        "go",
        user=user,
    )
    assert [question.kind for question in user.asked] == ["approval"]
    assert not list(home().glob("jobs/*/job.json"))


def test_invented_tool_asks_nobody() -> None:
    user = User(True)
    (turn,) = asked(scripted(call("delete_everything"), says("There is no such tool.")), "go", user=user)
    assert (user.asked, turn.steps[0].is_error) == ([], True)


def test_provider_that_tells_no_usage_is_charged_the_dearest() -> None:
    (turn,) = asked(scripted(AIMessage("hello")), "hi", tariff=given(Decimal(1), Decimal(10)))
    assert Decimal(turn.usd or "0") > 4096 * Decimal(10) / 10**6


def test_resumed_session_has_spent_what_it_had() -> None:
    session = new_session("scripted")
    asked(scripted(says("one")), "a", session=session)
    (turn,) = asked(scripted(says("two")), "b", session=open_session("last"), resumed=True, limits=Limits(tokens=105))
    assert turn.how == "limit"


def test_bill_is_unknown_where_no_source_prices_the_model() -> None:
    async def main() -> Turn:
        async with Gateway() as gateway, Conversation(scripted(says("hello")), gateway, unpriced=True) as talk:
            return await talk.ask("hi")

    assert asyncio.run(main()).usd is None


@pytest.mark.parametrize("odd", ["line\u2028separator", "next\u0085line", "lone \ud83d surrogate"])
def test_odd_characters_lose_nothing_of_a_session(odd: str) -> None:
    session = new_session("scripted")
    asked(scripted(says(f"about {odd}"), says("fine")), odd, "again", session=session)
    assert len(session.messages()) == 4


def test_what_follows_a_torn_line_is_kept() -> None:
    session = new_session("scripted")
    asked(scripted(says("Hello.")), "hi", session=session)
    with (session.folder / "messages.jsonl").open("a") as file:
        file.write('{"type": "human", "data": {"conte')
    asked(scripted(says("Still here.")), "and now?", session=session, resumed=True)
    assert [message.text for message in session.messages()] == ["hi", "Hello.", "and now?", "Still here."]


def test_turn_that_a_crash_cut_off_behind_a_call_is_left_out() -> None:
    session = new_session("scripted")
    asked(scripted(says("Hello.")), "hi", session=session)
    from langchain_core.messages import HumanMessage

    session.keep([HumanMessage("compare"), call("compare_models", models=[GPT])])
    assert [message.text for message in session.messages()] == ["hi", "Hello."]


def test_call_id_that_comes_twice_is_two_calls() -> None:
    twice = [
        AIMessage(
            "", tool_calls=[{"name": "compare_models", "args": {"models": [GPT]}, "id": "call_0", "type": "tool_call"}]
        )
        for _ in range(2)
    ]
    (turn,) = asked(scripted(*twice, says("Both.")), "go")
    assert [step.number for step in turn.steps] == [1, 2]


def test_limit_in_the_second_writing_leaves_the_first_answer() -> None:
    (turn,) = asked(scripted(says("It costs $777.77."), says("never")), "cost?", limits=Limits(turns=1))
    assert (turn.how, turn.answer) == ("answered", "It costs $777.77.")
    assert turn.ungrounded


def test_disk_that_is_full_ends_no_conversation(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    (turn,) = asked(scripted(says("Hello.")), "hi", session=new_session("scripted", full))
    assert turn.answer == "Hello."
