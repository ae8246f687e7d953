"""Outcomes: what was guessed beside what is true, one for each item of a run. Everything after the run is computed from these."""

from __future__ import annotations

from dataclasses import dataclass

from pricer.predictors.protocol import Guess


@dataclass(frozen=True, slots=True)
class Outcome:
    """The guess for one item and its truth: `truth` for numbers, `label` for labels. `usd` is None where the price is unknown."""

    item_id: str
    title: str
    category: str | None
    truth: float | None
    label: str | None
    guess: Guess
    attempts: int = 1
    usd: float | None = None
