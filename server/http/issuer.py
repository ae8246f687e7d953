"""Tokens of an OAuth authorization server: signature, issuer, audience, time and scopes, checked against the keys it publishes."""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit

import jwt

from server.http.settings import Issuer

if TYPE_CHECKING:
    from jwt import PyJWKClient

# Public-key signatures only: with a shared-secret one, the published key itself could sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
TIMEOUT_S = 5.0
KEYS_LAST_S = 300.0
LEEWAY_S = 30
AGAIN_S = 10.0  # after an issuer that did not answer
LONGEST = 16_384  # characters of a token
LARGEST = 1024 * 1024  # bytes of a metadata document
log = logging.getLogger("assay.http")


@dataclass(slots=True)
class Keys:
    """An issuer and its published keys, which are fetched when first needed."""

    issuer: Issuer
    _client: PyJWKClient | None = field(default=None, repr=False)
    _again_s: float = 0.0

    def claims(self, token: str) -> dict[str, Any] | None:
        """What a good token says; None for any other. Blocks while it fetches keys."""
        if len(token) > LONGEST or token.count(".") != 2:
            return None
        if time.monotonic() < self._again_s:  # the issuer did not answer a moment ago: nobody waits for it again yet
            return None
        try:
            if self._client is None:
                self._client = _client(self.issuer.url)
            key = self._client.get_signing_key_from_jwt(token)
            found: dict[str, Any] = jwt.decode(
                token, key, algorithms=list(ALGORITHMS), issuer=self.issuer.url, audience=self.issuer.audience,
                leeway=LEEWAY_S, options={"require": ["exp", "iss", "aud"]},
            )  # fmt: skip
        except (jwt.PyJWTError, URLError, OSError, ValueError) as error:
            if self._client is None or isinstance(error, URLError | OSError | jwt.PyJWKClientConnectionError):
                self._again_s = time.monotonic() + AGAIN_S
            log.info("a token of %s was refused: %s", self.issuer.url, type(error).__name__)
            return None
        return found


def scopes_of(claims: dict[str, Any]) -> list[str]:
    """The scopes that a token carries: RFC 9068's text, or the list that some issuers write."""
    told = claims.get("scope", claims.get("scp", ""))
    return told.split() if isinstance(told, str) else [one for one in told if isinstance(one, str)]


def metadata_addresses(issuer: str) -> list[str]:
    """Where an issuer may publish what it is: RFC 8414, then OpenID Connect Discovery."""
    parts = urlsplit(issuer)
    root, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return [
        f"{root}/.well-known/oauth-authorization-server{path}",
        f"{root}{path}/.well-known/openid-configuration",
    ]


def _client(issuer: str) -> PyJWKClient:
    from jwt import PyJWKClient

    return PyJWKClient(_keys_address(issuer), lifespan=KEYS_LAST_S, timeout=TIMEOUT_S)


def _keys_address(issuer: str) -> str:
    """The `jwks_uri` of the first document that is the issuer's own. ValueError when there is none."""
    for address in metadata_addresses(issuer):
        told = _fetched(address)
        if told.get("issuer") == issuer and isinstance(uri := told.get("jwks_uri"), str):
            # http: the issuer's own address alone
            if urlsplit(uri).scheme != "https" and urlsplit(uri)[:2] != urlsplit(issuer)[:2]:
                raise ValueError("its keys lie at an address that is not https")
            return uri
    raise ValueError("it publishes no metadata with its own name and its keys")


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: an issuer's word counts from its own address."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def _fetched(address: str) -> dict[str, Any]:
    try:
        with urllib.request.build_opener(_Straight).open(address, timeout=TIMEOUT_S) as reply:
            told = json.loads(reply.read(LARGEST))
    except (URLError, OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
