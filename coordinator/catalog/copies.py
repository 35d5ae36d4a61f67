"""The same component in several companies: which are copies of one another, and whose came first.

Two components are a pair when their folders are the same git tree, or when their fingerprints
share `min_similarity` of their code; for two of the same name half of that is enough, since the
name speaks for itself. A component with fewer than `MIN_SHINGLES` shingles never pairs by content.
Across companies a weak pair counts only as the best match of both sides ("reciprocal best hits"):
a frontend that shares one package with somebody's checkout is no copy of it while either has a
better match there. From `STRONG` on each pair counts, so a copy made twice is two pairs.

Pairs across companies that belong together make a group around its origin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coordinator.catalog.fingerprints import MIN_SHINGLES, PERMUTATIONS, SEED, VERSION, containment

STRONG = 0.5
"""From this similarity on two components are copies whatever else they resemble."""

SAME_NAME_SHARE = 0.5
"""The share of `min_similarity` that is enough for two components of the same name."""

RECALL = 0.99
"""The chance with which a pair just at the threshold is looked at."""

PAIR_COLUMNS = (
    *("left", "right", "left_company", "right_company", "across", "similarity"),
    *("name_similarity", "same_tree", "origin", "reason"),
)
GROUP_COLUMNS = (
    *("id", "name", "origin", "members", "companies", "versions", "drift", "max_drift"),
    "versions_differ",
)


@dataclass(frozen=True)
class ComponentCatalog:
    """All companies' components with who copied whom.

    `pairs` (`PAIR_COLUMNS`): `across` is false for two components of one company; `origin` is the
    id of the one seen first. `groups` (`GROUP_COLUMNS`): `members` with the origin first, and
    aligned with them `companies`, `versions` and `drift` (1 - similarity to the origin).
    `components`: the rows given, with `group` ('' for none), `copies` (other members of the
    group), `origin` (whether it is its group's origin) and `drift` (0.0 without a group).
    """

    components: pd.DataFrame
    pairs: pd.DataFrame
    groups: pd.DataFrame


@dataclass(frozen=True)
class _Pair:
    left: int
    right: int
    similarity: float
    same_name: float
    same_tree: bool


class _Shelf:
    """The components as plain sorted columns, whatever NaN or null the table held."""

    def __init__(self, components: pd.DataFrame) -> None:
        rows = components.to_dict("records")
        self.rows = rows
        self.ids = [str(row["id"]) for row in rows]
        self.companies = [str(row["company"]) for row in rows]
        self.names = [plain_name(_text(row.get("name"))) for row in rows]
        self.trees = [
            _text(row.get("tree_hash")) if _number(row.get("files"), 1) else "" for row in rows
        ]
        self.versions = [_text(row.get("version")) for row in rows]
        self.shingles = [int(_number(row.get("shingles"), 0)) for row in rows]
        self.seen = [_instant(row.get("first_seen_at")) for row in rows]
        self.prints = np.zeros((len(rows), PERMUTATIONS), dtype=np.uint64)
        self.printed = np.zeros(len(rows), dtype=bool)
        for place, row in enumerate(rows):
            values = row.get("fingerprint")
            current = int(_number(row.get("fingerprint_version"), VERSION)) == VERSION
            if current and _is_print(values):
                self.prints[place], self.printed[place] = np.asarray(values), True

    def similarity(self, left: int, right: int) -> float:
        """1.0 for the same tree, else the estimated Jaccard similarity."""
        if self.trees[left] and self.trees[left] == self.trees[right]:
            return 1.0
        if not (self.printed[left] and self.printed[right]):
            return 0.0
        return float(np.mean(self.prints[left] == self.prints[right]))


def _is_print(values: object) -> bool:
    return isinstance(values, list | tuple | np.ndarray) and len(values) == PERMUTATIONS


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any, default: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return default
    return default if np.isnan(value) else float(value)


def _instant(value: Any) -> int:
    moment = pd.Timestamp(value) if isinstance(value, str | pd.Timestamp) else pd.NaT
    if not isinstance(moment, pd.Timestamp):
        return np.iinfo(np.int64).max
    return int(moment.as_unit("us").value)


_GENERIC = re.compile(r"(service|services|svc|server|api|app|component|module|backend|ms)$")


def plain_name(name: str) -> str:
    """A component's name without signs, case and the words that only say "a service".

    ``ProductCatalogService`` and ``product-catalog`` are both ``productcatalog``.
    """
    plain = re.sub(r"[\W_]+", "", name.lower())
    while shorter := _GENERIC.sub("", plain):
        if shorter == plain:
            return plain
        plain = shorter
    return plain


def compare(components: pd.DataFrame, *, min_similarity: float) -> ComponentCatalog:
    """Which components are copies of one another, over all companies.

    `components` holds the rows of `coordinator.catalog.discover` of all companies; missing and
    NaN cells are fine. Rows come back sorted by id, pairs by falling similarity, groups by id of
    their origin; equal input in any order gives equal output.

    The origin of a pair or group is the component seen first (`first_seen_at`); with equal or no
    dates the one most like the others, then the first id. A folder that was renamed is seen first
    at its new place, so the origin is a finding to look at, not a proof.
    """
    sorted_rows = (
        components.drop_duplicates("id", keep="last").sort_values("id", ignore_index=True)
        if len(components)
        else components.copy()
    )
    shelf = _Shelf(sorted_rows)
    pairs = _pairs(shelf, min_similarity)
    groups = [_by_origin(shelf, members) for members in _groups(shelf, pairs)]
    groups.sort(key=lambda members: shelf.ids[members[0]])
    return ComponentCatalog(
        _marked(sorted_rows, shelf, groups),
        _pair_frame(shelf, pairs),
        _group_frame(shelf, groups),
    )


# --- pairs ---------------------------------------------------------------------------------------


def _pairs(shelf: _Shelf, min_similarity: float) -> list[_Pair]:
    found = []
    for left, right in sorted(_same_trees(shelf) | _alike(shelf, min_similarity)):
        similarity = shelf.similarity(left, right)
        same_tree = bool(shelf.trees[left]) and shelf.trees[left] == shelf.trees[right]
        same_name = _name_similarity(shelf.names[left], shelf.names[right])
        needed = min_similarity * (SAME_NAME_SHARE if same_name == 1.0 else 1.0)
        if same_tree or similarity >= needed:
            found.append(_Pair(left, right, similarity, same_name, same_tree))
    best = _best(shelf, found)
    kept = [pair for pair in found if _is_copy(shelf, pair, best)]
    return sorted(kept, key=lambda pair: (-pair.similarity, pair.left, pair.right))


def _best(shelf: _Shelf, pairs: Iterable[_Pair]) -> dict[tuple[int, str], float]:
    """The highest similarity of each component with one of each company."""
    best: dict[tuple[int, str], float] = {}
    for pair in pairs:
        for one, other in ((pair.left, pair.right), (pair.right, pair.left)):
            key = one, shelf.companies[other]
            best[key] = max(best.get(key, 0.0), pair.similarity)
    return best


def _is_copy(shelf: _Shelf, pair: _Pair, best: Mapping[tuple[int, str], float]) -> bool:
    """Whether a pair is strong, inside one company, or the best match of both its sides."""
    left, right = shelf.companies[pair.left], shelf.companies[pair.right]
    if left == right or pair.similarity >= STRONG:
        return True
    return pair.similarity >= max(best[pair.left, right], best[pair.right, left])


def _name_similarity(left: str, right: str) -> float:
    if not left or not right:
        return 0.0
    return 1.0 if left == right else round(SequenceMatcher(None, left, right).ratio(), 3)


def _same_trees(shelf: _Shelf) -> set[tuple[int, int]]:
    by_tree: dict[str, list[int]] = {}
    for place, tree in enumerate(shelf.trees):
        if tree:
            by_tree.setdefault(tree, []).append(place)
    return {
        (left, right)
        for same in by_tree.values()
        for left in same
        for right in same
        if left < right
    }


def _alike(shelf: _Shelf, min_similarity: float) -> set[tuple[int, int]]:
    """The pairs worth comparing by content, by locality-sensitive hashing."""
    enough = [
        place
        for place, count in enumerate(shelf.shingles)
        if shelf.printed[place] and count >= MIN_SHINGLES
    ]
    if len(enough) < 2:
        return set()
    from datasketch import MinHash, MinHashLSH

    rows = band_rows(min_similarity * SAME_NAME_SHARE)
    index = MinHashLSH(num_perm=PERMUTATIONS, params=(PERMUTATIONS // rows, rows))
    sketches = {
        place: MinHash(seed=SEED, hashvalues=shelf.prints[place], scheme="affine32")
        for place in enough
    }
    for place, sketch in sketches.items():
        index.insert(place, sketch)
    return {
        (place, other)
        for place, sketch in sketches.items()
        for other in index.query(sketch)
        if place < other
    }


def band_rows(threshold: float) -> int:
    """The most rows a band may have for pairs at `threshold` to be found with `RECALL`.

    With b bands of r rows a pair of similarity s shares a band with 1 - (1 - s**r)**b.
    """
    fitting = [
        rows
        for rows in (2, 4, 8, 16)
        if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= RECALL
    ]
    return max(fitting, default=1)


# --- groups --------------------------------------------------------------------------------------


def _groups(shelf: _Shelf, pairs: Sequence[_Pair]) -> list[list[int]]:
    roof = {place: place for pair in pairs for place in (pair.left, pair.right)}

    def top(place: int) -> int:
        while roof[place] != place:
            roof[place] = roof[roof[place]]
            place = roof[place]
        return place

    for pair in pairs:
        across = shelf.companies[pair.left] != shelf.companies[pair.right]
        if across or pair.similarity >= STRONG:
            roof[top(pair.left)] = top(pair.right)
    members: dict[int, list[int]] = {}
    for place in sorted(roof):
        members.setdefault(top(place), []).append(place)
    return [
        group for group in members.values() if len({shelf.companies[each] for each in group}) > 1
    ]


def _by_origin(shelf: _Shelf, members: Iterable[int]) -> list[int]:
    """The members, origin first, the others by id."""
    every = sorted(members, key=lambda place: shelf.ids[place])

    def key(place: int) -> tuple[int, float, str]:
        likeness = sum(shelf.similarity(place, other) for other in every)
        return shelf.seen[place], -round(likeness, 6), shelf.ids[place]

    origin = min(every, key=key)
    return [origin, *(place for place in every if place != origin)]


def group_id(origin: str) -> str:
    """The id of the group around an origin: it stays when members come and go."""
    return f"group-{sha256(origin.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


# --- tables --------------------------------------------------------------------------------------


def _pair_frame(shelf: _Shelf, pairs: Sequence[_Pair]) -> pd.DataFrame:
    rows = [
        {
            "left": shelf.ids[pair.left],
            "right": shelf.ids[pair.right],
            "left_company": shelf.companies[pair.left],
            "right_company": shelf.companies[pair.right],
            "across": shelf.companies[pair.left] != shelf.companies[pair.right],
            "similarity": pair.similarity,
            "name_similarity": pair.same_name,
            "same_tree": pair.same_tree,
            "origin": shelf.ids[_by_origin(shelf, (pair.left, pair.right))[0]],
            "reason": _reason(shelf, pair),
        }
        for pair in pairs
    ]
    frame = pd.DataFrame(rows, columns=[*PAIR_COLUMNS])
    return frame.astype(
        {
            "across": "bool",
            "same_tree": "bool",
            "similarity": "float64",
            "name_similarity": "float64",
        }
    )


def _reason(shelf: _Shelf, pair: _Pair) -> str:
    if pair.same_tree:
        return f"the same files (tree {shelf.trees[pair.left][:12]})"
    small, large = sorted((pair.left, pair.right), key=lambda place: shelf.shingles[place])
    share = containment(pair.similarity, shelf.shingles[small], shelf.shingles[large])
    text = (
        f"about {pair.similarity:.0%} of their code in common ({share:.0%} of {shelf.ids[small]})"
    )
    return text + (", and the same name" if pair.same_name == 1.0 else "")


def _group_frame(shelf: _Shelf, groups: Sequence[Sequence[int]]) -> pd.DataFrame:
    rows = []
    for members in groups:
        drift = [_drift(shelf, members[0], each) for each in members]
        versions = [shelf.versions[each] for each in members]
        rows.append(
            {
                "id": group_id(shelf.ids[members[0]]),
                "name": _text(shelf.rows[members[0]].get("name")),
                "origin": shelf.ids[members[0]],
                "members": [shelf.ids[each] for each in members],
                "companies": [shelf.companies[each] for each in members],
                "versions": versions,
                "drift": drift,
                "max_drift": max(drift),
                "versions_differ": len({*versions} - {""}) > 1,
            }
        )
    frame = pd.DataFrame(rows, columns=[*GROUP_COLUMNS])
    return frame.astype({"max_drift": "float64", "versions_differ": "bool"})


def _drift(shelf: _Shelf, origin: int, member: int) -> float:
    return 0.0 if origin == member else round(1 - shelf.similarity(origin, member), 6)


def _marked(
    components: pd.DataFrame, shelf: _Shelf, groups: Sequence[Sequence[int]]
) -> pd.DataFrame:
    names = [""] * len(components)
    copies = np.zeros(len(components), dtype=np.int64)
    origins = np.zeros(len(components), dtype=bool)
    drift: NDArray[np.float64] = np.zeros(len(components))
    for members in groups:
        for place in members:
            names[place] = group_id(shelf.ids[members[0]])
            copies[place] = len(members) - 1
            drift[place] = _drift(shelf, members[0], place)
        origins[members[0]] = True
    return components.assign(
        group=pd.Series(names, index=components.index, dtype="str"),
        copies=copies,
        origin=origins,
        drift=drift,
    )
