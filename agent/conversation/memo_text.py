"""Markdown that cannot be broken by what it quotes: texts escaped, names as code, figures as links to their evidence."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from agent.conversation.evidence import Step
from agent.conversation.grounding_scan import marks
from agent.gateway.redaction import Veil

MOST_CHARACTERS = 700
KEYS = Veil()  # by their shape alone; who writes a file knows the environment
_SPECIAL = re.compile(r"[\\`*_\[\]|~$]|^[#+=-]")
_SOURCE = re.compile(r"(?P<name>.+) \((?P<as_of>[0-9-]{4,10})\): (?P<fields>.+)")
_PRICE = re.compile(r"price <([^<>\s]+)>")


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so: a name, the date of the statement, what it tells, and its page where one is known."""

    name: str
    as_of: str
    fields: frozenset[str]
    url: str | None

    @property
    def said(self) -> str:
        """The name with its date."""
        return f"{self.name}, {self.as_of}" if self.as_of else self.name


@dataclass(frozen=True, slots=True)
class Evidence:
    """A step as something to link to. `title` says more of it in a tooltip; `url` leads to the source's own page."""

    step: Step
    title: str = ""
    url: str | None = None

    def at(self, source: Source | None) -> Evidence:
        """The same step, told by this source."""
        return self if source is None else Evidence(self.step, source.said, source.url)

    def link(self, text: str) -> str:
        """A link with this text, which is escaped."""
        title = " · ".join(part for part in (f"s{self.step.number}", self.title) if part)
        return f'[{escaped(tidy(text))}]({self.url or f"#s{self.step.number}"} "{_attribute(title)}")'

    def usd(self, amount: object) -> str:
        """An amount as a link, with thousands apart and as many decimals as it came with; `unknown` for none."""
        if amount is None:
            return "unknown"
        try:
            return self.link(f"${Decimal(str(amount)):,f}")
        except (ArithmeticError, ValueError):
            return self.text(amount)

    def text(self, said: object) -> str:
        """The text with each of its figures a link here; names and addresses become code, since nothing in a text may link on its own."""
        plain, parts, at = tidy(said), [], 0
        for mark in marks(plain):
            parts += [escaped(plain[at : mark.start]), self._marked(mark.kind, mark.text)]
            at = mark.end
        return "".join([*parts, escaped(plain[at:])])

    def _marked(self, kind: str, text: str) -> str:
        if kind in ("figure", "version", "citation", "listing"):
            return self.link(text)
        if kind == "date" or (kind == "name" and not re.search(r"\d", text)):
            return escaped(text)
        return code(text.strip("` "))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells that are Markdown already; `numbers` are the columns to be set to the right."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = field(default_factory=frozenset)

    def lines(self) -> list[str]:
        """As Markdown."""
        rule = ["--:" if column in self.numbers else "---" for column in range(len(self.heads))]
        return ["", *(f"| {' | '.join(row)} |" for row in (self.heads, rule, *self.rows)), ""]


def tidy(said: object, most: int = MOST_CHARACTERS) -> str:
    """A text on one line without keys, control, invisible and direction characters, cut to `most` characters."""
    text = str(said)
    if not text.isprintable():
        text = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    plain = KEYS.text(" ".join(text.split()))
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def escaped(text: str) -> str:
    """Text that reads the same in Markdown and is nothing but text: no mark-up, no HTML, no address that a reader makes a link of."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = re.sub(
        r"(?i)(https?|ftp)(:)|(www)(\.)", lambda found: "".join(p for p in found.groups() if p) + "\u2060", plain
    )
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", plain.replace("@", "@\u2060"))


def code(text: object, most: int = MOST_CHARACTERS) -> str:
    """A name or a command as code. A backtick and a bar, which would end it or a cell, are shown by their likes."""
    plain = tidy(text, most).replace("`", "ˋ").replace("|", "¦").strip()
    return f"`{plain}`" if plain else "?"


def quoted(texts: Sequence[str]) -> list[str]:
    """The user's own words as a block in which nothing is mark-up."""
    kept = [line for text in texts for line in textwrap.wrap(tidy(text, 2000).replace("```", "ˋˋˋ"), 100)]
    return ["```text", *kept, "```"] if kept else []


def sources_of(said: Sequence[Any], addresses: Mapping[str, str]) -> list[Source]:
    """The sources of a result's `sources`: `models.dev (2026-07-01): context_tokens, price <https://…>`. What reads otherwise is left out."""
    found = []
    for line in said:
        if match := _SOURCE.fullmatch(tidy(line, 2000)):
            price = _PRICE.search(match["fields"])
            fields = frozenset(_PRICE.sub("price", match["fields"]).split(", "))
            url = address(addresses.get(match["name"]))
            if price and (own := address(price[1])):  # a page of its own for the price, the source's page for the rest
                found.append(Source(match["name"], match["as_of"], frozenset({"price"}), own))
                fields -= {"price"}
            if fields:
                found.append(Source(match["name"], match["as_of"], fields, url))
    return found


def source_of(name: str, sources: Sequence[Source]) -> Source | None:
    """The source that tells a fact."""
    return next((source for source in sources if name in source.fields), None)


def address(url: str | None) -> str | None:
    """A web address that is safe as the target of a link; None for any other."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        return None
    return quote(parts._replace(query="", fragment="").geturl(), safe=":/%~.-_")


def _attribute(text: str) -> str:
    return re.sub(r"[^\w .,:;%–·/-]+", " ", tidy(text, 120)).strip()
