"""Components as nodes of the graph: their names in it, and which of them are copies."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from itertools import combinations

import pandas as pd

from coordinator.patterns.communities import Edge


def component_node(component: str) -> str:
    """The node of a component by its id ``company/path``: paths are words, nodes are not."""
    company, _, path = component.partition("/")
    digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{company}/component:{digest}"


def is_component(node: str) -> bool:
    """Whether a node is a component; the others are learnings."""
    return node.partition("/")[2].startswith("component:")


def edges_of(pairs: pd.DataFrame, groups: pd.DataFrame, *, least: float) -> list[Edge]:
    """The edges between copies in different companies, all of one group among themselves.

    `pairs` and `groups` have the columns of `coordinator.catalog.copies`. Code in common is
    stronger than words in common: a copy is at least as alike as two texts at the threshold.
    """
    similarity = {
        frozenset((row["left"], row["right"])): float(row["similarity"])
        for row in pairs.to_dict("records")
    }
    found = []
    for members in groups["members"]:
        for left, right in combinations(sorted(members), 2):
            if left.partition("/")[0] != right.partition("/")[0]:
                shared = similarity.get(frozenset((left, right)), 0.0)
                strength = round(least + (1 - least) * shared, 4)
                ends = sorted((component_node(left), component_node(right)))
                found.append(Edge(ends[0], ends[1], strength))
    return found


def told_by(
    learnings: Mapping[str, tuple[str, str]], components: Collection[str]
) -> dict[str, str]:
    """Learning → the component it describes, by node: the two are one thing, told twice.

    `learnings` holds the source and path of evidence of each.
    """
    known = set(components)
    found = {}
    for node, (source, path) in learnings.items():
        if source == "component":
            component = component_node(f"{node.partition('/')[0]}/{path}")
            if component in known:
                found[node] = component
    return found


def drift_of(groups: pd.DataFrame) -> dict[str, tuple[str, float]]:
    """Node of each copy → node of its origin, and its likeness to it."""
    found = {}
    for row in groups.to_dict("records"):
        for member, drift in zip(row["members"], row["drift"], strict=True):
            if member != row["origin"]:
                likeness = round(1 - float(drift), 4)
                found[component_node(member)] = (component_node(row["origin"]), likeness)
    return found
