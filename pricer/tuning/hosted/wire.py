"""The connection to a host: objects out, objects in; what goes wrong comes back as an error that holds no key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import urlsplit

from pricer.errors import BadInput
from pricer.installed import load
from pricer.predictors.chat.failures import redacted
from pricer.predictors.chat.providers import NO_KEY, Connection
from pricer.tuning.hosted.faults import Later, refusal
from pricer.tuning.hosted.replies import Reply

WAIT_S, UPLOAD_S = 60.0, 900.0
LOOPBACK = ("localhost", "::1")
PURPOSE = "carries orders to hosts of fine-tuning"


@dataclass(frozen=True, slots=True)
class Door:
    """Where a host is asked, unless the variable `base_url_env` names another address, and which variable holds the key."""

    provider: str
    label: str
    base_url: str
    base_url_env: str
    key_env: str


def link_to(door: Door, environment: Mapping[str, str]) -> Connection:
    """The way to a host; `BadInput` without a key or with an address that cannot be one. At an address of one's own no key is needed."""
    given = environment.get(door.base_url_env, "").strip()
    address = (given or door.base_url).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise BadInput(f"{door.base_url_env}: wanted an address like https://host/v1 without a name or password in it")
    key = environment.get(door.key_env, "").strip()
    own_machine = parts.hostname in LOOPBACK or parts.hostname.startswith("127.")
    if not key and parts.hostname == urlsplit(door.base_url).hostname:
        raise BadInput(f"{door.label} needs a key, and {door.key_env} is not set: export {door.key_env}=…")
    return Connection(door.provider, door.label, "fine-tuning", address, key or NO_KEY, door.key_env, own_machine)


class Sender(Protocol):
    """What carries one request: the response as it came, whatever its status."""

    def send(self, method: str, path: str, **options: Any) -> Any: ...

    def close(self) -> None: ...


class Wire:
    """A connection in use: `with Wire(link) as wire`."""

    def __init__(self, link: Connection) -> None:
        self.link = link
        self._http = load("httpx2", PURPOSE)
        self._sender: Sender = (SdkSender if link.provider == "openai" else PlainSender)(link, self._http)

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.close()

    def get(self, path: str, doing: str, **params: str | int) -> Reply:
        """The object at a path; `doing` says for an error what it was for."""
        return self._object("GET", path, doing, params=params)

    def post(
        self, path: str, doing: str, body: Mapping[str, Any] | None = None, *, once: str = "", **params: str
    ) -> Reply:
        """The object that answers. `once` is a key by which the host may know the same request again."""
        headers = {"Idempotency-Key": once} if once else {}
        return self._object("POST", path, doing, body=dict(body or {}), headers=headers, params=params)

    def upload(self, path: str, doing: str, file: Path, called: str, **fields: str) -> Reply:
        """The object that answers a file, sent as a form with these other fields."""
        with file.open("rb") as opened:
            files = [("file", (called, opened, "application/jsonl"))]
            return self._object("POST", path, doing, body=fields, files=files, timeout_s=UPLOAD_S)

    def lines(self, address: str) -> list[Reply]:
        """The objects of a file of lines at an address that the host gave away; the key is not sent there. `Later` when it cannot be had."""
        if not address.startswith("https://") and not (self.link.own_machine and address.startswith("http://127.")):
            raise Later(f"{self.link.model} names a file at an address that is not safe to read")
        with self._guarded("read a file"):
            trust_env, verify = not self.link.own_machine, address.startswith("https://")
            response = self._http.get(address, timeout=WAIT_S, trust_env=trust_env, verify=verify)
        if response.status_code != 200:
            raise Later(f"{self.link.model}: a file of figures answered {response.status_code}")
        return [one for one in map(_object_or_none, response.text.splitlines()) if one is not None]

    def _object(self, method: str, path: str, doing: str, **options: Any) -> Reply:
        with self._guarded(doing):
            response = self._sender.send(method, path, **options)
        body = _object_or_none(response.text)
        if not 200 <= response.status_code < 300:
            raise refusal(response.status_code, response.headers, body or response.text, self.link, doing)
        if body is None:
            found = redacted(response.text[:80], self.link)
            raise Later(
                f"{self.link.model}, asked to {doing}, sent something that is no JSON object: {found!r}. What was done is kept"
            )
        return body

    @contextmanager
    def _guarded(self, doing: str) -> Iterator[None]:
        """Turns what breaks on the way into `Later`."""
        try:
            yield
        except (self._http.HTTPError, OSError) as error:
            raise self._broken(error, doing) from None

    def _broken(self, error: Exception, doing: str) -> Later:
        why = redacted(f"{type(error).__name__} {error}", self.link)
        cure = (
            "Check the network and the address"
            if isinstance(error, self._http.ConnectError)
            else "The connection broke on the way; the same command goes on where it stopped"
        )
        return Later(f"no answer from {self.link.model} at {self.link.base_url}, asked to {doing}: {why}. {cure}")


class SdkSender:
    """OpenAI's own client. Bodies pass as they are, not through its models."""

    def __init__(self, link: Connection, http: Any) -> None:
        self._http, self._sdk = http, load("openai", PURPOSE)
        carrier = self._sdk.DefaultHttpxClient(**_options(link))
        self._client = self._sdk.OpenAI(
            api_key=link.key, base_url=link.base_url, timeout=WAIT_S, max_retries=0, http_client=carrier
        )

    def send(self, method: str, path: str, **options: Any) -> Any:
        """The response, also when the client raises it as an error; what broke on the way is raised as it was before the client wrapped it."""
        headers = options.get("headers", {}) | ({"Content-Type": "multipart/form-data"} if "files" in options else {})
        extra = {"params": options.get("params", {}), "headers": headers, "timeout": options.get("timeout_s", WAIT_S)}
        try:
            if method == "GET":
                return self._client.get(path, cast_to=self._http.Response, options=extra)
            sent = {"body": options.get("body"), "files": options.get("files")}
            return self._client.post(path, cast_to=self._http.Response, options=extra, **sent)
        except self._sdk.APIStatusError as error:
            return error.response
        except self._sdk.APIConnectionError as error:
            raise error.__cause__ or OSError(str(error)) from None

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()


class PlainSender:
    """Requests with the key in their head."""

    def __init__(self, link: Connection, http: Any) -> None:
        headers = {"Authorization": f"Bearer {link.key}"}
        self._client = http.Client(base_url=link.base_url, headers=headers, **_options(link))

    def send(self, method: str, path: str, **options: Any) -> Any:
        """The response."""
        body, files = options.get("body"), options.get("files")
        content: dict[str, Any] = {"data": body, "files": files} if files else {} if body is None else {"json": body}
        known = {"params": options.get("params") or None, "headers": options.get("headers")}
        return self._client.request(method, path, timeout=options.get("timeout_s", WAIT_S), **known, **content)

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()


def _options(link: Connection) -> dict[str, Any]:
    """How a connection is made. Certificates are read, which takes a while, only for an address that has one."""
    return {
        "follow_redirects": False,  # a redirect would carry the key to another host
        "trust_env": not link.own_machine,  # no proxy stands between this machine and itself
        "verify": link.base_url.startswith("https://"),
        "timeout": WAIT_S,
    }


def _object_or_none(text: str) -> Reply | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
