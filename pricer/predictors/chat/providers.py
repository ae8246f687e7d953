"""Which provider answers for a model, at which address, by which protocol, with which key."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pricer.errors import BadInput

APIS = ("openai-responses", "openai-chat", "anthropic")
NO_KEY = "none-needed"
BASE_URL_ENV = {"openai": "OPENAI_BASE_URL", "anthropic": "ANTHROPIC_BASE_URL"}


@dataclass(frozen=True, slots=True)
class Provider:
    """A row of providers.toml."""

    name: str
    label: str
    api: str
    base_url: str
    key_env: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """What a client needs: the model as its provider calls it, the protocol, the address and the key, which is never shown.

    `key_env` is the variable that holds the key, or would; None if none is needed. `own_machine` says that nothing leaves this machine.
    """

    provider: str
    model: str
    api: str
    base_url: str
    key: str = field(repr=False)
    key_env: str | None
    own_machine: bool


def connection(
    model: str, base_url: str | None = None, api: str | None = None, environment: Mapping[str, str] | None = None
) -> Connection:
    """The way to a model written provider/name; `BadInput` for an unknown provider, protocol or address, or a missing key.

    `base_url` comes before OPENAI_BASE_URL or ANTHROPIC_BASE_URL, these before the table. At an address of one's own no key is needed, and
    an openai model is asked by chat completions, which every compatible server speaks.
    """
    environment = os.environ if environment is None else environment
    provider, name = _provider_of(model)
    address = (base_url or environment.get(BASE_URL_ENV.get(provider.name, ""), "") or provider.base_url).rstrip("/")
    host = _host(address, provider)
    own_address = host != _host(provider.base_url or address, provider) or provider.name == "compatible"
    if api is not None and api not in APIS:
        raise BadInput(f"wanted one of {', '.join(APIS)} as the api, found {api!r}")
    spoken = api or ("openai-chat" if provider.api == "openai-responses" and own_address else provider.api)
    own_machine = _is_loopback(host)
    key_env, key = _key(provider, environment, optional=own_address or own_machine)
    return Connection(provider.name, name, spoken, _for_sdk(address, spoken), key, key_env, own_machine)


@lru_cache(maxsize=1)
def providers() -> Mapping[str, Provider]:
    """The table, by name."""
    table = tomllib.loads((Path(__file__).parent / "providers.toml").read_text(encoding="utf-8"))
    return {
        name: Provider(name, row["label"], row["api"], row["base_url"], tuple(row["key_env"]))
        for name, row in table.items()
    }


def _provider_of(model: str) -> tuple[Provider, str]:
    first, slash, name = model.strip().partition("/")
    known = providers()
    if not slash or not name or first not in known:
        raise BadInput(
            f"wanted a model as provider/name, found {model!r}. Providers: {', '.join(sorted(known))}. "
            "For any other server that speaks the OpenAI protocol: compatible/NAME with --base-url"
        )
    return known[first], name


def _host(address: str, provider: Provider) -> str:
    if not address:
        raise BadInput(f"{provider.name}/… needs --base-url, such as http://127.0.0.1:8000/v1")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadInput(f"wanted an address like https://host/v1, found {address!r}: say http:// or https:// first")
    if parts.username or parts.password:
        raise BadInput("wanted an address without a name or password in it: put the key into the environment")
    return parts.hostname


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _key(provider: Provider, environment: Mapping[str, str], optional: bool) -> tuple[str | None, str]:
    for name in provider.key_env:
        if environment.get(name, "").strip():
            return name, environment[name].strip()
    if optional or not provider.key_env:
        return (provider.key_env[0] if provider.key_env else None), NO_KEY
    wanted = " or ".join(provider.key_env)
    raise BadInput(f"{provider.label} needs a key, and {wanted} is not set: export {provider.key_env[0]}=…")


def _for_sdk(address: str, api: str) -> str:
    """Anthropic's client adds /v1 to the address itself."""
    return address.removesuffix("/v1") if api == "anthropic" else address
