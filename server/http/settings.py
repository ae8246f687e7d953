"""What `assay serve --http` is told, checked: where it listens, who may come in, and the limits it keeps."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from pricer.errors import BadInput

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - refused without names, never bound by default
PATH = "/mcp"


@dataclass(frozen=True, slots=True)
class Budget:
    """What one caller may use up in a day (UTC): tool calls, and US dollars of caps. None is no limit."""

    calls: int | None = None
    usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Issuer:
    """An OAuth authorization server whose tokens are accepted for `audience`, each with all of `scopes`."""

    url: str
    audience: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. A request has `request_s` to arrive, a reader `write_s` to take what waits for it."""

    body_bytes: int = 1024 * 1024
    header_bytes: int = 16 * 1024
    request_s: float = 20.0
    write_s: float = 30.0
    keep_alive_s: int = 65
    idle_s: float = 1800.0
    drain_s: int = 60  # get_job may wait 45 s
    sessions: int = 2000
    connections: int = 1000
    requests_per_minute: int = 1200
    burst: int = 200


@dataclass(frozen=True, slots=True)
class Settings:
    """One HTTP server. `budget` is for whoever has none of their own; `public_url` is where clients see it."""

    host: str = "127.0.0.1"
    port: int = 8765
    tokens: Path | None = None
    issuer: Issuer | None = None
    allow_hosts: tuple[str, ...] = ()
    public_url: str | None = None
    budget: Budget = field(default_factory=Budget)
    limits: Limits = field(default_factory=Limits)

    @property
    def needs_token(self) -> bool:
        """Whether a caller must show who it is."""
        return self.tokens is not None or self.issuer is not None

    @property
    def url(self) -> str:
        """The address of the MCP endpoint, as clients write it."""
        return self.public_url or f"http://{bracketed(self.host)}:{self.port}{PATH}"


def checked(settings: Settings) -> Settings:
    """The settings as they are, or `BadInput` with what is missing before they are safe."""
    if not 0 <= settings.port <= 65535:
        raise BadInput(f"--port: wanted 0 to 65535, found {settings.port}")
    if not is_loopback(settings.host) and not settings.needs_token:
        raise BadInput(
            f"--host {settings.host}: other machines could reach this address, and nobody would have to show who they are. Make a token "
            "with assay serve --new-token NAME --tokens FILE and add --tokens FILE, or name an --oauth-issuer; or leave --host out"
        )
    if settings.host in EVERYWHERE and not settings.allow_hosts:
        raise BadInput(f"--host {settings.host!r}: say with --allow-host under which names clients call this server")
    if settings.public_url:
        _checked_url("--public-url", settings.public_url)
    if settings.issuer:
        _checked_url("--oauth-issuer", settings.issuer.url)
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """The host as it stands in an address: an IPv6 one in brackets."""
    return f"[{host}]" if ":" in host else host


def _checked_url(option: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise BadInput(f"{option}: wanted an https address, found {url!r:.100}")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise BadInput(f"{option}: wanted https, found {url!r:.100}; plain http is for this machine alone")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadInput(f"{option}: wanted an address without user, query and fragment, found one with")
