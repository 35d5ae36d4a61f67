"""The private memory of a company: its learnings, found again by meaning and by word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from coordinator import memory
from coordinator.errors import MemoryUnavailable, ModelMismatch
from coordinator.memory import Found, SearchFilters
from coordinator.ports import Embedder, Progress
from coordinator.settings import EmbeddingSettings, SearchSettings
from resources.memory import index as memory_index
from resources.memory.search import candidates
from resources.tables import Tables
from resources.tables import schemas as table_schemas

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

TABLE = "private_memory"
NEXT_TABLE = "private_memory.next"
CHUNK = 512
MIN_CANDIDATES = 50
MAX_CANDIDATES = 5_000
MODEL = "orch:model"
QUERY_PROMPT = "orch:query_prompt"
PASSAGE_PROMPT = "orch:passage_prompt"


@dataclass(frozen=True)
class MemoryWritten:
    """What a store did; `version` and `rows` are the table's afterwards."""

    embedded: int
    updated: int
    removed: int
    rows: int
    version: int


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
        self._tables = tables
        self._make_embedder = embedder
        self._embedding = embedding
        self._search = search

    def store(self, learnings: pd.DataFrame, progress: Progress | None = None) -> MemoryWritten:
        """Make the memory hold exactly `learnings`, embedding only texts it does not hold yet.

        Chunks of 512 are committed as they are embedded: what is killed half-way goes on where it
        stopped. Nothing new means nothing written and the same version.
        """
        self._check_model(self._tables.schema(TABLE))
        return self._finished(self._fill(TABLE, learnings, progress))

    def rebuild(self, learnings: pd.DataFrame, progress: Progress | None = None) -> MemoryWritten:
        """Embed all `learnings` anew with the model of the settings.

        The new rows are gathered beside the memory and take its place in one commit: until then
        searches answer from the old ones, and a killed rebuild goes on where it stopped.
        """
        try:
            self._check_model(self._tables.schema(NEXT_TABLE))
        except MemoryUnavailable:
            self._tables.drop(NEXT_TABLE)
        written = self._fill(NEXT_TABLE, learnings, progress)
        if written.rows:
            self._tables.replace(TABLE, NEXT_TABLE)
        else:
            self._tables.drop(TABLE)
        self._tables.drop(NEXT_TABLE)
        return self._finished(written)

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
        (half a millisecond a hit).
        """
        if limit <= 0 or not query.strip():
            return []
        self._check_model(self._tables.schema(TABLE))
        rows = self._tables.rows(TABLE)
        if rows == 0:
            return []
        vector = self._embedder.embed_query(query)
        filters, terms = filters or SearchFilters(), memory.query_terms(query)
        with self._tables.reading(TABLE) as table:
            count = min(max(MIN_CANDIDATES, 5 * limit), MAX_CANDIDATES, rows)
            found = candidates(table, vector, terms, filters, count=count)
            hits = memory.best(
                found.ids,
                found.cosines,
                found.bm25,
                vector_weight=self._search.vector_weight,
                min_score=_either(filters.min_score, self._search.min_score),
                limit=limit,
            )
            matched = found.matched(table, terms, [key for key, _ in hits]) if explain else {}
        return [
            Found(
                company=self.company,
                score=memory.total(factors),
                factors=replace(factors, matched_terms=matched.get(key, ())),
                **found.record(key),
            )
            for key, factors in hits
        ]

    def stats(self) -> dict[str, Any]:
        """Rows by category, source and language, model, size on disk, version, index coverage."""
        frame = self._tables.read(
            TABLE, ["category", "source", "language"], schema=table_schemas.learnings()
        )
        schema = self._tables.schema(TABLE)
        recorded = (schema.metadata or {}) if schema else {}
        return {
            "company": self.company,
            "rows": len(frame),
            "categories": _counts(frame["category"]),
            "sources": _counts(frame["source"]),
            "languages": _counts(frame["language"]),
            "model": recorded.get(MODEL.encode(), b"").decode(),
            "width": schema.field("vector").type.list_size if schema else 0,
            "version": self._tables.version(TABLE),
            "bytes": self._tables.bytes_on_disk(TABLE),
            "indexes": memory_index.coverage(self._tables, TABLE),
        }

    # -- writing ---------------------------------------------------------------------------

    def _fill(self, name: str, learnings: pd.DataFrame, progress: Progress | None) -> MemoryWritten:
        plan = memory.plan(memory.hashed(learnings), self._tables.ids(name))
        embedded = len(plan.to_embed)
        if progress:
            progress.start("embedding", embedded)
        for start in range(0, embedded, CHUNK):
            chunk = plan.to_embed.iloc[start : start + CHUNK]
            self._put(name, chunk, self._embed(chunk, progress))
        if len(plan.to_update):
            self._put(name, plan.to_update, self._vectors(name, list(plan.to_update["id"])))
        if plan.to_remove:
            self._tables.delete(name, plan.to_remove)
        if progress:
            progress.finish()
        return MemoryWritten(
            embedded=embedded,
            updated=len(plan.to_update),
            removed=len(plan.to_remove),
            rows=self._tables.rows(name),
            version=self._tables.version(name),
        )

    def _embed(self, chunk: pd.DataFrame, progress: Progress | None) -> NDArray[np.float32]:
        advance = progress.advance if progress else None
        return self._embedder.embed_passages(memory.passages(chunk), advance)

    def _put(self, name: str, rows: pd.DataFrame, vectors: NDArray[np.float32]) -> None:
        schema = self._tables.schema(name)
        if schema is None:
            schema = table_schemas.private_memory(vectors.shape[1], self._wanted())
        folded = [memory.fold(text) for text in memory.passages(rows)]
        frame = rows.assign(search_text=folded, vector=list(vectors))
        self._tables.upsert(name, frame, schema=schema)

    def _vectors(self, name: str, ids: list[str]) -> NDArray[np.float32]:
        import numpy as np

        kept = self._tables.read(name, ["id", "vector"]).set_index("id")["vector"]
        return np.stack(list(kept.loc[ids]))

    def _finished(self, written: MemoryWritten) -> MemoryWritten:
        memory_index.cover(self._tables, TABLE)
        return replace(written, version=self._tables.version(TABLE))

    # -- the model -------------------------------------------------------------------------

    @cached_property
    def _embedder(self) -> Embedder:
        return self._make_embedder()

    def _wanted(self) -> dict[str, str]:
        return {
            MODEL: self._embedding.model,
            QUERY_PROMPT: self._embedding.query_prompt,
            PASSAGE_PROMPT: self._embedding.passage_prompt,
        }

    def _check_model(self, schema: pa.Schema | None) -> None:
        if schema is None:
            return
        recorded = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
        wanted = self._wanted()
        if recorded == wanted:
            return
        width = schema.field("vector").type.list_size
        said = "other prompts" if recorded.get(MODEL) == wanted[MODEL] else wanted[MODEL]
        raise ModelMismatch(
            f"the memory of {self.company} was written by model {recorded.get(MODEL, '')} "
            f"({width}), the settings say {said}",
            hint=f"run: orch memory rebuild --company {self.company}",
        )


def _either(asked: float | None, default: float) -> float:
    return default if asked is None else asked


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().items()}
