"""A table of texts with their vectors: filled, rebuilt and asked for the candidates of a search.

The private memories and the global memory are such tables: one way to embed only what is new, to
refuse another model's vectors and to keep the indexes covered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from coordinator import memory
from coordinator.errors import MemoryUnavailable, ModelMismatch
from coordinator.full_text import index_text
from coordinator.ports import Embedder, Progress
from coordinator.settings import EmbeddingSettings
from resources.memory import index as memory_index
from resources.memory.question import Question
from resources.memory.search import Candidates, candidates
from resources.tables import Tables

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

CHUNK = 512
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


@dataclass(frozen=True)
class Shape:
    """One kind of such table: what it is called, its columns, and what heals it.

    `columns` are those a search returns, `hashed` those whose change is a change of the row;
    `schema` takes the vectors' width and the model's metadata.
    """

    table: str
    vector: str
    columns: tuple[str, ...]
    hashed: tuple[str, ...]
    schema: Callable[[int, dict[str, str]], pa.Schema]
    heal: str

    @property
    def next_table(self) -> str:
        """Where a rebuild gathers its rows."""
        return f"{self.table}.next"


class VectorTable:
    """One such table in one LanceDB database.

    `embedder` is called when the first text must be embedded, so that a store without news and a
    look at the statistics load no model. `whose` names the table in errors.
    """

    def __init__(
        self,
        shape: Shape,
        tables: Tables,
        embedder: Callable[[], Embedder],
        *,
        embedding: EmbeddingSettings,
        whose: str,
    ) -> None:
        self.shape = shape
        self.tables = tables
        self._make_embedder = embedder
        self._embedding = embedding
        self._whose = whose

    def store(self, rows: pd.DataFrame, progress: Progress | None = None) -> MemoryWritten:
        """Make the table hold exactly `rows`, embedding only texts it does not hold yet.

        Chunks of 512 are committed as they are embedded: what is killed half-way goes on where it
        stopped. Nothing new means nothing written and the same version.
        """
        self.check_model()
        return self._finished(self._fill(self.shape.table, rows, progress))

    def add(self, rows: pd.DataFrame, progress: Progress | None = None) -> MemoryWritten:
        """Make the table hold `rows` besides its others, embedding only texts it does not hold."""
        self.check_model()
        return self._finished(self._fill(self.shape.table, rows, progress, others_stay=True))

    def forget(self, ids: Collection[str]) -> MemoryWritten:
        """Remove rows and every byte of them; see `Tables.forget`."""
        if ids:  # what a killed rebuild gathered may hold them too
            self.tables.drop(self.shape.next_table)
        gone = self.tables.forget(self.shape.table, ids)
        return self._finished(MemoryWritten(0, 0, gone.deleted, gone.rows, gone.version))

    def rebuild(self, rows: pd.DataFrame, progress: Progress | None = None) -> MemoryWritten:
        """Embed all `rows` anew with the model of the settings.

        The new rows are gathered beside the table and take its place in one commit: until then
        searches answer from the old ones, and a killed rebuild goes on where it stopped.
        """
        gathering = self.shape.next_table
        try:
            self._check(self.tables.schema(gathering))
        except MemoryUnavailable:
            self.tables.drop(gathering)
        written = self._fill(gathering, rows, progress)
        if written.rows:
            self.tables.replace(self.shape.table, gathering)
        else:
            self.tables.drop(self.shape.table)
        self.tables.drop(gathering)
        return self._finished(written)

    def candidates(self, question: Question, condition: Any, *, count: int) -> Candidates | None:
        """The candidates both halves bring among the rows `condition` lets in; None for no rows."""
        rows = self.tables.rows(self.shape.table)
        if rows == 0:
            return None
        with self.tables.reading(self.shape.table) as table:
            return candidates(
                table,
                question,
                condition,
                count=min(count, rows),
                columns=self.shape.columns,
                vector_column=self.shape.vector,
            )

    def check_model(self) -> None:
        """ModelMismatch when another model, or other prompts, wrote the vectors."""
        self._check(self.tables.schema(self.shape.table))

    def described(self) -> dict[str, Any]:
        """Model, width, version, size on disk and index coverage."""
        schema = self.tables.schema(self.shape.table)
        return {
            "model": self.model,
            "width": schema.field(self.shape.vector).type.list_size if schema else 0,
            "version": self.tables.version(self.shape.table),
            "bytes": self.tables.bytes_on_disk(self.shape.table),
            "indexes": memory_index.coverage(self.tables, self.shape.table),
        }

    @property
    def model(self) -> str:
        """The model that wrote the vectors; empty when there are none."""
        schema = self.tables.schema(self.shape.table)
        return _text((schema.metadata or {}) if schema else {}).get(MODEL, "")

    @cached_property
    def embedder(self) -> Embedder:
        return self._make_embedder()

    # -- writing ---------------------------------------------------------------------------

    def _fill(
        self,
        name: str,
        rows: pd.DataFrame,
        progress: Progress | None,
        *,
        others_stay: bool = False,
    ) -> MemoryWritten:
        plan = memory.plan(memory.hashed(rows, self.shape.hashed), self.tables.ids(name))
        embedded = len(plan.to_embed)
        if progress:
            progress.start("embedding", embedded)
        for start in range(0, embedded, CHUNK):
            chunk = plan.to_embed.iloc[start : start + CHUNK]
            self._put(name, chunk, self._embed(chunk, progress))
        if len(plan.to_update):
            self._put(name, plan.to_update, self._vectors(name, list(plan.to_update["id"])))
        to_remove = () if others_stay else plan.to_remove
        if to_remove:
            self.tables.delete(name, to_remove)
        if progress:
            progress.finish()
        return MemoryWritten(
            embedded=embedded,
            updated=len(plan.to_update),
            removed=len(to_remove),
            rows=self.tables.rows(name),
            version=self.tables.version(name),
        )

    def _embed(self, chunk: pd.DataFrame, progress: Progress | None) -> NDArray[np.float32]:
        advance = progress.advance if progress else None
        return self.embedder.embed_passages(memory.passages(chunk), advance)

    def _put(self, name: str, rows: pd.DataFrame, vectors: NDArray[np.float32]) -> None:
        schema = self.tables.schema(name)
        if schema is None:
            schema = self.shape.schema(vectors.shape[1], self._wanted())
        indexed = [
            index_text(text, language)
            for text, language in zip(memory.passages(rows), rows["language"], strict=True)
        ]
        frame = rows.assign(search_text=indexed, **{self.shape.vector: list(vectors)})
        self.tables.upsert(name, frame, schema=schema)

    def _vectors(self, name: str, ids: list[str]) -> NDArray[np.float32]:
        import numpy as np

        kept = self.tables.read(name, ["id", self.shape.vector]).set_index("id")[self.shape.vector]
        return np.stack(list(kept.loc[ids]))

    def _finished(self, written: MemoryWritten) -> MemoryWritten:
        memory_index.cover(self.tables, self.shape.table, self.shape.vector)
        return replace(written, version=self.tables.version(self.shape.table))

    # -- the model -------------------------------------------------------------------------

    def _wanted(self) -> dict[str, str]:
        return {
            MODEL: self._embedding.model,
            QUERY_PROMPT: self._embedding.query_prompt,
            PASSAGE_PROMPT: self._embedding.passage_prompt,
        }

    def _check(self, schema: pa.Schema | None) -> None:
        if schema is None:
            return
        recorded = _text(schema.metadata or {})
        wanted = self._wanted()
        if recorded == wanted:
            return
        width = schema.field(self.shape.vector).type.list_size
        said = "other prompts" if recorded.get(MODEL) == wanted[MODEL] else wanted[MODEL]
        raise ModelMismatch(
            f"the memory of {self._whose} was written by model {recorded.get(MODEL, '')} "
            f"({width}), the settings say {said}",
            hint=f"run: {self.shape.heal}",
        )


def _text(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in metadata.items()}
