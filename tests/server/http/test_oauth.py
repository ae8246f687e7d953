"""OAuth: tokens of an issuer on loopback, good ones and every bad one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from server.http.issuer import metadata_addresses
from server.http.settings import Issuer, Settings
from server.http.tokens import add_token
from tests.server.http.service import COMPARE, asked, bearer, called, opened, rpc, running

AUDIENCE = "https://assay.example/mcp"
KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Served:
    """A server behind an issuer."""

    url: str
    issuer: str
    own: str

    def token(self, key: Any = KEY, algorithm: str | None = "ES256", /, **changed: Any) -> str:
        """A token as the issuer makes them, with other claims; None takes one out."""
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "ann",
            "exp": time.time() + 600,
            "scope": "assay read",
        } | changed
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key, algorithm, headers={"kid": "k1"})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("tokens") / "tokens.toml"
    own = add_token(Path(file), "laptop")
    with Issuing() as issuer, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(tmp_path_factory.mktemp("home")))
        settings = Settings(port=0, tokens=file, issuer=Issuer(issuer, AUDIENCE, ("assay",)), public_url=AUDIENCE)
        with running(settings) as service:
            yield Served(service.url, issuer, own)


class Issuing:
    """An authorization server's two documents, on loopback."""

    def __enter__(self) -> str:
        told: dict[str, Any] = {}

        class Documents(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = told.get(self.path)
                self.send_response(404 if found is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Documents)
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()
        issuer = f"http://127.0.0.1:{self._server.server_port}/realm"
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key()))
        told["/realm/keys"] = {"keys": [public | {"kid": "k1", "use": "sig", "alg": "ES256"}]}
        told["/realm/.well-known/openid-configuration"] = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
        return issuer

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_a_token_of_the_issuer_opens_a_session_and_calls(served: Served) -> None:
    shown = bearer(served.token())
    assert called(served.url, opened(served.url, **shown), COMPARE, **shown).status == 200


def test_a_token_of_ours_counts_beside_the_issuer_s(served: Served) -> None:
    assert opened(served.url, **bearer(served.own))


def test_an_audience_among_others_is_enough(served: Served) -> None:
    assert opened(served.url, **bearer(served.token(aud=["https://else.example", AUDIENCE])))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://else.example/mcp"}, {"aud": None}, {"iss": "https://else.example"}, {"iss": None}, {"exp": 1}, {"exp": None},
        {"nbf": 32_503_680_000},
    ],
)  # fmt: skip
def test_a_token_for_another_from_another_or_out_of_its_time_is_refused(
    served: Served, changed: dict[str, Any]
) -> None:
    assert asked(served.url, body=rpc("ping"), **bearer(served.token(**changed))).status == 401


def test_a_token_signed_by_another_key_is_refused(served: Served) -> None:
    assert asked(served.url, body=rpc("ping"), **bearer(served.token(OTHER_KEY))).status == 401


def test_a_token_without_a_signature_is_refused(served: Served) -> None:
    assert asked(served.url, body=rpc("ping"), **bearer(served.token(None, None))).status == 401


def test_a_token_signed_with_a_shared_secret_is_refused(served: Served) -> None:
    assert asked(served.url, body=rpc("ping"), **bearer(served.token("s" * 32, "HS256"))).status == 401


@pytest.mark.parametrize("shown", ["a.b.c", "a.b", "." * 40_000])
def test_what_is_no_token_is_refused(served: Served, shown: str) -> None:
    assert asked(served.url, body=rpc("ping"), **bearer(shown)).status in (400, 401)


def test_a_token_without_the_scope_is_forbidden(served: Served) -> None:
    reply = asked(served.url, body=rpc("ping"), **bearer(served.token(scope="read")))
    assert (reply.status, "insufficient_scope" in reply.headers["www-authenticate"]) == (403, True)


def test_the_refusal_says_where_to_read_whose_tokens_count(served: Served) -> None:
    where = "https://assay.example/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{where}"' in asked(served.url, body=rpc("ping")).headers["www-authenticate"]
    told = json.loads(asked(served.url, "GET", path="/.well-known/oauth-protected-resource/mcp").text)
    assert (told["resource"], told["authorization_servers"]) == (AUDIENCE, [served.issuer])


def test_a_session_of_one_subject_is_not_another_s(served: Served) -> None:
    session = opened(served.url, **bearer(served.token()))
    assert called(served.url, session, COMPARE, **bearer(served.token(sub="bob"))).status == 404
    assert called(served.url, session, COMPARE, **bearer(served.token(jti="a new one"))).status == 200


def test_an_issuer_s_metadata_is_looked_for_where_the_standards_put_it() -> None:
    assert metadata_addresses("https://id.example/realm/") == [
        "https://id.example/.well-known/oauth-authorization-server/realm",
        "https://id.example/realm/.well-known/openid-configuration",
    ]
