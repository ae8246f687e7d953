"""How figures are written: amounts in the target's unit, intervals, shares, dollars and seconds. What is not known is a dash."""

from __future__ import annotations

import math
from collections.abc import Callable

from pricer.evaluation.bootstrap import Interval
from pricer.predictors.protocol import Task

UNKNOWN = "–"


def amount(value: float | None, unit: str | None) -> str:
    """A number in the target's unit: $43.04, or four significant digits."""
    if value is None:
        return UNKNOWN
    sign = "−" if value < 0 else ""
    return f"{sign}{'$' if unit == 'usd' else ''}{_digits(abs(value), unit)}"


def between(interval: Interval | None, unit: str | None) -> str:
    """An interval: [38.05, 49.83]. Its unit is that of the figure before it."""
    if interval is None:
        return ""
    low, high = (f"{'−' if end < 0 else ''}{_digits(abs(end), unit)}" for end in (interval.low, interval.high))
    return f"[{low}, {high}]"


def share(value: float | None) -> str:
    """A share, 0 to 1, in percent."""
    return UNKNOWN if value is None else f"{100 * value:.1f}\u00a0%"


def share_between(interval: Interval | None) -> str:
    """An interval of a share in percent: [26.4, 31.6]."""
    return "" if interval is None else f"[{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def loss_name(task: Task) -> str:
    """What the error of this task is called."""
    return "share of wrong labels" if task.is_label else "mean absolute error (MAE)"


def shower(task: Task) -> Callable[[float], str]:
    """How an error of this task is written: a share of wrong labels, or an amount."""
    return share if task.is_label else lambda value: amount(value, task.unit)


def plain(value: float | None, digits: int = 2) -> str:
    """A number without a unit."""
    if value is None:
        return UNKNOWN
    return f"{'−' if round(value, digits) < 0 else ''}{abs(value):,.{digits}f}"


def dollars(value: float | None) -> str:
    """Money: cents from ten of them up, two significant digits below; $0 only where nobody charges."""
    if value is None:
        return "not known"
    if value == 0:
        return "$0"
    return f"${value:,.2f}" if value >= 0.0995 else f"${_two_digits(value)}"


def seconds(value: float | None) -> str:
    """A time in seconds or milliseconds. Runs keep times to a tenth of a millisecond."""
    if value is None:
        return UNKNOWN
    if value >= 0.9995:
        return f"{value:,.1f}\u00a0s"
    if value < 0.0001:
        return "< 0.1\u00a0ms"
    return f"{value * 1000:,.0f}\u00a0ms" if value >= 0.0095 else f"{value * 1000:,.1g}\u00a0ms"


def sentence(text: str) -> str:
    """The text with a capital first letter and nothing else changed."""
    return text[:1].upper() + text[1:]


def count(value: int) -> str:
    """A whole number, thousands separated."""
    return f"{value:,}"


def cut(text: str, most: int) -> str:
    """The text, cut to `most` characters with a note of how long it was."""
    return text if len(text) <= most else f"{text[:most].rstrip()}… [cut: {len(text):,} characters]"


def _digits(value: float, unit: str | None) -> str:
    if unit == "usd":
        return f"{value:,.2f}" if value < 10_000 else f"{value:,.0f}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _two_digits(value: float) -> str:
    return f"{value:.{1 - math.floor(math.log10(value))}f}"
