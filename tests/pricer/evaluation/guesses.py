"""Outcomes made of a few numbers or labels."""

from __future__ import annotations

from collections.abc import Sequence

from pricer.evaluation.outcome import Outcome
from pricer.predictors.protocol import Guess, Task

USD = Task()
KIND = Task(name="kind", unit=None, labels=("a", "b", "c"))


def priced(truths: Sequence[float], guesses: Sequence[float | str], category: str | None = None) -> list[Outcome]:
    """An outcome for each truth; a guess that is a text is a failure."""
    return [
        Outcome(f"item-{place:04}", "a thing", category, float(truth), None, _number(guess))
        for place, (truth, guess) in enumerate(zip(truths, guesses, strict=True))
    ]


def labelled(truths: Sequence[str], guesses: Sequence[str], category: str | None = None) -> list[Outcome]:
    """An outcome for each truth; the guess "-" is a failure."""
    return [
        Outcome(f"item-{place:04}", "a thing", category, None, truth, _label(guess))
        for place, (truth, guess) in enumerate(zip(truths, guesses, strict=True))
    ]


def _number(guess: float | str) -> Guess:
    return Guess(failure=guess) if isinstance(guess, str) else Guess(value=float(guess))


def _label(guess: str) -> Guess:
    return Guess(failure="unreadable: ?") if guess == "-" else Guess(label=guess)
