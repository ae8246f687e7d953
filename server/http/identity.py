"""Who calls: the holder of a token of ours, a subject of the OAuth issuer, or, where nobody has to say, this machine."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from pricer.errors import BadInput
from server.http.issuer import Keys, scopes_of
from server.http.settings import Budget, Settings
from server.http.tokens import TokenBook

NOBODY = "local"
OURS = "token:"
FETCHES = 2  # tokens of the issuer that are looked into at a time
log = logging.getLogger("assay.http")


class Doorkeeper:
    """The SDK's token verifier, and the budget of each caller."""

    def __init__(self, settings: Settings, today: Callable[[], dt.date]) -> None:
        self._book = TokenBook(settings.tokens) if settings.tokens else None
        self._keys = Keys(settings.issuer) if settings.issuer else None
        self._few = anyio.CapacityLimiter(FETCHES)  # strangers' tokens must not take the threads that others work in
        self._budget, self._today = settings.budget, today
        self._scopes = list(settings.issuer.scopes) if settings.issuer else []

    async def verify_token(self, token: str) -> AccessToken | None:
        """Who the token belongs to; None when it is nobody's. What is returned does not hold the token itself."""
        if self._book is not None and (name := self._holder(token)):
            return AccessToken(token="", client_id=OURS + name, scopes=self._scopes)
        if self._keys is None:
            return None
        keys = self._keys
        claims = await anyio.to_thread.run_sync(lambda: keys.claims(token), limiter=self._few)
        return None if claims is None else _access(claims)

    def budget_of(self, principal: str) -> Budget:
        """What a caller may use up: a token's own figures where it has any, else the server's."""
        token = self._book.named(principal.removeprefix(OURS)) if self._book and principal.startswith(OURS) else None
        if token is None:
            return self._budget
        return Budget(
            self._budget.calls if token.calls_per_day is None else token.calls_per_day,
            self._budget.usd if token.usd_per_day is None else token.usd_per_day,
        )

    def _holder(self, token: str) -> str | None:
        assert self._book is not None
        try:
            holder = self._book.holder(token, self._today())
        except BadInput as error:  # the file was changed under us: nobody comes in until it is mended
            log.error("%s", error)
            return None
        return None if holder is None else holder.name


def principal_of(scope: Any) -> str:
    """A caller's name for budgets and log lines; `local` where no token is asked for."""
    user = scope.get("user")
    if not isinstance(user, AuthenticatedUser):
        return NOBODY
    token = user.access_token
    return token.client_id if token.client_id.startswith(OURS) else f"oauth:{token.subject or token.client_id}"


def _access(claims: dict[str, Any]) -> AccessToken:
    subject = claims.get("sub")
    client = claims.get("client_id") or claims.get("azp") or subject or "unnamed"
    return AccessToken(
        token="", client_id=f"oauth:{client}", scopes=scopes_of(claims), expires_at=int(claims["exp"]),
        subject=None if subject is None else str(subject), claims={"iss": claims["iss"]},
    )  # fmt: skip
