"""The private memory of a company: its learnings, found again by meaning and by word."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from coordinator import memory
from coordinator.memory import LEARNING_COLUMNS, Found, SearchFilters
from coordinator.ports import Embedder, Progress
from coordinator.settings import EmbeddingSettings, SearchSettings
from resources.memory.question import Question
from resources.memory.search import learnings_that_fit
from resources.memory.vector_table import MemoryWritten, Shape, VectorTable
from resources.tables import Tables
from resources.tables import schemas as table_schemas

if TYPE_CHECKING:
    import pandas as pd

TABLE = "private_memory"
NEXT_TABLE = f"{TABLE}.next"
MIN_CANDIDATES = 50
MAX_CANDIDATES = 5_000
RECORD = tuple(name for name in LEARNING_COLUMNS if name != "reason")


class PrivateMemory:
    """One company's memory in its own LanceDB database.

    `embedder` is called when the first text must be embedded, so that a store without news and a
    look at the statistics load no model.
    """

    def __init__(
        self,
        company: str,
        tables: Tables,
        embedder: Callable[[], Embedder],
        *,
        embedding: EmbeddingSettings,
        search: SearchSettings,
    ) -> None:
        self.company = company
        self._search = search
        shape = Shape(
            table=TABLE,
            vector="vector",
            columns=RECORD,
            hashed=LEARNING_COLUMNS,
            schema=table_schemas.private_memory,
            heal=f"orch memory rebuild --company {company}",
        )
        self.rows = VectorTable(shape, tables, embedder, embedding=embedding, whose=company)

    def store(self, learnings: pd.DataFrame, progress: Progress | None = None) -> MemoryWritten:
        """Make the memory hold exactly `learnings`, embedding only texts it does not hold yet.

        What is killed half-way goes on where it stopped. Nothing new means nothing written and
        the same version.
        """
        return self.rows.store(learnings, progress)

    def add(self, learnings: pd.DataFrame) -> MemoryWritten:
        """Make the memory hold `learnings` besides what it holds."""
        return self.rows.add(learnings)

    def forget(self, ids: Collection[str]) -> MemoryWritten:
        """Remove learnings and every byte of them from the memory's files."""
        return self.rows.forget(ids)

    def rebuild(self, learnings: pd.DataFrame, progress: Progress | None = None) -> MemoryWritten:
        """Embed all `learnings` anew with the model of the settings; searches go on meanwhile."""
        return self.rows.rebuild(learnings, progress)

    def search(
        self,
        query: str,
        filters: SearchFilters | None = None,
        limit: int = 10,
        *,
        explain: bool = False,
    ) -> list[Found]:
        """The best `limit` learnings for `query`, best first.

        Candidates come from both halves, filtered before they are ranked; each one's cosine is
        exact. An empty query or memory finds nothing. `explain` also fills the matched terms
        and what of them the glossary brought (half a millisecond a hit).
        """
        if limit <= 0 or not query.strip():
            return []
        self.rows.check_model()
        if self.rows.tables.rows(TABLE) == 0:
            return []
        filters = filters or SearchFilters()
        question = Question(query, lambda: self.rows.embedder, self._search)
        found = self.rows.candidates(
            question, learnings_that_fit(filters), count=candidate_count(limit)
        )
        if found is None:
            return []
        hits = memory.best(
            found.ids,
            found.cosines,
            found.bm25,
            vector_weight=question.vector_weight,
            min_score=_either(filters.min_score, self._search.min_score),
            limit=limit,
        )
        if explain:
            hits = found.explained(hits)
        return [
            Found(
                company=self.company,
                score=memory.total(factors),
                factors=factors,
                **found.record(key),
            )
            for key, factors in hits
        ]

    def stats(self) -> dict[str, Any]:
        """Rows by category, source and language, model, size on disk, version, index coverage."""
        frame = self.rows.tables.read(
            TABLE, ["category", "source", "language"], schema=table_schemas.learnings()
        )
        return {
            "company": self.company,
            "rows": len(frame),
            "categories": _counts(frame["category"]),
            "sources": _counts(frame["source"]),
            "languages": _counts(frame["language"]),
            **self.rows.described(),
        }


def candidate_count(limit: int) -> int:
    """How many candidates each half brings for a search that shows `limit` hits."""
    return min(max(MIN_CANDIDATES, 5 * limit), MAX_CANDIDATES)


def _either(asked: float | None, default: float) -> float:
    return default if asked is None else asked


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().items()}
