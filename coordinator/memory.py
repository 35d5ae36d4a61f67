"""What a private memory holds, which rows a sync must touch, and how a search weighs a hit.

A memory row is a learning plus `search_text` (folded for full text) and a vector. The two halves of
a search are fused by score, not by rank: ``score = w * cosine + (1 - w) * bm25 / best bm25``. On
judged Portuguese questions rank fusion let the weak half drag the strong one down (R@1 .46 against
.73 for full text alone), score fusion did not (.73).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coordinator.errors import UsageError

LEARNING_COLUMNS = (
    "id",
    "title",
    "content",
    "category",
    "source",
    "language",
    "evidence_commit",
    "evidence_path",
    "evidence_line",
    "occurred_at",
    "substance",
    "reason",
)
MOMENTS = frozenset({"occurred_at", "created_at", "valid_from", "valid_to"})
MAX_QUERY_TERMS = 128
# How texts are made ready for the index. Another number makes the next store write every row's
# text again, without embedding it.
INDEXED_AS = 2

_COMPOUND = re.compile(r"\w+")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def strip_accents(text: str) -> str:
    """`text` without combining marks: ``autenticação`` → ``autenticacao``."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def fold(text: str) -> str:
    """`text` as the full-text index sees it: lower case, no accents, identifiers also in parts.

    ``PaymentService`` and ``payment_service`` both become ``paymentservice payment service``, so
    that either spelling, and plain words, find the other. Texts and queries are folded alike.
    """
    plain = strip_accents(text)
    return _COMPOUND.sub(lambda found: _spread(found.group()), plain).lower()


def _spread(word: str) -> str:
    # plain words are most of any text: leave them before the costlier search for parts
    if word.isalpha() and (word.islower() or word[1:].islower()):
        return word
    parts = _PARTS.findall(word)
    if len(parts) < 2:
        return word
    return " ".join((word.replace("_", ""), *parts))


def words_of(folded: str) -> list[str]:
    """The words of a folded text, in order."""
    return _COMPOUND.findall(folded)


def query_terms(query: str) -> str:
    """The distinct words of a folded `query`, at most 128: its full-text half.

    A pasted page would otherwise cost one index look-up for every word in it.
    """
    words = dict.fromkeys(words_of(fold(query)))
    return " ".join(list(words)[:MAX_QUERY_TERMS])


def passage(title: str, content: str) -> str:
    """The text that is embedded and indexed for a learning: its title, once, then its content."""
    if not title or content.startswith(title):
        return content
    return f"{title}\n{content}"


def hashed(rows: pd.DataFrame, columns: Sequence[str] = LEARNING_COLUMNS) -> pd.DataFrame:
    """`columns` of `rows` with a `row_hash`; of rows with the same id the last stays.

    The hash is ``<text>.<rest>``: the first half changes when the vector must be made again, the
    second when only what stands beside it does (another commit, another line).
    """
    frame = rows.loc[:, list(columns)].drop_duplicates("id", keep="last")
    rest = frame.drop(columns=["title", "content"])
    for name in MOMENTS & set(rest.columns):
        moments = pd.to_datetime(rest[name], utc=True).astype("datetime64[us, UTC]")
        rest[name] = moments.astype("int64")
    beside = zip(*(rest[name].tolist() for name in rest.columns), strict=True)
    return frame.assign(
        row_hash=[
            f"{_digest(text)}.{_digest(json.dumps([INDEXED_AS, *values]))}"
            for text, values in zip(passages(frame), beside, strict=True)
        ]
    )


