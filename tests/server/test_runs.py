"""Chat models over MCP: an estimate first, money only with the user's word, and runs that no client can lose."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import ElicitResult

from pricer.evaluation.run import load_run, runs_folder
from pricer.ladder import evaluate
from server import cards, jobs
from tests.pricer.predictors.chat.loopback import Fault, Loopback, running
from tests.server.toys import TEST_ITEMS, answer, called, ended, make_dataset, until

ROOT = Path(__file__).resolve().parents[2]
MODEL = "openai/gpt-4o-mini"
ASKED = {"dataset": "pans", "model": MODEL, "limit": TEST_ITEMS}
AGREED = ASKED | {"confirm": True, "max_cost_usd": 0.5}
CANARY = "sk-canary-0123456789abcdef"


@pytest.fixture
def provider(assay_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A provider on the loopback where OpenAI would be, with a key for it and a data set to ask about."""
    make_dataset(assay_home)
    with running(Loopback()) as one:
        monkeypatch.setenv("OPENAI_BASE_URL", one.url)
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        yield one


def user(action: str, approve: bool = True, heard: list[str] | None = None) -> dict[str, Any]:
    """A client whose user answers questions so."""

    async def answers(_: Any, params: Any) -> ElicitResult:
        if heard is not None:
            heard.append(params.message)
        return ElicitResult(action=action, content={"approve": approve} if action == "accept" else None)

    return {"elicitation_callback": answers}


def kept() -> int:
    """How many answers lie in the only run there is."""
    (folder,) = [path.parent for path in runs_folder().glob("*/plan.json")]
    return len(load_run(folder).lines.answers)


# --- before anything is asked


def test_the_first_answer_is_an_estimate_and_nobody_is_asked(provider: Loopback) -> None:
    told = answer("run_frontier_price", ASKED)
    assert (told["state"], told["estimate"]["calls"], provider.calls) == ("estimate", TEST_ITEMS, 0)
    assert Decimal(told["estimate"]["usd"]) <= Decimal(told["estimate"]["at_most_usd"])
    assert not list(jobs.jobs_folder().glob("*"))


def test_a_cap_below_the_likely_cost_is_warned_of(provider: Loopback) -> None:
    told = answer("run_frontier_price", ASKED | {"max_cost_usd": 0.0001})
    assert "would stop part of the way" in told["next"]


@pytest.mark.parametrize(
    "more", [{"max_cost_usd": 5}, {"confirm": True}, {"confirm": False, "max_cost_usd": 5}, {"max_cost_usd": "$3"}]
)
def test_neither_a_number_nor_a_yes_alone_spends(provider: Loopback, more: dict[str, Any]) -> None:
    assert answer("run_frontier_price", ASKED | more)["state"] == "estimate"
    assert (provider.calls, jobs.recent()) == (0, [])


def test_an_estimate_needs_no_key_and_names_the_missing_one(
    provider: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    heard: list[str] = []
    told = answer("run_frontier_price", AGREED, **user("accept", heard=heard))
    assert (told["state"], heard) == ("estimate", [])
    assert "OPENAI_API_KEY is not set" in told["next"]


def test_an_unpriced_model_is_never_asked(provider: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    told = answer("run_frontier_price", AGREED | {"model": "openai/of-tomorrow"}, **user("accept"))
    assert (told["state"], provider.calls) == ("estimate", 0)
    assert told["estimate"].get("usd") is None
    assert "--input-usd-per-mtok" in told["next"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"dataset": "pots"}, "no data set named 'pots'"),
        ({"dataset": None}, "the name of a loaded data set"),
        ({"model": "gpt-4o-mini"}, "provider/name"),
        ({"limit": 0}, "1 to 100,000"),
        ({"max_cost_usd": -1}, "dollars above 0"),
        ({"max_cost_usd": True}, "dollars above 0"),
        ({"confirm": "yes"}, "true or false"),
        ({"shots": 1000}, "0 to 100"),
    ],
)
def test_a_refusal_says_what_to_change(provider: Loopback, more: dict[str, Any], said: str) -> None:
    result = called("run_frontier_price", ASKED | more)
    assert result.is_error
    assert said in result.content[0].text


# --- the user's word


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_user_who_approves_is_shown_the_price_and_gets_the_run(provider: Loopback, mode: str) -> None:
    heard: list[str] = []
    told = answer("run_frontier_price", ASKED | {"limit": 5}, mode=mode, **user("accept", heard=heard))
    assert (told["state"], told["result"]["n"], provider.calls) == ("done", 5, 5)
    assert len(heard) == 1
    assert "5 items of pans" in heard[0]
    assert "$1" in heard[0]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(("action", "approve"), [("decline", False), ("cancel", False), ("accept", False)])
def test_a_user_who_does_not_approve_is_charged_nothing_whatever_the_model_says(
    provider: Loopback, mode: str, action: str, approve: bool
) -> None:
    told = answer("run_frontier_price", AGREED, mode=mode, **user(action, approve))
    assert (told["state"], provider.calls) == ("estimate", 0)
    assert "did not approve" in told["next"]


# --- runs


