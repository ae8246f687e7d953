"""How often `assay watch` is right about a table: `python bench/watching.py [--tune] [SERIES]`.

Series of 200 points, seeded, of ten kinds (see `KINDS`), half of them with anomalies put in after point 60: three single spikes at least
ten points apart and, in every second of those, one lasting level shift at the end. The size of an anomaly is a multiple of the sigma of
the series' own one-step errors (6, 9 or 15). A detection is an alert at the very point of an anomaly (a shift: at its first point or the
two after it); any other alert is false. Real values: the mean price of every 5, 10 and 20 consecutive rows of a category in the files
of the shared data folder, in their own order (they state no time), where it lies beside the repository; with the same spikes put in.

Beside the detector stand what people do without one: more than 3 (and 5) standard deviations from the mean of the last 60 points, more
than 50 % from the value before. All read the same points in the same run and have the same cool-down. Thresholds were chosen on the
even seeds (`--tune`); what is reported is on the odd ones. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median, pstdev

from pricer.watching.detector import Rule
from pricer.watching.series import Series, advance

LENGTH, QUIET_START = 200, 60
SIZES = (6.0, 9.0, 15.0)
COOL_DOWN = 7
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Case:
    """A series with what was put into it: place and size of spikes, place of the shift. A value of None is a gap."""

    kind: str
    values: tuple[float | None, ...]
    spikes: tuple[int, ...]
    size: float | None
    shift: int | None


def main() -> None:
    """Print the tables."""
    count = next((int(word) for word in sys.argv[1:] if word.isdigit()), 30)
    if "--tune" in sys.argv:
        cases = [*synthetic(count, 0)]
        for threshold in (3.0, 3.5, 4.0, 4.5, 5.0, 6.0):
            show(f"robust, {threshold} sigmas", cases, robust(Rule(threshold=threshold, cool_down=COOL_DOWN)))
        return
    cases = [*synthetic(count, 1)]
    methods: dict[str, Callable[[Case], list[int]]] = {
        f"robust, {Rule().threshold:g} sigmas (ours)": robust(Rule(cool_down=COOL_DOWN)),
        "3 standard deviations": plain_z(3.0), "5 standard deviations": plain_z(5.0), "50 % from the last": fixed(0.5),
    }  # fmt: skip
    print(f"{len(cases)} synthetic series of {LENGTH} points")
    for name, method in methods.items():
        show(name, cases, method)
    for kind in KINDS:
        show(f"  ours on: {kind}", [case for case in cases if case.kind == kind], robust(Rule(cool_down=COOL_DOWN)))
    print("how jumps were settled:", settled(cases))
    real = [*real_cases(1)]
    if real:
        print(f"{len(real)} real series, {sum(len(case.values) for case in real):,} points")
        for name, method in methods.items():
            show(name, real, method)


def show(name: str, cases: Sequence[Case], method: Callable[[Case], list[int]]) -> None:
    """One line: precision, recall over all and by size, false alarms per 1,000 points."""
    hits: dict[object, int] = defaultdict(int)
    wanted: dict[object, int] = defaultdict(int)
    false = points = clean_false = clean_points = 0
    for case in cases:
        alerts = method(case)
        places = {*case.spikes} | ({case.shift, case.shift + 1, case.shift + 2} if case.shift else set())
        for spike in case.spikes:
            wanted[case.size] += 1
            hits[case.size] += spike in alerts
        if case.shift:
            wanted["shift"] += 1
            hits["shift"] += any(case.shift + n in alerts for n in range(3))
        wrong = sum(at not in places for at in alerts)
        false += wrong
        points += sum(value is not None for value in case.values)
        if not case.spikes:
            clean_false += wrong
            clean_points += sum(value is not None for value in case.values)
    true, all_wanted = sum(hits.values()), sum(wanted.values())
    by = "  ".join(f"{size}: {wilson(hits[size], wanted[size])}" for size in (*SIZES, "shift") if wanted[size])
    print(f"{name:34} precision {wilson(true, true + false)}  recall {wilson(true, all_wanted)}  false/1000 {rate(false, points)}"
          f"  (untouched series {rate(clean_false, clean_points)})\n{'':34} recall by size  {by}")  # fmt: skip


def wilson(hits: int, of: int, z: float = 1.96) -> str:
    """A share in percent with its interval."""
    if not of:
        return "–"
    share, room = hits / of, z * z / of
    middle, half = (
        (share + room / 2) / (1 + room),
        z * math.sqrt(share * (1 - share) / of + room / (4 * of)) / (1 + room),
    )
    return f"{100 * share:.1f} [{100 * (middle - half):.1f}, {100 * (middle + half):.1f}]"


def rate(hits: int, of: int) -> str:
    """Hits per 1,000 with Wilson's interval."""
    if not of:
        return "–"
    share, room, z = hits / of, 1.96**2 / of, 1.96
    middle, half = (
        (share + room / 2) / (1 + room),
        z * math.sqrt(share * (1 - share) / of + room / (4 * of)) / (1 + room),
    )
    return f"{1000 * share:.2f} [{1000 * (middle - half):.2f}, {1000 * (middle + half):.2f}]"


