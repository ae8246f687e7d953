"""How far apart two listings' answers are, as boosted trees tell from what the two say: a distance learned from pairs of known listings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product, starmap
from typing import TYPE_CHECKING, Any, Self

from pricer.predictors import grove
from pricer.predictors.fields import measures
from pricer.predictors.finder import WORDS_SHARE, Finder, Looks
from pricer.predictors.meaning import Words
from pricer.predictors.neighbours import SPARE, Nearest, strangers_first
from pricer.predictors.pairs import Sides, columns, logarithms, often
from pricer.predictors.protocol import Examples
from pricer.predictors.saved import State
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_matrix

CANDIDATES = 30  # neighbours of each listing that pairs are made of
MOST_ASKING = 12_000  # training listings that ask for their neighbours; of more, these many are drawn
NEARLY_NOTHING = 0.15  # added to distances, in mean distances, before their logarithm: nearer pairs are all alike
FAR = 100.0  # the logarithm of a distance beyond all others
COUNTS = (CANDIDATES, 20, 10)
REACHES = (0.15, 0.05, 0.07, 0.1, 0.2, 0.3)
ROUNDS = 200
SETTINGS: dict[str, Any] = {
    **grove.SETTINGS,
    "learning_rate": 0.05,
    "num_leaves": 63,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.5,
}


@dataclass(frozen=True, slots=True)
class Distance:
    """Trees over pairs, as LightGBM's own text; the names of the measures they compare, and the known listings' logarithms of them
    `(known, names)`.

    What they tell is the logarithm of the distance between two answers on the scale, in mean distances of known pairs.
    """

    names: tuple[str, ...]
    measured: csr_matrix
    trees: str

    @classmethod
    def learn(cls, finder: Finder, train: Examples, goal: npt.NDArray[np.float64], seed: int) -> Self | None:
        """From training listings and their nearest strangers; `goal` are their values on the scale `(n,)`. None where no listing has a
        stranger that is like it at all."""
        import lightgbm as lgb
        import numpy as np

        asking, others = strange_pairs(finder, seed)
        if not len(asking):
            return None
        stated = [measures(one) for one in train.listings]
        names = often(stated)
        measured = logarithms(stated, names)
        sides = Sides.known(finder, measured)
        apart = np.abs(goal[asking] - goal[others])
        aim = np.log(apart / (float(apart.mean()) or 1.0) + NEARLY_NOTHING)
        data = lgb.Dataset(columns(sides, sides, asking, others), aim)
        return cls(names, measured, lgb.train({**SETTINGS, "seed": seed}, data, ROUNDS).model_to_string())

    def values(
        self, finder: Finder, listings: Sequence[Listing], looks: Looks, places: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """The logarithm of the distance from each listing, which looks so to the finder, to the known at its `places` `(n, k)`:
        `(n, k)`."""
        import numpy as np

        own = Sides.of(finder, looks, logarithms([measures(one) for one in listings], self.names))
        asking = np.repeat(np.arange(len(places)), places.shape[1])
        table = columns(own, Sides.known(finder, self.measured), asking, places.ravel())
        found = np.asarray(grove.booster(self.trees).predict(table, num_threads=1), dtype=np.float64)
        return found.reshape(places.shape)

    def state(self) -> State:
        """The trees, and the known listings' measures."""
        parts = {f"measured_{part}": getattr(self.measured, part) for part in ("data", "indices", "indptr")}
        return State({"measured": list(self.names)}, parts, {"distance": self.trees})

    @classmethod
    def restore(cls, state: State) -> Self:
        """The same distance; ValueError when LightGBM cannot read the trees."""
        from scipy.sparse import csr_matrix

        names, trees = tuple(state.told["measured"]), state.texts["distance"]
        grove.booster(trees)
        data, indices, indptr = (state.arrays[f"measured_{part}"] for part in ("data", "indices", "indptr"))
        return cls(names, csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, len(names))), trees)


@dataclass(frozen=True, slots=True)
class Reach:
    """How candidates are put together: how many, and how fast their weight, exp(-logarithm of the distance / `reach`), falls."""

    count: int = COUNTS[0]
    reach: float = REACHES[0]

    def values(
        self, nearest: Nearest, apart: npt.NDArray[np.float64], answers: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """The weighted mean of the nearest ones' answers, `(n,)`; `apart` are the logarithms of their distances `(n, k)`. Those at cosine
        0, which stand where strangers lack, count only where there is nothing else."""
        import numpy as np

        far = np.where(nearest.cosines > 0, apart, FAR)[:, : self.count]
        weights = np.exp((far.min(axis=1, keepdims=True) - far) / self.reach)
        found = answers[nearest.places[:, : self.count]]
        return np.asarray((found * weights).sum(axis=1) / weights.sum(axis=1), dtype=np.float64)


def reaches() -> list[Reach]:
    """All that may be chosen."""
    return list(starmap(Reach, product(COUNTS, REACHES)))


def strange_pairs(finder: Finder, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Known listings and strangers near them, `(pairs,)` each."""
    import numpy as np

    meaning, rows = finder.meaning, finder.index.rows
    asking = np.sort(np.random.default_rng(seed).permutation(len(meaning.vectors))[:MOST_ASKING])
    found = meaning.nearest(meaning.vectors[asking], CANDIDATES + SPARE, Words(WORDS_SHARE, rows[asking], rows))
    families = meaning.guard.families
    nearest = strangers_first(found, families[found.places] == families[asking][:, None], CANDIDATES)
    like = nearest.cosines > 0
    return np.repeat(asking, like.sum(axis=1)), nearest.places[like]
