"""The table of the runs, as the page and the summary both show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pricer.evaluation.bootstrap import Interval
from pricer.evaluation.metrics import Errors
from pricer.evaluation.paired import Pair
from pricer.evaluation.report.entries import Entry
from pricer.evaluation.report.study import Study
from pricer.evaluation.report.wording import (
    UNKNOWN,
    amount,
    between,
    count,
    dollars,
    plain,
    seconds,
    share,
    share_between,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, and beside it in small what bounds or explains it."""

    main: str
    minor: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, what the head means, and its cell for a run."""

    head: str
    means: str
    cell: Callable[[Entry], Cell]


def columns(found: Study) -> tuple[Column, ...]:
    """The columns of the table: errors, what is paid for them, what was not answered, and further figures of the errors."""
    first, further = _of_labels() if found.task.is_label else _of_numbers(found)
    return (
        *first,
        Column("cost per 1,000", "dollars for 1,000 items", lambda entry: Cell(dollars(entry.bill.usd_per_1000))),
        Column("time p50", "median time of an answer; small: the 95th percentile", _time),
        Column("failed", "refused, unreadable or never answered: counted apart; small: of how many", _failed),
        *further,
    )


def standing(found: Study, entry: Entry) -> Cell:
    """What the paired test says of a run, and on how many items where those are its own."""
    return Cell(found.standing(entry), f"on {count(found.shared(entry))} items" if entry.name in found.apart else "")


@dataclass(frozen=True, slots=True)
class Rival:
    """A run beside the best one: figures of their paired difference, written out. `place` is its place in the study."""

    place: int
    name: str
    n: str
    difference: Cell
    p: str
    detectable: str
    needed: str


def rivals(found: Study) -> Iterator[Rival]:
    """Every compared run but the best, beside the best, in the order of the study."""
    for place, entry in enumerate(found.entries):
        pair = found.pair(entry)
        if pair is not None:
            yield Rival(
                place, entry.name, count(found.shared(entry)), Cell(*_difference(pair, found)), _p(pair.p_holm),
                _difference_as(pair.detectable, found), _needed(pair),
            )  # fmt: skip


def _difference(pair: Pair, found: Study) -> tuple[str, str]:
    ends = pair.difference_ci
    return _difference_as(pair.difference, found), share_between(ends) if found.task.is_label else between(
        ends, found.task.unit
    )


def _difference_as(value: float | None, found: Study) -> str:
    return share(value) if found.task.is_label else amount(value, found.task.unit)


def _needed(pair: Pair) -> str:
    if pair.is_resolved:
        return "told apart"
    return UNKNOWN if pair.needed_n is None else count(pair.needed_n)


def _of_numbers(found: Study) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """The columns that come first and those that come last; clipped errors only where they differ."""
    unit = found.task.unit
    first = (
        Column("MAE", "mean absolute error; small: its 95 % interval", lambda e: _bounded(_n(e).mae, _n(e).mae_ci, unit)),
        Column("median AE", "median absolute error; small: its 95 % interval", lambda e: _bounded(_n(e).median_ae, _n(e).median_ae_ci, unit)),
        Column("within 20 %", "share of guesses at most 20 % off; small: its 95 % interval", _within),
        Column("bias", "mean of guess minus truth: above 0 guesses are too high", lambda e: _bounded(_n(e).bias, _n(e).bias_ci, unit)),
    )  # fmt: skip
    further = (
        Column("RMSLE", "root of the mean squared difference of ln(1 + x)", lambda e: Cell(plain(_n(e).rmsle))),
        Column("R²", "1 less the squared errors over those of always answering the mean", lambda e: Cell(plain(_n(e).r2))),
    )  # fmt: skip
    if all(
        entry.numbers is None or entry.numbers.clipped is None or entry.numbers.clipped.mae == _n(entry).mae
        for entry in found.entries
    ):
        return first, further
    return first, (
        *further,
        Column("MAE clipped", "with guesses moved into the valid range", lambda e: _clipped(e, unit)),
    )


def _of_labels() -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """The columns that come first and those that come last."""
    return (
        Column("accuracy", "share of right labels among the answered; small: its 95 % interval", _accuracy),
        Column("macro-F1", "mean of the labels' F1; small: its 95 % interval", _macro),
    ), (Column("accuracy, failures wrong", "share of right labels among all items, a failure being wrong", _strict),)


def _n(entry: Entry) -> Errors:
    assert entry.numbers is not None, "a numeric task has numeric scores"
    return entry.numbers.raw


def _bounded(value: float | None, interval: Interval | None, unit: str | None) -> Cell:
    return Cell(amount(value, unit), between(interval, unit))


def _within(entry: Entry) -> Cell:
    return Cell(share(_n(entry).within_20_percent), share_between(_n(entry).within_20_percent_ci))


def _clipped(entry: Entry, unit: str | None) -> Cell:
    found = entry.numbers and entry.numbers.clipped
    return Cell(amount(found.mae, unit), between(found.mae_ci, unit)) if found else Cell(UNKNOWN)


def _accuracy(entry: Entry) -> Cell:
    assert entry.labels is not None, "a labelling task has label scores"
    return Cell(share(entry.labels.accuracy), share_between(entry.labels.accuracy_ci))


def _macro(entry: Entry) -> Cell:
    assert entry.labels is not None, "a labelling task has label scores"
    ends = entry.labels.macro_f1_ci
    return Cell(plain(entry.labels.macro_f1, 3), f"[{ends.low:.3f}, {ends.high:.3f}]" if ends else "")


def _strict(entry: Entry) -> Cell:
    assert entry.labels is not None, "a labelling task has label scores"
    return Cell(
        share(entry.labels.accuracy_with_failures_as_wrong),
        share_between(entry.labels.accuracy_with_failures_as_wrong_ci),
    )


def _failed(entry: Entry) -> Cell:
    return Cell(count(entry.scores.failures), f"of {count(len(entry.outcomes))}")


def _time(entry: Entry) -> Cell:
    return Cell(seconds(entry.bill.p50_s), f"p95 {seconds(entry.bill.p95_s)}" if entry.bill.p95_s is not None else "")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
