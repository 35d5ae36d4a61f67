"""Which rows of other companies are nearest to each row, kept up to date change by change.

A row's list holds at most `PER_COMPANY` rows of each other company and `MOST` in all, so that a
company with a hundred thousand copies of one text crowds nobody out. Two rows are mutual
neighbours when each stands in the other's list.

Few changes are compared with all rows by an exact matrix product, which costs changed × all. A
first look at many rows would cost all × all: from `EXACT_PRODUCTS` on they are searched in an
inverted file of faiss instead, with recall .998 at 100,000 rows (docs/benchmarks.md).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PER_COMPANY = 3
MOST = 16
EXACT_PRODUCTS = 400_000_000
"""Products of rows up to which everything is compared with everything: 20,000 × 20,000."""

BLOCK_BYTES = 64_000_000
MOST_HITS = 1_000
DEPTH = 64
PROBES = 12
TRAINING_ROWS = 40

Near = tuple[tuple[str, float], ...]
"""Ids and cosines, the nearest first."""


@dataclass(frozen=True)
class Rows:
    """Rows of all companies: `ids` sorted, `companies` beside them, `vectors` (n, width) float32.

    Vectors are unit vectors.
    """

    ids: Sequence[str]
    companies: Sequence[str]
    vectors: NDArray[np.float32]


def distinct(rows: Rows) -> Rows:
    """The rows that can have neighbours: one of each vector in a company.

    A vector that is all zero or not finite is near to nothing. Copies would only crowd each
    other out of the lists of others: the first by id stands for them.
    """
    usable = np.isfinite(rows.vectors).all(axis=1) & rows.vectors.any(axis=1)
    seen: set[tuple[str, bytes]] = set()
    kept = []
    for at in np.flatnonzero(usable).tolist():
        digest = hashlib.blake2b(rows.vectors[at].tobytes(), digest_size=16).digest()
        key = rows.companies[at], digest
        if key not in seen:
            seen.add(key)
            kept.append(at)
    if len(kept) == len(rows.ids):
        return rows
    return Rows(
        [rows.ids[at] for at in kept], [rows.companies[at] for at in kept], rows.vectors[kept]
    )


@dataclass(frozen=True)
class Updated:
    """The lists after a change; `searched` rows were compared with all others for it."""

    lists: Mapping[str, Near]
    searched: int


def updated(
    before: Mapping[str, Near], rows: Rows, *, least: float, changed: Collection[str] = ()
) -> Updated:
    """The neighbours of all `rows` (as `distinct` gives them) from a cosine of `least` on.

    `before` is what was known. Rows that are not in it are searched for, and so are those in
    `changed` (another vector under the same id) and those that lost a neighbour from a full list.
    All others keep theirs.
    """
    place = {id: at for at, id in enumerate(rows.ids)}
    again = set(changed)
    gone = {id for id in before if id not in place} | again
    fresh = [id for id in rows.ids if id not in before or id in again]
    lists: dict[str, Near] = {}
    short: list[str] = []
    for id, near in before.items():
        if id in gone:
            continue
        kept = tuple(one for one in near if one[0] not in gone)
        lists[id] = kept
        if len(kept) < len(near) and _was_full(near):
            short.append(id)
    company = dict(zip(rows.ids, rows.companies, strict=True))
    searched = sorted(place[id] for id in (*fresh, *short))
    incoming: dict[str, list[tuple[str, float]]] = {}
    for at, found in nearest(rows, searched, least=least):
        id = rows.ids[at]
        lists[id] = trimmed(found, company)
        for other, cosine in found:
            incoming.setdefault(other, []).append((id, cosine))
    for id, found in incoming.items():
        lists[id] = trimmed([*lists.get(id, ()), *found], company)
    return Updated(lists, len(searched))


def trimmed(found: Iterable[tuple[str, float]], company: Mapping[str, str]) -> Near:
    """The nearest of those found: `PER_COMPANY` of a company, `MOST` in all; each once."""
    taken: Counter[str] = Counter()
    kept: dict[str, float] = {}
    for id, cosine in sorted(found, key=lambda one: (-one[1], one[0])):
        if id in kept or taken[company[id]] >= PER_COMPANY:
            continue
        taken[company[id]] += 1
        kept[id] = cosine
        if len(kept) == MOST:
            break
    return tuple(kept.items())


def mutual(lists: Mapping[str, Near]) -> Iterator[tuple[str, str, float]]:
    """The pairs of rows that stand in each other's list, with their cosine."""
    inside = {id: {one for one, _ in near} for id, near in lists.items()}
    for id in sorted(lists):
        for other, cosine in lists[id]:
            if id < other and id in inside.get(other, ()):
                yield id, other, cosine


