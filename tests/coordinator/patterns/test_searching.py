"""The best of each other company, where there are far more than can be listed."""

from __future__ import annotations

import numpy as np
import pytest

from coordinator.patterns.rows import Rows, company_codes, distinct
from coordinator.patterns.searching import CROWDED, PER_COMPANY, Hits, exact, trimmed


@pytest.fixture(scope="module")
def crowd() -> Rows:
    """Three companies that tell one text over and over, each time a little differently."""
    random = np.random.default_rng(8)
    vectors = np.eye(24)[0] + random.normal(size=(1_500, 24)) * 0.05
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    owners = [f"x{'abc'[number % 3]}" for number in range(1_500)]
    ids = [f"{owner}/{number:04}" for number, owner in enumerate(owners)]
    return distinct(Rows(ids, owners, vectors.astype(np.float32)))


def everything(rows: Rows, asked: np.ndarray) -> Hits:
    """All pairs, one by one."""
    codes = company_codes(rows.companies)
    cosines = rows.vectors[asked].astype(np.float64) @ rows.vectors.T.astype(np.float64)
    row, other = np.nonzero(codes[asked][:, None] != codes[None, :])
    return Hits(asked[row], other, np.rint(np.minimum(cosines[row, other], 1) * 1e4) / 1e4)


@pytest.mark.parametrize("seen", ["from the rows asked", "from all others"])
def test_a_crowd_is_listed_in_part_and_nothing_of_the_best_is_missing(
    crowd: Rows, seen: str
) -> None:
    asked = np.arange(100, 900)
    codes = company_codes(crowd.companies)
    found = Hits.joined(list(exact(crowd, asked, least=0.5)))
    truth = everything(crowd, asked)
    assert len(truth.rows) > 3 * CROWDED * len(asked)
    assert len(found.rows) < 2 * PER_COMPANY * (2 * len(asked) + 2 * len(crowd.ids))
    if seen == "from all others":
        found = Hits(found.others, found.rows, found.cosines)
        truth = Hits(truth.others, truth.rows, truth.cosines)
    for one, other in zip(
        vars(trimmed(found, codes)).values(), vars(trimmed(truth, codes)).values(), strict=True
    ):
        assert (one == other).all()


def test_among_some_places_only_those_are_found(crowd: Rows) -> None:
    codes = company_codes(crowd.companies)
    others = np.flatnonzero(codes == 2)
    found = Hits.joined(list(exact(crowd, np.array([0, 600]), least=0.5, among=others)))
    assert {*codes[found.others].tolist()} == {2}
    assert {*found.rows.tolist()} == {0, 600}


def test_nothing_asked_finds_nothing(crowd: Rows) -> None:
    assert len(Hits.joined(list(exact(crowd, np.empty(0, np.int64), least=0.5))).rows) == 0
