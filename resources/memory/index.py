"""The indexes of a memory: full text always, vectors from 10,000 rows, both kept covered.

The vector index has one partition of whole vectors: it is a scan in LanceDB's quickest layout, so
results are exact with and without it, and under filters. At 100,000 rows of 384, two busy cores,
50 of them asked for: no index 44 to 270 ms, IVF_SQ with refinement 28 to 75 ms, this one 10 ms.
"""

from __future__ import annotations

from typing import Any

from resources.tables import Tables

TEXT_COLUMN = "search_text"
VECTOR_INDEX_FROM = 10_000
ALWAYS_COVERED_ROWS = 10_000


def cover(tables: Tables, name: str, vector: str) -> None:
    """Create the missing indexes and let the present ones take in the rows they do not know yet.

    An index made on an empty table stays at no coverage, so the first rows come before it. Rows it
    has not taken in are found too, a little slower and with the others weighed as if they were not
    there; taking them in rewrites the table (8 s at 100,000 rows), so large tables wait for 1 %.
    """
    rows = tables.rows(name)
    if rows == 0:
        return
    wanted = {TEXT_COLUMN} | ({vector} if rows >= VECTOR_INDEX_FROM else set())
    found = coverage(tables, name)
    missed = max((one["missing"] for one in found.values()), default=0)
    overdue = missed > (rows // 100 if rows > ALWAYS_COVERED_ROWS else 0)
    if wanted <= found.keys() and not overdue:
        return
    from lancedb.index import FTS, IvfFlat

    with tables.writing(name), tables.reading(name) as table:
        if overdue:
            tables.optimize(name)
        if TEXT_COLUMN not in found:
            table.create_index(TEXT_COLUMN, config=FTS())
        if vector in wanted - found.keys():
            flat = IvfFlat(distance_type="dot", num_partitions=1)
            table.create_index(vector, config=flat)


def coverage(tables: Tables, name: str) -> dict[str, dict[str, Any]]:
    """Column → kind of index, rows it covers and rows it misses."""
    if not tables.exists(name):
        return {}
    with tables.reading(name) as table:
        return {
            index.columns[0]: {
                "kind": index.index_type,
                "covered": index.num_indexed_rows,
                "missing": index.num_unindexed_rows,
            }
            for index in table.list_indices()
        }
