"""Which nodes belong together."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.patterns import communities as module
from coordinator.patterns.communities import Community, Edge, Likeness, communities

LEAST = 0.6


def likeness_of(alike: Mapping[frozenset[str], float]) -> Callable[[Sequence[str]], Likeness]:
    def likeness(nodes: Sequence[str]) -> Likeness:
        found = [
            [1.0 if left == right else alike.get(frozenset((left, right)), 0.0) for right in nodes]
            for left in nodes
        ]
        return np.array(found, dtype=np.float32)

    return likeness


def grouped(*pairs: tuple[str, str, float], all_of: Sequence[str] = ()) -> list[Community]:
    """The groups where `pairs` are alike, with an edge where alike enough and of two companies."""
    alike = {frozenset((left, right)): strength for left, right, strength in pairs}
    edges = [
        Edge(min(left, right), max(left, right), strength)
        for left, right, strength in pairs
        if strength >= LEAST and left[0] != right[0]
    ]
    company = {node: node.partition("/")[0] for left, right, _ in pairs for node in (left, right)}
    return communities(edges, company, likeness_of(alike), least=LEAST)


def members(found: Sequence[Community]) -> list[tuple[str, ...]]:
    return [one.members for one in found]


def test_what_is_alike_is_one_group_with_its_middle() -> None:
    (found,) = grouped(("a/1", "b/1", 0.9), ("b/1", "c/1", 0.8), ("a/1", "c/1", 0.7))
    assert found.members == ("a/1", "b/1", "c/1")
    assert found.medoid == "b/1"
    assert found.likeness == (0.9, 1.0, 0.8)
    assert found.cohesion == pytest.approx(0.8)


def test_a_chain_is_cut_where_its_ends_have_nothing_in_common() -> None:
    """a is like b, b like c, c like d; a and d are strangers."""
    found = grouped(("a/1", "b/1", 0.9), ("b/1", "c/1", 0.65), ("c/1", "d/1", 0.9))
    assert members(found) == [("a/1", "b/1"), ("c/1", "d/1")]


def test_a_chain_whose_members_are_alike_on_the_average_stays_whole() -> None:
    found = grouped(("a/1", "b/1", 0.8), ("b/1", "c/1", 0.8), ("a/1", "c/1", 0.55))
    assert members(found) == [("a/1", "b/1", "c/1")]


def test_what_is_left_to_one_company_after_a_cut_is_no_group() -> None:
    found = grouped(
        ("a/1", "b/1", 0.62), ("a/1", "a/2", 0.9), ("a/2", "b/1", 0.1), ("a/2", "c/1", 0.61)
    )
    assert all(len({node[0] for node in one}) > 1 for one in members(found))


def test_rows_of_one_company_belong_to_a_group_when_alike_on_the_average() -> None:
    (found,) = grouped(("a/1", "b/1", 0.8), ("a/2", "b/1", 0.8), ("a/1", "a/2", 0.7))
    assert found.members == ("a/1", "a/2", "b/1")
    assert found.cohesion == pytest.approx(0.8)  # of the pairs from two companies only


def test_no_edges_are_no_groups() -> None:
    assert grouped() == []


def test_an_edge_told_twice_is_one() -> None:
    once = grouped(("a/1", "b/1", 0.9))
    assert grouped(("a/1", "b/1", 0.9), ("a/1", "b/1", 0.9)) == once


def test_of_equally_central_members_the_first_is_the_middle() -> None:
    (found,) = grouped(("a/1", "b/1", 0.8), ("b/1", "c/1", 0.8), ("a/1", "c/1", 0.8))
    assert found.medoid == "a/1"


NODES = [f"{company}/{number}" for company in "abcd" for number in range(4)]
STRENGTHS = st.dictionaries(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)).filter(lambda one: one[0] < one[1]),
    st.sampled_from([0.3, 0.55, 0.6, 0.65, 0.7, 0.9]),
    max_size=40,
)


@given(STRENGTHS, st.randoms(use_true_random=False))
def test_no_node_is_in_two_groups_and_the_order_of_edges_changes_nothing(
    alike: dict[tuple[str, str], float], chance: random.Random
) -> None:
    pairs = [(left, right, strength) for (left, right), strength in alike.items()]
    found = grouped(*pairs)
    chance.shuffle(pairs)
    assert grouped(*pairs) == found
    everyone = [node for one in found for node in one.members]
    assert len(everyone) == len(set(everyone))
    for one in found:
        assert list(one.members) == sorted(one.members)
        assert len({node[0] for node in one.members}) > 1
        assert one.medoid in one.members
        assert one.likeness[one.members.index(one.medoid)] == 1


@given(STRENGTHS, st.sampled_from(NODES))
def test_what_happens_in_one_part_of_the_graph_changes_no_other(
    alike: dict[tuple[str, str], float], stranger: str
) -> None:
    pairs = [(left, right, strength) for (left, right), strength in alike.items()]
    before = grouped(*pairs)
    after = grouped(*pairs, ("x/1", "y/1", 0.9))
    assert [one for one in after if one.members[0] != "x/1"] == before


# -- parts too large to compare everybody with everybody ----------------------------------------


def giant(strengths: Callable[[int, int], float], side: int) -> list[Community]:
    """Two companies of `side` nodes each, every one an edge to every other company's."""
    left, right = [f"a/{n:03}" for n in range(side)], [f"b/{n:03}" for n in range(side)]
    pairs = [
        (one, other, strengths(at, to))
        for at, one in enumerate(left)
        for to, other in enumerate(right)
    ]
    return grouped(*pairs)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(module, "LARGEST", 20)
    return 20


def test_a_giant_part_is_cut_at_stricter_edges(small: int) -> None:
    """Each node has one true friend; weak edges tie all of them together."""
    found = giant(lambda at, to: 0.95 if at == to else 0.62, side=small)
    assert members(found) == [(f"a/{n:03}", f"b/{n:03}") for n in range(small)]


def test_a_giant_part_without_anything_stricter_is_bounded(small: int) -> None:
    found = giant(lambda at, to: 0.8, side=small)
    assert all(len(one.members) <= small for one in found)


def test_a_giant_part_is_asked_for_no_likeness_of_more_than_can_be_compared(small: int) -> None:
    asked: list[int] = []
    edges = [Edge(f"a/{n:03}", f"b/{to:03}", 0.8) for n in range(40) for to in range(40)]
    company = {node: node[0] for edge in edges for node in (edge.left, edge.right)}

    def likeness(nodes: Sequence[str]) -> Likeness:
        asked.append(len(nodes))
        return np.ones((len(nodes), len(nodes)), dtype=np.float32)

    communities(edges, company, likeness, least=LEAST)
    assert max(asked) <= small
