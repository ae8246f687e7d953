"""Bearer tokens: the file, what it refuses, and what a server does with them."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from pricer.errors import BadInput
from server.http.settings import Budget, Limits, Settings
from server.http.tokens import TokenBook, add_token, digest_of, read_tokens
from tests.conftest import TODAY
from tests.server.http.service import COMPARE, asked, bearer, called, opened, rpc, running

YESTERDAY = TODAY - dt.timedelta(days=1)


@dataclass(frozen=True)
class Served:
    """A server that asks for tokens."""

    url: str
    file: Path
    laptop: str
    desk: str
    old: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("tokens") / "tokens.toml"
    laptop, desk = add_token(file, "laptop"), add_token(file, "desk")
    old = add_token(file, "old", expires=dt.date(2020, 1, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(tmp_path_factory.mktemp("home")))
        limits = Limits(requests_per_minute=1, burst=40)
        with running(Settings(port=0, tokens=file, limits=limits)) as service:
            yield Served(service.url, file, laptop, desk, old)


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_token_is_found_by_its_text_alone(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"tokens{suffix}"
    text = add_token(file, "laptop", Budget(100, Decimal("2.50")), TODAY)
    (token,) = read_tokens(file)
    assert (token.name, token.sha256, token.expires, token.calls_per_day, token.usd_per_day) == (
        "laptop", digest_of(text), TODAY, 100, Decimal("2.50"),
    )  # fmt: skip
    assert TokenBook(file).holder(text, TODAY) == token


def test_a_token_s_text_stands_nowhere_in_its_file(tmp_path: Path) -> None:
    text = add_token(tmp_path / "tokens.toml", "laptop")
    assert text.removeprefix("assay_") not in (tmp_path / "tokens.toml").read_text()


def test_no_two_tokens_are_the_same(tmp_path: Path) -> None:
    assert len({add_token(tmp_path / "tokens.toml", f"n{n}") for n in range(5)}) == 5


def test_a_token_holds_on_its_last_day_and_not_after(tmp_path: Path) -> None:
    book = TokenBook(tmp_path / "tokens.toml")
    text = add_token(book.path, "laptop", expires=YESTERDAY)
    assert book.holder(text, YESTERDAY) is not None
    assert book.holder(text, TODAY) is None


def test_a_token_taken_out_of_the_file_no_longer_holds(tmp_path: Path) -> None:
    book = TokenBook(tmp_path / "tokens.toml")
    text = add_token(book.path, "laptop")
    assert book.holder(text, TODAY)
    book.path.write_text("")
    assert book.holder(text, TODAY) is None


def test_the_file_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    add_token(tmp_path / "tokens.toml", "laptop")
    assert (tmp_path / "tokens.toml").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="modes are a thing of POSIX")
def test_a_file_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    add_token(tmp_path / "tokens.toml", "laptop")
    (tmp_path / "tokens.toml").chmod(0o640)
    with pytest.raises(BadInput, match=r"found mode 0640; mend with: chmod 600"):
        read_tokens(tmp_path / "tokens.toml")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not toml", "wanted a readable TOML"),
        ("a = 1", "nothing else"),
        ("token = 1", "nothing else"),
        ('[[token]]\nname = "a b"\nsha256 = "{h}"', "token 1: name"),
        ('[[token]]\nname = "a"\nsha256 = "secret"', "token 1: sha256"),
        ('[[token]]\nname = "a"\nsha256 = "{h}"\nextra = 1', "token 1: extra"),
        ('[[token]]\nname = "a"\nsha256 = "{h}"\nusd_per_day = -1', "token 1: usd_per_day"),
        ('[[token]]\nname = "a"\nsha256 = "{h}"\n[[token]]\nname = "b"\nsha256 = "{h}"', "same sha256"),
    ],
)
def test_a_file_with_a_fault_is_refused_without_quoting_it(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "tokens.toml"
    file.touch(0o600)
    file.write_text(text.replace("{h}", "0" * 64))
    with pytest.raises(BadInput, match=why) as refused:
        read_tokens(file)
    assert "secret" not in str(refused.value)


def test_a_second_token_of_the_same_name_is_refused(tmp_path: Path) -> None:
    add_token(tmp_path / "tokens.toml", "laptop")
    with pytest.raises(BadInput, match="named 'laptop' already"):
        add_token(tmp_path / "tokens.toml", "laptop")


def test_a_server_whose_file_holds_no_token_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "tokens.toml").touch(0o600)
    with (
        pytest.raises(BadInput, match="nobody could come in"),
        running(Settings(port=0, tokens=tmp_path / "tokens.toml")),
    ):
        pass


def test_who_shows_no_token_is_told_to(served: Served) -> None:
    reply = asked(served.url, body=rpc("ping"))
    assert (reply.status, reply.headers["www-authenticate"].split()[0]) == (401, "Bearer")


@pytest.mark.parametrize(
    "shown", ["Bearer assay_wrong", "Bearer ", "Basic bGFwdG9wOng=", "Bearer \xff", "Bearer {old}", "Bearer {laptop}x"]
)
def test_a_token_that_is_none_of_ours_or_has_expired_is_refused(served: Served, shown: str) -> None:
    header = shown.format(old=served.old, laptop=served.laptop)
    assert asked(served.url, body=rpc("ping"), authorization=header).status == 401


def test_a_token_in_the_address_does_not_count(served: Served) -> None:
    assert asked(served.url, body=rpc("ping"), path=f"/mcp?access_token={served.laptop}").status == 401


def test_health_asks_for_no_token(served: Served) -> None:
    assert asked(served.url, "GET", path="/health").status == 200


def test_a_session_belongs_to_the_token_that_opened_it(served: Served) -> None:
    session = opened(served.url, **bearer(served.laptop))
    assert called(served.url, session, COMPARE, **bearer(served.laptop)).status == 200
    assert called(served.url, session, COMPARE, **bearer(served.laptop)).status == 200  # a kept answer by now
    assert called(served.url, session, COMPARE, **bearer(served.desk)).status == 404
    assert asked(served.url, "DELETE", mcp_session_id=session, **bearer(served.desk)).status == 404


def test_neither_log_nor_refusal_holds_a_token(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        session = opened(served.url, **bearer(served.laptop))
        replies = [
            called(
                served.url,
                session,
                {"name": "no_such_tool", "arguments": {"secret": "in the body"}},
                **bearer(served.laptop),
            ),
            asked(served.url, body=b"{", **bearer(served.desk)),
            asked(served.url, body=rpc("ping"), path=f"/{served.laptop}?t={served.desk}", **bearer(served.laptop)),
            asked(served.url, body=rpc("ping"), **bearer(served.laptop + "x")),
        ]
    shown = "".join(reply.text + json.dumps(reply.headers) for reply in replies)
    ours = "".join(record.getMessage() for record in caplog.records if record.name == "assay.http")
    assert served.desk not in shown + caplog.text
    assert served.laptop not in shown + caplog.text
    assert "token:laptop POST /mcp" in ours
    assert "in the body" not in ours


def test_a_caller_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    one, other = add_token(file, "one"), add_token(file, "other")
    with running(Settings(port=0, tokens=file, limits=Limits(requests_per_minute=2, burst=2))) as service:
        statuses = [asked(service.url, body=rpc("ping"), **bearer(one)) for _ in range(3)]
        assert [reply.status for reply in statuses[:2]] == [400, 400]
        assert (statuses[2].status, statuses[2].headers["retry-after"]) == (429, "30")
        assert asked(service.url, body=rpc("ping"), **bearer(other)).status == 400
