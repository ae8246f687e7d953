"""The application: the MCP server of `server.app` behind authentication, rates, budgets and the guard, and its health beside it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

from mcp.server import MCPServer
from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Scope

from catalog.snapshot import home
from server.app import VERSION, build_server
from server.http.answers import Answers
from server.http.budget import Budgets
from server.http.guard import HEALTH, Guard, Streams, names_of
from server.http.identity import Doorkeeper, principal_of
from server.http.ledger import Ledger
from server.http.rate import Buckets, RateLimit
from server.http.settings import PATH, Settings
from server.http.shortcut import Shortcut
from server.tools import today as day_utc


@dataclass(frozen=True, slots=True)
class Application:
    """What uvicorn runs, and what its shutdown has to tell."""

    asgi: Guard
    streams: Streams
    ledger: Ledger


def build_application(
    settings: Settings,
    server: MCPServer | None = None,
    today: Callable[[], dt.date] = day_utc,
    clock: Callable[[], float] = time.monotonic,
) -> Application:
    """Everything put together for settings that were checked and whose port is the real one."""
    server, doorkeeper = server or build_server(), Doorkeeper(settings, today)
    ledger = Ledger(home() / "http" / "budgets.sqlite")
    ledger.forget_before(today())
    answers = Answers(today)
    server.middleware.extend((Budgets(ledger, doorkeeper.budget_of, today), answers))
    app = _starlette(settings, server, doorkeeper)
    _shorten(app, answers, server, doorkeeper)
    app.router.routes.append(Route(HEALTH, _health(server, clock), methods=["GET"]))
    # Behind the SDK's authentication, which stands first in this list: who calls is known by then.
    limits = settings.limits
    app.user_middleware.append(Middleware(RateLimit, Buckets(limits.requests_per_minute, limits.burst, clock)))
    streams = Streams()
    return Application(Guard(app, names_of(settings), streams), streams, ledger)


def _starlette(settings: Settings, server: MCPServer, doorkeeper: Doorkeeper) -> Starlette:
    limits = settings.limits
    return (
        server._lowlevel_server.streamable_http_app(  # its public twin takes no authentication later than construction
            streamable_http_path=PATH,
            max_request_body_size=limits.body_bytes,
            session_idle_timeout=limits.idle_s,
            max_sessions=limits.sessions,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # the guard has looked
            auth=_auth(settings) if settings.needs_token else None,
            token_verifier=doorkeeper if settings.needs_token else None,
        )
    )


def _shorten(app: Starlette, answers: Answers, server: MCPServer, doorkeeper: Doorkeeper) -> None:
    """Put the shortcut between the SDK's check of who calls and its endpoint."""

    def counted(scope: Scope) -> bool:
        return doorkeeper.budget_of(principal_of(scope)).calls is not None

    route = next(one for one in app.routes if isinstance(one, Route) and one.path == PATH)
    checks = route.app
    if isinstance(checks, RequireAuthMiddleware):
        checks.app = Shortcut(checks.app, answers, server.session_manager, counted)
    else:
        route.app = Shortcut(checks, answers, server.session_manager, counted)


def _auth(settings: Settings) -> AuthSettings:
    """Where an OAuth issuer stands behind the server, clients learn of it (RFC 9728); tokens of ours come from no issuer."""
    if settings.issuer is None:
        return AuthSettings(issuer_url=AnyHttpUrl(settings.url), resource_server_url=None)
    return AuthSettings(
        issuer_url=AnyHttpUrl(settings.issuer.url),
        resource_server_url=AnyHttpUrl(settings.url),
        required_scopes=list(settings.issuer.scopes) or None,
        validate_token_resource=False,  # the audience is checked with the signature
    )


def _health(server: MCPServer, clock: Callable[[], float]) -> Callable[[Request], JSONResponse]:
    began_s = clock()

    def health(_request: Request) -> JSONResponse:
        open_sessions = len(server.session_manager._server_instances)  # the SDK tells it in no other way
        told = {"status": "ok", "version": VERSION, "sessions": open_sessions, "uptime_s": round(clock() - began_s, 1)}
        return JSONResponse(told)

    return health