# --- methods: a case in, the places of alerts out


def robust(rule: Rule) -> Callable[[Case], list[int]]:
    """The detector of the product, with the weekday of each point."""

    def found(case: Case) -> list[int]:
        series, alerts = Series(), []
        for place, value in enumerate(case.values):
            if value is not None:
                step = advance(series, f"{place:06d}", value, place % 7, rule)
                series = step.series
                if step.alert:
                    alerts.append(place)
        return alerts

    return found


def plain_z(threshold: float) -> Callable[[Case], list[int]]:
    """Mean and standard deviation of the last 60 points, once there are 12."""

    def unusual(past: Sequence[float], value: float) -> bool:
        sd = pstdev(past)
        return len(past) >= 12 and sd > 0 and abs(value - fmean(past)) > threshold * sd

    return _with_cool_down(unusual)


def fixed(share: float) -> Callable[[Case], list[int]]:
    """More than a share from the value before."""
    return _with_cool_down(lambda past, value: past[-1] != 0 and abs(value / past[-1] - 1) > share)


def _with_cool_down(unusual: Callable[[Sequence[float], float], bool]) -> Callable[[Case], list[int]]:
    def found(case: Case) -> list[int]:
        past: list[float] = []
        alerts: list[int] = []
        quiet = 0
        for place, value in enumerate(case.values):
            if value is None:
                continue
            if past and quiet == 0 and unusual(past[-60:], value):
                alerts.append(place)
                quiet = COOL_DOWN
            else:
                quiet = max(0, quiet - 1)
            past.append(value)
        return alerts

    return found


def settled(cases: Sequence[Case]) -> str:
    """How many spikes were called spikes, and shifts level shifts, of those that were alerted."""
    right: dict[str, list[bool]] = {"spike": [], "level shift": []}
    for case in cases:
        series = Series()
        for place, value in enumerate(case.values):
            if value is None:
                continue
            step = advance(series, f"{place:06d}", value, place % 7, Rule(cool_down=COOL_DOWN))
            series = step.series
            if step.settled:
                at, how = int(step.settled[0]), step.settled[1]
                if at in case.spikes:
                    right["spike"].append(how == "spike")
                elif case.shift and case.shift <= at <= case.shift + 2:
                    right["level shift"].append(how == "level shift")
    return "; ".join(f"{name} {wilson(sum(found), len(found))} of {len(found)}" for name, found in right.items())


# --- series


