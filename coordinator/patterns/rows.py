"""The rows of all companies' memories that can be compared with each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GRID = 2_048
"""Vectors are rounded to so many parts of one.

Products of such vectors are exact: each is a multiple of 2⁻²² and no partial sum reaches 2, which
float32 holds whole. So the cosine of two rows is the same number in a product of any shape, on any
machine, in faiss and in numpy, and what is compared little by little equals what is compared at
once. It moves a cosine by 0.0002 (standard deviation), far less than a threshold is known to.
"""


@dataclass(frozen=True)
class Rows:
    """Rows of all companies: `ids`, `companies` beside them, `vectors` (n, width) float32.

    Vectors are unit vectors. As `distinct` gives them rows are sorted by company and id.
    """

    ids: Sequence[str]
    companies: Sequence[str]
    vectors: NDArray[np.float32]


def distinct(rows: Rows) -> Rows:
    """The rows that can have neighbours, on the grid: one of each vector in a company.

    A vector that is all zero or not finite is near to nothing. Copies would only crowd each
    other out of the lists of others: the first by id stands for them.
    """
    usable = np.isfinite(rows.vectors).all(axis=1)
    parts = np.zeros(rows.vectors.shape, dtype=np.int16)
    parts[usable] = np.rint(rows.vectors[usable] * GRID)
    usable &= parts.any(axis=1)
    seen: set[tuple[str, bytes]] = set()
    kept = []
    places = np.flatnonzero(usable).tolist()
    for at in sorted(places, key=lambda one: (rows.companies[one], rows.ids[one])):
        digest = hashlib.blake2b(parts[at].tobytes(), digest_size=16).digest()
        key = rows.companies[at], digest
        if key not in seen:
            seen.add(key)
            kept.append(at)
    vectors = parts[kept].astype(np.float32) / np.float32(GRID)
    return Rows([rows.ids[at] for at in kept], [rows.companies[at] for at in kept], vectors)


def on_grid(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    """`vectors` rounded to the grid."""
    found: NDArray[np.float32] = (np.rint(vectors * GRID) / GRID).astype(np.float32)
    return found


def company_codes(companies: Sequence[str]) -> NDArray[np.int64]:
    """A number for each company, in their order."""
    _, codes = np.unique(np.asarray(companies, dtype=object).astype(str), return_inverse=True)
    return codes.astype(np.int64)
