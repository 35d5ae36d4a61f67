"""From which cosine on two texts say the same."""

from __future__ import annotations

import numpy as np
import pytest

from coordinator.patterns.calibration import HIGHEST, JUDGED, UNRELATED, calibrated, is_stale
from coordinator.patterns.rows import Rows, distinct
from coordinator.patterns.state import Calibration

(MINILM,) = JUDGED


def texts(count: int, companies: int, *, common: float = 0.0, width: int = 64) -> Rows:
    """Unrelated texts; `common` is how much all of them have of one direction."""
    random = np.random.default_rng(4)
    vectors = random.normal(size=(count, width))
    vectors[:, 0] += common * width**0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    owners = [f"c{number % companies}" for number in range(count)]
    ids = [f"{owner}/{number:05}" for number, owner in enumerate(owners)]
    return distinct(Rows(ids, owners, vectors.astype(np.float32)))


def test_it_lies_so_many_deviations_above_unrelated_texts() -> None:
    found = calibrated(texts(300, 3), model="other", strictness=4.0)
    assert found.mean == pytest.approx(0, abs=0.02)
    assert found.deviation == pytest.approx(64**-0.5, abs=0.01)
    assert found.least == pytest.approx(found.mean + 4 * found.deviation, abs=5e-4)
    assert found.rows == 300


def test_companies_that_have_much_in_common_need_more() -> None:
    apart = calibrated(texts(300, 3), model="other", strictness=4.0)
    alike = calibrated(texts(300, 3, common=1.0), model="other", strictness=4.0)
    assert alike.least > apart.least + 0.1


def test_it_is_never_below_what_judged_pairs_of_the_model_need() -> None:
    rows = texts(300, 3, width=512)
    assert calibrated(rows, model=MINILM, strictness=1.0).least == JUDGED[MINILM]
    assert calibrated(rows, model="other", strictness=1.0).least < JUDGED[MINILM]


def test_it_never_asks_for_more_than_two_tellings_of_one_thing_reach() -> None:
    assert calibrated(texts(300, 3), model="other", strictness=12).least == HIGHEST


def test_with_too_few_texts_it_is_what_was_judged_else_a_guess() -> None:
    few = texts(20, 2)
    assert calibrated(few, model=MINILM, strictness=4.0).least == JUDGED[MINILM]
    mean, deviation = UNRELATED
    assert calibrated(few, model="other", strictness=4.0).least == pytest.approx(
        mean + 4 * deviation
    )


def test_texts_of_one_company_say_nothing_about_those_of_two() -> None:
    found = calibrated(texts(300, 1), model="other", strictness=4.0)
    assert (found.mean, found.deviation) == UNRELATED


def test_it_is_the_same_each_time_and_hardly_moves_with_what_is_added() -> None:
    rows, more = texts(5_000, 4), texts(5_100, 4)
    once = calibrated(rows, model="other", strictness=4.0)
    assert calibrated(rows, model="other", strictness=4.0) == once
    assert calibrated(more, model="other", strictness=4.0).least == pytest.approx(
        once.least, abs=0.01
    )


@pytest.mark.parametrize(
    ("rows", "stale"), [(100, False), (200, False), (201, True), (50, False), (49, True)]
)
def test_it_stands_until_there_are_twice_as_many_texts_or_half(rows: int, stale: bool) -> None:
    held = Calibration("m", 0.6, 0.1, 0.1, 100)
    assert is_stale(held, model="m", rows=rows) is stale


def test_another_model_needs_another() -> None:
    assert is_stale(Calibration("m", 0.6, 0.1, 0.1, 100), model="n", rows=100)
    assert is_stale(None, model="m", rows=100)
