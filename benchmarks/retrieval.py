"""How often a search finds the answer: duplicates between two companies, and Portuguese.

Everything is asked of `PrivateMemory` as it is: LanceDB, the embedded model, the settings' fusion.
What comes from ``../shared/data`` is left out, and said so, where that folder is not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.bm25 import PlainBM25
from benchmarks.judged import SHARED, Judged, Query, faquad, seamonkey, software
from benchmarks.measuring import Row
from coordinator import memory
from coordinator.memory import SearchFilters
from coordinator.settings import EmbeddingSettings, SearchSettings
from resources.embedding import SentenceEmbedder
from resources.memory import PrivateMemory
from resources.tables import Tables

BEST, DRAWS = 10, 2_000
WAYS = {
    "hybrid": SearchSettings(),
    "without the glossary": SearchSettings(glossary_weight=0),
    "full text alone": SearchSettings(vector_weight=0, vector_weight_pt=0),
    "vectors alone": SearchSettings(vector_weight=1, vector_weight_pt=1),
}
GOALS = {"SeaMonkey": "0.32 / 0.72 (BM25)", "FaQuAD": "0.80 / – (BM25 with stems)"}
Ranks = list[int | None]
"""Per query the place of the first answer, None beyond the tenth."""


class Remembering:
    """An `Embedder` that embeds a text once, however many companies hold it."""

    def __init__(self) -> None:
        self._inner = SentenceEmbedder(EmbeddingSettings())
        self.model, self.width = self._inner.model, self._inner.width
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed_passages(
        self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._inner.embed_passages(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        if text not in self._known:
            self._known[text] = self._inner.embed_query(text)
        return self._known[text]


@dataclass(frozen=True)
class Measured:
    """The ranks of some queries, by the way they were asked."""

    queries: tuple[Query, ...]
    ranks: Mapping[str, Ranks]

    def of(self, kind: str, *, held_back_only: bool) -> dict[str, Ranks]:
        """The ranks of the queries of one kind, in the half that was held back or in both."""
        picked = [
            place
            for place, query in enumerate(self.queries)
            if query.kind == kind and (query.held_back or not held_back_only)
        ]
        return {way: [ranks[place] for place in picked] for way, ranks in self.ranks.items()}


def rows() -> Iterator[Row]:
    """R@1 / R@10 of every kind of query, of all of them and of those held back from tuning."""
    embedder = Remembering()
    corpora = [software, faquad, seamonkey] if SHARED.is_dir() else [software]
    for judged in corpora:
        with tempfile.TemporaryDirectory() as folder:
            measured = measure(judged(), Path(folder), embedder)
        for kind in dict.fromkeys(query.kind for query in measured.queries):
            for held_back_only in (False, True):
                yield from _lines(kind, measured, held_back_only=held_back_only)
    if not SHARED.is_dir():
        yield Row("duplicates, FaQuAD", "not measured", f"their data is not in {SHARED}")


def measure(judged: Judged, folder: Path, embedder: Remembering) -> Measured:
    """Store every corpus as a company of its own and ask each query in every way."""
    ranks: dict[str, Ranks] = {}
    for corpus, texts in judged.texts.items():
        _memory(corpus, folder, embedder, SearchSettings()).store(_learnings(texts))
    for way, settings in WAYS.items():
        companies = {corpus: _memory(corpus, folder, embedder, settings) for corpus in judged.texts}
        ranks[way] = [_asked(companies[query.corpus], query) for query in judged.queries]
    plain = {
        corpus: PlainBM25({key: memory.passage(*text[:2]) for key, text in texts.items()})
        for corpus, texts in judged.texts.items()
    }
    ranks["plain BM25"] = [
        _rank(plain[query.corpus].best(query.text, BEST), query) for query in judged.queries
    ]
    return Measured(judged.queries, ranks)


def recall(ranks: Ranks, within: int) -> float:
    """Share of the queries whose answer is among the first `within`."""
    return sum(rank is not None and rank <= within for rank in ranks) / len(ranks)


def interval(ranks: Ranks) -> tuple[float, float]:
    """Where R@1 lies in 95 of 100 draws of as many queries with replacement (seeded)."""
    first = np.array([rank == 1 for rank in ranks])
    draws = np.random.default_rng(7).integers(0, len(first), (DRAWS, len(first)))
    low, high = np.quantile(first[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def _lines(kind: str, measured: Measured, *, held_back_only: bool) -> Iterator[Row]:
    ranks = measured.of(kind, held_back_only=held_back_only)
    hybrid = ranks["hybrid"]
    low, high = interval(hybrid)
    half = ", held back from tuning" if held_back_only else ""
    yield Row(
        f"{kind}: {len(hybrid)} queries{half}, R@1 / R@10",
        f"{_shown(hybrid)} (R@1 {low:.2f} to {high:.2f})",
        "; ".join(f"{way} {_shown(found)}" for way, found in ranks.items() if way != "hybrid"),
        GOALS.get(kind, ""),
    )


def _shown(ranks: Ranks) -> str:
    return f"{recall(ranks, 1):.2f} / {recall(ranks, BEST):.2f}"


def _asked(company: PrivateMemory, query: Query) -> int | None:
    # rows one half alone knows nothing of have a score of 0: they are no answer
    hits = company.search(query.text, SearchFilters(min_score=1e-9), BEST)
    return _rank([hit.evidence_path for hit in hits], query)


def _rank(keys: Sequence[str], query: Query) -> int | None:
    return next((place for place, key in enumerate(keys, 1) if key in query.answers), None)


def _memory(
    company: str, folder: Path, embedder: Remembering, settings: SearchSettings
) -> PrivateMemory:
    return PrivateMemory(
        company,
        Tables(folder / company),
        lambda: embedder,
        embedding=EmbeddingSettings(),
        search=settings,
    )


def _learnings(texts: Mapping[str, tuple[str, str, str]]) -> pd.DataFrame:
    """Each text as a learning; its key stands where the evidence's path does."""
    moment = pd.Timestamp("2026-01-01", tz="UTC")
    return pd.DataFrame(
        [
            {
                "id": f"{number:032x}",
                "title": title,
                "content": content,
                "category": "insight",
                "source": "issue",
                "language": language,
                "evidence_commit": "",
                "evidence_path": key,
                "evidence_line": 0,
                "occurred_at": moment,
                "substance": 0.9,
                "reason": "",
            }
            for number, (key, (title, content, language)) in enumerate(texts.items())
        ]
    )