def nearest(
    rows: Rows, searched: Sequence[int], *, least: float
) -> Iterator[tuple[int, list[tuple[str, float]]]]:
    """For each place in `searched` the rows of other companies with a cosine of `least` or more.

    The `MOST_HITS` nearest where the product is exact, else the `DEPTH` nearest.
    """
    codes = _codes(rows.companies)
    if len(searched) * len(rows.ids) <= EXACT_PRODUCTS:
        return _exact(rows, codes, searched, least)
    return _inverted(rows, codes, searched, least)


def _was_full(near: Near) -> bool:
    """Whether the list may have left somebody out."""
    return len(near) >= PER_COMPANY


def _codes(companies: Sequence[str]) -> NDArray[np.int64]:
    _, codes = np.unique(np.asarray(companies, dtype=object).astype(str), return_inverse=True)
    return codes.astype(np.int64)


def _exact(
    rows: Rows,
    codes: NDArray[np.int64],
    asked: Sequence[int],
    least: float,
) -> Iterator[tuple[int, list[tuple[str, float]]]]:
    block = max(1, BLOCK_BYTES // (4 * max(1, len(rows.ids))))
    for start in range(0, len(asked), block):
        part = np.asarray(asked[start : start + block])
        cosines = rows.vectors[part] @ rows.vectors.T
        cosines[codes[part][:, None] == codes[None, :]] = -1.0
        for at, row in zip(part, cosines, strict=True):
            columns: NDArray[np.int64] = np.flatnonzero(row >= least)
            if len(columns) > MOST_HITS:
                columns = columns[np.argsort(-row[columns], kind="stable")[:MOST_HITS]]
            yield int(at), [(rows.ids[one], _rounded(row[one])) for one in columns.tolist()]


def _inverted(
    rows: Rows,
    codes: NDArray[np.int64],
    asked: Sequence[int],
    least: float,
) -> Iterator[tuple[int, list[tuple[str, float]]]]:
    """Search an inverted file, the rows of one company at a time, with its own left out."""
    import faiss

    order = np.argsort(codes, kind="stable")
    vectors = np.ascontiguousarray(rows.vectors[order])
    index = _index(vectors)
    wanted = np.zeros(len(rows.ids), dtype=bool)
    wanted[asked] = True
    ordered = codes[order]
    for code in np.unique(ordered):
        first, last = np.searchsorted(ordered, [code, code + 1])
        own = np.arange(first, last)[wanted[order[first:last]]]
        if not len(own):
            continue
        others = faiss.IDSelectorNot(faiss.IDSelectorRange(int(first), int(last)))
        found, at = index.search(
            vectors[own],
            min(DEPTH, len(vectors)),
            params=faiss.SearchParametersIVF(sel=others, nprobe=PROBES),  # type: ignore[call-arg]
        )
        for row, cosines, places in zip(own, found, at, strict=True):
            yield (
                int(order[row]),
                [
                    (rows.ids[order[place]], _rounded(cosine))
                    for cosine, place in zip(cosines, places, strict=True)
                    if place >= 0 and cosine >= least
                ],
            )


def _index(vectors: NDArray[np.float32]) -> Any:
    """An inverted file with 4 √n lists, its centres learned from a regular sample of the rows."""
    import faiss

    lists = max(1, int(4 * np.sqrt(len(vectors))))
    quantizer = faiss.IndexFlatIP(vectors.shape[1])
    index = faiss.IndexIVFFlat(quantizer, vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 6
    step = max(1, len(vectors) // (TRAINING_ROWS * lists))
    index.train(vectors[::step])
    index.add(vectors)
    return index


def _rounded(cosine: float) -> float:
    """Two products of the same vectors differ in their last digits: they must not tell."""
    return round(min(float(cosine), 1.0), 4)
