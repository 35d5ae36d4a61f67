"""Learnings that say alike things stand near each other, at the same places every time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from coordinator.pictures.positions import FEWEST, MOST_POINTS, positions, sample

TOPICS = 6


def texts(count: int, *, width: int = 64) -> NDArray[np.float32]:
    """Vectors around `TOPICS` middles, one after the other."""
    random = np.random.default_rng(7)
    middles = random.normal(size=(TOPICS, width))
    rows = middles[np.arange(count) % TOPICS] + random.normal(0, 0.4, (count, width))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_what_is_said_alike_stands_near_each_other() -> None:
    places = positions(texts(240))
    gaps = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    np.fill_diagonal(gaps, np.inf)
    topic = np.arange(240) % TOPICS
    assert (topic[gaps.argmin(axis=1)] == topic).mean() > 0.97


def test_the_same_vectors_have_the_same_places() -> None:
    vectors = texts(200)
    assert np.array_equal(positions(vectors), positions(vectors.copy()))


@pytest.mark.parametrize("count", [0, 1, 2, 3, FEWEST - 1, FEWEST, FEWEST + 1, 60])
def test_few_rows_have_places_too(count: int) -> None:
    places = positions(texts(count))
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
    assert np.abs(places).max(initial=0) <= 1


def test_places_fill_the_map_and_lie_around_its_middle() -> None:
    places = positions(texts(100))
    assert np.ptp(places, axis=0).max() == pytest.approx(2, abs=0.001)
    assert (places.max(axis=0) + places.min(axis=0)) == pytest.approx([0, 0], abs=0.001)


@pytest.mark.parametrize("broken", [np.nan, np.inf, 0.0])
def test_a_broken_vector_breaks_no_map(broken: float) -> None:
    vectors = texts(30)
    vectors[4] = broken
    places = positions(vectors)
    assert np.isfinite(places).all()


def test_equal_vectors_stand_in_one_place() -> None:
    assert not positions(np.ones((20, 8), dtype=np.float32)).any()


@pytest.mark.figures
def test_five_thousand_rows_are_placed_within_ten_seconds_of_one_core() -> None:
    vectors = texts(MOST_POINTS, width=384)
    start = time.process_time()
    positions(vectors)
    assert time.process_time() - start < 10


@given(
    count=st.integers(0, 400),
    kept=st.sets(st.integers(0, 399), max_size=60),
    most=st.integers(1, 120),
)
def test_a_sample_holds_what_is_kept_first_and_never_more_than_fits(
    count: int, kept: set[int], most: int
) -> None:
    here = {one for one in kept if one < count}
    chosen = sample(count, here, most)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(count, most)
    assert here <= set(chosen) or set(chosen) <= here


def test_a_sample_leaves_each_company_its_share() -> None:
    chosen = np.asarray(sample(1_000, (), 100))
    assert [int(((chosen >= low) & (chosen < low + 250)).sum()) for low in (0, 250, 500, 750)] == [
        25
    ] * 4
