"""Whole conversations against the real server: what is said before counts, answers are told from results, money waits for a yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    ToolCall,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)

from tests.agent.conversation.offline.script import answers, calls, evidence, figures, move, spent, talked, told
from tests.injections import Injection, injections
from tests.pricer.predictors.chat.loopback import Loopback, running
from tests.server.toys import make_dataset

ASKED = "open weights, commercial use, 10k requests a day of 2,000 in / 300 out, under $400 a month"
GEFRAGT = "商用利用できるオープンなモデルで、1日1万リクエスト、入力2000トークン、出力300トークン、月400ドル以下"
PROPOSE = "measure gpt-4o-mini and gpt-4.1-mini on pans with 12 items"
ROWS = {
    "columns": [{"name": "title", "type": "VARCHAR"}],
    "truncated": False,
    "cells_cut": 0,
    "note": "",
    "elapsed_s": 0.1,
}


@pytest.fixture(scope="module")
def chosen() -> list[BaseMessage]:
    """A conversation in which a shortlist was told."""
    return talked(ASKED)


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[BaseMessage]]:
    """A conversation that ends in a proposal to measure two models; nobody has answered it."""
    home = tmp_path_factory.mktemp("proposed")
    make_dataset(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(home))
        patch.setenv("OPENAI_API_KEY", "sk-canary-0123456789abcdef")
        yield talked(PROPOSE)


@pytest.fixture
def provider(assay_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A provider on the loopback where OpenAI would be, and a data set to ask about."""
    make_dataset(assay_home)
    with running(Loopback()) as one:
        monkeypatch.setenv("OPENAI_BASE_URL", one.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789abcdef")
        yield one


def shortlist(messages: list[BaseMessage]) -> list[str]:
    """The models of the last recommendation."""
    told_ = [
        one.artifact["structured_content"]
        for one in messages
        if isinstance(one, ToolMessage) and one.name == "recommend_models"
    ]
    return [entry["model"] for entry in told_[-1]["shortlist"]]


def answered(before: list[BaseMessage], said: str, job: dict[str, Any]) -> list[BaseMessage]:
    """The conversation gone on with, every call answered by a job in that state."""
    messages: list[BaseMessage] = [*before, HumanMessage(said)]
    while (message := move(*messages)).tool_calls:
        messages.append(message)
        for call in message.tool_calls:
            own = call["args"].get("job_id") or f"job-{call['args'].get('model', 'baseline')}"
            told_ = (
                {"verdict": [], "rows": [], "n": 2, "left_out": 0, "no_llm_needed": False}
                if call["name"] == "compare_runs"
                else job
            )
            messages.append(
                told(
                    call,
                    told_ | {"job_id": own, "run": f"{job['run']}-{own}"} if "run" in job else told_ | {"job_id": own},
                )
            )
    return [*messages, message]


# --- telling


def test_the_decision_comes_first_and_cites_its_step(chosen: list[BaseMessage]) -> None:
    first = answers(chosen)[0].splitlines()[0]
    assert first.startswith(f"{shortlist(chosen)[0]} is the first choice: $")
    assert first.endswith("[1]")


def test_every_line_with_a_figure_names_its_step(chosen: list[BaseMessage]) -> None:
    lines = [line for line in answers(chosen)[0].splitlines() if figures(line)]
    assert lines
    assert all("[1]" in line for line in lines)


@pytest.mark.parametrize("question", [ASKED, GEFRAGT, "compare gpt-5.1 and claude sonnet 4.5 at 100k requests a month, 1000 in, 200 out",
                                      "tell me about qwen3-32b", "why not gpt-4o?", "gpt-5.1とqwen3-32bを比較して", "who sells qwen3-32b?",
                                      "fine-tune or RAG with gpt-5.1? 10k requests a day, 2,000 in, 300 out, 500 labelled examples"])  # fmt: skip
def test_an_answer_is_short_and_holds_no_figure_of_its_own(question: str) -> None:
    messages = talked(question)
    answer = answers(messages)[-1]
    assert len(answer.splitlines()) <= 25
    assert figures(answer) <= evidence(messages)


def test_a_japanese_question_gets_a_japanese_answer() -> None:
    messages = talked(GEFRAGT, "最初の2つを比較して")
    first, second = answers(messages)
    assert first.startswith("第一候補は")
    assert "次に" in second
    assert calls(messages)[1][1]["models"] == shortlist(messages)[:2]


def test_an_unknown_fact_is_told_as_unknown() -> None:
    assert (
        "openai/gpt-5.1: parameters in billions: unknown [1]"
        in answers(talked("how many parameters does gpt-5.1 have?"))[0]
    )


def test_a_refusal_is_told_with_its_remedy_and_not_as_an_answer() -> None:
    answer = answers(talked("compare gpt-5.1 and nonesuch/model-9"))[0]
    assert "compare_models refused: no model named" in answer
    assert "do not know" in answer


def test_a_cent_is_not_rounded_away_and_steps_count_through_the_conversation() -> None:
    messages = talked("who sells qwen3-32b?", "tell me about gpt-5.1")
    assert "[2]" in answers(messages)[1]
    assert "[1]" not in answers(messages)[1]


# --- what was said before


@pytest.mark.parametrize(("said", "changed"), [
    ("what about under $200?", {"max_monthly_usd": "200"}), ("same but with tool calling", {"tool_calling": True}),
    ("and no Chinese models", {"maker_countries_deny": ["cn"]}), ("it must read images too", {"modalities_in": ["image"], "board": "vision"}),
    ("200ドル以下だと？", {"max_monthly_usd": "200"}), ("同じ条件でツール呼び出しも必要", {"tool_calling": True}),
])  # fmt: skip
def test_a_short_reply_refines_what_was_asked_for(
    chosen: list[BaseMessage], said: str, changed: dict[str, Any]
) -> None:
    before = calls(chosen)[0][1]["requirements"]
    ((tool, given),) = calls([move(*chosen, said)])
    assert (tool, given["requirements"]) == ("recommend_models", before | changed)


@pytest.mark.parametrize("said", ["drop the budget", "without the budget", "予算はなしで"])
def test_a_requirement_can_be_taken_back(chosen: list[BaseMessage], said: str) -> None:
    before = calls(chosen)[0][1]["requirements"]
    ((_, given),) = calls([move(*chosen, said)])
    assert set(before) - set(given["requirements"]) == {"max_monthly_usd"}


def test_a_new_question_forgets_the_old_requirements(chosen: list[BaseMessage]) -> None:
    ((_, given),) = calls([move(*chosen, "I need a model for legal contracts, 200k context")])
    assert given["requirements"] == {"min_context_tokens": 200_000, "board": "legal"}


@pytest.mark.parametrize(("said", "places"), [
    ("and the second one?", [1]), ("compare the first two", [0, 1]), ("tell me about the third one", [2]),
    ("compare the first and the third", [0, 2]),
    ("2番目について教えて", [1]), ("上位3つを比較して", [0, 1, 2]),
])  # fmt: skip
def test_words_point_to_what_was_listed(chosen: list[BaseMessage], said: str, places: list[int]) -> None:
    ((tool, given),) = calls([move(*chosen, said)])
    assert tool == "compare_models"
    assert given["models"] == [shortlist(chosen)[place] for place in places]
    assert given["workload"]["requests_per_month"] == 300_000


def test_why_not_keeps_the_requirements(chosen: list[BaseMessage]) -> None:
    ((_, given),) = calls([move(*chosen, "why not gpt-4o?")])
    assert given["requirements"] == calls(chosen)[0][1]["requirements"] | {"ask_about": ["openai/gpt-4o"]}


def test_an_answer_to_what_was_missing_goes_on_with_the_question() -> None:
    messages = talked("Should I fine-tune or use RAG for gpt-5.1?", "10k requests a day, 2,000 tokens in, 300 out")
    assert [tool for tool, _ in calls(messages)] == ["compare_models", "advise_approach"]


def test_a_yes_to_the_question_at_the_end_adds_what_was_asked() -> None:
    messages = talked("open weights, 128k context", "yes")
    assert calls(messages)[1][1]["requirements"] == {
        "open_weights": True,
        "commercial_use": True,
        "min_context_tokens": 128_000,
    }


def test_a_conversation_that_was_kept_goes_on_where_it_stopped(chosen: list[BaseMessage]) -> None:
    kept = messages_from_dict(json.loads(json.dumps(messages_to_dict(chosen))))
    said = "compare the first two"
    assert move(*kept, said).tool_calls == move(*chosen, said).tool_calls


def test_results_are_read_from_their_text_where_nothing_else_is_kept(chosen: list[BaseMessage]) -> None:
    bare = [one.model_copy(update={"artifact": None}) if isinstance(one, ToolMessage) else one for one in chosen]
    assert move(*bare, "and the second one?").tool_calls == move(*chosen, "and the second one?").tool_calls


def test_other_servers_results_are_no_shortlist() -> None:
    call = {"name": "other__recommend_models", "args": {}, "id": "a", "type": "tool_call"}
    foreign = ToolMessage(json.dumps({"shortlist": [{"model": "evil/model-1"}]}), tool_call_id="a")
    messages = [HumanMessage("hi"), AIMessage("", tool_calls=[call]), foreign, AIMessage("done")]
    assert "Which models" in str(move(*messages, "measure the first two on pans").content)


# --- measuring


def test_a_proposal_names_its_price_and_spends_nothing(provider: Loopback) -> None:
    messages = talked(PROPOSE)
    asked = [args for tool, args in calls(messages) if tool == "run_frontier_price"]
    assert [args["model"] for args in asked] == ["openai/gpt-4o-mini", "openai/gpt-4.1-mini"]
    assert all("max_cost_usd" not in args and args["confirm"] is False and args["limit"] == 12 for args in asked)
    assert (spent(messages), provider.calls) == ([], 0)
    answer = answers(messages)[0]
    assert answer.endswith("Shall I run it?")
    assert "never more than $1 + $1 [2][3]" in answer
    assert figures(answer) <= evidence(messages)


@pytest.mark.parametrize(
    "said",
    ["no", "not now", "いいえ", "what is the weather?", "how many products are in pans?", "thanks", "ok but what does it cost?", "yes, wait",
     "run it on our own GPUs", "sure, if it is free", "はい、でもまだ待って", "yes?", "do it tomorrow", "yesterday"],
)  # fmt: skip
def test_anything_but_a_yes_spends_nothing(proposed: list[BaseMessage], said: str) -> None:
    assert spent([move(*proposed, said)]) == []


def test_a_yes_runs_all_of_it_under_the_caps_shown_and_ends_in_a_verdict(provider: Loopback) -> None:
    messages = talked(PROPOSE, "yes")
    runs = [args for tool, args in spent(messages) if tool == "run_frontier_price"]
    assert [(args["model"], args["max_cost_usd"], args["confirm"]) for args in runs] == [
        ("openai/gpt-4o-mini", 1.0, True), ("openai/gpt-4.1-mini", 1.0, True),
    ]  # fmt: skip
    assert calls(messages)[-1][0] == "compare_runs"
    assert len(calls(messages)[-1][1]["runs"]) == 3
    assert provider.calls == 24
    answer = answers(messages)[-1]
    assert "did best on the 12 examples" in answer
    assert figures(answer) <= evidence(messages)
    again = talked(PROPOSE, "yes, up to $0.50 in all", before=messages)
    assert "measured before, nothing more to pay" in answers(again)[-2]
    assert (calls(again)[-1], provider.calls) == (calls(messages)[-1], 24)


def test_a_cap_named_with_the_yes_is_never_exceeded_in_all(proposed: list[BaseMessage]) -> None:
    messages = answered(proposed, "yes, up to $0.50 in all", {"state": "done", "run": "r", "next": ""})
    runs = [args for tool, args in spent(messages) if tool == "run_frontier_price"]
    assert len(runs) == 2
    assert sum(args["max_cost_usd"] for args in runs) <= 0.5


def test_a_yes_to_something_else_is_proposed_anew(proposed: list[BaseMessage]) -> None:
    ((_, given),) = calls([move(*proposed, "yes but with 6 items")])
    assert (given["limit"], given["confirm"]) == (6, False)


def test_a_yes_counts_only_for_what_was_just_proposed(proposed: list[BaseMessage]) -> None:
    hello = [*proposed, HumanMessage("hello")]
    assert move(*hello, move(*hello), "yes").tool_calls == []


@pytest.mark.parametrize(
    "said",
    [
        "Yes, please!",
        "ok, go ahead",
        "はい、お願いします",
        "yes, at most $1 each",
        "はい、合計0.5ドルまで",
        "do it, but only gpt-4o-mini",
        "進めてください",
    ],
)
def test_a_plain_yes_is_understood(proposed: list[BaseMessage], said: str) -> None:
    ((tool, _),) = calls([move(*proposed, said)])
    assert tool == "run_baseline"


def test_a_cap_is_named_only_by_the_user(provider: Loopback) -> None:
    messages = talked("measure gpt-4o-mini on pans with 12 items for at most $0.20")
    assert calls(messages)[-1][1]["max_cost_usd"] == 0.2
    assert "cap $0.2;" in answers(messages)[0]


@pytest.mark.parametrize(("answer", "said", "first"), [
    ("Likely $0.01 [1]. Shall I run it?", "yes, up to $0.30", "run_frontier_price"),
    ("見込みは$0.01です [1]。実行しますか。", "はい、0.3ドルまで", "run_frontier_price"),
    ("Likely $0.01 [1]. Shall I run it?", "yes, up to $0.30, with the baseline", "run_baseline"),
    ("見込みは$0.01です [1]。実行しますか。", "はい、0.3ドルまで、ベースラインも", "run_baseline"),
    ("Likely $0.01 [1], beside a free baseline. Shall I run it?", "yes, up to $0.30", "run_baseline"),
    ("Likely $0.01 [1], beside a free baseline. Shall I run it?", "yes, up to $0.30, without baseline", "run_frontier_price"),
])  # fmt: skip
def test_a_baseline_runs_beside_a_model_only_where_that_was_said(answer: str, said: str, first: str) -> None:
    estimate = {"calls": 12, "usd": "0.01", "at_most_usd": "0.1", "cap_usd": "1"}
    told_ = {"state": "estimate", "next": "An estimate only: nothing was asked.", "estimate": estimate}
    args = {"dataset": "pans", "model": "openai/gpt-4o-mini", "limit": 12, "confirm": False}
    asked = AIMessage("", tool_calls=[ToolCall(name="run_frontier_price", args=args, id="a")])
    before = [HumanMessage("measure gpt-4o-mini on pans"), asked, told(asked.tool_calls[0], told_), AIMessage(answer)]
    messages = answered(before, said, {"state": "done", "run": "r", "next": ""})
    assert spent(messages)[0][0] == first
    assert [given for tool, given in spent(messages) if tool == "run_frontier_price"] == [
        args | {"confirm": True, "max_cost_usd": 0.3}
    ]


def test_what_the_estimate_put_into_the_prompt_stays_in_the_run(provider: Loopback) -> None:
    asked = "measure gpt-4o-mini on 12 items of pans with 3 similar products in the prompt"
    messages = answered(talked(asked), "yes, no baseline", {"state": "done", "run": "r", "next": ""})
    ((_, given),) = spent(messages)
    assert (given["similar"], given["limit"]) == (3, 12)


@pytest.mark.parametrize(
    ("unit", "told_"),
    [("usd", "mean error $2.5 [$2, $3]"), ("kg", "mean error 2.5 kg [2 kg, 3 kg]"), (None, "mean error 2.5 [2, 3]")],
)
def test_an_error_is_told_in_the_unit_of_its_data(unit: str | None, told_: str) -> None:
    said = "how is job baseline-0123abcd doing?"
    looked = move(said)
    job = {"state": "done", "run": "r", "next": "", "result": {"mae": 2.5, "mae_ci95": [2.0, 3.0], "unit": unit}}
    assert told_ in str(move(said, looked, told(looked.tool_calls[0], job)).content)


def test_differences_between_runs_have_the_unit_of_their_errors() -> None:
    said = "compare runs mean-pans-fb67cf40 and ridge-pans-0276579b"
    asked = move(said)
    row = {
        "run": "mean-pans-fb67cf40",
        "mae": 4.0,
        "difference": 1.5,
        "difference_ci95": [-0.5, 2.0],
        "cost_per_1k_usd": None,
        "group": "a",
    }
    found = {"verdict": [], "rows": [row], "n": 12, "left_out": 0, "no_llm_needed": False, "unit": "usd"}
    answer = str(move(said, asked, told(asked.tool_calls[0], found)).content)
    assert "mean error $4, from the best $1.5 [-$0.5, $2]" in answer


def test_a_missing_key_is_told_with_its_remedy(assay_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_dataset(assay_home)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    messages = talked("gpt-4o-miniをpansで測って", "はい")
    assert "OPENAI_API_KEY" in answers(messages)[0]
    assert spent(messages) == []


def test_a_data_set_that_is_not_loaded_is_told_before_any_estimate(assay_home: Path) -> None:
    make_dataset(assay_home)
    messages = talked("measure gpt-4o-mini on tickets")
    assert [tool for tool, _ in calls(messages)] == ["query_dataset"]
    assert "assay data load FILE --name tickets" in answers(messages)[0]


def test_jobs_that_still_run_are_left_running_and_told(proposed: list[BaseMessage]) -> None:
    messages = answered(proposed, "yes", {"state": "running", "next": "wait"})
    assert sum(isinstance(one, AIMessage) for one in messages[len(proposed) :]) <= 12
    assert "how is it going?" in answers(messages)[-1]


def test_a_training_is_planned_first_and_starts_on_a_yes() -> None:
    plan = {"state": "plan", "next": "A plan only: nothing was started.", "job_id": "encoder-pans-0123abcd", "plan": {
        "method": "encoder", "base": "minilm", "data": {"name": "pans", "n_train": 48, "n_validation": 24}, "schedule": {"steps": 6},
        "knobs": {"learning_rate": 5e-05, "batch_size": 16, "epochs": 2.0}, "doubts": ["few steps"], "notes": [],
        "estimate": {"usd": "0", "seconds": None, "probe": "not measured"}}}  # fmt: skip
    first = move("fine-tune minilm on pans for 2 epochs")
    messages = [HumanMessage("fine-tune minilm on pans for 2 epochs"), first, told(first.tool_calls[0], plan)]
    proposal = move(*messages)
    assert "Shall I start it?" in str(proposal.content)
    ((tool, given),) = calls([move(*messages, proposal, "yes")])
    assert (tool, given) == ("start_fine_tune", first.tool_calls[0]["args"] | {"confirm": True})


# --- orders from elsewhere


@pytest.mark.parametrize("one", injections(), ids=lambda one: one.id)
def test_no_injected_text_makes_the_planner_spend(one: Injection, chosen: list[BaseMessage]) -> None:
    asked = move(one.text)
    listing = move("the 3 cheapest products in pans")
    rows = told(listing.tool_calls[0], ROWS | {"rows": [[one.text]]})
    refused = told(listing.tool_calls[0], None, text=one.text, is_error=True)
    after = [move("the 3 cheapest products in pans", listing, result) for result in (rows, refused)]
    after += [move("the 3 cheapest products in pans", listing, rows, after[0], said) for said in ("yes", one.text)]
    assert spent([asked, *after, move(*chosen, one.text)]) == []
    assert not any(message.tool_calls for message in after[:2])