def synthetic(count: int, parity: int) -> Iterator[Case]:
    """`count` series a kind, seeds of one parity, in turn untouched and with anomalies of each size."""
    for kind, make in KINDS.items():
        for number in range(count):
            draw = random.Random(f"{kind} {2 * number + parity}")
            values = make(draw)
            case = Case(kind, tuple(values), (), None, None)
            yield case if number % 2 == 0 else spoiled(case, SIZES[number // 2 % 3], draw, shift=number % 4 == 1)


def spoiled(case: Case, size: float, draw: random.Random, *, shift: bool) -> Case:
    """The case with spikes of `size` sigmas of its own one-step errors, and perhaps a shift of the level near its end."""
    positive = all(value is None or value > 0 for value in case.values)
    x = [None if value is None else math.log(value) if positive else value for value in case.values]
    known = [value for value in x if value is not None]
    sigma = _own_sigma(known)
    places = [n for n in range(QUIET_START, len(x) - 30) if x[n] is not None]
    spikes: list[int] = []
    while len(spikes) < 3:
        place = draw.choice(places)
        if all(abs(place - other) >= 10 for other in spikes):
            spikes.append(place)
    sign = {place: draw.choice((1, -1)) for place in spikes}
    at = next((n for n in range(len(x) - 15, len(x)) if x[n] is not None), None) if shift else None
    way = draw.choice((1, -1))
    moved = []
    for place, value in enumerate(x):
        if value is not None:
            value += sign.get(place, 0) * size * sigma + (way * size * sigma if at is not None and place >= at else 0)  # noqa: PLW2901
        moved.append(None if value is None else math.exp(value) if positive else value)
    if case.kind == "counts":
        moved = [None if value is None else float(max(0, round(value))) for value in moved]
    return replace(case, values=tuple(moved), spikes=tuple(sorted(spikes)), size=size, shift=at)


def _own_sigma(x: Sequence[float]) -> float:
    """The standard deviation of what a good forecaster leaves: the smaller of differences to the last point, to the last week and to
    the median of the last 21; without the largest hundredth."""
    ways = [
        [after - before for before, after in pairwise(x)],
        [(after - before) / math.sqrt(2) for before, after in zip(x, x[7:], strict=False)],
        [x[n] - median(x[n - 21 : n]) for n in range(21, len(x))],
    ]
    return min(pstdev(sorted(errors, key=abs)[: math.ceil(0.99 * len(errors))]) for errors in ways)


def _noise(draw: random.Random) -> list[float]:
    return [draw.gauss(0, 1) for _ in range(LENGTH)]


def _student(draw: random.Random, freedom: int) -> float:
    return draw.gauss(0, 1) / math.sqrt(draw.gammavariate(freedom / 2, 2) / freedom)


def _autocorrelated(draw: random.Random, share: float) -> list[float]:
    found, last = [], 0.0
    for shock in _noise(draw):
        last = share * last + shock
        found.append(last)
    return found


def _week(draw: random.Random) -> list[float]:
    shape = [draw.uniform(-4, 4) for _ in range(7)]
    return [shape[n % 7] + noise for n, noise in enumerate(_noise(draw))]


def _gaps(draw: random.Random) -> list[float | None]:
    found: list[float | None] = [100 + 5 * noise for noise in _noise(draw)]
    for n in range(LENGTH):
        if draw.random() < 0.15:
            found[n] = None
    return found


KINDS: dict[str, Callable[[random.Random], Sequence[float | None]]] = {
    "plain noise": lambda draw: [100 + 5 * noise for noise in _noise(draw)],
    "trend": lambda draw: [100 + 0.5 * n + 5 * noise for n, noise in enumerate(_noise(draw))],
    "growth, noise in proportion": lambda draw: [50 * 1.01**n * math.exp(0.1 * e) for n, e in enumerate(_noise(draw))],
    "weekly season": lambda draw: [100 + 5 * x for x in _week(draw)],
    "weekly season and trend": lambda draw: [100 + 0.5 * n + 5 * x for n, x in enumerate(_week(draw))],
    "heavy tails (t, 3 degrees)": lambda draw: [100 + 5 * _student(draw, 3) for _ in range(LENGTH)],
    "autocorrelated 0.7": lambda draw: [100 + 5 * x for x in _autocorrelated(draw, 0.7)],
    "random walk": lambda draw: [300 + 5 * x for x in _autocorrelated(draw, 1.0)],
    "counts": lambda draw: [float(sum(draw.random() < 0.04 for _ in range(100))) for _ in range(LENGTH)],
    "gaps (15 % missing)": _gaps,
}


def real_cases(parity: int) -> Iterator[Case]:
    """Mean prices of consecutive rows in the files' own order, by category; each untouched and with spikes."""
    prices: dict[str, list[float]] = defaultdict(list)
    for path in sorted(SHARED.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                prices[f"{path.name} {row.get('category')}"].append(row["price_usd"])
    number = 0
    for name, found in sorted(prices.items()):
        for rows in (5, 10, 20):
            means = [fmean(found[n : n + rows]) for n in range(0, len(found) - rows + 1, rows)][:400]
            if len(means) < QUIET_START + 60:
                continue
            case = Case("real", tuple(means), (), None, None)
            draw = random.Random(f"real {name} {rows} {parity}")
            yield case
            yield spoiled(case, SIZES[number % 3], draw, shift=False)
            number += 1


if __name__ == "__main__":
    main()
