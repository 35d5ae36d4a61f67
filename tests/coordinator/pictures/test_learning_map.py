"""The map holds places, companies and patterns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coordinator.pictures.learning_map import NEAR, LearningMap, Stroke, joined, mapped
from coordinator.pictures.regions import regions


def vectors(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(count, 16)).astype(np.float32)


def a_map(most: int = 40) -> LearningMap:
    rows = [f"{name}/l{at:02}" for name in ("acme", "umbrella") for at in range(30)]
    companies = [row.partition("/")[0] for row in rows]
    patterns = {"p-1": ["acme/l07", "umbrella/l09", "umbrella/gone"], "p-2": ["initech/none"]}
    return mapped(rows, companies, vectors(60), patterns, most=most)


def test_a_sample_is_drawn_and_everything_counted() -> None:
    found = a_map()
    assert len(found.rows) == len(found.companies) == len(found.points) == 40
    assert found.totals == {"acme": 30, "umbrella": 30}


def test_members_of_patterns_are_on_the_map_before_others() -> None:
    found = a_map(most=2)
    assert found.rows == ("acme/l07", "umbrella/l09")


def test_a_pattern_knows_its_members_places_and_one_with_none_is_left_out() -> None:
    found = a_map()
    [pattern] = found.patterns
    assert pattern.id == "p-1"
    assert [found.rows[at] for at in pattern.members] == ["acme/l07", "umbrella/l09"]
    assert [(one.one, one.other) for one in pattern.strokes] == [pattern.members]


def test_members_are_joined_by_the_shortest_lines() -> None:
    points = np.array([[0, 0], [0.9, 0], [0.1, 0], [0.5, 0.5], [0.2, 0]])
    assert joined(points, (0, 1, 2, 4)) == (
        Stroke(0, 2, near=True),
        Stroke(2, 4, near=True),
        Stroke(4, 1, near=False),
    )
    assert NEAR < 0.7
    assert joined(points, (3,)) == joined(points, ()) == ()


def test_parts_of_the_map_have_the_words_that_tell_them_apart() -> None:
    left = np.column_stack([np.linspace(-1, -0.8, 30), np.linspace(0, 0.1, 30)])
    points = np.concatenate([left, -left])
    texts = ["retry with backoff", "retries and backoff"] * 15 + ["invoice taxes paid"] * 30
    found = regions(points, texts)
    assert len(found) == 2
    assert {one.words[0] for one in found if one.x < 0} <= {"retry", "backoff", "retries"}
    assert all(one.rows == 30 for one in found)
    [right] = [one for one in found if one.x > 0]
    assert {*right.words} == {"invoice", "taxes", "paid"}


def test_a_word_beside_another_form_of_it_is_left_out() -> None:
    left = np.column_stack([np.linspace(-1, -0.8, 30), np.linspace(0, 0.1, 30)])
    texts = ["service services payments"] * 30 + ["queue worker broker"] * 30
    words = [one.words for one in regions(np.concatenate([left, -left]), texts)]
    assert not any({"service", "services"} <= {*one} for one in words)


def test_a_small_map_has_no_parts() -> None:
    assert regions(np.zeros((10, 2)), ["retry"] * 10) == []
