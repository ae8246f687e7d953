"""Whether the newest point of a series is unusual, from the points before it and nothing else.

A robust one-step-ahead test: simple forecasters say what the next value should be; the one whose own past errors were smallest is
believed; the new error is measured in robust sigmas of its past errors. With the median of the last points as the only forecaster this
is the Hampel identifier over a trailing window (F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974;
L. Davies and U. Gather, "The identification of multiple outliers", JASA 88, 1993): median, and 1.4826 times the median absolute
deviation as sigma. B. Iglewicz and D. Hoaglin ("How to Detect and Handle Outliers", ASQC 16, 1993) give the same figure as the modified
z-score, 0.6745 (x - median) / MAD, and its substitute where more than half of the deviations are zero: 1.2533 times their mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Scale = Literal["value", "ratio", "count"]
Side = Literal["both", "up", "down"]

LEVEL, RECENT = 21, 3  # points whose median is a forecast: slow, and quick to follow a trend or a wandering level
FORECASTERS = ("level", "recent", "level by weekday", "recent by weekday")
WEEKS = 8  # of a weekday's profile
FEWEST_WEEKS = 3
FEWEST_OF_WEEKDAY = 14  # errors before a forecaster by weekday may be chosen
BETTER = 0.85  # a less simple forecaster must have errors smaller by this factor
MAD_SIGMA, MEAN_SIGMA = 1.4826, 1.2533
TAIL, TAIL_SIGMA = 0.95, 1.96  # the 95th percentile of absolute errors, as sigmas of a normal
SMALLEST_RATIO = 0.005  # a flat series moves by half a percent before it is said to move
SMALL_SAMPLE = 4.0
MOST_SIGMAS = 99.0  # where a flat series leaves its level any figure would be large


@dataclass(frozen=True, slots=True)
class Rule:
    """How a series is judged. `threshold` is in robust sigmas. `fewest` errors of a forecaster are wanted before anything is said, the
    last `window` are used. After an alert the series is quiet for `cool_down` points; `further` points tell a spike from a new level."""

    threshold: float = 4.0
    side: Side = "both"
    scale: Scale | None = None
    fewest: int = 12
    window: int = 60
    cool_down: int = 7
    further: int = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A point that was read. `x` is its value on the working scale, moved when the level is known to have moved; `deviation` its
    distance from the median of its week; `errors` those of the forecasters, None where one could not say; `out` keeps it out of every
    later forecast."""

    at: str
    value: float
    x: float
    weekday: int | None
    deviation: float
    errors: tuple[float | None, ...]
    out: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of a point. `sigmas` is None, and nothing is unusual, while there are too few points. `low` to `high` is what would
    not have been unusual, in the unit of the series."""

    expected: float | None
    low: float | None
    high: float | None
    sigmas: float | None
    unusual: bool
    forecaster: str
    points: int
    error: float = 0.0


def scale_of(values: Sequence[float]) -> Scale:
    """`count` for small whole numbers from zero up, `ratio` (logarithms) for positive values, else `value`."""
    if all(value >= 0 and value == int(value) for value in values) and median(values) < 20:
        return "count"
    return "ratio" if all(value > 0 for value in values) else "value"


def lifted(value: float, scale: Scale) -> float:
    """The value on the working scale: its logarithm; for counts Anscombe's root, whose sigma is 1 where counts are Poisson."""
    if scale == "ratio" and value > 0:
        return math.log(value)
    return 2 * math.sqrt(max(value, 0.0) + 0.375) if scale == "count" else value


def lowered(x: float, scale: Scale) -> float:
    """Back from the working scale."""
    if scale == "ratio":
        return math.exp(min(x, 700.0))
    return max((max(x, 0.0) / 2) ** 2 - 0.375, 0.0) if scale == "count" else x


def deviation(x: float, past: Sequence[Seen]) -> float:
    """How far a value lies from the median of the seven points that end with it."""
    return x - median([*(seen.x for seen in past[-6:]), x])


