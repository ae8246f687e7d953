"""Jobs as a training would leave them, for the tests of what watches them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pricer.tuning.record import METRICS, Point, Record, Status

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\u202e"
STEPS, PER_EPOCH, WARMUP = 40, 20, 4


def train(step: int, loss: float | None, **more: Any) -> Point:
    """A measurement while training."""
    return Point(step, step / PER_EPOCH, "train", loss, **more)


def evaluated(step: int, loss: float | None, metric: float | None = None) -> Point:
    """An evaluation."""
    return Point(step, step / PER_EPOCH, "validation", loss, metric)


def plan(**more: Any) -> dict[str, Any]:
    """A plan document of forty steps."""
    made: dict[str, Any] = {
        "id": "job", "method": "encoder", "base": "all-MiniLM-L6-v2", "notes": [], "doubts": [],
        "data": {"name": "fridges", "n_train": 320, "n_validation": 40, "task": "price"},
        "knobs": {"learning_rate": 1e-4, "batch_size": 16, "schedule": "linear"},
        "schedule": {"steps": STEPS, "steps_per_epoch": PER_EPOCH, "effective_batch": 16, "warmup_steps": WARMUP, "evaluate_at": [10, 20, 30, 40]},
        "estimate": {"seconds": 60.0, "seconds_low": None, "seconds_high": None, "memory_mb": None, "usd": None, "at_most_usd": None, "probe": None},
    }  # fmt: skip
    return made | more


def falling(upto: int = STEPS) -> list[Point]:
    """A training that goes well: a second and sixteen examples a step, an evaluation each ten."""
    points = []
    for step in range(1, upto + 1):
        loss = math.exp(-step / 10)
        points.append(train(step, loss, learning_rate=1e-4, elapsed_s=float(step), examples_per_s=16.0))
        if step % 10 == 0:
            points.append(evaluated(step, loss + 0.1, 50 - step / 2))
    return points


def job(
    folder: Path, points: Iterable[Point] = (), status: Status | None = None, told: dict[str, Any] | None = None
) -> Record:
    """A record with these measurements; running, if nothing else is said."""
    record = Record(folder)
    record.write_plan(told or plan())
    record.write_status(status or Status("running", steps=STEPS, metric_name="MAE"))
    (folder / METRICS).write_text("".join(json.dumps(asdict(point)) + "\n" for point in points))
    return record
