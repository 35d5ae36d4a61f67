"""Which nodes belong together: groups in the graph of mutual neighbours.

A group is a connected part of the graph whose members are alike on the average. Chains (a is like
b, b like c, a nothing like c) are cut by average linkage at the same likeness that makes an edge.
Both steps give the same groups for the same edges in any order, which modularity methods with
random starts do not, and a pattern's identity rests on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST = 1_500
"""Nodes of a part up to which all are compared with all; a larger one is cut at stricter edges."""
STRICTER = 0.02

Likeness = NDArray[np.float32]
"""(n, n) likeness of n nodes, 1 on the diagonal."""


@dataclass(frozen=True)
class Edge:
    """Two nodes of different companies that are alike; `strength` from 0 to 1."""

    left: str
    right: str
    strength: float


@dataclass(frozen=True)
class Community:
    """Nodes that say the same, sorted; `medoid` is the one most like the others.

    `likeness` stands beside the members: to the medoid. `cohesion` is the mean likeness of the
    pairs from different companies.
    """

    members: tuple[str, ...]
    medoid: str
    likeness: tuple[float, ...]
    cohesion: float


def communities(
    edges: Iterable[Edge],
    company: Mapping[str, str],
    likeness: Callable[[Sequence[str]], Likeness],
    *,
    least: float,
) -> list[Community]:
    """The groups of at least two companies, by their first member.

    `likeness` compares some nodes with each other; members of one company count as alike as those
    of two.
    """
    found = []
    for part in _parts(sorted({(one.left, one.right, one.strength) for one in edges})):
        for nodes, alike in _cut(part, likeness, least):
            if len({company[node] for node in nodes}) > 1:
                found.append(_described(nodes, alike, company))
    return sorted(found, key=lambda one: one.members[0])


def _parts(edges: Sequence[tuple[str, str, float]]) -> list[list[str]]:
    """The connected parts of the graph, each sorted, none larger than `LARGEST`."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes = sorted({node for left, right, _ in edges for node in (left, right)})
    place = {node: at for at, node in enumerate(nodes)}
    rows = [place[left] for left, _, _ in edges]
    columns = [place[right] for _, right, _ in edges]
    shape = (len(nodes), len(nodes))
    graph = coo_array((np.ones(len(edges)), (rows, columns)), shape=shape)
    _, labels = connected_components(graph, directed=False)
    parts: dict[int, list[str]] = {}
    for node, label in zip(nodes, labels.tolist(), strict=True):
        parts.setdefault(label, []).append(node)
    fitting = []
    for part in parts.values():
        if len(part) <= LARGEST:
            fitting.append(part)
            continue
        inside = set(part)
        own = [edge for edge in edges if edge[0] in inside]
        stricter = min(strength for _, _, strength in own) + STRICTER
        closer = [edge for edge in own if edge[2] > stricter]
        # all of them equally alike: as many as can be compared stand for the others
        fitting += _parts(closer) if closer else [part[:LARGEST]]
    return fitting


def _cut(
    part: Sequence[str], likeness: Callable[[Sequence[str]], Likeness], least: float
) -> list[tuple[list[str], Likeness]]:
    """The part, or what average linkage makes of it, with how alike the nodes are."""
    alike = likeness(part)
    if len(part) < 3 or float(alike.min()) >= least:
        return [(list(part), alike)]
    from scipy.cluster.hierarchy import average, fcluster
    from scipy.spatial.distance import squareform

    apart = squareform(np.clip(1 - alike, 0, None), checks=False)
    labels = fcluster(average(apart), 1 - least, criterion="distance")
    groups = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    return [([part[at] for at in group], alike[np.ix_(group, group)]) for group in groups]


def _described(nodes: Sequence[str], alike: Likeness, company: Mapping[str, str]) -> Community:
    # rounded: equally good medoids must be the same one on every machine
    central = np.round(alike.mean(axis=1), 4)
    medoid = int(np.lexsort((np.asarray(nodes, dtype=object).astype(str), -central))[0])
    owners = np.asarray([company[node] for node in nodes], dtype=object).astype(str)
    across = owners[:, None] != owners[None, :]
    return Community(
        members=tuple(nodes),
        medoid=nodes[medoid],
        likeness=tuple(round(float(one), 4) for one in alike[medoid]),
        cohesion=round(float(alike[across].mean()), 4),
    )
