"""One HTTP client for a connection, the provider's own SDK: bodies out, bodies in, its exceptions turned into ours.

A body is sent and read as it is, not through the SDK's models: that halves the processor time of a call. Where aiohttp is installed
the SDK's transport over it saves as much again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from pricer.installed import load
from pricer.predictors.chat.failures import failed, message_of, redacted
from pricer.predictors.chat.providers import Connection
from pricer.predictors.protocol import Busy, Rejected

MOST_CONNECTIONS = 1000
KEPT_ALIVE_S = 30.0


class BadRequest(Rejected):
    """A 400 or 422, which may blame one of the request's parameters."""


class Client:
    """Sends bodies to a connection's address. It belongs to the event loop that first used it, until it is closed."""

    def __init__(self, connection: Connection, timeout_s: float) -> None:
        self._connection, self._timeout_s = connection, timeout_s
        self._sdk = load(
            "anthropic" if connection.api == "anthropic" else "openai", f"asks {connection.provider}'s models"
        )
        self._http = load("httpx2", "carries requests to chat models")
        self._kinds = _failures(self._sdk, self._http)
        self._failures = self._kinds.all
        self._client = _sdk_client(self._sdk, self._http, connection, timeout_s)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body that answers; `Busy`, `Refused`, `Rejected` or `BadRequest` otherwise. One attempt, `timeout_s` in all."""
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(path, body=body, cast_to=self._http.Response)
                content = response.content
        except TimeoutError:
            raise Busy(
                f"{self._connection.provider} sent no answer within {self._timeout_s:g} s", billed=True
            ) from None
        except self._sdk.APIStatusError as error:
            raise self._status(error) from None
        except self._failures as error:
            raise self._broken(error) from None
        return self._parsed(content)

    async def close(self) -> None:
        """Gives the connections back."""
        await self._client.close()

    def _parsed(self, content: bytes) -> dict[str, Any]:
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict):
            return body
        found = redacted(content[:80].decode("utf-8", "replace"), self._connection)
        raise Busy(f"{self._connection.provider} sent a body that is no JSON object: {found!r}", billed=True)

    def _status(self, error: Any) -> Exception:
        message = message_of(error.body) or error.response.text
        failure = failed(error.status_code, error.response.headers, message, self._connection)
        if isinstance(failure, Rejected) and error.status_code in {400, 422}:
            return BadRequest(str(failure))
        return failure

    def _broken(self, error: Exception) -> Busy:
        """A connection that could not be made cost nothing; one that broke may have."""
        chain = list(_chain(error))
        why = redacted(f"{type(chain[-1]).__name__} {chain[-1]}", self._connection)
        where = f"{self._connection.provider} at {self._connection.base_url}"
        return Busy(f"no answer from {where}: {why}", billed=not self._kinds.never_sent(chain))


@dataclass(frozen=True, slots=True)
class Failures:
    """What may be raised between sending and reading: by the SDK, by httpx2, and by aiohttp, whose own pass its transport unchanged."""

    sdk: type[Exception]
    http: type[Exception]
    unconnected: type[Exception]
    aiohttp: tuple[type[Exception], ...]
    aiohttp_unconnected: tuple[type[Exception], ...]

    @property
    def all(self) -> tuple[type[Exception], ...]:
        """All of them."""
        return (self.sdk, self.http, OSError, *self.aiohttp)

    def never_sent(self, chain: Sequence[BaseException]) -> bool:
        """Whether no request left. What aiohttp says counts more than what its transport makes of it: that mixes up the two."""
        if any(isinstance(error, self.aiohttp) for error in chain):
            return any(isinstance(error, self.aiohttp_unconnected) for error in chain)
        return any(isinstance(error, self.unconnected) for error in chain)


class SdkClient(Protocol):
    """What both SDKs' clients have in common."""

    async def post(self, path: str, *, body: object, cast_to: Any) -> Any: ...

    async def close(self) -> None: ...


def _sdk_client(sdk: ModuleType, http: ModuleType, connection: Connection, timeout_s: float) -> SdkClient:
    options = {
        "limits": http.Limits(
            max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS, keepalive_expiry=KEPT_ALIVE_S
        ),
        "timeout": timeout_s,
        "follow_redirects": False,  # a redirect would carry the key to another host
        "trust_env": not connection.own_machine,  # no proxy stands between this machine and itself
    }
    try:
        carrier = sdk.DefaultAioHttpClient(**options)
    except RuntimeError:  # aiohttp is not installed
        carrier = sdk.DefaultAsyncHttpxClient(**options)
    known = {"api_key": connection.key, "base_url": connection.base_url, "timeout": timeout_s, "max_retries": 0}
    if connection.api == "anthropic":
        return sdk.AsyncAnthropic(**known, http_client=carrier)  # type: ignore[no-any-return]
    # an organisation set for OpenAI is no other provider's business
    headers = (
        {}
        if connection.provider == "openai"
        else {name: sdk.Omit() for name in ("OpenAI-Organization", "OpenAI-Project")}
    )
    return sdk.AsyncOpenAI(**known, http_client=carrier, default_headers=headers)  # type: ignore[no-any-return]


def _failures(sdk: ModuleType, http: ModuleType) -> Failures:
    try:
        from aiohttp import ClientConnectorError, ClientError
    except ModuleNotFoundError:
        return Failures(sdk.APIError, http.HTTPError, http.ConnectError, (), ())
    return Failures(sdk.APIError, http.HTTPError, http.ConnectError, (ClientError,), (ClientConnectorError,))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
