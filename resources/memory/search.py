"""The candidates of a search: the nearest vectors and the best full-text hits, filtered first."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from coordinator.memory import LEARNING_COLUMNS, SearchFilters
from resources.memory.index import TEXT_COLUMN, VECTOR_COLUMN
from resources.tables.arrow_rows import matrix

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

COLUMNS = [name for name in LEARNING_COLUMNS if name != "reason"]
PICKED = [*COLUMNS, TEXT_COLUMN, VECTOR_COLUMN]


class Candidates:
    """What both halves brought: `ids`, their exact `cosines`, and `bm25` where full text found."""

    def __init__(self, near: pa.Table, textual: pa.Table, vector: NDArray[np.float32]) -> None:
        import pyarrow as pa

        self.bm25: dict[str, float] = dict(
            zip(textual["id"].to_pylist(), textual["_score"].to_pylist(), strict=True)
        )
        both = pa.concat_tables([textual.select(PICKED), near.select(PICKED)])
        self._row = {key: row for row, key in enumerate(both["id"].to_pylist())}
        self._records = both.select([*COLUMNS, TEXT_COLUMN])
        self.ids = list(self._row)
        self.cosines: NDArray[np.float32] = (
            matrix(both[VECTOR_COLUMN])[list(self._row.values())] @ vector
        )

    def record(self, key: str) -> dict[str, Any]:
        """The stored columns of a candidate, without the vector and the folded text."""
        row: dict[str, Any] = self._records.slice(self._row[key], 1).select(COLUMNS).to_pylist()[0]
        return row

    def matched(self, table: Any, terms: str, keys: list[str]) -> dict[str, tuple[str, ...]]:
        """Per candidate the words of `terms` in its text, as the index sees them (stemmed)."""
        words = _splitter(table)
        asked = dict.fromkeys(words(terms))
        texts = self._records[TEXT_COLUMN]
        inside = {key: set(words(texts[self._row[key]].as_py())) for key in keys}
        return {key: tuple(term for term in asked if term in inside[key]) for key in keys}


def _splitter(table: Any) -> Callable[[str], list[str]]:
    if any(TEXT_COLUMN in index.columns for index in table.list_indices()):
        return lambda text: [token.text for token in table.tokenize(text, column=TEXT_COLUMN)]
    return str.split  # a store was killed before it made the index


def candidates(
    table: Any, vector: NDArray[np.float32], terms: str, filters: SearchFilters, *, count: int
) -> Candidates:
    """The `count` nearest rows and the `count` best full-text hits among those `filters` let in.

    Filters come before the ranking: filtering ten hits afterwards left five of ten. `terms` are
    words, never a query language.
    """
    from lancedb.query import MatchQuery

    near = table.search(vector, vector_column_name=VECTOR_COLUMN).distance_type("dot")
    textual = table.search(MatchQuery(terms, TEXT_COLUMN), query_type="fts")
    condition = _condition(filters)
    if condition is not None:
        near, textual = near.where(condition), textual.where(condition)
    return Candidates(
        near.select([*PICKED, "_distance"]).limit(count).to_arrow(),
        textual.select([*PICKED, "_score"]).limit(count).to_arrow(),
        vector,
    )


def _condition(filters: SearchFilters) -> Any:
    from lancedb.expr import col, lit

    parts = [
        col(name).isin(list(values))
        for name, values in (
            ("category", filters.categories),
            ("language", filters.languages),
            ("source", filters.sources),
        )
        if values
    ]
    if filters.since is not None:
        parts.append(col("occurred_at") >= lit(filters.since))
    if filters.until is not None:
        parts.append(col("occurred_at") <= lit(filters.until))
    return reduce(and_, parts) if parts else None
