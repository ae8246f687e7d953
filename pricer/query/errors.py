"""Why a statement that was fine in itself has no result."""

from __future__ import annotations

from pricer.errors import PricerError


class QueryTooSlow(PricerError):
    """The time limit ended the statement."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(
            f"stopped after its limit of {timeout_s:g} s: filter by dataset or category, aggregate, or select fewer columns; "
            "the limit can be raised to 60 s (--timeout, timeout_s)"
        )


class QueryTooBig(PricerError):
    """The memory limit ended the statement, or it brought the process down."""

    def __init__(self, memory_mb: int) -> None:
        super().__init__(
            f"stopped at its limit of {memory_mb} MB of memory: aggregate or filter before joining and sorting, select fewer "
            "columns, build no huge strings or lists"
        )


class QueryFailed(PricerError):
    """The process that runs statements could not do its work."""
