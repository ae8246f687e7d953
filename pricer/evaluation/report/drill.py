"""The drill-down: the answers worth reading one by one, and what is shown of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pricer.evaluation.outcome import Outcome
from pricer.evaluation.report.entries import Entry
from pricer.evaluation.report.running import loss_of
from pricer.products.items import Listing

WORST, MIDDLE, FAILED = 30, 15, 50
TEXT, RAW, TITLE = 280, 400, 160  # characters


@dataclass(frozen=True, slots=True)
class Case:
    """One answer beside its item."""

    outcome: Outcome
    listing: Listing
    loss: float | None


@dataclass(frozen=True, slots=True)
class Cases:
    """Answers of one kind, and how many of that kind there are."""

    kind: str
    shown: tuple[Case, ...]
    of: int


def drill(entry: Entry) -> tuple[Cases, ...]:
    """The worst answers, those about the median error, and failures; of labels the wrong ones and failures."""
    listings = {item.listing.id: item.listing for item in entry.run.items}
    cases = [Case(outcome, listings[outcome.item_id], loss_of(outcome)) for outcome in entry.outcomes]
    scored = sorted(
        (case for case in cases if case.loss is not None), key=lambda case: (-(case.loss or 0), case.outcome.item_id)
    )
    failed = [case for case in cases if case.loss is None]
    kinds = _labelled(scored) if entry.labels else _numbered(scored)
    found = (*kinds, Cases("failures", tuple(failed[:FAILED]), len(failed)))
    return tuple(cases for cases in found if cases.shown)


def _numbered(scored: Sequence[Case]) -> tuple[Cases, ...]:
    middle = max(0, (len(scored) - MIDDLE) // 2)
    return (
        Cases("largest errors", tuple(scored[:WORST]), len(scored)),
        Cases("errors about the median", tuple(scored[middle : middle + MIDDLE]), len(scored)),
    )


def _labelled(scored: Sequence[Case]) -> tuple[Cases, ...]:
    wrong = [case for case in scored if case.loss]
    right = [case for case in scored if not case.loss]
    return (
        Cases("wrong labels", tuple(wrong[:WORST]), len(wrong)),
        Cases("right labels", tuple(right[:MIDDLE]), len(right)),
    )
