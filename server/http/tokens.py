"""Bearer tokens: a file of hashes with names, a fresh token printed once, and who a presented one belongs to."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pricer.errors import BadInput
from pricer.files import replacing
from server.http.settings import Budget

PREFIX = "assay_"  # so that scanners of leaked secrets can know one
RANDOM_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Token(BaseModel):
    """A token as its file holds it: who has it, the SHA-256 of its text, until when it holds (that day included, UTC), its budget."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=rf"^{NAME.pattern}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    expires: dt.date | None = None
    calls_per_day: int | None = Field(default=None, ge=0)
    usd_per_day: Decimal | None = Field(default=None, ge=0)

    def holds(self, today: dt.date) -> bool:
        """Whether it still holds."""
        return self.expires is None or today <= self.expires


@dataclass(slots=True)
class TokenBook:
    """The tokens of a file, read again whenever the file changes: a line taken out shuts its holder out at once."""

    path: Path
    _stamp: tuple[int, int] = (0, 0)
    _tokens: tuple[Token, ...] = ()

    def tokens(self) -> tuple[Token, ...]:
        """All of them; `BadInput` for a file that cannot be read."""
        found = _stat(self.path)
        if (stamp := (found.st_mtime_ns, found.st_size)) != self._stamp:
            self._tokens, self._stamp = read_tokens(self.path), stamp
        return self._tokens

    def holder(self, presented: str, today: dt.date) -> Token | None:
        """The token that `presented` is. Every hash is compared, each in constant time, so that the time taken tells nothing."""
        digest, holder = digest_of(presented), None
        for token in self.tokens():
            if hmac.compare_digest(digest, token.sha256):
                holder = token
        return holder if holder is not None and holder.holds(today) else None

    def named(self, name: str) -> Token | None:
        """The token of that name."""
        return next((token for token in self.tokens() if token.name == name), None)


def read_tokens(path: Path) -> tuple[Token, ...]:
    """The tokens of a TOML (`[[token]]`) or JSON (`{"token": [...]}`) file. `BadInput` names the fault, never a value."""
    if os.name == "posix" and (mode := stat.S_IMODE(_stat(path).st_mode)) & OTHERS:
        raise BadInput(
            f"{path}: wanted a file that only you can read, found mode {mode:04o}; mend with: chmod 600 {path}"
        )
    tokens = tuple(_token(path, number, row) for number, row in enumerate(_rows(path), 1))
    for field in ("name", "sha256"):
        values = [getattr(token, field) for token in tokens]
        if len(set(values)) < len(values):
            raise BadInput(f"{path}: two tokens have the same {field}; take one of them out")
    return tokens


def add_token(path: Path, name: str, budget: Budget | None = None, expires: dt.date | None = None) -> str:
    """A fresh token, whose hash now stands in the file. It is kept nowhere else: whoever gets it has to keep it."""
    if not NAME.fullmatch(name):
        raise BadInput(f"token: wanted a name of letters, digits, '.', '_' and '-', at most 40, found {name!r:.60}")
    known = read_tokens(path) if path.exists() else ()
    if any(token.name == name for token in known):
        raise BadInput(f"{path}: there is a token named {name!r} already; take it out first, or choose another name")
    text, budget = PREFIX + secrets.token_urlsafe(RANDOM_BYTES), budget or Budget()
    made = Token(name=name, sha256=digest_of(text), expires=expires, calls_per_day=budget.calls, usd_per_day=budget.usd)
    _write(path, (*known, made))
    return text


def digest_of(presented: str) -> str:
    """The SHA-256 of a token. It has 256 random bits, so that a plain hash cannot be searched."""
    return hashlib.sha256(presented.encode("utf-8", "surrogateescape")).hexdigest()


def _rows(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8")
        told = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError):  # its own words could quote the file
        raise BadInput(
            f"{path}: wanted a readable {'JSON' if path.suffix == '.json' else 'TOML'} file of tokens"
        ) from None
    rows = told.get("token", []) if isinstance(told, dict) and set(told) <= {"token"} else None
    if not isinstance(rows, list):
        raise BadInput(f"{path}: wanted [[token]] tables and nothing else")
    return rows


def _token(path: Path, number: int, row: Any) -> Token:
    try:
        return Token.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: token {number}: {where}: {first['msg']}") from None


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise BadInput(
            f"{path}: no file of tokens there ({error.strerror}); make one with: assay serve --new-token NAME --tokens {path}"
        ) from None


def _write(path: Path, tokens: tuple[Token, ...]) -> None:
    rows = [token.model_dump(mode="json", exclude_none=True) for token in tokens]
    text = json.dumps({"token": rows}, indent=1) + "\n" if path.suffix == ".json" else "\n".join(map(_table, rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _table(row: dict[str, Any]) -> str:
    return "[[token]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in row.items())
