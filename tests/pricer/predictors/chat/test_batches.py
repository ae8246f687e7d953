"""Both batch interfaces against a provider on the loopback, from the hand-over to the answers on disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.tariff import given
from pricer.errors import BadInput, PricerError
from pricer.evaluation.batch import BatchConversation
from pricer.evaluation.batch_ledger import BATCHES
from pricer.evaluation.budget import Budget
from pricer.evaluation.run import load_run, writing
from pricer.evaluation.runner import Ended
from pricer.predictors.batcher import Mark
from pricer.predictors.chat.batch_requests import ChatBatches
from pricer.predictors.chat.batches import batcher
from pricer.predictors.chat.chat import ChatModel, ChatSettings
from pricer.predictors.chat.providers import connection
from pricer.predictors.protocol import Refused, Task
from tests.pricer.evaluation.toys import items, plan
from tests.pricer.predictors.chat.batch_loopback import CUT, EXPIRED, BatchLoopback, Fate, serving

KEY = "sk-canary-0123456789abcdef"
TARIFF = given(Decimal(10), Decimal(100))
# Fifty tokens in at 10 and five out at 100 dollars a million.
ANSWER = Decimal("0.001")
APIS = ("openai-chat", "openai-responses", "anthropic")
CREATE = {
    "openai-chat": "POST /v1/batches",
    "openai-responses": "POST /v1/batches",
    "anthropic": "POST /v1/messages/batches",
}
POLL = {
    "openai-chat": "GET /v1/batches/",
    "openai-responses": "GET /v1/batches/",
    "anthropic": "GET /v1/messages/batches/",
}
every_api = pytest.mark.parametrize("api", APIS)
each_interface = pytest.mark.parametrize("api", ("openai-chat", "anthropic"))


class Killed(Exception):
    """The process ends here."""


def _model(api: str, provider: BatchLoopback, **settings: Any) -> ChatModel:
    maker = "anthropic" if api == "anthropic" else "openai"
    environment = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
    return ChatModel(
        connection(f"{maker}/toy-1", f"{provider.url}/v1", api, environment), Task(), ChatSettings(**settings)
    )


async def _no_time(_: float) -> None:
    return


def _converse(folder: Path, api: str, provider: BatchLoopback, count: int, **other: Any) -> Ended:
    settings = other.pop("settings", {})
    with writing(folder, plan(), items(count)) as writer:
        known: dict[str, Any] = {"sleep": _no_time, "now": lambda: 1_700_000_000.0, "budget": Budget(Decimal(1))}
        batches = batcher(_model(api, provider, **settings))
        return BatchConversation(batches, writer, tariff=TARIFF, **(known | other)).run()


@every_api
def test_a_batch_is_handed_over_waited_for_and_read(tmp_path: Path, api: str) -> None:
    budget = Budget(Decimal(1))
    with serving(BatchLoopback()) as provider:
        assert _converse(tmp_path, api, provider, 5, budget=budget) == Ended("done", 5)
    run = load_run(tmp_path)
    assert run.complete
    assert provider.sizes == [5]
    assert all(answer.guess.value is not None for answer in run.lines.answers.values())
    kept = run.lines.answers["i0"].guess
    assert (kept.model, kept.latency_s) == ("toy-1-2026", None)
    assert str(kept.raw).startswith("Price is $")
    assert budget.spent == run.cost_usd == 5 * ANSWER


@every_api
def test_an_answer_is_the_same_as_when_it_is_asked_for_alone(tmp_path: Path, api: str) -> None:
    with serving(BatchLoopback()) as provider:
        _converse(tmp_path, api, provider, 2)
        model = _model(api, provider)
        [batch] = provider.batches.values()
        assert [one["params"] for one in batch.requests] == [model._request(item.listing) for item in items(2)]


@every_api
def test_no_key_is_in_any_file_or_request_body(tmp_path: Path, api: str) -> None:
    with serving(BatchLoopback(fates={"number 1\n": [Fate(400, f"bad key {KEY}")]})) as provider:
        _converse(tmp_path, api, provider, 3)
        sent = repr(provider.batches) + repr(provider.files)
    assert any(KEY in value for told in provider.headers for value in told.values())
    assert KEY not in sent.replace(f"bad key {KEY}", "")
    assert not [path.name for path in tmp_path.iterdir() if KEY in path.read_text()]


@each_interface
@pytest.mark.parametrize("stage", ["after create", "results"])
def test_a_run_killed_at_any_stage_goes_on_with_one_paid_batch(
    tmp_path: Path, api: str, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(BatchLoopback(polls=3)) as provider:
        with pytest.raises(Killed), monkeypatch.context() as patch:
            _kill_at(stage, patch)
            _converse(tmp_path, api, provider, 4)
        assert _converse(tmp_path, api, provider, 4).why == "done"
    assert provider.sizes == [4]
    assert load_run(tmp_path).complete
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 4


def _kill_at(stage: str, patch: pytest.MonkeyPatch) -> None:
    from pricer.predictors.chat.batch_requests import BatchClient

    async def and_kill(self: BatchClient, path: str, body: Any) -> Any:
        await self.post(path, body)
        raise Killed

    if stage == "after create":
        patch.setattr(BatchClient, "create", and_kill)
    else:
        patch.setattr(BatchConversation, "_keep", _after(2, BatchConversation._keep))


def _after(calls: int, then: Callable[..., None]) -> Callable[..., None]:
    left = [calls]

    def maybe(*given_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        then(*given_)

    return maybe


@each_interface
def test_a_connection_cut_after_the_hand_over_leads_to_one_batch(tmp_path: Path, api: str) -> None:
    with serving(BatchLoopback(faults={CREATE[api]: deque([CUT])})) as provider:
        assert _converse(tmp_path, api, provider, 3).why == "done"
    assert provider.sizes == [3]


@each_interface
def test_another_batch_of_the_same_size_is_not_taken_for_ours(tmp_path: Path, api: str) -> None:
    with serving(BatchLoopback()) as provider:
        _converse(tmp_path / "other", api, provider, 3)
        provider.faults[CREATE[api]] = deque([CUT])
        _converse(tmp_path / "ours", api, provider, 3)
    assert provider.sizes == [3, 3]
    assert load_run(tmp_path / "ours").complete
    assert '"batch":"batch_1","found"' not in (tmp_path / "ours" / BATCHES).read_text()
    assert '"batch":"batch_1"' in (tmp_path / "ours" / BATCHES).read_text()


@each_interface
def test_what_expired_is_handed_over_again(tmp_path: Path, api: str) -> None:
    with serving(BatchLoopback(fates={"number 1\n": [EXPIRED, None]})) as provider:
        _converse(tmp_path, api, provider, 3)
    assert provider.sizes == [3, 1]
    run = load_run(tmp_path)
    assert run.lines.answers["i1"].attempts == 2
    assert run.cost_usd == 3 * ANSWER


@each_interface
def test_a_request_that_is_refused_for_its_words_is_a_failure_that_nobody_bills(tmp_path: Path, api: str) -> None:
    fate = Fate(400, "this prompt is too long")
    with serving(BatchLoopback(fates={"number 2\n": [fate]})) as provider:
        _converse(tmp_path, api, provider, 3)
    kept = load_run(tmp_path).lines.answers["i2"]
    assert str(kept.guess.failure).startswith("rejected: ")
    assert "too long" in str(kept.guess.failure)
    assert kept.usd == 0


@each_interface
def test_a_request_that_failed_on_their_side_is_made_again(tmp_path: Path, api: str) -> None:
    fate = Fate(500, "oops", "api_error")
    with serving(BatchLoopback(fates={"number 0\n": [fate, fate, None]})) as provider:
        _converse(tmp_path, api, provider, 2)
    assert provider.sizes == [2, 1, 1]


@each_interface
def test_a_model_that_does_not_exist_stops_the_run(tmp_path: Path, api: str) -> None:
    fate = Fate(404, "model not found", "not_found_error")
    with serving(BatchLoopback(fates={"thing": [fate]})) as provider, pytest.raises(Refused, match="answered 404"):
        _converse(tmp_path, api, provider, 2)


@each_interface
def test_a_parameter_that_the_provider_refuses_is_left_out_of_the_next_batch(tmp_path: Path, api: str) -> None:
    refuses = {"temperature": "temperature is not supported with this model"}
    with serving(BatchLoopback(refuses=refuses)) as provider:
        _converse(tmp_path, api, provider, 3, settings={"temperature": 0.0})
    assert provider.sizes == [3, 3]
    assert all(answer.guess.value is not None for answer in load_run(tmp_path).lines.answers.values())


@each_interface
@pytest.mark.parametrize("status", [429, 500])
def test_calls_that_fail_are_made_again(tmp_path: Path, api: str, status: int) -> None:
    faults = {
        begin: deque[int | str]([status]) for begin in (CREATE[api], POLL[api], "POST /v1/files", "GET /v1/files")
    }
    with serving(BatchLoopback(faults=faults)) as provider:
        assert _converse(tmp_path, api, provider, 3).why == "done"
    assert provider.sizes == [3]


@each_interface
def test_a_wrong_key_stops_before_anything_is_made(tmp_path: Path, api: str) -> None:
    with (
        serving(BatchLoopback(faults={"POST": deque([401])})) as provider,
        pytest.raises(Refused, match=r"Check the key"),
    ):
        _converse(tmp_path, api, provider, 3)
    assert provider.sizes == []
    assert KEY not in (tmp_path / BATCHES).read_text()


def test_results_cut_short_are_read_again(tmp_path: Path) -> None:
    with serving(BatchLoopback(polls=1)) as provider:
        whole = provider.serve

        def short(method: str, path: str, *rest: Any) -> Any:
            told = whole(method, path, *rest)
            return told[:-30] if path.endswith("content") and provider.calls[f"GET {path}"] == 1 else told

        provider.serve = short  # type: ignore[assignment, method-assign]
        assert _converse(tmp_path, "openai-chat", provider, 3).why == "done"
    assert provider.sizes == [3]
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 3


def test_openai_is_told_in_metadata_whose_batch_it_is(tmp_path: Path) -> None:
    with serving(BatchLoopback()) as provider:
        _converse(tmp_path, "openai-chat", provider, 1)
        [batch] = provider.batches.values()
    assert set(batch.told["metadata"]) == {"assay_run", "assay_chunk"}


def test_openais_full_queue_makes_smaller_batches(tmp_path: Path) -> None:
    with serving(BatchLoopback()) as provider:
        create = provider._create

        def refused(requests: list[dict[str, Any]], metadata: dict[str, str]) -> Any:
            batch = create(requests, metadata)
            if len(requests) > 2:
                error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}
                batch.told |= {"status": "failed", "errors": {"object": "list", "data": [error]}}
            return batch

        provider._create = refused  # type: ignore[method-assign]
        assert _converse(tmp_path, "openai-chat", provider, 4).why == "done"
    assert provider.sizes == [4, 2, 2]


def test_openais_refusal_of_a_whole_batch_is_told_in_its_words(tmp_path: Path) -> None:
    with serving(BatchLoopback()) as provider:
        create = provider._create

        def refused(requests: list[dict[str, Any]], metadata: dict[str, str]) -> Any:
            batch = create(requests, metadata)
            batch.told |= {
                "status": "failed",
                "errors": {"data": [{"code": "invalid_url", "message": "bad", "line": 1}]},
            }
            return batch

        provider._create = refused  # type: ignore[method-assign]
        with pytest.raises(PricerError, match="refused batch batch_0 whole: bad; invalid_url"):
            _converse(tmp_path, "openai-chat", provider, 2)


def _within(work: Callable[[ChatBatches], Coroutine[Any, Any, Any]], api: str, provider: BatchLoopback) -> Any:
    async def run() -> Any:
        batches = batcher(_model(api, provider))
        assert isinstance(batches, ChatBatches)
        try:
            return await work(batches)
        finally:
            await batches.close()

    return asyncio.run(run())


@each_interface
def test_a_batch_can_be_cancelled(api: str) -> None:
    with serving(BatchLoopback(polls=99)) as provider:

        async def work(batches: Any) -> str:
            batch = await batches.submit([items(1)[0].listing], Mark("ab" * 8, "cd" * 8))
            await batches.cancel(batch)
            return str((await batches.poll(batch)).state)

        assert _within(work, api, provider) == "ended"


@each_interface
def test_a_request_is_never_larger_in_the_batch_than_it_was_counted(api: str) -> None:
    with serving(BatchLoopback()) as provider:
        batches: Any = batcher(_model(api, provider))
        listing = items(1)[0].listing
        assert batches.size_bytes(listing) > len(str(batches.body(listing)["model"])) + len(listing.text)
        assert batches.most_requests in (50_000, 100_000)


def test_a_provider_without_known_batches_is_refused() -> None:
    model = ChatModel(connection("groq/llama", environment={"GROQ_API_KEY": "x"}), Task())
    with pytest.raises(BadInput, match="batches: wanted a model of openai, anthropic, compatible, found 'groq/llama'"):
        batcher(model)
