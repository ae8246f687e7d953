"""The price of the most similar known listings, by their words and what they mean: retrieval without any LLM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product, starmap
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pricer.predictors.answers import Scale, codes, label_guesses, numbers
from pricer.predictors.distance import CANDIDATES, Distance, Reach, reaches
from pricer.predictors.finder import WORDS_SHARE, Finder, Looks
from pricer.predictors.neighbours import Nearest, votes, weighted_mean, weighted_median
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.saved import State
from pricer.predictors.words import joined
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pricer.predictors.best import Report

COUNTS = (10, 1, 2, 3, 5, 20, 40)
POWERS = (8.0, 1.0, 2.0, 4.0, 16.0)
SHARES = (WORDS_SHARE, 0.0, 0.5, 0.85)
MEAN, MEDIAN = "mean", "median"
FEWEST = 300  # training listings that a distance is learned from


@dataclass(frozen=True, slots=True)
class Vote:
    """How neighbours are found and put together: the share of words in their similarity, how many, the power of the similarity that
    weighs them, and the weighted mean or median."""

    share: float = WORDS_SHARE
    count: int = COUNTS[0]
    power: float = POWERS[0]
    middle: str = MEAN

    def values(self, nearest: Nearest, answers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """`(n,)` on the scale of the answers."""
        put_together = weighted_median if self.middle == MEDIAN else weighted_mean
        return put_together(nearest, answers, self.count, self.power)


@dataclass(frozen=True, slots=True)
class Judged:
    """Candidates judged by a learned distance, and how they are put together."""

    distance: Distance
    reach: Reach

    def values(
        self,
        known: Finder,
        listings: Sequence[Listing],
        looks: Looks,
        nearest: Nearest,
        answers: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.float64]:
        """`(n,)` on the scale of the answers."""
        return self.reach.values(nearest, self.distance.values(known, listings, looks, nearest.places), answers)


@dataclass(frozen=True, slots=True)
class Similar:
    """Known listings as vectors and their answers: values on the scale, or codes of labels, `(known,)`. `guarded` keeps a listing's own
    family from answering for it; who prices a product of his own may well use what he knows of its twin, and takes it off.

    Where a distance was learned and is better than the plain `vote` on validation, it is `judged` by that.
    """

    kind: ClassVar[str] = "similar"
    task: Task
    known: Finder
    answers: npt.NDArray[Any]
    scale: Scale | None
    vote: Vote
    judged: Judged | None = None
    guarded: bool = True
    name: str = "similar"

    def predict(self, listings: Sequence[Listing]) -> list[Guess]:
        """The weighted middle of the nearest strangers' answers, or the label with most weight among them."""
        if not listings:
            return []
        looks = self.known.looks(listings)
        if self.scale:
            values = self._judged(listings, looks, self.judged) if self.judged else self._voted(listings, looks)
            return self.scale.guesses(values)
        weights = votes(
            self._nearest(listings, looks), self.answers, len(self.task.labels), self.vote.count, self.vote.power
        )
        return label_guesses(self.task, weights.argmax(axis=1))

    def unguarded(self) -> Self:
        """The same, with twins of the listing among the neighbours."""
        return replace(self, guarded=False)

    def retrieval(self, listings: Sequence[Listing]) -> dict[str, Any]:
        """What a result tells of the retrieval for these listings."""
        count = self.judged.reach.count if self.judged else self.vote.count
        _, dropped = self.known.nearest(listings, count, WORDS_SHARE if self.judged else self.vote.share)
        return self.known.told(dropped, count)

    def _judged(self, listings: Sequence[Listing], looks: Looks, judged: Judged) -> npt.NDArray[np.float64]:
        """By the learned distance, which knows strangers only: where a twin may answer, the vote lets it."""
        import numpy as np

        nearest, _ = self.known.nearest(listings, judged.reach.count, guarded=self.guarded, looks=looks)
        values = judged.values(self.known, listings, looks, nearest, self.answers)
        if self.guarded:
            return values
        twins = self.known.meaning.guard.relatives(listings, nearest.places).any(axis=1)
        return np.where(twins, self._voted(listings, looks), values)

    def _voted(self, listings: Sequence[Listing], looks: Looks) -> npt.NDArray[np.float64]:
        return self.vote.values(self._nearest(listings, looks), self.answers)

    def _nearest(self, listings: Sequence[Listing], looks: Looks) -> Nearest:
        """The neighbours that vote."""
        vote = self.vote
        return self.known.nearest(listings, vote.count, vote.share, guarded=self.guarded, looks=looks)[0]

    def state(self) -> State:
        """Vectors, guard, answers, the vote and the learned distance."""
        told = {
            "scale": asdict(self.scale) if self.scale else None,
            "vote": asdict(self.vote),
            "reach": asdict(self.judged.reach) if self.judged else None,
        }
        learned = [self.judged.distance.state()] if self.judged else []
        return joined(State(told, {"answers": self.answers}), self.known.state(), *learned)

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The same neighbours."""
        told = state.told
        scale = Scale(**told["scale"]) if told["scale"] else None
        judged = Judged(Distance.restore(state), Reach(**told["reach"])) if told["reach"] else None
        return cls(task, Finder.restore(state), state.arrays["answers"], scale, Vote(**told["vote"]), judged)


@dataclass(frozen=True, slots=True)
class SimilarLearner:
    """Encodes the training listings; how their answers are put together is chosen on validation."""

    name: str = "similar"
    encoder: str = "minilm"
    report: Report = lambda *_: None

    def reporting(self, report: Report) -> Self:
        """The same learner, which tells `report`."""
        return replace(self, report=report)

    def fit(self, task: Task, train: Examples, validation: Examples, seed: int) -> Similar:
        """The vote or the learned distance of the least validation error; ten neighbours at power 8 where there is no validation. Labels
        and few examples are voted on."""
        plain = self._plain(task, train)
        if not validation.listings:
            return plain
        looks = plain.known.looks(validation.listings)
        vote, error = _best_vote(plain, validation, looks)
        voting = replace(plain, vote=vote)
        if plain.scale is None or len(train.listings) < FEWEST:
            return voting
        distance = Distance.learn(plain.known, train, plain.answers, seed)
        return replace(voting, judged=_judge(distance, voting, validation, looks, error)) if distance else voting

    def again(self, chosen: Similar, examples: Examples, seed: int) -> Similar:
        """What was chosen, learned from these examples instead."""
        plain = replace(self._plain(chosen.task, examples), vote=chosen.vote)
        if chosen.judged is None:
            return plain
        distance = Distance.learn(plain.known, examples, plain.answers, seed)
        return replace(plain, judged=Judged(distance, chosen.judged.reach)) if distance else plain

    def _plain(self, task: Task, examples: Examples) -> Similar:
        """The examples, with nothing chosen."""
        scale = None if task.is_label else Scale.of(numbers(examples))
        answers: npt.NDArray[Any] = scale.forward(numbers(examples)) if scale else codes(task, examples)
        known = Finder.learn(examples, self.encoder, lambda done, total: self.report("encoding", done, total))
        return Similar(task, known, answers, scale, Vote())


def _best_vote(plain: Similar, validation: Examples, looks: Looks) -> tuple[Vote, float]:
    """The vote of the least validation error, and that error."""
    task, scale = plain.task, plain.scale
    found = {share: plain.known.nearest(validation.listings, max(COUNTS), share, looks=looks)[0] for share in SHARES}
    choices = starmap(Vote, product(SHARES, COUNTS, POWERS, (MEAN, MEDIAN) if scale else (MEAN,)))
    tried = {one: _error(task, scale, found[one.share], plain.answers, one, validation) for one in choices}
    best = min(tried, key=tried.__getitem__)
    return best, tried[best]


def _judge(distance: Distance, voting: Similar, validation: Examples, looks: Looks, error: float) -> Judged | None:
    """The distance with the reach of the least validation error; None where that is not below the vote's `error`."""
    known, scale = voting.known, voting.scale
    assert scale is not None, "labels have no distance"
    nearest, _ = known.nearest(validation.listings, CANDIDATES, looks=looks)
    apart = distance.values(known, validation.listings, looks, nearest.places)
    tried = {one: scale.error(one.values(nearest, apart, voting.answers), validation) for one in reaches()}
    best = min(tried, key=tried.__getitem__)
    return Judged(distance, best) if tried[best] < error else None


def _error(
    task: Task, scale: Scale | None, nearest: Nearest, answers: npt.NDArray[Any], vote: Vote, validation: Examples
) -> float:
    """The mean absolute error, or the share of wrong labels."""
    if scale:
        return scale.error(vote.values(nearest, answers), validation)
    weights = votes(nearest, answers, len(task.labels), vote.count, vote.power)
    return float((weights.argmax(axis=1) != codes(task, validation)).mean())
