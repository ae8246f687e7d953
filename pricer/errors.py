"""What the proving ground refuses, each with what was wanted, what was found, where, and how to mend it."""

from __future__ import annotations


class PricerError(Exception):
    """Root of everything the proving ground raises on purpose; the work failed (exit code 1)."""


class BadInput(PricerError):
    """The caller asked for something that cannot be done, or gave a file that cannot be read (exit code 2)."""


class MissingExtra(BadInput):
    """A part of the program is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed: run `make test` once, or pip install 'llm-assay[{extra}]'")
