"""Curves of a fine-tuning, short enough to send and to draw: measured ones thinned, and the learning rate as it was planned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pricer.tuning.record import Point, Split
from pricer.tuning.schedule import Schedule

Figure = Literal["loss", "metric", "learning_rate", "examples_per_s"]
MOST = 600  # points of a curve that is drawn: about one for each pixel of a chart
SMOOTH_FROM = 40  # fewer points are looked at one by one


@dataclass(frozen=True, slots=True)
class Curve:
    """Finite values by step, in the order of the steps."""

    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.steps)


def curve(points: Sequence[Point], split: Split, figure: Figure) -> Curve:
    """One figure of a split; what was not measured, and NaN and infinities, are left out."""
    told = [(point.step, getattr(point, figure)) for point in points if point.split == split]
    kept = [(step, value) for step, value in told if value is not None and math.isfinite(value)]
    return Curve(tuple(step for step, _ in kept), tuple(value for _, value in kept))


def thinned(whole: Curve, most: int = MOST) -> Curve:
    """At most about `most` points of it: of each stretch the lowest and the highest, so that no spike is lost; first and last stay."""
    if len(whole) <= most:
        return whole
    stretches = max(1, (most - 2) // 2)
    kept = {0, len(whole) - 1}
    for number in range(stretches):
        places = range(number * len(whole) // stretches, (number + 1) * len(whole) // stretches)
        kept |= {min(places, key=whole.values.__getitem__), max(places, key=whole.values.__getitem__)}
    return _picked(whole, sorted(kept))


def smoothed(whole: Curve) -> Curve:
    """Its exponential moving average over about a twentieth of the points, unbiased at the start; empty for a short curve."""
    if len(whole) < SMOOTH_FROM:
        return Curve()
    keep = 1 - 2 / (len(whole) / 20 + 1)
    mean, weight, values = 0.0, 0.0, []
    for value in whole.values:
        mean, weight = keep * mean + (1 - keep) * value, keep * weight + (1 - keep)
        values.append(mean / weight)
    return Curve(whole.steps, tuple(values))


def planned_rate(plan: dict[str, Any], most: int = MOST) -> Curve:
    """The learning rate of every step as planned, its bend included; empty when the plan does not tell enough."""
    made = planned_schedule(plan)
    if made is None:
        return Curve()
    stride = max(1, math.ceil(made.steps / most))
    steps = sorted({*range(1, made.steps + 1, stride), min(made.warmup_steps + 1, made.steps), made.steps})
    return Curve(tuple(steps), tuple(made.rate(step) for step in steps))


def planned_schedule(plan: dict[str, Any]) -> Schedule | None:
    """The schedule that a plan document tells of, or None."""
    told, knobs = plan.get("schedule"), plan.get("knobs")
    if not isinstance(told, dict) or not isinstance(knobs, dict):
        return None
    peak, form = told.get("peak_rate", knobs.get("learning_rate")), told.get("curve", knobs.get("schedule"))
    numbers = [told.get(name) for name in ("steps", "steps_per_epoch", "effective_batch", "warmup_steps")]
    if (
        not isinstance(peak, int | float)
        or not isinstance(form, str)
        or not all(isinstance(one, int) for one in numbers)
    ):
        return None
    steps, per_epoch, effective, warmup = (int(one or 0) for one in numbers)
    if steps < 1 or per_epoch < 1:
        return None
    return Schedule(steps, per_epoch, effective, warmup, tuple(told.get("evaluate_at") or ()), float(peak), form)


def _picked(whole: Curve, places: Sequence[int]) -> Curve:
    return Curve(tuple(whole.steps[place] for place in places), tuple(whole.values[place] for place in places))
