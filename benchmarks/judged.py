"""Judged queries: what is asked of which texts, which of them answer it, and which half it is in.

The half hangs on a hash of what is asked for, not of the query, so that no answer is in both: one
half was tuned on, the other held back until everything was decided.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
OWN = ROOT / "tests" / "resources" / "judged"

Text = tuple[str, str, str]
"""Title, content and language of a text."""


@dataclass(frozen=True)
class Query:
    """One judged query; `corpus` names the texts it is asked of, `kind` the line it counts in."""

    kind: str
    corpus: str
    text: str
    answers: frozenset[str]
    held_back: bool


@dataclass(frozen=True)
class Judged:
    """Texts by corpus and key, and the queries asked of them."""

    texts: Mapping[str, Mapping[str, Text]]
    queries: tuple[Query, ...]


def held_back(key: str) -> bool:
    """Whether what is asked for under this key was held back from tuning."""
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % 2 == 0


def software() -> Judged:
    """Our own 106 queries over 147 short learnings, Portuguese and English."""
    texts = {
        row["key"]: (row["title"], row["content"], row["language"])
        for row in _rows(OWN / "learnings.csv")
    }
    queries = [
        Query(
            f"{row['language']} → {texts[row['answer']][2]}",
            "software",
            row["query"],
            frozenset({row["answer"]}),
            row["part"] == "held back",
        )
        for row in _rows(OWN / "queries.csv")
    ]
    return Judged({"software": texts}, tuple(queries))


def faquad() -> Judged:
    """FaQuAD's 63 questions, each for one of its 38 paragraphs."""
    articles = json.loads((SHARED / "faquad" / "dev.json").read_text(encoding="utf-8"))["data"]
    texts, queries = {}, []
    for paragraph in (one for article in articles for one in article["paragraphs"]):
        key = hashlib.sha256(paragraph["context"].encode()).hexdigest()[:32]
        texts[key] = ("", paragraph["context"], "pt")
        queries += [
            Query("FaQuAD", "faquad", asked["question"], frozenset({key}), held_back(key))
            for asked in paragraph["qas"]
        ]
    return Judged({"faquad": texts}, tuple(queries))


def seamonkey() -> Judged:
    """SeaMonkey's 75 reports with a duplicate: each asks the other company for its own.

    The 46 pairs are trees: members of a pair can all stand in different companies, and do. The
    1,001 reports without a duplicate stand in both, so that either is as large as a whole.
    """
    folder = SHARED / "seamonkey"
    reports = {
        row["Issue id"]: (row["Summary"], row["Description"], "en")
        for row in _rows(folder / "SeaMonkey_bugs.csv")
    }
    pairs = [
        (row["Issue id"], other.strip())
        for row in _rows(folder / "SeaMonkey_bugs-combined.csv")
        for other in row["Duplicate id"].split(",")
        if {row["Issue id"], other.strip()} <= reports.keys()
    ]
    sides = dict(_two_sides(pairs))
    cluster_of = {key: min(cluster) for cluster in sides.values() for key in cluster}
    side_of = {key: cluster[key] for cluster in sides.values() for key in cluster}
    texts = {
        f"seamonkey-{side}": {
            key: text for key, text in reports.items() if side_of.get(key, side) == side
        }
        for side in (0, 1)
    }
    queries = [
        Query(
            "SeaMonkey",
            f"seamonkey-{1 - side}",
            "\n".join(reports[key][:2]),
            frozenset(one for one, where in sides[cluster_of[key]].items() if where != side),
            held_back(cluster_of[key]),
        )
        for key, side in sorted(side_of.items())
    ]
    return Judged(texts, tuple(queries))


def _two_sides(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, dict[str, int]]]:
    """Each cluster's first key, and the side of each member: those of a pair on different ones."""
    near: dict[str, set[str]] = {}
    for one, other in pairs:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    seen: set[str] = set()
    for turn, first in enumerate(key for key in sorted(near) if key not in seen):
        sides, waiting = {first: turn % 2}, [first]
        while waiting:
            here = waiting.pop()
            for other in near[here] - sides.keys():
                sides[other] = 1 - sides[here]
                waiting.append(other)
        seen |= sides.keys()
        yield first, sides


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
