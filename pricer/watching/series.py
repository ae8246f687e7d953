"""A series as it is watched: point after point, what was alerted, what is still to be settled, and when it is quiet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Literal

from pricer.watching.detector import Judgement, Rule, Scale, Seen, deviation, forecasts, judge, lifted, scale_of

KEPT = 120  # points
MOST_OUT = 1 / 3  # of the last 21 points: when more are out, the rule is wrong and not the points
Settled = Literal["spike", "level shift"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A jump that the points after it will explain. `errors` are the jump's and theirs, against what was expected without it."""

    at: str
    errors: tuple[float, ...]
    sigma: float


@dataclass(frozen=True, slots=True)
class Series:
    """What is kept of a series: its last points, oldest first."""

    seen: tuple[Seen, ...] = ()
    scale: Scale | None = None
    pending: Pending | None = None
    quiet: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a point did. `alert`: it is unusual and the series was not quiet. `settled`: which jump, and what it turned out to be."""

    series: Series
    judgement: Judgement
    alert: bool
    settled: tuple[str, Settled] | None


def advance(series: Series, at: str, value: float, weekday: int | None, rule: Rule) -> Step:
    """The series with one point more. Points come in the order of their times; a gap is no point."""
    scale = _scale(series, value, rule)
    if scale != series.scale:
        series = _replayed(series, scale)
    past = believed(series.seen)
    x = lifted(value, scale)
    said = forecasts(past, weekday)
    judgement = judge(x, said, past, rule, scale)
    errors = tuple(None if one is None else x - one for one in said)
    held_back = judgement.unusual or series.pending is not None
    point = Seen(at, value, x, weekday, deviation(x, past), errors, held_back)
    alert = judgement.unusual and series.quiet == 0 and series.pending is None
    after = replace(series, seen=(*series.seen, point)[-KEPT:], quiet=max(0, series.quiet - 1))
    settled = None
    if alert:
        sigma = abs(judgement.error / judgement.sigmas) if judgement.sigmas else 0.0
        after = replace(after, pending=Pending(at, (judgement.error,), sigma), quiet=rule.cool_down)
    elif series.pending is not None:
        after, settled = _followed(after, series.pending, judgement, rule)
    return Step(after, judgement, alert, settled)


def believed(seen: Sequence[Seen]) -> list[Seen]:
    """The points that forecasts may use: without those that were out, unless so many were that the series has changed its ways."""
    last = seen[-21:]
    if sum(one.out for one in last) > MOST_OUT * len(last):
        return list(seen)
    return [one for one in seen if not one.out]


def _scale(series: Series, value: float, rule: Rule) -> Scale:
    """The scale that the values ask for. It is settled once there are enough of them, unless a value comes that it cannot hold."""
    if rule.scale:
        return rule.scale if value > 0 or rule.scale != "ratio" else "value"
    values = [*(seen.value for seen in series.seen), value]
    if series.scale and len(series.seen) >= rule.fewest:
        holds = value > 0 if series.scale == "ratio" else value >= 0 or series.scale == "value"
        return series.scale if holds else "value"
    return scale_of(values)


def _replayed(series: Series, scale: Scale) -> Series:
    """The series as it were if it had been on this scale from the start; what was alerted stays as it is."""
    past: list[Seen] = []
    for one in series.seen:
        x = lifted(one.value, scale)
        kept = [seen for seen in past if not seen.out]
        errors = tuple(None if said is None else x - said for said in forecasts(kept, one.weekday))
        past.append(replace(one, x=x, deviation=deviation(x, kept), errors=errors))
    return replace(series, scale=scale, seen=tuple(past))


def _followed(
    series: Series, pending: Pending, judgement: Judgement, rule: Rule
) -> tuple[Series, tuple[str, Settled] | None]:
    """One point more after a jump; with `further` of them the jump is settled: most of it stayed, or it did not."""
    pending = replace(pending, errors=(*pending.errors, judgement.error))
    if len(pending.errors) <= rule.further:
        return replace(series, pending=pending), None
    jump, stayed = pending.errors[0], median(pending.errors[1:])
    shifted = stayed * jump > 0 and abs(stayed) > max(abs(jump) / 2, rule.threshold / 2 * pending.sigma)
    seen = _moved(series.seen, pending, median(pending.errors)) if shifted else _taken_back(series.seen, pending, rule)
    how: Settled = "level shift" if shifted else "spike"
    return replace(series, seen=seen, pending=None), (pending.at, how)


def _moved(seen: tuple[Seen, ...], pending: Pending, by: float) -> tuple[Seen, ...]:
    """The points before the jump on the new level, and those since as ordinary ones; their errors told of the old level."""
    since = len(seen) - len(pending.errors)
    none: tuple[float | None, ...] = (None,) * len(seen[-1].errors)
    return (
        *(replace(one, x=one.x + by) for one in seen[:since]),
        *(replace(one, out=False, errors=none, deviation=0.0) for one in seen[since:]),
    )


def _taken_back(seen: tuple[Seen, ...], pending: Pending, rule: Rule) -> tuple[Seen, ...]:
    """The points after a spike count again, those aside that were as far off as it was."""
    since = len(seen) - len(pending.errors)
    far = rule.threshold * pending.sigma
    back = (
        replace(one, out=abs(error) > far) for one, error in zip(seen[since + 1 :], pending.errors[1:], strict=True)
    )
    return (*seen[: since + 1], *back)


def told(series: Series) -> dict[str, Any]:
    """The series as JSON."""
    return asdict(series)


def read(told: Mapping[str, Any]) -> Series:
    """The series that `told` was made of."""
    seen = tuple(Seen(**(row | {"errors": tuple(row["errors"])})) for row in told["seen"])
    pending = told["pending"]
    return Series(
        seen,
        told["scale"],
        Pending(pending["at"], tuple(pending["errors"]), pending["sigma"]) if pending else None,
        told["quiet"],
    )
