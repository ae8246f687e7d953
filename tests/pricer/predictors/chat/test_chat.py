"""Asking: the same answers through every protocol, what the provider is sent, what is counted."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace

import pytest

from pricer.predictors.chat.chat import ChatSettings
from pricer.predictors.protocol import Asker, Task, Usage
from tests.pricer.predictors.chat.loopback import Fault, Loopback, Reply, price_of, running
from tests.pricer.predictors.chat.toys import APIS, asked, listing, model

MOOD = Task(name="mood", unit=None, labels=("good", "bad"), question="Is the review good or bad?")


@pytest.mark.parametrize("api", APIS)
def test_a_reply_becomes_a_guess_with_its_words_its_bill_and_its_model(api: str) -> None:
    reply = Reply("Price is $44.00", input_tokens=100, output_tokens=9, cached_tokens=60)
    with running(Loopback(lambda asked: reply)) as provider:
        (guess,) = asked(model(provider, api))
    assert (guess.value, guess.raw, guess.model) == (44.0, "Price is $44.00", "toy-2026")
    assert guess.usage is not None
    assert (guess.usage.input_tokens, guess.usage.output_tokens, guess.usage.cached_tokens) == (100, 9, 60)
    assert guess.latency_s is not None


def test_anthropics_cache_counts_as_input() -> None:
    reply = Reply("44", input_tokens=100, output_tokens=2, cached_tokens=60, cache_write_tokens=30)
    with running(Loopback(lambda asked: reply)) as provider:
        (guess,) = asked(model(provider, "anthropic"))
        assert provider.seen[0].path == "/messages"
    assert guess.usage == Usage(10 + 60 + 30, 2, 60, 30, None)


@pytest.mark.parametrize("api", ["openai-chat", "openai-responses"])
def test_reasoning_counts_as_output(api: str) -> None:
    reply = Reply("44", input_tokens=100, output_tokens=300, reasoning_tokens=290)
    with running(Loopback(lambda asked: reply)) as provider:
        (guess,) = asked(model(provider, api))
    assert guess.usage is not None
    assert (guess.usage.output_tokens, guess.usage.reasoning_tokens) == (300, 290)


@pytest.mark.parametrize("api", APIS)
def test_every_listing_gets_its_own_guess_when_many_are_asked_at_once(api: str) -> None:
    listings = [listing(number) for number in range(60)]
    with running(Loopback(delay_s=0.01)) as provider:
        guesses = asked(model(provider, api), *listings)
        assert provider.stats()["calls"] == 60
    assert [guess.value for guess in guesses] == [price_of(f"<listing>\n{each.text}\n</listing>") for each in listings]


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply("I cannot help with that."), "refused"),
        (Reply(None, refusal="I cannot."), "refused"),
        (Reply("", stop="content_filter"), "refused"),
        (Reply(""), "empty reply"),
        (Reply("a lamp"), "no number"),
        (Reply("$20-30"), "range"),
        (Reply("The lamp is", stop="length"), "truncated"),
        (Reply("", stop="length"), "truncated"),
    ],
)
def test_a_reply_that_gives_no_number_is_a_failure_that_keeps_its_bill(reply: Reply, failure: str) -> None:
    with running(Loopback(lambda asked: reply)) as provider:
        (guess,) = asked(model(provider))
    assert guess.failure == failure
    assert guess.usage is not None and guess.usage.output_tokens is not None


def test_a_label_is_read_as_a_label() -> None:
    with running(Loopback(lambda asked: '{"label": "bad"}')) as provider:
        (guess,) = asked(model(provider, task=MOOD, settings=ChatSettings(structured=True)))
        schema = provider.seen[0].body["response_format"]["json_schema"]["schema"]
    assert guess.label == "bad"
    assert schema["properties"] == {"label": {"type": "string", "enum": ["good", "bad"]}}


def test_settings_reach_each_protocol_in_its_own_words() -> None:
    settings = ChatSettings(50, 0.0, 7, structured=True, reasoning_effort="low")
    sent = {}
    for api in APIS:
        with running(Loopback(lambda asked: '{"price": 44}')) as provider:
            asked(model(provider, api, settings))
            sent[api] = provider.seen[0].body
    chat, responses, messages = (sent[api] for api in APIS)
    assert (chat["max_tokens"], chat["temperature"], chat["seed"], chat["reasoning_effort"]) == (50, 0.0, 7, "low")
    assert (responses["max_output_tokens"], responses["reasoning"], responses["store"]) == (
        50,
        {"effort": "low"},
        False,
    )
    assert responses["text"]["format"]["strict"] is True
    assert (messages["max_tokens"], messages["thinking"]) == (50, {"type": "adaptive"})
    assert messages["output_config"]["effort"] == "low"
    assert messages["output_config"]["format"]["type"] == "json_schema"


def test_what_is_not_set_is_not_sent() -> None:
    with running(Loopback()) as provider:
        asked(model(provider))
        assert set(provider.seen[0].body) == {"model", "messages", "max_tokens"}


def refusing(word: str) -> Loopback:
    """A provider that answers 400 to every request that has a parameter of this name."""
    body = b'{"error": {"message": "Unsupported parameter: \'%s\'"}}' % word.encode()
    return Loopback(lambda asked: Fault(400, body) if word in asked.body else "44")


@pytest.mark.parametrize("word", ["response_format", "temperature", "seed"])
def test_a_parameter_that_the_provider_refuses_is_left_out_for_the_whole_run(word: str) -> None:
    settings = ChatSettings(temperature=0.0, seed=1, structured=True)
    with running(refusing(word)) as provider:
        chat = model(provider, settings=settings)
        guesses = asked(chat, listing(1), listing(2)) + asked(chat, listing(3))
        assert [guess.value for guess in guesses] == [44.0, 44.0, 44.0]
        assert provider.statuses["400"] <= 2
        assert chat.dropped == {"schema" if word == "response_format" else word}


def test_without_the_schema_the_instruction_asks_for_plain_words() -> None:
    with running(refusing("response_format")) as provider:
        asked(model(provider, settings=ChatSettings(structured=True)))
        first, second = (seen.body["messages"][0]["content"] for seen in provider.seen)
    assert "JSON" in first
    assert "JSON" not in second


def test_a_server_that_wants_the_newer_name_of_the_limit_gets_it() -> None:
    body = b'{"error": {"message": "Use \'max_completion_tokens\' instead."}}'
    with running(Loopback(lambda asked: Fault(400, body) if "max_tokens" in asked.body else "44")) as provider:
        (guess,) = asked(model(provider))
    assert guess.value == 44.0


def test_asking_after_closing_opens_new_connections() -> None:
    with running(Loopback()) as provider:
        chat = model(provider)
        assert asked(chat)[0].value == asked(chat)[0].value


def test_a_chat_model_is_an_asker() -> None:
    assert isinstance(model(Loopback()), Asker)


def test_the_worst_case_bounds_what_a_byte_for_a_token_would_cost() -> None:
    text = "電球 " * 500
    chat = model(Loopback(), settings=ChatSettings(shots=((listing(2), 12.5),), structured=True))
    worst = chat.worst_case(listing(1, text))
    sent = sum(len(turn.text.encode()) for turn in chat.messages(listing(1, text)))
    assert worst.input_tokens is not None and sent < worst.input_tokens < sent + 1500
    assert worst.output_tokens == chat.output_tokens == 24


def test_the_estimate_stays_below_the_worst_case() -> None:
    chat = model(Loopback())
    likely, worst = chat.estimate(listing()), chat.worst_case(listing())
    assert likely.input_tokens is not None and worst.input_tokens is not None
    assert likely.input_tokens < worst.input_tokens


def test_a_model_that_reasons_has_room_to() -> None:
    plain, reasons = model(Loopback()), model(Loopback(), settings=ChatSettings(reasoning_effort="low"))
    assert (plain.output_tokens, reasons.output_tokens) == (24, 4096)


def test_the_prompt_hash_follows_words_examples_and_settings_but_not_the_time_out() -> None:
    def hash_of(settings: ChatSettings, task: Task | None = None) -> str:
        return model(Loopback(), settings=settings, task=task).prompt_hash

    usual = ChatSettings()
    assert hash_of(usual) == hash_of(replace(usual, timeout_s=5.0))
    others = [replace(usual, seed=1), replace(usual, shots=((listing(2), 3.0),)), replace(usual, structured=True)]
    hashes = {hash_of(usual), hash_of(usual, Task(question="How much?")), *map(hash_of, others)}
    assert len(hashes) == 5


def test_many_calls_share_the_connections() -> None:
    with running(Loopback(delay_s=0.005)) as provider:
        chat = model(provider)

        async def twice() -> int:
            await asyncio.gather(*(chat.ask(listing(number)) for number in range(8)))
            await asyncio.gather(*(chat.ask(listing(number)) for number in range(8)))
            open_now = len(provider.open)
            await chat.close()
            return open_now

        assert asyncio.run(twice()) <= 8


def test_importing_chat_models_loads_no_providers_library() -> None:
    code = "import sys, pricer.predictors.chat.chat, pricer.predictors.chat.probes; print('openai' in sys.modules, 'anthropic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
