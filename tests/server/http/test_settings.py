"""What `assay serve --http` accepts, and the command as people run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from agent.serve import serve
from pricer.errors import BadInput
from server.http.guard import names_of
from server.http.settings import Budget, Issuer, Settings, checked
from server.http.tokens import read_tokens
from tests.server.http.service import asked, bearer, opened

COMMAND = "import typer; from agent.serve import serve; typer.run(serve)"


@pytest.mark.parametrize("host", ["192.168.1.7", "0.0.0.0", "::", "assay.example", "10.0.0.1"])
def test_an_address_that_others_reach_is_refused_without_tokens(host: str) -> None:
    with pytest.raises(BadInput, match=r"nobody would have to show who they are.*--new-token NAME"):
        checked(Settings(host=host, allow_hosts=("assay.example",)))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_this_machine_s_own_addresses_need_no_token(host: str) -> None:
    assert checked(Settings(host=host)).needs_token is False


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (Settings(host="0.0.0.0", tokens=Path("t")), "under which names"),
        (Settings(port=70_000), "0 to 65535"),
        (Settings(public_url="http://assay.example/mcp"), "wanted https"),
        (Settings(public_url="https://ann:secret@assay.example/mcp"), "without user"),
        (Settings(issuer=Issuer("http://id.example", "a")), "wanted https"),
        (Settings(issuer=Issuer("id.example", "a")), "wanted an https address"),
    ],
)
def test_what_is_not_safe_is_refused_with_what_is_missing(settings: Settings, why: str) -> None:
    with pytest.raises(BadInput, match=why) as refused:
        checked(settings)
    assert "secret" not in str(refused.value)


def test_a_server_goes_by_its_address_its_public_name_and_the_allowed_ones() -> None:
    settings = Settings("10.0.0.1", 80, Path("t"), allow_hosts=("Assay.example",), public_url="https://mcp.example/mcp")
    assert names_of(settings).hosts == {
        "10.0.0.1:80", "assay.example", "assay.example:80", "mcp.example", "mcp.example:80",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--tokens", "t"], "--tokens: only for serving over HTTP; add --http"),
        (["--http", "--expires", "2027-01-01"], "--expires belongs to --new-token"),
        (["--http", "--usd-per-day", "much"], "--usd-per-day: wanted dollars"),
        (["--http", "--calls-per-day", "-1"], "--calls-per-day: wanted 0 or more"),
        (["--http", "--requests-per-minute", "0"], "--requests-per-minute"),
        (["--http", "--oauth-issuer", "https://id.example"], "--oauth-audience"),
        (["--http", "--oauth-scope", "a"], "--oauth-scope belongs"),
        (["--new-token", "laptop"], "--new-token: say with --tokens"),
        (["--new-token", "a/b", "--tokens", "t"], "wanted a name"),
        (["--new-token", "a", "--tokens", "t", "--expires", "soon"], "--expires: wanted a day"),
        (["--http", "--tokens", "no-such-file"], "no file of tokens there"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    options: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result: Any = CliRunner().invoke(_app(), options)
    assert isinstance(result.exception, BadInput)
    assert why in str(result.exception)


def test_a_new_token_stands_alone_on_stdout(tmp_path: Path) -> None:
    options = [
        "--new-token",
        "laptop",
        "--tokens",
        str(tmp_path / "t.toml"),
        "--usd-per-day",
        "$5",
        "--calls-per-day",
        "9",
    ]
    result = CliRunner().invoke(_app(), options)
    (token,) = read_tokens(tmp_path / "t.toml")
    assert (result.exit_code, result.stdout.count("\n"), result.stdout.startswith("assay_")) == (0, 1, True)
    assert Budget(token.calls_per_day, token.usd_per_day) == Budget(9, Decimal(5))


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM is a thing of POSIX")
def test_the_command_serves_until_sigterm_and_ends_with_0(tmp_path: Path) -> None:
    made = CliRunner().invoke(_app(), ["--new-token", "laptop", "--tokens", str(tmp_path / "t.toml")]).stdout.strip()
    command = [sys.executable, "-c", COMMAND, "--http", "--port", "0", "--tokens", str(tmp_path / "t.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[1]
        opened(url, **bearer(made))
        refused = asked(url, body={}, **bearer("assay_wrong"))
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=60)
    assert (process.returncode, out, refused.status) == (0, "", 401)
    assert "token:laptop POST /mcp 200" in log
    assert "assay_" not in log


def _app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(serve)
    return app
