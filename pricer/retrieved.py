"""Retrieval in an evaluation: similar training examples for every item, and what keeping an item's own family out of them changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from pricer.evaluation.bootstrap import Interval
from pricer.evaluation.material import Material
from pricer.evaluation.paired import compare
from pricer.evaluation.run import Run
from pricer.predictors.protocol import Predictor
from pricer.products.items import Listing
from pricer.request import Watch


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The similar training examples of each item by its id, most similar first, and what a result tells of the retrieval."""

    found: dict[str, tuple[tuple[Listing, float | str], ...]]
    told: dict[str, Any]


def look_up(material: Material, count: int, encoder: str, watch: Watch) -> Retrieved:
    """The `count` training examples nearest to every item, none of its own family; fewer where there are not so many."""
    from pricer.predictors.finder import Finder

    train = material.train
    known = Finder.learn(train, encoder, lambda done, total: watch.stage("encoding what is known", done, total))
    watch.stage("looking up similar items", 0, 0)
    nearest, dropped = known.nearest([item.listing for item in material.items], count)
    found = {}
    for item, places, cosines in zip(material.items, nearest.places.tolist(), nearest.cosines.tolist(), strict=True):
        strangers = (at for at, cosine in zip(places, cosines, strict=True) if cosine > 0)
        found[item.listing.id] = tuple((train.listings[at], train.answers[at]) for at in strangers)
    return Retrieved(found, known.told(dropped, count))


@runtime_checkable
class Retrieving(Predictor, Protocol):
    """A predictor that looks up known listings, with a guard that can be taken off."""

    def retrieval(self, listings: Sequence[Listing]) -> dict[str, Any]:
        """What was looked up for these listings, and what the guard dropped."""

    def unguarded(self) -> Predictor:
        """The same without the guard."""


def audited(model: Predictor, run: Run) -> dict[str, Any]:
    """What a result tells of the retrieval of `model`: neighbours dropped, and what dropping them added to the error, with its interval;
    nothing when it does not retrieve. The guesses without the guard serve this figure alone."""
    if not isinstance(model, Retrieving):
        return {}
    listings = [item.listing for item in run.items]
    told = model.retrieval(listings)
    if told["items_affected"] and run.complete and len(run.items) > 1:
        free = model.unguarded().predict(listings)
        outcomes = [replace(outcome, guess=guess) for outcome, guess in zip(run.outcomes, free, strict=True)]
        pair = compare({"guarded": run.outcomes, "unguarded": outcomes}, run.task).pair("guarded", "unguarded")
        told |= {"error_added_by_dropping": pair.difference, "error_added_by_dropping_ci95": _ends(pair.difference_ci)}
    return {"retrieval": told}


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