def forecasts(past: Sequence[Seen], weekday: int | None) -> tuple[float | None, ...]:
    """What each forecaster says comes next, on the working scale; None where it cannot say."""
    if len(past) < RECENT:
        return (None,) * len(FORECASTERS)
    xs = [seen.x for seen in past[-LEVEL:]]
    plain = (median(xs), median(xs[-RECENT:]))
    profile = _profile(past) if weekday is not None else None
    if profile is None or weekday not in profile:
        return (*plain, None, None)
    level = [seen.x - profile.get(seen.weekday, 0.0) for seen in past[-LEVEL:]]
    return (*plain, median(level) + profile[weekday], median(level[-RECENT:]) + profile[weekday])


def judge(x: float, said: Sequence[float | None], past: Sequence[Seen], rule: Rule, scale: Scale) -> Judgement:
    """How unusual `x` is, by the forecaster whose past errors were smallest. `past` leaves out what is `out`."""
    chosen = _chosen(past, said, rule, scale)
    if chosen is None:
        known = max((sum(seen.errors[n] is not None for seen in past) for n in (0, 1)), default=0)
        return Judgement(None, None, None, None, unusual=False, forecaster="none", points=known)
    n, errors, sigma = chosen
    forecast = said[n]
    assert forecast is not None, "a forecaster that could not say was chosen"
    middle = forecast + median(errors)
    reach = rule.threshold * sigma * (1 + SMALL_SAMPLE / len(errors))
    sigmas = max(-MOST_SIGMAS, min(MOST_SIGMAS, (x - middle) / sigma))
    far = (x - middle > reach and rule.side != "down") or (middle - x > reach and rule.side != "up")
    low, high = lowered(middle - reach, scale), lowered(middle + reach, scale)
    return Judgement(lowered(middle, scale), low, high, sigmas, far, FORECASTERS[n], len(errors), x - middle)


def _chosen(
    past: Sequence[Seen], said: Sequence[float | None], rule: Rule, scale: Scale
) -> tuple[int, list[float], float] | None:
    """Number, errors and sigma of the forecaster to believe."""
    best: tuple[int, list[float], float] | None = None
    for n, forecast in enumerate(said):
        errors = [error for seen in past[-rule.window :] if (error := seen.errors[n]) is not None]
        if forecast is None or len(errors) < (rule.fewest if n < 2 else max(rule.fewest, FEWEST_OF_WEEKDAY)):
            continue
        sigma = max(sigma_of(errors), _floor(forecast, scale))
        if best is None or sigma < BETTER * best[2]:
            best = (n, errors, sigma)
    return best


def sigma_of(errors: Sequence[float]) -> float:
    """Robust sigma of errors: from the MAD, or their mean where the MAD is zero, and no smaller than the tail asks for."""
    middle = median(errors)
    apart = sorted(abs(error - middle) for error in errors)
    mad = median(apart)
    tail = apart[min(len(apart) - 1, math.ceil(TAIL * len(apart)) - 1)]
    return max(MAD_SIGMA * mad if mad else MEAN_SIGMA * sum(apart) / len(apart), tail / TAIL_SIGMA)


def _floor(forecast: float, scale: Scale) -> float:
    """The least sigma: half a percent, for counts the 1 of a Poisson."""
    if scale == "count":
        return 1.0
    return SMALLEST_RATIO if scale == "ratio" else max(SMALLEST_RATIO * abs(forecast), 1e-9)


def _profile(past: Sequence[Seen]) -> dict[int | None, float] | None:
    """How each weekday lies beside the median of its week; None while a weekday was seen less than three times."""
    of_day: dict[int | None, list[float]] = {}
    for seen in past[-7 * WEEKS :]:
        of_day.setdefault(seen.weekday, []).append(seen.deviation)
    if len(of_day) < 5 or min(len(found) for found in of_day.values()) < FEWEST_WEEKS:
        return None
    return {day: median(found) for day, found in of_day.items()}
