"""Has a chat model seen the products before? Listings changed on purpose, and what its guesses on them tell.

A model that knows a product from training guesses well from its title alone, survives shuffled words, and above all recalls prices to the
cent more often than chance. None of these proves contamination by itself; exact recall well above chance is the strongest sign.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pricer.errors import BadInput
from pricer.predictors.chat.chat import ChatModel
from pricer.predictors.protocol import Asker, Guess, Usage
from pricer.products.items import Listing

AS_IS, TITLE_ONLY, SHUFFLED, RECALL = "as it is", "title only", "words shuffled", "recall by name"


@dataclass(frozen=True, slots=True)
class Probe:
    """An asker that is shown changed listings; its guesses belong to the listings as they were."""

    asker: Asker
    variant: str
    change: Callable[[Listing], Listing]

    @property
    def name(self) -> str:
        return f"{self.asker.name} ({self.variant})"

    def worst_case(self, listing: Listing) -> Usage:
        return self.asker.worst_case(self.change(listing))

    async def ask(self, listing: Listing) -> Guess:
        return await self.asker.ask(self.change(listing))

    async def close(self) -> None:
        await self.asker.close()


def probes(model: ChatModel, seed: int) -> dict[str, Asker]:
    """The askers of every variant, by its name. They share the model's connection, but recall has a client of its own."""
    remembered = replace(model.settings, prompt="recall_chat", shots=(), similar=0)
    recall = ChatModel(model.connection, model.task, remembered, model.server)
    return {
        AS_IS: model,
        TITLE_ONLY: Probe(model, TITLE_ONLY, title_only),
        SHUFFLED: Probe(model, SHUFFLED, lambda listing: shuffled(listing, seed)),
        RECALL: Probe(recall, RECALL, named),
    }


def title_only(listing: Listing) -> Listing:
    """The listing with nothing but its title."""
    return _shown(listing, listing.title)


def shuffled(listing: Listing, seed: int) -> Listing:
    """The listing with the words of its text in an order drawn from the seed and its id."""
    words = listing.text.split()
    random.Random(f"{seed} {listing.id}").shuffle(words)  # noqa: S311 - no secret
    return _shown(listing, " ".join(words))


def named(listing: Listing) -> Listing:
    """The listing as its identifier and title: enough to remember it by, nothing to estimate from."""
    return _shown(listing, f"identifier: {listing.id}\ntitle: {listing.title}")


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One variant: the share of listings answered, the mean absolute error over those answered, in the unit of the truths.

    `exact_share` is the share of answered listings guessed to the cent, `chance_share` the share expected if the same guesses were dealt to
    the listings at random, `chance_p` the probability of as many hits or more by chance (permutations). None without answers.
    """

    answered_share: float
    mean_absolute_error: float | None
    exact_share: float | None
    chance_share: float | None
    chance_p: float | None


def probe_report(
    truths: Sequence[float], guesses: Mapping[str, Sequence[float | None]], seed: int = 0, permutations: int = 1000
) -> dict[str, ProbeResult]:
    """What each variant's guesses tell; a guess of None is a listing without an answer. `BadInput` if lengths differ."""
    for variant, given in guesses.items():
        if len(given) != len(truths):
            raise BadInput(f"wanted {len(truths)} guesses for {variant!r}, found {len(given)}")
    return {variant: _result(truths, given, seed, permutations) for variant, given in guesses.items()}


def chance_share(truths: Sequence[int], guesses: Sequence[int]) -> float:
    """The expected share of hits when guesses are permuted: the sum over values of (truths with it * guesses with it) / n^2."""
    true, guessed = Counter(truths), Counter(guesses)
    return sum(count * guessed[value] for value, count in true.items()) / len(truths) ** 2


def _result(truths: Sequence[float], guesses: Sequence[float | None], seed: int, permutations: int) -> ProbeResult:
    pairs = [(truth, guess) for truth, guess in zip(truths, guesses, strict=True) if guess is not None]
    if not pairs:
        return ProbeResult(0.0, None, None, None, None)
    error = math.fsum(abs(truth - guess) for truth, guess in pairs) / len(pairs)
    true, guessed = [_cents(truth) for truth, _ in pairs], [_cents(guess) for _, guess in pairs]
    hits = _hits(true, guessed)
    drawn = random.Random(seed)  # noqa: S311 - no secret
    as_many = sum(_hits(true, drawn.sample(guessed, len(guessed))) >= hits for _ in range(permutations))
    return ProbeResult(
        len(pairs) / len(truths),
        error,
        hits / len(pairs),
        chance_share(true, guessed),
        (as_many + 1) / (permutations + 1),  # the data's own order counts as one: Phipson and Smyth 2010, eq. 2
    )


def _hits(truths: Sequence[int], guesses: Sequence[int]) -> int:
    return sum(map(int.__eq__, truths, guesses))


def _cents(value: float) -> int:
    return round(value * 100)


def _shown(listing: Listing, text: str) -> Listing:
    return replace(listing, text=text, description="", features="", details="{}")
