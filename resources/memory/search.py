"""The candidates of a search: the nearest vectors and the best full-text hits, filtered first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from coordinator.memory import SearchFilters
from resources.memory.index import TEXT_COLUMN
from resources.tables.arrow_rows import matrix

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


class Candidates:
    """What both halves brought: `ids`, their exact `cosines`, and `bm25` where full text found.

    `columns` are those of a record; `split` cuts a text into words as the index sees them.
    """

    def __init__(
        self,
        near: pa.Table,
        textual: pa.Table,
        vector: NDArray[np.float32],
        *,
        columns: Sequence[str],
        vector_column: str,
        split: Callable[[str], list[str]],
    ) -> None:
        import pyarrow as pa

        self._columns, self._split = list(columns), split
        self.bm25: dict[str, float] = dict(
            zip(textual["id"].to_pylist(), textual["_score"].to_pylist(), strict=True)
        )
        picked = [*columns, TEXT_COLUMN, vector_column]
        both = pa.concat_tables([textual.select(picked), near.select(picked)])
        self._row = {key: row for row, key in enumerate(both["id"].to_pylist())}
        self._records = both.select([*columns, TEXT_COLUMN])
        self.ids = list(self._row)
        self.cosines: NDArray[np.float32] = (
            matrix(both[vector_column])[list(self._row.values())] @ vector
        )

    def cosines_of(self, keys: Sequence[str]) -> NDArray[np.float32]:
        """The cosines of these candidates, in this order."""
        place = {key: at for at, key in enumerate(self.ids)}
        return self.cosines[[place[key] for key in keys]]

    def record(self, key: str) -> dict[str, Any]:
        """The stored columns of a candidate, without the vector and the folded text."""
        row: dict[str, Any] = (
            self._records.slice(self._row[key], 1).select(self._columns).to_pylist()[0]
        )
        return row

    def matched(self, terms: str, keys: list[str]) -> dict[str, tuple[str, ...]]:
        """Per candidate the words of `terms` in its text, as the index sees them (stemmed)."""
        asked = dict.fromkeys(self._split(terms))
        texts = self._records[TEXT_COLUMN]
        inside = {key: set(self._split(texts[self._row[key]].as_py())) for key in keys}
        return {key: tuple(term for term in asked if term in inside[key]) for key in keys}


def _splitter(table: Any) -> Callable[[str], list[str]]:
    if any(TEXT_COLUMN in index.columns for index in table.list_indices()):
        return lambda text: [token.text for token in table.tokenize(text, column=TEXT_COLUMN)]
    return str.split  # a store was killed before it made the index


def candidates(
    table: Any,
    vector: NDArray[np.float32],
    terms: str,
    condition: Any,
    *,
    count: int,
    columns: Sequence[str],
    vector_column: str,
) -> Candidates:
    """The `count` nearest rows and the `count` best full-text hits among those `condition` lets in.

    Conditions come before the ranking: filtering ten hits afterwards left five of ten. `terms` are
    words, never a query language.
    """
    from lancedb.query import MatchQuery

    picked = [*columns, TEXT_COLUMN, vector_column]
    near = table.search(vector, vector_column_name=vector_column).distance_type("dot")
    textual = table.search(MatchQuery(terms, TEXT_COLUMN), query_type="fts")
    if condition is not None:
        near, textual = near.where(condition), textual.where(condition)
    return Candidates(
        near.select([*picked, "_distance"]).limit(count).to_arrow(),
        textual.select([*picked, "_score"]).limit(count).to_arrow(),
        vector,
        columns=columns,
        vector_column=vector_column,
        split=_splitter(table),
    )


def learnings_that_fit(filters: SearchFilters) -> Any:
    """The condition of `filters` on a table of learnings; None when all fit."""
    from lancedb.expr import col

    wanted = [
        col(name).isin(list(values))
        for name, values in (
            ("category", filters.categories),
            ("language", filters.languages),
            ("source", filters.sources),
        )
        if values
    ]
    return all_of([*wanted, *within(filters, "occurred_at")])


def within(filters: SearchFilters, column: str) -> list[Any]:
    """The conditions that hold the moments in `column` to the filters' time."""
    from lancedb.expr import col, lit

    parts = []
    if filters.since is not None:
        parts.append(col(column) >= lit(filters.since))
    if filters.until is not None:
        parts.append(col(column) <= lit(filters.until))
    return parts


def all_of(parts: Iterable[Any]) -> Any:
    """The conditions joined by "and"; None when there are none."""
    listed = list(parts)
    return reduce(and_, listed) if listed else None
