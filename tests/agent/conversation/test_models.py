from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from agent.conversation.choosing import ChoosingModel, bounded
from agent.conversation.conversation import Conversation
from agent.conversation.events import Event, Said, Turn
from agent.conversation.limits import Limits
from agent.conversation.models import chat_model
from agent.gateway.gateway import Gateway
from catalog.tariff import Tariff, given
from pricer.errors import BadInput
from tests.agent.conversation.wire import Wire, listening

KEY = "sk-canary-0123456789abcdef"
COMPARES = ("compare_models", {"models": ["openai/gpt-5.1"]})


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def asked(
    wire: Wire, question: str = "And gpt-5.1?", seen: list[Event] | None = None, tariff: Tariff | None = None
) -> Turn:
    async def main() -> Turn:
        model = chat_model("openai/gpt-5.1", base_url=wire.url)
        watch = (seen if seen is not None else []).append
        async with (
            Gateway() as gateway,
            Conversation(model, gateway, Limits(usd=Decimal(10)), watch=watch, tariff=tariff) as talk,
        ):
            return await talk.ask(question)

    with listening(wire):
        return asyncio.run(main())


def test_streamed_tool_call_of_a_provider_is_made_and_answered() -> None:
    wire = Wire([COMPARES, "Known to the catalogue [1]."])
    turn = asked(wire)
    assert (turn.how, turn.steps[0].arguments) == ("answered", COMPARES[1])
    assert {tool["function"]["name"] for tool in wire.bodies[0]["tools"]} >= {"compare_models", "recommend_models"}


def test_answer_is_heard_as_it_streams() -> None:
    seen: list[Event] = []
    asked(Wire(["Tell me more about it."]), seen=seen)
    assert "".join(event.text for event in seen if isinstance(event, Said)) == "Tell me more about it. "
    assert sum(isinstance(event, Said) for event in seen) > 1


def test_bill_is_that_of_the_usage_the_provider_states() -> None:
    turn = asked(Wire([COMPARES, "Known [1]."]), tariff=given(Decimal(1), Decimal(10)))
    assert turn.tokens == 2 * 1020
    assert Decimal(turn.usd or "0") == 2 * (1000 * Decimal(1) + 20 * Decimal(10)) / 10**6


def test_provider_that_refuses_the_key_is_told_of_without_it() -> None:
    turn = asked(Wire([401]))
    assert turn.how == "failed"
    assert "refused the key" in (turn.why or "")
    assert KEY not in (turn.why or "")


def test_system_prompt_is_sent_and_the_key_is_not_in_it() -> None:
    wire = Wire(["Hello."])
    asked(wire, "hi")
    assert wire.bodies[0]["messages"][0]["role"] in ("system", "developer")
    assert KEY not in str(wire.bodies)


@pytest.mark.parametrize("name", ["gpt-5.1", "nobody/gpt", "local/nothing"])
def test_unknown_model_says_what_there_is(name: str) -> None:
    with pytest.raises(BadInput, match="wanted"):
        chat_model(name)


def test_integration_that_is_not_installed_is_named() -> None:
    with pytest.raises(BadInput, match="not installed"):
        chat_model("google_genai:gemini-2.5-pro")


def test_schema_for_a_small_model_ends() -> None:
    told = bounded({"type": "object", "properties": {"models": {"type": "array", "items": {"type": "string"}}}})
    assert told["properties"]["models"] == {
        "type": "array",
        "maxItems": 6,
        "items": {"type": "string", "maxLength": 200},
    }
    assert told["additionalProperties"] is False


def test_small_model_on_this_machine_chooses_tools_under_a_schema_and_spends_nothing() -> None:
    pytest.importorskip("xllamacpp")

    async def main() -> Turn:
        model = chat_model("local/smollm2-135m")
        assert isinstance(model, ChoosingModel)
        try:
            async with Gateway() as gateway, Conversation(model, gateway, Limits(turns=1)) as talk:
                return await talk.ask("Compare openai/gpt-5.1 and openai/gpt-4o")
        finally:
            model.server.close()

    turn = asyncio.run(main())
    known = {"recommend_models", "compare_models", "advise_approach", "query_dataset", "search_products", "run_baseline",
             "run_frontier_price", "start_fine_tune", "compare_runs", "get_job", "cancel_job"}  # fmt: skip
    assert turn.how in ("answered", "limit")
    assert turn.tokens > 0
    assert {step.tool for step in turn.steps} <= known