def passages(learnings: pd.DataFrame) -> list[str]:
    """The text to embed and index of each row."""
    return [
        passage(title, content)
        for title, content in zip(learnings["title"], learnings["content"], strict=True)
    ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


@dataclass(frozen=True)
class MemoryPlan:
    """What one store must do: rows to embed, rows whose vector stays, ids to remove."""

    to_embed: pd.DataFrame
    to_update: pd.DataFrame
    to_remove: tuple[str, ...]


def plan(wanted: pd.DataFrame, have: Mapping[str, str]) -> MemoryPlan:
    """Compare `wanted` (as `hashed` gives it) with `have` (id → row_hash)."""
    ids = wanted["id"].tolist()
    both = [
        (mine, have.get(key, ""))
        for key, mine in zip(ids, wanted["row_hash"].tolist(), strict=True)
    ]
    embed = np.array([_text_part(mine) != _text_part(old) for mine, old in both], dtype=bool)
    update = np.array([mine != old for mine, old in both], dtype=bool) & ~embed
    keep = set(ids)
    return MemoryPlan(
        to_embed=wanted[embed],
        to_update=wanted[update],
        to_remove=tuple(sorted(key for key in have if key not in keep)),
    )


def _text_part(row_hash: str) -> str:
    return row_hash.partition(".")[0]


@dataclass(frozen=True)
class SearchFilters:
    """What a search may return. Empty means any; times are inclusive and need a time zone.

    `min_score` None takes the settings' value.
    """

    categories: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    min_score: float | None = None

    def __post_init__(self) -> None:
        for name, moment in (("since", self.since), ("until", self.until)):
            if moment is not None and moment.tzinfo is None:
                raise UsageError(f"{name} needs a time zone", hint="for example 2026-01-31T00:00Z")


@dataclass(frozen=True)
class Factors:
    """Why a hit has its score: ``score = vector_part + text_part``.

    ``vector_part = vector_weight * max(cosine, 0)`` and
    ``text_part = text_weight * bm25 / best_bm25`` (0 without a textual hit). Filled where asked
    for: `matched_terms`, the query's words in the hit as the index sees them, stemmed;
    `widened_terms`, what else was asked for and is in it, each with the query's words it stands
    for: ``queue (fila)`` by the glossary, ``conexa- (conexoes)`` by its Portuguese stem;
    `translation`, the query word for word in the other language, where not the query but this
    has the `cosine`.
    """

    cosine: float
    vector_weight: float
    vector_part: float
    bm25: float
    best_bm25: float
    text_weight: float
    text_part: float
    matched_terms: tuple[str, ...] = ()
    widened_terms: tuple[str, ...] = ()
    translation: str = ""


@dataclass(frozen=True)
class Found:
    """One hit of a search, best first."""

    id: str
    company: str
    title: str
    content: str
    category: str
    source: str
    language: str
    evidence_commit: str
    evidence_path: str
    evidence_line: int
    occurred_at: datetime | None
    substance: float
    score: float
    factors: Factors
    origin: Literal["private", "global"] = "private"
    """Where it stands: in the company's private memory, or shared by `company` with all."""


def fuse(cosine: float, bm25: float, best_bm25: float, vector_weight: float) -> Factors:
    """The parts of one hit's score; a negative cosine counts as 0."""
    vector_part = vector_weight * max(cosine, 0.0)
    text_weight = 1.0 - vector_weight
    text_part = text_weight * bm25 / best_bm25 if best_bm25 > 0 else 0.0
    return Factors(
        cosine=cosine,
        vector_weight=vector_weight,
        vector_part=vector_part,
        bm25=bm25,
        best_bm25=best_bm25,
        text_weight=text_weight,
        text_part=text_part,
    )


def best(
    ids: Sequence[str],
    cosines: NDArray[np.float32],
    bm25: Mapping[str, float],
    *,
    vector_weight: float,
    min_score: float,
    limit: int,
    best_bm25: float | None = None,
) -> list[tuple[str, Factors]]:
    """The `limit` best of the candidates `ids`, best first; equal scores in the order of the ids.

    `bm25` holds the candidates full text found; the others count 0. `best_bm25` is what counts as
    a full hit, by default the best of them.
    """
    top = max(bm25.values(), default=0.0) if best_bm25 is None else best_bm25
    scored = [
        (key, fuse(float(cosine), bm25.get(key, 0.0), top, vector_weight))
        for key, cosine in zip(ids, cosines, strict=True)
    ]
    kept = [hit for hit in scored if total(hit[1]) >= min_score]
    return sorted(kept, key=lambda hit: (-total(hit[1]), hit[0]))[:limit]


def on_one_scale(tops: Sequence[tuple[float, int]]) -> list[float]:
    """What counts as a full hit in each of several tables searched for one query.

    `tops` holds per table the best BM25 and how many of the query's words that hit has. BM25 of
    two tables cannot be compared, each knows its own rarities; the words found can: a table whose
    best hit has half the words of another's gives at most half of the text's part.
    """
    most = max((words for _, words in tops), default=0)
    return [bm25 * most / words if words else bm25 for bm25, words in tops]


def total(factors: Factors) -> float:
    """The score those factors add up to."""
    return factors.vector_part + factors.text_part
