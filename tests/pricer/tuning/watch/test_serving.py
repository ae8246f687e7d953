from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pricer.errors import BadInput
from pricer.tuning.record import Record, Status
from pricer.tuning.watch.serving import serve, serving
from tests.pricer.tuning.watch.jobs import evaluated, falling, job


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(url: str, path: str = "/", method: str = "GET", host: str | None = None) -> Reply:
    """One request, with the name it asks under."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=20)
    try:
        connection.request(method, path, headers={} if host is None else {"Host": host})
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A job in the middle."""
    return job(tmp_path / "job", falling(20))


@pytest.fixture
def url(record: Record) -> Iterator[str]:
    """Where its page is served."""
    with serving(record) as address:
        yield address


def test_page_and_record_are_served_to_this_machine(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")
    assert b'"live":true' in ask(url).body
    assert json.loads(ask(url, "/record.json").body)["step"] == 20


def test_record_is_told_anew_when_it_has_changed(url: str, record: Record) -> None:
    before = json.loads(ask(url, "/record.json").body)
    record.add_point(evaluated(30, 0.1, 1.0))
    after = json.loads(ask(url, "/record.json").body)
    assert (before["best"]["step"], after["best"]["step"]) == (20, 30)


def test_end_of_the_job_is_told(url: str, record: Record) -> None:
    record.write_status(Status("done", step=20, steps=20))
    assert json.loads(ask(url, "/record.json").body)["ended"] is True


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80", ""])
def test_another_name_is_refused(url: str, host: str) -> None:
    assert ask(url, host=host).status == 421
    assert ask(url, "/record.json", host=host).status == 421


def test_localhost_is_a_name_of_this_machine(url: str) -> None:
    assert ask(url, host=f"localhost:{urlsplit(url).port}").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "NONSENSE"])
def test_nothing_but_reading_is_allowed(url: str, method: str) -> None:
    reply = ask(url, method=method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("path", ["/plan.json", "/../plan.json", "/record.json?x=1", "/page.js", "/favicon.ico"])
def test_no_other_path_is_answered(url: str, path: str) -> None:
    assert ask(url, path).status == 404


def test_answers_may_not_be_framed_kept_or_guessed_at(url: str) -> None:
    told = ask(url).headers
    assert told["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert told["Cache-Control"] == "no-store"
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in told
    assert ask(url, "/record.json").headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_record_that_has_become_unreadable_is_an_error_in_words(url: str, record: Record) -> None:
    (record.folder / "plan.json").write_text("{torn")
    reply = ask(url, "/record.json")
    assert reply.status == 503
    assert "plan.json" in json.loads(reply.body)["error"]


def test_server_is_gone_after_its_block(record: Record) -> None:
    with serving(record) as url:
        pass
    with pytest.raises(ConnectionRefusedError):
        ask(url)


def test_port_that_is_taken_is_refused(url: str, record: Record) -> None:
    with pytest.raises(BadInput, match="free"), serving(record, urlsplit(url).port or 0):
        pass


def test_port_that_cannot_be_is_refused(record: Record) -> None:
    with pytest.raises(BadInput, match="70000"), serving(record, 70_000):
        pass


def test_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"plan\.json"), serving(Record(tmp_path / "nothing")):
        pass


def test_serving_goes_on_until_it_is_interrupted(record: Record) -> None:
    heard: list[int] = []

    def interrupt(url: str) -> None:
        heard.append(ask(url).status)
        raise KeyboardInterrupt

    serve(record, told=interrupt)
    assert heard == [200]


def test_job_whose_process_died_is_served_as_one_who_knows_says(record: Record) -> None:
    known = [Status("running", steps=40)]
    with serving(record, standing=lambda _: known[0]) as url:
        assert json.loads(ask(url, "/record.json").body)["ended"] is False
        known[0] = Status("stopped", steps=40, why="its process ended")
        told = json.loads(ask(url, "/record.json").body)
    assert (told["ended"], told["why"]) == (True, "its process ended")
