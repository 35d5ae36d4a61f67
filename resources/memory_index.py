"""The indexes of a memory: full text always, vectors from 10,000 rows, both kept covered."""

from __future__ import annotations

from typing import Any

from resources.tables import Tables

TEXT_COLUMN = "search_text"
VECTOR_COLUMN = "vector"
VECTOR_INDEX_FROM = 10_000


def cover(tables: Tables, name: str) -> None:
    """Create the missing indexes and let the present ones take in rows they do not know yet.

    An index made on an empty table stays at no coverage, so the first rows come before it; rows it
    has not taken in are found, but weighed by other document frequencies.
    """
    rows = tables.rows(name)
    if rows == 0 or _is_covered(tables, name, rows):
        return
    from lancedb.index import FTS, IvfSq

    with tables.writing(name):
        table = tables.open(name)
        present = {column for index in table.list_indices() for column in index.columns}
        if present:
            tables.optimize(name)
        if TEXT_COLUMN not in present:
            table.create_index(TEXT_COLUMN, config=FTS())
        if rows >= VECTOR_INDEX_FROM and VECTOR_COLUMN not in present:
            table.create_index(VECTOR_COLUMN, config=IvfSq(distance_type="dot"))


def _is_covered(tables: Tables, name: str, rows: int) -> bool:
    found = coverage(tables, name)
    wanted = {TEXT_COLUMN} | ({VECTOR_COLUMN} if rows >= VECTOR_INDEX_FROM else set())
    return wanted <= found.keys() and all(one["missing"] == 0 for one in found.values())


def coverage(tables: Tables, name: str) -> dict[str, dict[str, Any]]:
    """Column → kind of index, rows it covers and rows it misses."""
    if not tables.exists(name):
        return {}
    return {
        index.columns[0]: {
            "kind": index.index_type,
            "covered": index.num_indexed_rows,
            "missing": index.num_unindexed_rows,
        }
        for index in tables.open(name).list_indices()
    }
