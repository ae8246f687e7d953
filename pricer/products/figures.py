"""How figures are written: counts, shares, targets, and where a distribution lies."""

from __future__ import annotations

from functools import partial

from pricer.products.counted import Quantiles


def count(value: int) -> str:
    """A whole number, thousands separated."""
    return f"{value:,}"


def number(value: float, *, usd: bool) -> str:
    """A target as a reader wants it: $1,299.00, or up to four significant digits."""
    if usd:
        return f"${value:,.2f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def share(part: float, whole: float) -> str:
    """`part` of `whole` in percent, with a decimal; what is more than nothing is not shown as nothing."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    return "< 0.1\u00a0%" if 0 < percent < 0.05 else f"{percent:.1f}\u00a0%"


def spread(at: Quantiles, *, usd: bool) -> str:
    """The middle of a distribution in words."""
    show = partial(number, usd=usd)
    return f"median {show(at.median)}, half between {show(at.p25)} and {show(at.p75)}"
