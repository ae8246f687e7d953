"""Confusion matrices of labelling runs, as tables whose shade is the share of a row."""

from __future__ import annotations

from dataclasses import dataclass

from pricer.evaluation.labels import LabelScores
from pricer.evaluation.report.study import Study

MOST_LABELS = 20  # more would be a wall of figures for each run


@dataclass(frozen=True, slots=True)
class Square:
    """A count, and the percentage of its row, 0 to 100."""

    n: int
    percent: int
    is_right: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A true label: its squares in the order of the guesses, failures last; none where there are more than twenty labels."""

    label: str
    squares: tuple[Square, ...]
    recall: float | None
    precision: float | None
    f1: float | None


def matrices(found: Study) -> tuple[tuple[Line, ...], ...]:
    """The matrix of each run, in the order of the study; empty for numbers."""
    return tuple(_lines(entry.labels) if entry.labels else () for entry in found.entries)


def _lines(scores: LabelScores) -> tuple[Line, ...]:
    return tuple(
        Line(one.label, _squares(row, place) if len(row) <= MOST_LABELS + 1 else (), one.recall, one.precision, one.f1)
        for place, (one, row) in enumerate(zip(scores.by_label, scores.confusion, strict=True))
    )


def _squares(row: tuple[int, ...], right: int) -> tuple[Square, ...]:
    total = sum(row)
    return tuple(Square(n, round(100 * n / total) if total else 0, place == right) for place, n in enumerate(row))
