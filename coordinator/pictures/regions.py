"""What is talked about where on the map: parts of it, each with the words that tell it apart.

The words are private: a map with them is the operator's alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coordinator.patterns.keywords import keywords
from coordinator.pictures.positions import Points

ROWS_EACH = 22
MOST_REGIONS = 18
FEWEST_ROWS = 6
WORDS = 3
STEM = 5


@dataclass(frozen=True)
class Region:
    """A part of the map by its middle, with its telling words and the number of learnings in it."""

    x: float
    y: float
    words: tuple[str, ...]
    rows: int


def regions(points: Points, texts: Sequence[str]) -> list[Region]:
    """The parts of a map and their words, the largest first; `texts` stand beside the points."""
    wanted = min(MOST_REGIONS, len(points) // ROWS_EACH)
    if wanted < 2:
        return []
    labels = _parts(points, wanted)
    parts = [np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1)]
    parts = [part for part in parts if len(part) >= FEWEST_ROWS]
    told = keywords([[texts[at] for at in part.tolist()] for part in parts], 3 * WORDS)
    found = [
        Region(*_middle(points[part]), _different(words), len(part))
        for part, words in zip(parts, told, strict=True)
        if words
    ]
    return sorted(found, key=lambda one: (-one.rows, one.words))


def _parts(points: Points, wanted: int) -> NDArray[np.int32]:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        labels: NDArray[np.int32] = KMeans(wanted, random_state=0, n_init=4).fit_predict(points)
    return labels


def _different(words: Sequence[str]) -> tuple[str, ...]:
    """The first words that are no form of one another: "event" says nothing beside "events"."""
    kept: list[str] = []
    for word in words:
        if not any(word.startswith(one[:STEM]) or one.startswith(word[:STEM]) for one in kept):
            kept.append(word)
    return tuple(kept[:WORDS])


def _middle(points: Points) -> tuple[float, float]:
    x, y = np.round(np.median(points, axis=0), 4).tolist()
    return x, y
