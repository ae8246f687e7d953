"""Projection: vectors of many dimensions to places in two and three, and how much of who lies near whom it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPONENTS = 50  # of the PCA that t-SNE begins with
LEAST_OF_TSNE = 12  # with fewer items the principal components alone say as much
PERPLEXITY = 30.0
ROUNDS = {2: 500, 3: 400}  # of t-SNE: twice as many kept 0.5 points more of the neighbours in twice the time
ANGLE = {2: 0.7, 3: 0.8}  # of Barnes and Hut: 0.5 kept no more of the neighbours, and took longer
THREADS = 1  # sums of several depend on which ends first; and beside other work they mostly wait for each other
NEIGHBOURS = 10
ASKED = 1_000  # items for which neighbours are compared
BLOCK = 500  # rows of a distance matrix in memory at once
DIGITS = 4  # of a coordinate between -1 and 1


@dataclass(frozen=True, slots=True)
class Kept:
    """How true a projection is to the vectors: both from 0 to 1, over `neighbours` neighbours of `items` items.

    `share` is the share of the nearest neighbours that are nearest in the projection too. `trustworthiness` is that of Venna and Kaski
    (Neighborhood preservation in nonlinear projection methods, 2001, equation 1): 1 when nobody is near in the projection who is far
    in truth, about 0.5 when places are drawn by lot.
    """

    share: float
    trustworthiness: float
    neighbours: int
    items: int


@dataclass(frozen=True, slots=True)
class Projection:
    """Places `(n, dimensions)` from -1 to 1, what made them, and what they keep; None where there are too few items to say."""

    dimensions: Literal[2, 3]
    method: Literal["PCA", "t-SNE"]
    places: NDArray[np.float64]
    kept: Kept | None


def principal(vectors: NDArray[np.float32], components: int = COMPONENTS) -> NDArray[np.float64]:
    """The vectors `(n, d)` along their first principal axes, `(n, components)`; axes that there are not hold zeros.

    The sign of an axis is such that its largest weight is above zero, so that the same vectors give the same picture.
    """
    import numpy as np

    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    chosen = axes[:, ::-1][:, :components]
    largest = np.take_along_axis(chosen, np.abs(chosen).argmax(axis=0)[None], axis=0)
    placed = centred @ (chosen * np.where(largest < 0, -1.0, 1.0))
    return np.pad(placed, ((0, 0), (0, components - placed.shape[1])))


def project(
    vectors: NDArray[np.float32], axes: NDArray[np.float64], dimensions: Literal[2, 3], seed: int
) -> Projection:
    """The places of `vectors`, whose principal components are `axes`: of PCA and t-SNE whichever keeps more of the neighbours.

    The same vectors and seed give the same places on the same machine.
    """
    linear = _projection("PCA", dimensions, axes[:, :dimensions], vectors)
    if len(vectors) < LEAST_OF_TSNE or not axes[:, 0].std():
        return linear
    bent = _projection("t-SNE", dimensions, _tsne(axes, dimensions, seed), vectors)
    return max(bent, linear, key=lambda made: made.kept.share if made.kept else 0.0)


def nearest(points: NDArray[np.floating], count: int, asked: Sequence[int] | None = None) -> NDArray[np.intp]:
    """The places in `points` of the `count` nearest to each asked point, itself left out, nearest first: `(asked, count)`, by distance.

    Of points at one distance the first comes first. A block of distances is in memory at a time.
    """
    import numpy as np

    rows = np.arange(len(points)) if asked is None else np.asarray(asked, dtype=np.intp)
    found = [_ranked(points, rows[start : start + BLOCK])[:, :count] for start in range(0, len(rows), BLOCK)]
    return np.concatenate(found) if found else np.empty((0, count), dtype=np.intp)


def kept(vectors: NDArray[np.floating], places: NDArray[np.floating], asked: int = ASKED) -> Kept | None:
    """What the places keep of the vectors' neighbours, over the first `asked` items; None for fewer than three items."""
    import numpy as np

    total, count = len(vectors), min(NEIGHBOURS, (len(vectors) - 1) // 2)
    if count < 1:
        return None
    rows = np.arange(min(asked, total))
    shared, lost = 0, 0.0
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        near = _ranked(places, block)[:, :count]
        ranks = np.take_along_axis(_ranks(vectors, block), near, axis=1)
        shared += int((ranks <= count).sum())
        lost += float(np.maximum(ranks - count, 0).sum())
    worst = len(rows) * count * (2 * total - 3 * count - 1) / 2
    return Kept(shared / (len(rows) * count), 1 - lost / worst, count, len(rows))


# --- how it is done


def _projection(
    method: Literal["PCA", "t-SNE"], dimensions: Literal[2, 3], raw: NDArray[np.floating], vectors: NDArray[np.float32]
) -> Projection:
    """The raw places, centred and scaled into -1 to 1 by one factor, with what they keep."""
    import numpy as np

    centred = raw.astype(np.float64) - (raw.max(axis=0) + raw.min(axis=0)) / 2
    places = np.round(centred / (np.abs(centred).max() or 1.0), DIGITS) + 0.0  # no minus zero
    return Projection(dimensions, method, places, kept(vectors, places))


def _tsne(axes: NDArray[np.float64], dimensions: Literal[2, 3], seed: int) -> NDArray[np.float32]:
    """t-SNE that begins with the principal components, as Kobak and Berens (2019) advise: the large shapes then mean something."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    begun = (axes[:, :dimensions] / axes[:, 0].std() * 1e-4).astype("float32")
    tsne = TSNE(
        n_components=dimensions, perplexity=min(PERPLEXITY, (len(axes) - 1) / 3), init=begun, max_iter=ROUNDS[dimensions],
        angle=ANGLE[dimensions], random_state=seed,
    )  # fmt: skip
    with threadpool_limits(THREADS):
        placed: NDArray[np.float32] = tsne.fit_transform(axes.astype("float32"))
    return placed


def _ranked(points: NDArray[np.floating], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Everybody in order of the distance from each row's point, `(rows, n - 1)`, without the point itself."""
    import numpy as np

    return np.argsort(_distances(points, rows), axis=1, kind="stable")[:, :-1]


def _ranks(points: NDArray[np.floating], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The rank of everybody by the distance from each row's point, from 1: `(rows, n)`; the point itself comes last."""
    import numpy as np

    order = np.argsort(_distances(points, rows), axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(points) + 1)[None], axis=1)
    return ranks


def _distances(points: NDArray[np.floating], rows: NDArray[np.intp]) -> NDArray[np.floating]:
    """Squared distances `(rows, n)`; to the point itself infinity."""
    import numpy as np

    squares = (points**2).sum(axis=1)
    found: NDArray[np.floating] = squares[rows][:, None] + squares[None] - 2 * points[rows] @ points.T
    found[np.arange(len(rows)), rows] = np.inf
    return found
