"""Which rows can be compared, and that their products are exact."""

from __future__ import annotations

import numpy as np
import pytest

from coordinator.patterns.rows import GRID, Rows, distinct


def rows(*given: tuple[str, list[float]]) -> Rows:
    ids = [id for id, _ in given]
    vectors = np.array([vector for _, vector in given], dtype=np.float32)
    return Rows(ids, [id.partition("/")[0] for id in ids], vectors)


def test_one_of_each_vector_in_a_company_stays_the_first_by_id() -> None:
    found = distinct(rows(("a/2", [1, 0]), ("a/1", [1, 0]), ("b/1", [1, 0]), ("a/3", [0, 1])))
    assert found.ids == ["a/1", "a/3", "b/1"]
    assert found.companies == ["a", "a", "b"]


def test_rows_that_say_nothing_are_left_out_without_a_warning() -> None:
    found = distinct(
        rows(("a/1", [0, 0]), ("a/2", [np.nan, 1]), ("a/3", [np.inf, 0]), ("a/4", [0, 1]))
    )
    assert found.ids == ["a/4"]


@pytest.mark.parametrize("width", [0, 3])
def test_no_rows_are_no_rows(width: int) -> None:
    found = distinct(Rows([], [], np.empty((0, width), dtype=np.float32)))
    assert found.vectors.shape == (0, width)


def test_a_text_embedded_twice_is_one_text_where_only_the_last_digits_differ() -> None:
    vector = np.full(384, 384**-0.5, dtype=np.float32)
    twice = Rows(["a/1", "a/2"], ["a", "a"], np.stack([vector, vector * np.float32(1.000001)]))
    assert distinct(twice).ids == ["a/1"]


@pytest.mark.parametrize("width", [3, 384, 1024])
def test_products_are_exact_whatever_the_shape_and_the_order_of_their_sums(width: int) -> None:
    random = np.random.default_rng(5)
    drawn = random.normal(size=(400, width)) + 1  # all positive on average: long partial sums
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    ids = [f"a/{number}" for number in range(400)]
    vectors = distinct(Rows(ids, ["a"] * 400, drawn.astype(np.float32))).vectors
    whole = vectors @ vectors.T
    exact = (vectors.astype(np.float64) @ vectors.astype(np.float64).T).astype(np.float32)
    backwards = vectors[:, ::-1] @ vectors[:, ::-1].T
    one_by_one = np.array([[left @ right for right in vectors[:20]] for left in vectors[:20]])
    assert (whole == exact).all()
    assert (whole == backwards).all()
    assert (whole[:20, :20] == one_by_one).all()


def test_the_grid_moves_a_cosine_by_less_than_a_thousandth() -> None:
    random = np.random.default_rng(5)
    drawn = random.normal(size=(500, 384))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    vectors = distinct(Rows([f"a/{n:03}" for n in range(500)], ["a"] * 500, drawn.astype("f4")))
    moved = vectors.vectors @ vectors.vectors.T - drawn @ drawn.T
    assert float(np.abs(moved).max()) < 0.0015
    assert float(moved.std()) < 0.5 / GRID
