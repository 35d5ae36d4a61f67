"""Who is near to whom: the best of each other company, by exact products or an inverted file.

Only the best of each company are worth knowing: a company with a hundred thousand near copies of
one text would else fill every answer, and nobody would find anybody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coordinator.patterns.rows import Rows, company_codes

PER_COMPANY = 3
MOST = 16
BLOCK_BYTES = 64_000_000
CROWDED = 256
"""Hits a row from which on only the best of each company are looked at, to spare memory."""

DEPTH = 32
PROBES = 24
TRAINING_ROWS = 80
BATCH = 16_384

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Hits:
    """Pairs of places of rows of different companies, with their cosine to four digits."""

    rows: Places
    others: Places
    cosines: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Hits]) -> Hits:
        """All of them, one behind the other."""
        if not parts:
            none = np.empty(0, dtype=np.int64)
            return cls(none, none, np.empty(0, dtype=np.float64))
        return cls(
            np.concatenate([one.rows for one in parts]),
            np.concatenate([one.others for one in parts]),
            np.concatenate([one.cosines for one in parts]),
        )

    def picked(self, which: NDArray[Any]) -> Hits:
        """Those at these positions, or where true."""
        return Hits(self.rows[which], self.others[which], self.cosines[which])

    def both_ways(self) -> Hits:
        """Each pair seen from either row."""
        return Hits.joined([self, Hits(self.others, self.rows, self.cosines)])


def trimmed(hits: Hits, codes: Places) -> Hits:
    """The nearest of each row: `PER_COMPANY` of a company, `MOST` in all; each once.

    They come by row, the nearest first; of equally near ones the first row. `codes` are the
    companies by place. What is trimmed may be trimmed again with more: it gives the same as
    trimming all at once.
    """
    hits = hits.picked(np.lexsort((hits.others, -hits.cosines, hits.rows)))
    first = np.ones(len(hits.rows), dtype=bool)
    first[1:] = (hits.rows[1:] != hits.rows[:-1]) | (hits.others[1:] != hits.others[:-1])
    hits = hits.picked(first)
    owners = codes[hits.others]
    order = np.lexsort((owners, hits.rows))  # stable: the nearest first within each
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = _ranks(hits.rows[order] * (codes.max(initial=0) + 1) + owners[order])
    hits = hits.picked(rank < PER_COMPANY)
    return hits.picked(_ranks(hits.rows) < MOST)


def _ranks(keys: Places) -> Places:
    """0, 1, 2, … within each run of equal keys."""
    at = np.arange(len(keys))
    new = np.ones(len(keys), dtype=bool)
    new[1:] = keys[1:] != keys[:-1]
    found: Places = at - np.maximum.accumulate(np.where(new, at, 0))
    return found


def exact(
    rows: Rows,
    asked: Places,
    *,
    least: float,
    best: int = PER_COMPANY,
    among: Places | None = None,
) -> Iterator[Hits]:
    """Pairs of each place in `asked` with rows of other companies, from a cosine of `least` on.

    Among them are the `best` of each company for each asked row, and the `best` asked rows of each
    company for every other row. `among` are the places looked at, sorted; all when not given. It
    costs asked × among products.
    """
    codes = company_codes(rows.companies)
    there = np.arange(len(codes)) if among is None else among
    vectors = rows.vectors if among is None else rows.vectors[among]
    asked, owners = np.sort(asked), codes[there]
    block = max(1, BLOCK_BYTES // (4 * max(1, len(there))))
    for start in range(0, len(asked), block):
        part = asked[start : start + block]
        cosines = rows.vectors[part] @ vectors.T
        for code, first, last in _runs(codes[part]):
            own = np.searchsorted(owners, [code, code + 1])
            cosines[first:last, own[0] : own[1]] = -1
        alike = cosines >= least
        if np.count_nonzero(alike) > CROWDED * len(part):
            _leave_best(alike, cosines, codes[part], owners, best)
        left, right = np.nonzero(alike)
        yield Hits(part[left], there[right], _rounded(cosines[left, right]))


def _runs(codes: Places) -> list[tuple[int, int, int]]:
    """(company, first, last + 1) of each run in sorted `codes`."""
    found, first = np.unique(codes, return_index=True)
    last = [*first[1:].tolist(), len(codes)]
    return list(zip(found.tolist(), first.tolist(), last, strict=True))


def _leave_best(
    alike: NDArray[np.bool_],
    cosines: NDArray[np.float32],
    asked: Places,
    codes: Places,
    best: int,
) -> None:
    """Leave of `alike`, company by company, the best of each row and the best of each column."""
    for _, top, bottom in _runs(asked):
        for _, left, right in _runs(codes):
            tile = alike[top:bottom, left:right]
            if np.count_nonzero(tile) > best * (bottom - top):
                # sixteen bits are sorted in linear time; equal ones stay in the order of rows
                digits = np.rint(cosines[top:bottom, left:right] * -10_000).astype(np.int16)
                worth = np.zeros_like(tile)
                along = np.argsort(digits, axis=1, kind="stable")[:, :best]
                np.put_along_axis(worth, along, True, axis=1)
                down = np.argsort(digits, axis=0, kind="stable")[:best]
                np.put_along_axis(worth, down, True, axis=0)
                tile &= worth


def inverted(rows: Rows, *, least: float) -> Iterator[Hits]:
    """Nearly all that `exact` finds for all rows, each row's trimmed, by an inverted file.

    Rows are searched company by company with their own left out. A row whose answer was full, and
    of so few companies that others may stand behind them, is compared with those others exactly:
    amid ten thousand near copies of a text an inverted file finds nothing else.
    """
    codes = company_codes(rows.companies)
    index = _index(rows.vectors)
    crowded: dict[tuple[int, ...], list[Places]] = {}
    for code, first, last in _runs(codes):
        for start in range(first, last, BATCH):
            asked = np.arange(start, min(start + BATCH, last))
            cosines, places = _looked(index, rows, asked, (first, last))
            row, column = np.nonzero((places >= 0) & (cosines >= least))
            found = Hits(asked[row], places[row, column], _rounded(cosines[row, column]))
            kept = trimmed(found, codes)
            yield kept
            full = np.bincount(row, minlength=len(asked)) == places.shape[1]
            full &= np.bincount(kept.rows - start, minlength=len(asked)) < MOST
            for at in np.flatnonzero(full).tolist():
                company, count = np.unique(codes[places[at]], return_counts=True)
                shut = (code, *company[count >= PER_COMPANY].tolist())
                crowded.setdefault(shut, []).append(asked[at : at + 1])
    for shut, some in sorted(crowded.items()):
        others = np.flatnonzero(~np.isin(codes, shut))
        for hits in exact(rows, np.concatenate(some), least=least, among=others):
            yield trimmed(hits, codes)


def _looked(
    index: Any, rows: Rows, asked: Places, own: tuple[int, int]
) -> tuple[NDArray[np.float32], Places]:
    """Cosines and places of the `DEPTH` nearest to each of `asked` outside `own`; -1 for none."""
    import faiss

    others = faiss.IDSelectorNot(faiss.IDSelectorRange(*own))
    parameters = faiss.SearchParametersIVF(sel=others, nprobe=PROBES)  # type: ignore[call-arg]
    found = index.search(rows.vectors[asked], min(DEPTH, len(rows.ids)), params=parameters)
    cosines: NDArray[np.float32] = found[0]
    places: Places = found[1]
    return cosines, places


def _index(vectors: NDArray[np.float32]) -> Any:
    """An inverted file with 4 √n lists, its centres learned from a regular sample of the rows."""
    import faiss

    lists = max(1, int(4 * np.sqrt(len(vectors))))
    quantizer = faiss.IndexFlatIP(vectors.shape[1])
    index = faiss.IndexIVFFlat(quantizer, vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 10
    index.cp.min_points_per_centroid = 1  # faiss prints a warning about fewer
    step = -(-len(vectors) // (TRAINING_ROWS * lists))
    index.train(vectors[::step])
    index.add(vectors)
    return index


def _rounded(cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    """To four digits, and never over one: vectors on the grid may be a little too long."""
    found: NDArray[np.float64] = np.rint(np.minimum(cosines.astype(np.float64), 1) * 1e4) / 1e4
    return found
