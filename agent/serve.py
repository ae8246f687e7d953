"""`assay serve`: the tools over MCP, on stdio for one client or over HTTP for many; and the tokens of those."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricer.errors import BadInput

if TYPE_CHECKING:
    from server.http.settings import Budget, Issuer, Settings


def serve(
    http: Annotated[bool, typer.Option("--http", help="Over streamable HTTP instead of stdio.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on; any but this machine's own needs tokens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8765,
    tokens: Annotated[Path | None, typer.Option(metavar="FILE", help="Who may come in: a TOML or JSON file of token hashes.")] = None,
    new_token: Annotated[str | None, typer.Option(metavar="NAME", help="Add a token to --tokens, print it once, and end.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="DATE", help="Last day of a new token: 2027-03-31.")] = None,
    calls_per_day: Annotated[int | None, typer.Option(help="Tool calls a day, of a new token or of each without its own figure.")] = None,
    usd_per_day: Annotated[str | None, typer.Option(help="Caps of runs started a day in all, the same way.")] = None,
    oauth_issuer: Annotated[str | None, typer.Option(metavar="URL", help="Accept the tokens of this OAuth server.")] = None,
    oauth_audience: Annotated[str | None, typer.Option(help="For whom they must be; by default --public-url.")] = None,
    oauth_scope: Annotated[list[str] | None, typer.Option(help="A scope that they must carry; may be repeated.")] = None,
    public_url: Annotated[str | None, typer.Option(metavar="URL", help="The endpoint as clients write it: https://…/mcp.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A name clients may call it by; may be repeated.")] = None,
    requests_per_minute: Annotated[int, typer.Option(help="Of each token or address.")] = 1200,
) -> None:  # fmt: skip
    """Serve the tools over MCP: on stdio for Claude Desktop, Cursor and others, or with --http for many clients at once."""
    if not http and new_token is None:
        _only_stdio({
            "--tokens": tokens, "--expires": expires, "--calls-per-day": calls_per_day, "--usd-per-day": usd_per_day,
            "--oauth-issuer": oauth_issuer, "--oauth-audience": oauth_audience, "--oauth-scope": oauth_scope,
            "--public-url": public_url, "--allow-host": allow_host,
        })  # fmt: skip
        from server.app import main as serve_stdio

        serve_stdio()
        return
    budget = _budget(calls_per_day, usd_per_day)
    if new_token is not None:
        _add_token(tokens, new_token, budget, expires)
        return
    if expires is not None:
        raise BadInput("--expires belongs to --new-token")
    if requests_per_minute < 1:
        raise BadInput(f"--requests-per-minute: wanted 1 or more, found {requests_per_minute}")
    from server.http.settings import Limits, Settings

    issuer = _issuer(oauth_issuer, oauth_audience or public_url, oauth_scope)
    limits = Limits(requests_per_minute=requests_per_minute)
    _serve_http(Settings(host, port, tokens, issuer, tuple(allow_host or ()), public_url, budget, limits))


def _serve_http(settings: Settings) -> None:
    from server.http.serving import log_to_stderr, service_of

    service = service_of(settings)
    log_to_stderr()
    who = "whoever shows a token" if settings.needs_token else "this machine alone, no token needed"
    named = f", which clients call {settings.public_url}," if settings.public_url else ""
    typer.echo(f"serving {service.url}{named} to {who}; Ctrl-C ends it", err=True)
    service.serve_until_stopped()
    typer.echo("stopped", err=True)


def _add_token(tokens: Path | None, name: str, budget: Budget, expires: str | None) -> None:
    """The token goes to stdout alone, once; what is said about it to stderr."""
    import datetime as dt

    from server.http.tokens import add_token

    if tokens is None:
        raise BadInput("--new-token: say with --tokens FILE where its hash is to stand")
    try:
        last = None if expires is None else dt.date.fromisoformat(expires)
    except ValueError:
        raise BadInput(f"--expires: wanted a day such as 2027-03-31, found {expires!r:.40}") from None
    text = add_token(tokens, name, budget, last)
    typer.echo(f"token {name!r}, shown this once; {tokens} holds only its hash:", err=True)
    typer.echo(text)


def _budget(calls: int | None, usd: str | None) -> Budget:
    from decimal import Decimal, InvalidOperation

    from server.http.settings import Budget

    if calls is not None and calls < 0:
        raise BadInput(f"--calls-per-day: wanted 0 or more, found {calls}")
    try:
        most = None if usd is None else Decimal(usd.removeprefix("$"))
    except InvalidOperation:
        most = Decimal(-1)
    if most is not None and not (most.is_finite() and most >= 0):
        raise BadInput(f"--usd-per-day: wanted dollars from 0, found {usd!r:.40}")
    return Budget(calls, most)


def _issuer(url: str | None, audience: str | None, scopes: list[str] | None) -> Issuer | None:
    from server.http.settings import Issuer

    if url is None:
        if scopes:
            raise BadInput("--oauth-scope belongs to --oauth-issuer")
        return None
    if audience is None:
        raise BadInput(
            "--oauth-issuer: say with --oauth-audience, or with --public-url, for whom its tokens must be made"
        )
    return Issuer(url, audience, tuple(scopes or ()))


def _only_stdio(given: dict[str, object]) -> None:
    """Serving on stdio takes none of these: whoever gives one means HTTP."""
    if named := [name for name, value in given.items() if value]:
        raise BadInput(f"{', '.join(named)}: only for serving over HTTP; add --http")
