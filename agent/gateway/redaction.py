"""Keys: known by their values in the environment and in the entries of other servers, or by their shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agent.gateway.config import ServerConfig
from server.worker import SECRET_NAME, SHORTEST_SECRET, secrets_of

HIDDEN = "[key]"
# A digit is asked for where a name in words, such as sk-learn-something, would look the same.
SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.*?-----END [A-Z ]*PRIVATE KEY-----|.*)"
    r"|(?<![A-Za-z0-9])(?:"
    r"(?:sk|rk|pk|gsk|xai|r8|tgp|fw)[-_](?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{16,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,}|xox[abeprs]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"
    r"|(?i:bearer)\s+(?=[A-Za-z._~+/=-]*\d)[A-Za-z0-9._~+/=-]{16,})",
    re.DOTALL,
)
PLAIN_HEADERS = frozenset({"accept", "content-type", "user-agent", "accept-language", "mcp-protocol-version"})
OPTION = re.compile(r"--?([\w-]+)(?:=(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Veil:
    """Finds and blots out keys: `secrets` wherever they stand, the longest first, and whatever has the shape of one."""

    secrets: tuple[str, ...] = ()

    def holds(self, value: Any) -> bool:
        """Whether a key stands in the text, or anywhere in the document, keys of objects included."""
        return any(SHAPES.search(text) or any(one in text for one in self.secrets) for text in _texts(value))

    def text(self, text: str) -> str:
        """The text with [key] for each key."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return SHAPES.sub(HIDDEN, text)

    def data(self, value: Any) -> Any:
        """The document with [key] for each key, in names of fields too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.data(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(one) for one in value]
        return value


def veil(environment: Mapping[str, str], servers: Iterable[ServerConfig]) -> Veil:
    """What hides the keys of the environment and of the entries."""
    found = {*secrets_of(environment), *(one for server in servers for one in _secrets_of_entry(server))}
    return Veil(tuple(sorted(found, key=lambda one: (-len(one), one))))


def _secrets_of_entry(server: ServerConfig) -> list[str]:
    found = [*secrets_of(server.env), *_of_args(server.args)]
    for name, value in server.headers.items():
        if name.lower() not in PLAIN_HEADERS:
            found += [value, value.split(None, 1)[-1] if value.strip() else ""]
    if server.url is not None:
        parts = urlsplit(server.url)
        found += [value for _, value in parse_qsl(parts.query)] + [parts.password or ""]
    return [one.strip() for one in found if len(one.strip()) >= SHORTEST_SECRET]


def _of_args(args: tuple[str, ...]) -> list[str]:
    """Values of options that hold keys by their name: --api-key VALUE, --token=VALUE."""
    found = []
    for word, after in pairwise([*args, ""]):
        option = OPTION.fullmatch(word)
        if option and SECRET_NAME.search(option[1].upper()):
            found.append(option[2] or after)
    return found


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield str(name)
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield str(value)
