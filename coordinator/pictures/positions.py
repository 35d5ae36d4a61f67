"""Where learnings stand on a map: those that say alike things near each other.

Principal components keep what most vectors differ in, t-SNE (van der Maaten and Hinton, 2008)
unfolds them into two dimensions. The same vectors in the same order give the same places: the
start is their principal components, the seed is fixed, and one thread sums, since several add up
in another order each time (and wait for each other where cores are shared).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(n, 2) places between -1 and 1, the same scale in both directions."""

MOST_POINTS = 5_000
"""So many are placed within ten seconds, and told apart on a screen."""

WIDTH = 20
NEIGHBOURS = 15.0
ROUNDS = 400
COARSENESS = 0.8
"""With these 5,000 rows take 5.5 s of one core. Twice the neighbours, 1,000 rounds, finer sums and
50 components took 2.5 times as long on the learnings of eight real companies, and kept neighbours
hardly better (trustworthiness 0.974 instead of 0.968)."""

FEWEST = 12
"""Fewer rows have too few neighbours to unfold: their principal components are their places."""


def sample(count: int, kept: Collection[int], most: int = MOST_POINTS) -> list[int]:
    """Which of `count` rows stand on a map of at most `most`, rising.

    Those in `kept` come first, the others share the rest in equal steps: rows come sorted by
    company, so each company keeps its share.
    """
    if count <= most:
        return list(range(count))
    first = _every(sorted(kept), most)
    others = sorted(set(range(count)) - set(kept))
    return sorted([*first, *_every(others, most - len(first))])


def positions(vectors: NDArray[np.float32]) -> Points:
    """The place of each vector; one that is not finite stands where an empty one would."""
    rows = vectors.astype(np.float64)
    rows[~np.isfinite(rows).all(axis=1)] = 0
    if len(rows) < 2 or not np.ptp(rows, axis=0).any():
        return np.zeros((len(rows), 2))
    return _scaled(_principal(rows, 2) if len(rows) < FEWEST else _unfolded(rows))


def _unfolded(rows: NDArray[np.float64]) -> Points:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    unfold = TSNE(
        n_components=2,
        init="pca",
        perplexity=min(NEIGHBOURS, (len(rows) - 1) / 3),
        max_iter=ROUNDS,
        angle=COARSENESS,
        random_state=0,
    )
    with threadpool_limits(limits=1):
        places: Points = unfold.fit_transform(_principal(rows, WIDTH)).astype(np.float64)
    return places


def _principal(rows: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The first `width` principal components, filled up with zeros where there are fewer."""
    from sklearn.decomposition import PCA

    kept = min(width, *rows.shape)
    found = PCA(kept, svd_solver="full" if len(rows) <= rows.shape[1] else "covariance_eigh")
    wide = np.zeros((len(rows), max(width, 2)))
    wide[:, :kept] = found.fit_transform(rows)
    return wide


def _scaled(places: Points) -> Points:
    """Centred, with the longer side from -1 to 1."""
    low, high = places.min(axis=0), places.max(axis=0)
    half = float((high - low).max()) / 2 or 1.0
    scaled: Points = np.round((places - (low + high) / 2) / half, 4)
    return scaled


def _every(rows: Sequence[int], most: int) -> list[int]:
    """At most `most` of `rows`, in equal steps."""
    if len(rows) <= most:
        return list(rows)
    return [rows[at * len(rows) // most] for at in range(most)]