def test_an_agreed_run_is_compared_with_a_baseline(provider: Loopback) -> None:
    chat = answer("run_frontier_price", AGREED)
    plain = answer("run_baseline", {"dataset": "pans", "predictor": "mean"})
    assert (chat["state"], chat["result"]["n"], provider.calls) == ("done", TEST_ITEMS, TEST_ITEMS)
    told = called("compare_runs", {"runs": [chat["run"], plain["job_id"]], "ordered": True})
    found = told.structured_content
    assert (found["n"], found["no_llm_needed"], found["order_holds"]) == (TEST_ITEMS, True, False)
    assert {row["folder"] for row in found["rows"]} == {chat["run"], plain["run"]}
    assert len(told.content[0].text) < 20_000
    assert str(Path.home()) not in told.content[0].text


def test_a_complete_run_is_shown_again_without_a_word_or_a_call(provider: Loopback) -> None:
    evaluate(cards.request_of(wish()))
    told = answer("run_frontier_price", ASKED)
    assert (told["state"], told["result"]["n"], provider.calls) == ("done", TEST_ITEMS, TEST_ITEMS)


def test_a_run_that_reaches_its_cap_stops_and_a_higher_one_goes_on(provider: Loopback) -> None:
    whole = Decimal(answer("run_frontier_price", ASKED)["estimate"]["at_most_usd"])
    first = answer("run_frontier_price", AGREED | {"max_cost_usd": float(whole / 10)})
    assert first["state"] == "budget"
    assert f"cap of ${whole / 10:f}" in first["next"]
    assert 0 < provider.calls < TEST_ITEMS
    assert Decimal(first["result"]["cost_usd"]) <= whole / 10
    assert evaluate(cards.request_of(wish())).ended == "done"
    assert provider.calls == TEST_ITEMS


def test_a_cancelled_job_keeps_every_answer_and_goes_on_without_asking_twice(provider: Loopback) -> None:
    provider.delay_s = 1.5  # a first wave is in flight for so long
    job_id = jobs.start(wish())
    until(lambda: provider.calls >= 4)
    assert "stops as soon as" in answer("cancel_job", {"job_id": job_id})["next"]
    assert (
        "It is stopping" in answer("cancel_job", {"job_id": job_id})["next"]
    )  # no second signal, which would drop calls
    assert ended(job_id).state == "stopped"
    assert kept() == provider.answered.total() == provider.calls < TEST_ITEMS
    provider.delay_s = 0
    assert answer("run_frontier_price", AGREED)["state"] == "done"
    assert provider.calls == TEST_ITEMS


def test_a_killed_job_goes_on_and_asks_again_only_what_was_in_flight(provider: Loopback) -> None:
    provider.delay_s = 0.3
    job_id = jobs.start(wish())
    until(lambda: provider.answered.total() >= 4)
    os.kill(cards.read_json(jobs.jobs_folder() / job_id / cards.WORKER)["pid"], signal.SIGKILL)
    assert ended(job_id).state == "died"
    in_flight = provider.calls - kept()
    provider.delay_s = 0
    assert evaluate(cards.request_of(wish())).ended == "done"
    assert provider.calls == TEST_ITEMS + in_flight


def test_a_job_outlives_the_client_and_the_server_that_started_it(provider: Loopback) -> None:
    provider.delay_s = 2.0
    code = "from server.app import main; main()"
    server = StdioServerParameters(command=sys.executable, args=["-c", code], env=dict(os.environ), cwd=ROOT)

    async def leaves_halfway() -> None:
        async with Client(stdio_client(server)) as client, anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "run_frontier_price", AGREED)
            while not provider.calls:
                await anyio.sleep(0.02)
            group.cancel_scope.cancel()

    anyio.run(leaves_halfway)
    (job,) = jobs.recent()
    assert job.state == "running"
    assert ended(job.id).state == "done"
    assert provider.calls == TEST_ITEMS


def test_progress_reaches_the_client_and_only_grows(provider: Loopback) -> None:
    provider.delay_s = 0.4
    heard: list[float] = []

    async def go() -> None:
        from server.app import build_server

        async def hears(progress: float, total: float | None, message: str | None) -> None:
            heard.append(progress)

        async with Client(build_server()) as client:
            await client.call_tool("run_frontier_price", AGREED, progress_callback=hears)

    anyio.run(go)
    assert heard
    assert heard == sorted(set(heard))


# --- keys


def test_a_key_that_a_provider_echoes_reaches_no_file_and_no_answer(provider: Loopback, assay_home: Path) -> None:
    provider.answer = lambda asked: f"your key is {asked.headers['authorization']}"
    shown = str(called("run_frontier_price", AGREED))
    provider.answer = lambda asked: Fault(401, f'{{"error": {{"message": "wrong key {CANARY}"}}}}'.encode())
    refused = called("run_frontier_price", AGREED | {"limit": 7, "shots": 1})
    assert refused.is_error
    assert CANARY not in shown + str(refused) + str(called("get_job", {}))
    files = [path for path in assay_home.rglob("*") if path.is_file()]
    assert any(path.name == "answers.jsonl" for path in files)
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []


# --- comparing


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (["../../etc"], "names of runs"),
        (["/etc"], "names of runs"),
        ([], "1 to 12"),
        ("mean", "list of names"),
        (["nothing-like-it"], "none yet"),
    ],
)
def test_what_is_no_run_is_refused(runs: Any, said: str) -> None:
    result = called("compare_runs", {"runs": runs})
    assert result.is_error
    assert said in result.content[0].text


def wish() -> cards.Wish:
    return cards.Wish(kind="frontier", dataset="pans", model=MODEL, limit=TEST_ITEMS, cap_usd=Decimal("0.5"))
