"""The map of learnings in two dimensions: places, companies and patterns, and no words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coordinator.pictures.positions import MOST_POINTS, Points, positions, sample

NEAR = 0.2
"""Members farther apart than a tenth of the map are joined by a thin line, not a soft group."""


@dataclass(frozen=True)
class Stroke:
    """A line between two places on the map; `near` ones are drawn thick and soft."""

    one: int
    other: int
    near: bool


@dataclass(frozen=True)
class MappedPattern:
    """A pattern's members that are on the map, and the shortest lines that join them."""

    id: str
    members: tuple[int, ...]
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True)
class LearningMap:
    """Learnings with their places: `rows`, `companies` and `points` side by side.

    `totals` are all learnings of each company, of which the map may show a sample. A pattern
    without a member on the map is left out.
    """

    rows: tuple[str, ...]
    companies: tuple[str, ...]
    points: Points
    totals: Mapping[str, int]
    patterns: tuple[MappedPattern, ...] = ()


def mapped(
    rows: Sequence[str],
    companies: Sequence[str],
    vectors: NDArray[np.float32],
    patterns: Mapping[str, Sequence[str]],
    *,
    most: int = MOST_POINTS,
) -> LearningMap:
    """The map of `rows` (ids, sorted by company) with vectors (n, width).

    `patterns` holds the rows of each pattern by its id. Members of patterns are on the map before
    others.
    """
    place = {row: at for at, row in enumerate(rows)}
    kept = {place[row] for members in patterns.values() for row in members if row in place}
    chosen = sample(len(rows), kept, most)
    shown = {rows[at]: number for number, at in enumerate(chosen)}
    points = positions(vectors[chosen])
    found = {
        id: tuple(sorted(shown[row] for row in set(members) if row in shown))
        for id, members in patterns.items()
    }
    return LearningMap(
        rows=tuple(rows[at] for at in chosen),
        companies=tuple(companies[at] for at in chosen),
        points=points,
        totals=dict(Counter(companies)),
        patterns=tuple(
            MappedPattern(id, members, joined(points, members))
            for id, members in found.items()
            if members
        ),
    )


def joined(points: Points, members: Sequence[int]) -> tuple[Stroke, ...]:
    """The lines of least length in all that join the members (Prim's spanning tree).

    Drawn thick and soft they show a group whatever its shape, where a hull around a few members
    far apart would cover everybody between them.
    """
    if len(members) < 2:
        return ()
    own = points[list(members)]
    nearest = np.zeros(len(members), dtype=int)
    distance = np.linalg.norm(own - own[0], axis=1)
    distance[0] = np.inf
    open_ = np.ones(len(members), dtype=bool)
    open_[0] = False
    found = []
    for _ in range(len(members) - 1):
        at = int(np.argmin(np.where(open_, distance, np.inf)))
        ends = members[int(nearest[at])], members[at]
        found.append(Stroke(*ends, near=bool(distance[at] < NEAR)))
        open_[at] = False
        from_here = np.linalg.norm(own - own[at], axis=1)
        closer = open_ & (from_here < distance)
        nearest[closer], distance[closer] = at, from_here[closer]
    return tuple(found)
