"""The allow-list: which tools of other servers are shown, and which of them may be called without asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

READ = "=read"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Globs "server" or "server:tool"; with "=read" behind it, what it names may be called without asking if it says that it only reads.

    Without any glob every tool is shown and every call asks.
    """

    patterns: tuple[str, ...] = ()

    def server(self, name: str) -> bool:
        """Whether a tool of that server can be shown: what nothing allows is not even started."""
        heads = [head for one in self.patterns for head in (_bare(one), _bare(one).rpartition(":")[0]) if head]
        return not self.patterns or any(fnmatchcase(name, head) for head in heads)

    def shows(self, server: str, tool: str) -> bool:
        """Whether the tool is shown."""
        return not self.patterns or any(_names(_bare(one), server, tool) for one in self.patterns)

    def reads(self, server: str, tool: str, *, says_it_reads: bool) -> bool:
        """Whether the tool may be called without asking: the list says so, and the server as well."""
        return says_it_reads and any(one.endswith(READ) and _names(_bare(one), server, tool) for one in self.patterns)

    def idle(self, listed: Sequence[tuple[str, str]]) -> list[str]:
        """Globs that name none of these (server, tool): misspelt, most likely."""
        return [one for one in self.patterns if not any(_names(_bare(one), *names) for names in listed)]


def _bare(pattern: str) -> str:
    return pattern.removesuffix(READ)


def _names(pattern: str, server: str, tool: str) -> bool:
    return fnmatchcase(server, pattern) or fnmatchcase(f"{server}:{tool}", pattern)
