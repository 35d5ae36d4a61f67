"""Which rows of other companies are nearest to each row, kept up to date change by change.

A row's list holds at most `PER_COMPANY` rows of each other company and `MOST` in all, so that a
company with a hundred thousand copies of one text crowds nobody out. Two rows are mutual
neighbours when each stands in the other's list.

Few changes are compared with all rows by an exact matrix product, which costs changed × all. A
first look at many rows would cost all × all: they are searched in an inverted file of faiss
instead (recall and times: docs/benchmarks.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coordinator.patterns.rows import Rows, company_codes, distinct
from coordinator.patterns.searching import (
    MOST,
    PER_COMPANY,
    Hits,
    Places,
    exact,
    inverted,
    trimmed,
)

__all__ = ["Near", "Rows", "Updated", "distinct", "mutual", "nearest", "updated"]

EXACT_PRODUCTS = 400_000_000
"""Products of rows up to which nothing but the exact product is worth its while: a second."""
EXACT_ROOTS = 50
"""Up to so many times √n of n rows an exact product is quicker than an inverted file."""

BEST = 64

Near = tuple[tuple[str, float], ...]
"""Ids and cosines, the nearest first."""


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
    `changed` (another vector under the same id) and those that lost a neighbour which may have
    kept another one out. All others keep theirs.
    """
    place = {id: at for at, id in enumerate(rows.ids)}
    gone = {id for id in before if id not in place} | set(changed)
    lists, short = _carried(before, gone)
    asked = np.array([at for id, at in place.items() if id not in lists or id in short], np.int64)
    if _is_much(len(asked), len(rows.ids)):
        lists, asked = {}, np.arange(len(rows.ids))
        hits = Hits.joined(list(inverted(rows, least=least)))
    else:
        hits = Hits.joined(list(exact(rows, asked, least=least)))
    hits = hits.both_ways()
    for at in asked.tolist():
        lists[rows.ids[at]] = ()
    touched = [rows.ids[at] for at in np.unique(hits.rows).tolist()]
    hits = Hits.joined([hits, _listed({id: lists[id] for id in touched}, place)])
    return Updated(
        {**lists, **_lists(trimmed(hits, company_codes(rows.companies)), rows)}, len(asked)
    )


def _is_much(asked: int, all: int) -> bool:
    """Whether an inverted file of all rows is quicker than comparing those asked with them."""
    return asked * all > EXACT_PRODUCTS and asked > EXACT_ROOTS * all**0.5


def _carried(before: Mapping[str, Near], gone: Collection[str]) -> tuple[dict[str, Near], set[str]]:
    """The lists without those that are gone, and whose list may have had others in their place."""
    lists: dict[str, Near] = {}
    short: set[str] = set()
    for id, near in before.items():
        if id in gone:
            continue
        lost = [one for one, _ in near if one in gone]
        lists[id] = tuple(one for one in near if one[0] not in gone) if lost else near
        if lost and _kept_out(near, lost):
            short.add(id)
    return lists, short


def _kept_out(near: Near, lost: Iterable[str]) -> bool:
    """Whether the list was full, or full of a company of which a row was lost."""
    taken = Counter(_company(one) for one, _ in near)
    return len(near) == MOST or any(taken[_company(one)] == PER_COMPANY for one in lost)


def _listed(lists: Mapping[str, Near], place: Mapping[str, int]) -> Hits:
    """Lists as pairs of places."""
    pairs = [(place[id], place[one], cosine) for id, near in lists.items() for one, cosine in near]
    rows, others, cosines = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Hits(np.array(rows, np.int64), np.array(others, np.int64), np.array(cosines, float))


def _lists(hits: Hits, rows: Rows) -> dict[str, Near]:
    """Pairs of places, by row and the nearest first, as lists."""
    found, first = np.unique(hits.rows, return_index=True)
    pairs = [
        (rows.ids[other], cosine)
        for other, cosine in zip(hits.others.tolist(), hits.cosines.tolist(), strict=True)
    ]
    bounds = [*first.tolist(), len(pairs)]
    return {
        rows.ids[at]: tuple(pairs[start:end])
        for at, (start, end) in zip(found.tolist(), pairwise(bounds), strict=True)
    }


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

    At least the `BEST` of each company, in no order; rows that have none are left out.
    """
    asked: Places = np.asarray(searched, np.int64)
    for hits in exact(rows, asked, least=least, best=BEST):
        found, first = np.unique(hits.rows, return_index=True)
        bounds = [*first.tolist(), len(hits.rows)]
        for at, (start, end) in zip(found.tolist(), pairwise(bounds), strict=True):
            others, cosines = hits.others[start:end], hits.cosines[start:end]
            pairs = zip(others.tolist(), cosines.tolist(), strict=True)
            yield at, [(rows.ids[other], cosine) for other, cosine in pairs]


def _company(id: str) -> str:
    return id.partition("/")[0]
