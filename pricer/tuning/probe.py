"""How long a training will take: a few of its steps are done, on its data, and counted up."""

from __future__ import annotations

import math
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pricer.evaluation.material import Material
from pricer.predictors.protocol import Examples
from pricer.tuning.record import Point, Record
from pricer.tuning.schedule import Schedule

if TYPE_CHECKING:
    from pricer.tuning.local import Report
    from pricer.tuning.plan import Planned

STEPS = 10
HELD = 40  # validation examples of the probe
SOLVED = 200  # training examples that its head is solved on
UNSURE = 0.15  # a machine's speed from one minute to the next, as a share


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds with an interval that the actual time should lie in; megabytes at the peak; dollars, 0 on one's own machine. `probe` says
    what was measured."""

    seconds: float
    seconds_low: float
    seconds_high: float
    memory_mb: float
    usd: str | None
    at_most_usd: str | None
    probe: str


def probe(ready: Planned, report: Report) -> Estimate:
    """The time of the whole training, from a short one on a draw of its examples."""
    from pricer.tuning.local import train

    stages = _Stages(report)
    times = ready.schedule
    steps = min(STEPS, times.steps)
    short = Schedule(steps, times.steps_per_epoch, times.effective_batch, 0, (steps,), times.peak_rate, "constant")
    few = _drawn(ready.material, max(SOLVED, steps * times.effective_batch))
    with tempfile.TemporaryDirectory() as folder:
        record = Record(Path(folder) / "probe")
        record.write_plan({})
        began_s = time.monotonic()
        train(ready.wish.method, ready.base, few, ready.wish.knobs, short, record, stages)
        whole_s = time.monotonic() - began_s
        points = record.points()
    return _counted_up(ready, points, whole_s, stages, steps)


class _Stages:
    """Tells a report, and keeps when each stage began."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.began_s: dict[str, float] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        self.began_s.setdefault(name, time.monotonic())
        self._report(f"probing: {name}", done, total)

    def seconds(self, first: str, then: str) -> float:
        """From the beginning of one stage to that of the next; 0 where there was none."""
        return max(0.0, self.began_s[then] - self.began_s[first]) if {first, then} <= self.began_s.keys() else 0.0


def _counted_up(ready: Planned, points: list[Point], whole_s: float, stages: _Stages, steps: int) -> Estimate:
    """The probe's parts, each as often as the training will have it."""
    from pricer.tuning.encoder import MEASURED, PROBED

    times, n_train = ready.schedule, len(ready.material.train.listings)
    at = [point.elapsed_s or 0.0 for point in points if point.split == "train"]
    each = [after - before for before, after in pairwise(at)] or at
    held = [point for point in points if point.split == "validation"]
    measured_s = max(0.0, (held[-1].elapsed_s or 0.0) - at[-1]) if held else 0.0
    n_held = min(MEASURED, len(ready.material.validation.listings) or n_train)
    step_s = sum(each) / len(each)
    solving_s = stages.seconds("solving the head", "training")
    fixed_s = max(0.0, whole_s - (held[-1].elapsed_s or at[-1] if held else at[-1]) - solving_s)
    solved_s = solving_s * min(n_train, PROBED) / min(n_train, SOLVED)
    evaluation_s = measured_s * n_held / HELD
    seconds = fixed_s + solved_s + times.steps * step_s + len(times.evaluate_at) * evaluation_s
    spread_s = times.steps * _error(each)
    margin_s = math.hypot(1.96 * spread_s, UNSURE * seconds)
    return Estimate(
        round(seconds, 1), round(max(0.0, seconds - margin_s), 1), round(seconds + margin_s, 1), round(_peak_mb(), 0), "0", "0",
        f"{steps} steps of {step_s:.2f} s, {fixed_s:.0f} s to begin and end, {solved_s:.0f} s for the head, {evaluation_s:.1f} s an evaluation",
    )  # fmt: skip


def _drawn(material: Material, n_train: int) -> Material:
    from pricer.tuning.encoder import few

    held = material.validation if material.validation.listings else Examples((), ())
    return replace(material, train=few(material.train, n_train), validation=few(held, HELD))


def _error(each: list[float]) -> float:
    """The standard error of the mean."""
    mean = sum(each) / len(each)
    return math.sqrt(sum((one - mean) ** 2 for one in each) / max(1, len(each) - 1) / len(each))


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
