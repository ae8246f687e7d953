"""The server over HTTP as clients meet it, on loopback without tokens."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from mcp import Client
from mcp.server import MCPServer

from pricer.errors import BadInput
from server.app import VERSION
from server.http.settings import Limits, Settings
from tests.server.http.service import COMPARE, LEGACY, Reply, asked, called, opened, rpc, running, sent_alone
from tests.server.toys import until


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(tmp_path_factory.mktemp("home")))
        with running(Settings(port=0, allow_hosts=("assay.example",), limits=Limits(body_bytes=50_000))) as service:
            yield service.url


@pytest.mark.parametrize(("mode", "protocol"), [("legacy", LEGACY), ("auto", "2026-07-28")])
def test_a_client_of_either_protocol_lists_eleven_tools_and_calls_one(url: str, mode: str, protocol: str) -> None:
    async def go() -> tuple[str, int, Any]:
        async with Client(url, mode=mode) as client:
            tools = await client.list_tools()
            result = await client.call_tool(COMPARE["name"], COMPARE["arguments"])  # type: ignore[arg-type]
            return client.protocol_version, len(tools.tools), result.structured_content

    spoken, n_tools, told = anyio.run(go)
    assert (spoken, n_tools) == (protocol, 11)
    assert told["rows"][0]["model"] == "openai/gpt-5.1"


def test_health_tells_version_sessions_and_uptime_and_nothing_else(url: str) -> None:
    session = opened(url)
    told = json.loads(asked(url, "GET", path="/health").text)
    asked(url, "DELETE", mcp_session_id=session, mcp_protocol_version=LEGACY)
    assert set(told) == {"status", "version", "sessions", "uptime_s"}
    assert (told["status"], told["version"]) == ("ok", VERSION)
    assert told["sessions"] >= 1


def test_a_health_check_may_call_the_server_by_its_address(url: str) -> None:
    assert asked(url, "GET", path="/health", host="10.0.0.7:80").status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "127.0.0.1.evil.example"])
def test_another_host_is_refused(url: str, host: str) -> None:
    assert asked(url, body=rpc("ping"), host=host).status == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://assay.example.evil.example"]
)
def test_a_call_from_another_site_is_refused(url: str, origin: str) -> None:
    assert asked(url, body=rpc("ping"), origin=origin).status == 403


@pytest.mark.parametrize("origin", ["https://assay.example", "http://localhost:{port}"])
def test_a_call_from_our_own_site_is_served(url: str, origin: str) -> None:
    own = origin.format(port=urlsplit(url).port)
    assert asked(url, body=rpc("tools/list"), origin=own).status == 400  # served as far as its missing session lets it


def test_a_body_that_is_too_large_is_refused(url: str) -> None:
    assert asked(url, body=b"x" * 50_001).status == 413


def test_a_body_that_is_too_large_is_refused_when_its_size_is_not_announced(url: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request(
        "POST", "/mcp", iter([b"x" * 30_000] * 2), {"content-type": "application/json"}, encode_chunked=True
    )
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"jsonrpc": "2.0"}', b"\xff", b"[" * 20_000])
def test_a_malformed_body_is_refused(url: str, body: bytes) -> None:
    assert asked(url, body=body, mcp_session_id=opened(url), mcp_protocol_version=LEGACY).status == 400


def test_headers_that_are_too_long_are_refused(url: str) -> None:
    assert asked(url, body=rpc("ping"), x_long="x" * 20_000).status == 400


def test_a_session_nobody_opened_is_refused(url: str) -> None:
    asked_before = called(url, opened(url), COMPARE)
    assert asked_before.status == 200
    assert called(url, "0" * 32, COMPARE).status == 404


def test_an_answer_that_is_kept_is_the_one_that_was_worked_out(url: str) -> None:
    session = opened(url)
    params = {"name": "recommend_models", "arguments": {"requirements": {"min_context_tokens": 400_000}}}
    first, again = called(url, session, params), called(url, session, params)
    assert (first.headers["content-type"], again.headers["content-type"]) == (
        "text/event-stream",
        "application/json",
    )
    assert again.message == first.message


def test_a_kept_answer_without_a_session_is_the_one_that_was_worked_out(url: str) -> None:
    params = {"name": "compare_models", "arguments": {"models": ["qwen3-32b"]}}
    first, again = sent_alone(url, params), sent_alone(url, params)
    assert again.message == first.message


def test_headers_that_disagree_with_the_body_are_refused_for_a_kept_answer_too(url: str) -> None:
    assert sent_alone(url, COMPARE).status == 200
    assert sent_alone(url, COMPARE, mcp_name="recommend_models").status == 400


def test_a_kept_answer_is_not_given_in_a_session_that_has_ended(url: str) -> None:
    session = opened(url)
    called(url, session, COMPARE)
    asked(url, "DELETE", mcp_session_id=session, mcp_protocol_version=LEGACY)
    assert called(url, session, COMPARE).status == 404


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /mcp HTTP/1.1\r\nHost: x\r\n", b"POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n{"],
)
def test_a_request_that_does_not_arrive_is_ended(sent: bytes) -> None:
    with running(Settings(port=0, limits=Limits(request_s=0.2))) as service:
        parts = urlsplit(service.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as slow:
            slow.sendall(sent.replace(b"{host}", parts.netloc.encode()))
            told = b"".join(iter(lambda: slow.recv(4096), b""))
    assert told.startswith(b"HTTP/1.1 408")


def test_a_session_that_is_idle_ends() -> None:
    with running(Settings(port=0, limits=Limits(idle_s=0.05))) as service:
        session = opened(service.url)
        until(lambda: json.loads(asked(service.url, "GET", path="/health").text)["sessions"] == 0)
        assert called(service.url, session, COMPARE).status == 404


@pytest.mark.parametrize("in_session", [True, False])
def test_a_call_in_flight_is_answered_before_the_server_ends(in_session: bool) -> None:
    began, go_on = threading.Event(), threading.Event()
    answers: list[Reply] = []
    server = MCPServer("slow")

    @server.tool()
    def slow() -> str:
        began.set()
        assert go_on.wait(30)
        return "finished"

    def call() -> None:
        params = {"name": "slow", "arguments": {}}
        answers.append(called(service.url, session, params) if session else sent_alone(service.url, params))

    with running(Settings(port=0), server) as service:
        session = opened(service.url) if in_session else None
        caller = threading.Thread(target=call)
        caller.start()
        assert began.wait(30)
        service.should_exit = True
        until(lambda: _refuses(service.url))
        go_on.set()
        caller.join(timeout=30)
    assert [one.message["result"]["content"][0]["text"] for one in answers] == ["finished"]


def test_an_open_stream_does_not_hold_up_the_end() -> None:
    with running(Settings(port=0, limits=Limits(drain_s=600))) as service:
        session = opened(service.url)
        parts = urlsplit(service.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        headers = {"accept": "text/event-stream", "mcp-session-id": session, "mcp-protocol-version": LEGACY}
        connection.request("GET", "/mcp", headers=headers)
        stream = connection.getresponse()
        service.should_exit = True
        assert (stream.status, stream.read()) == (200, b"")
        connection.close()


def test_an_address_that_is_taken_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(BadInput, match="choose another --port"), running(Settings(port=urlsplit(url).port or 0)):
        pass


def _refuses(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except OSError:
        return True
    return False
