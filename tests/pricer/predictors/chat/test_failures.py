"""What goes wrong with a provider, and what the run is told; the key is told to nobody."""

from __future__ import annotations

import asyncio
import json
import logging
import socket

import pytest

from pricer.errors import BadInput
from pricer.predictors.chat.chat import ChatModel, ChatSettings
from pricer.predictors.chat.failures import after_s
from pricer.predictors.chat.providers import Connection
from pricer.predictors.protocol import Busy, Refused, Rejected, Task
from tests.pricer.predictors.chat.loopback import FAULTS, Fault, Loopback, Reply, running
from tests.pricer.predictors.chat.toys import APIS, KEY, asked, listing, model


def failure(fault: Fault | Reply, api: str = "openai-chat", timeout_s: float = 30.0) -> Exception:
    """What asking raises when the provider does this."""
    with running(Loopback(lambda asked: fault)) as provider:
        with pytest.raises((Busy, Refused, Rejected)) as raised:
            asked(model(provider, api, ChatSettings(timeout_s=timeout_s)))
        assert provider.calls == 1
    return raised.value


def said(message: str, code: str | None = None) -> bytes:
    """An error body as OpenAI writes it."""
    return json.dumps({"error": {"message": message, "type": "x", "code": code}}).encode()


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_passing_trouble_asks_to_come_again(status: int, api: str) -> None:
    found = failure(Fault(status, headers={"Retry-After": "7"}), api)
    assert isinstance(found, Busy)
    assert (found.after_s, found.slow_down, found.billed) == (7.0, status in {429, 529}, False)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", ["malformed", "empty", "cut"])
def test_a_broken_body_may_have_been_billed(name: str, api: str) -> None:
    found = failure(FAULTS[name], api)
    assert isinstance(found, Busy)
    assert (found.billed, found.slow_down) == (True, False)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"{}", b'{"choices": []}', b'{"output": 1}', b'{"content": "x"}', b"[" * 9999]
)
def test_a_body_without_an_answer_asks_to_come_again(body: bytes, api: str) -> None:
    assert isinstance(failure(Fault(200, body), api), Busy)


@pytest.mark.parametrize("api", APIS)
def test_silence_ends_at_the_time_out_and_may_have_been_billed(api: str) -> None:
    found = failure(FAULTS["hang"], api, timeout_s=0.2)
    assert isinstance(found, Busy)
    assert found.billed


def test_bytes_that_are_no_http_ask_to_come_again() -> None:
    async def serve_and_ask() -> None:
        async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"SSH-2.0-nonsense\r\n\r\n")
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
        provider = Loopback()
        provider.port = server.sockets[0].getsockname()[1]
        chat = model(provider)
        try:
            await chat.ask(listing())
        finally:
            await chat.close()
            server.close()

    with pytest.raises(Busy):
        asyncio.run(serve_and_ask())


@pytest.mark.parametrize("api", APIS)
def test_an_address_where_nobody_listens_cost_nothing(api: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = Connection(
            "vllm", "toy", api, f"http://127.0.0.1:{held.getsockname()[1]}/v1", KEY, None, own_machine=True
        )
        with pytest.raises(Busy) as raised:
            asked(ChatModel(nobody, Task()))
    assert raised.value.billed is False
    assert "127.0.0.1" in str(raised.value)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("status", [301, 401, 402, 403, 404])
def test_what_no_attempt_can_mend_ends_the_run(status: int, api: str) -> None:
    found = failure(Fault(status, said("no"), {"Location": "http://127.0.0.1:1/"}), api)
    assert isinstance(found, Refused)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, said("You exceeded your current quota", "insufficient_quota")),
        (400, said("API key not valid. Please pass a valid API key.")),
        (400, said("toy is not a valid model ID")),
        (400, said("Your credit balance is too low")),
    ],
)
def test_an_empty_account_or_an_unknown_model_is_refused_whatever_its_status(status: int, body: bytes) -> None:
    assert isinstance(failure(Fault(status, body)), Refused)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "maximum context length is 8192 tokens"), (413, "too large"), (422, "bad"), (403, "flagged by moderation")],
)
def test_a_listing_that_cannot_be_answered_is_rejected_alone(status: int, message: str, api: str) -> None:
    found = failure(Fault(status, said(message)), api)
    assert isinstance(found, Rejected)
    assert message in str(found)


def test_an_error_within_a_success_counts_as_its_own_code() -> None:
    found = failure(Fault(200, b'{"error": {"message": "upstream is busy", "code": 429}}'))
    assert isinstance(found, Busy)
    assert found.slow_down


def test_a_refused_key_is_named_by_its_variable() -> None:
    found = failure(Fault(401, said(f"Incorrect API key provided: {KEY[:8]}*****{KEY[-4:]}")))
    assert "OPENAI_API_KEY" in str(found)
    assert KEY[:8] not in str(found) and KEY[-4:] not in str(found)
    assert isinstance(found, BadInput)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_the_key_is_found_nowhere(status: int, api: str, caplog: pytest.LogCaptureFixture) -> None:
    echo = Reply(f"your key is {KEY}: $4") if status == 200 else Fault(status, said(f"bad key {KEY}!"))
    told = []
    caplog.set_level(logging.DEBUG)
    with running(Loopback(lambda asked: echo)) as provider:
        chat = model(provider, api)
        try:
            told.append(repr(asked(chat)))
        except (Busy, Refused, Rejected) as raised:
            told += [repr(raised), str(raised), repr(raised.__cause__), repr(raised.args)]
        assert any(KEY in value for value in provider.seen[0].headers.values())
    told += [repr(chat), repr(chat.connection), str(vars(chat)), chat.prompt_hash, caplog.text]
    assert not [text for text in told if "canary" in text]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_the_wait_that_a_provider_asks_for_is_read(headers: dict[str, str], wait: float | None) -> None:
    assert after_s(headers, now=60.0) == wait
