"""The LanceDB tables of one database: each opens, reads, fits its hashes and the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from coordinator import memory
from resources.doctor.findings import Finding, failure, looked, ok
from resources.tables import Tables
from resources.tables.arrow_rows import matrix, row_hashes, to_frame
from resources.tables.schemas import ROW_HASH

if TYPE_CHECKING:
    import pyarrow as pa

    from coordinator.ledger.company_state import TableState


def tables(
    opened: Tables, recorded: Mapping[str, TableState], *, company: str, heals: str
) -> Iterator[Finding]:
    """Every table that exists or should: `recorded` is what the ledger knows, by table."""
    wanted = {name for name, table in recorded.items() if table.version}
    for name in sorted(wanted | set(opened.names())):
        if name.endswith(".next"):
            continue  # a rebuild under way or cut off: told as a leftover
        state = recorded.get(name)
        yield from looked(
            name, lambda n=name, s=state: _table(opened, n, s, heals), company=company, heals=heals
        )


def _table(opened: Tables, name: str, recorded: TableState | None, heals: str) -> Iterator[Finding]:
    version, rows = opened.version(name), opened.rows(name)
    if recorded is not None and version < recorded.version:
        known = f"the ledger recorded version {recorded.version} with {recorded.rows} rows"
        has = f"it stands at version {version} with {rows}" if version else "it is gone"
        yield failure(name, f"{known}, {has}", heals)
        return
    if recorded is not None and version == recorded.version and rows != recorded.rows:
        said = f"{rows} rows in version {version}, the ledger recorded {recorded.rows}"
        yield failure(name, said, heals)
        return
    with opened.reading(name) as table:
        found = table.search().to_arrow()
    changed = _changed(found)
    if changed:
        yield failure(name, f"{changed} of {rows} rows are not as they were written", heals)
    else:
        yield ok(name, f"{rows} rows, version {version}")


def _changed(found: pa.Table) -> int:
    """How many rows do not fit their hash, stand twice, or have no sound vector.

    LanceDB keeps no checksum of its pages: a flipped byte in a text is read without an error.
    """
    ids = found["id"].to_pylist()
    stored = found[ROW_HASH].to_pylist()
    if "vector" in found.column_names:
        wanted = dict(zip(*_memory_hashes(found), strict=True)) if ids else {}
        computed = [wanted.get(key) for key in ids]
    else:
        computed = list(row_hashes(found))
    bad = {key for key, one, other in zip(ids, stored, computed, strict=True) if one != other}
    twice = len(ids) - len(set(ids))
    return len(bad | _without_vector(found)) + twice


def _memory_hashes(found: pa.Table) -> tuple[list[str], list[str]]:
    frame = memory.hashed(to_frame(found.drop_columns(["vector"])))
    return frame["id"].tolist(), frame[ROW_HASH].tolist()


def _without_vector(found: pa.Table) -> set[str]:
    import numpy as np

    if "vector" not in found.column_names or not found.num_rows:
        return set()
    lengths = np.linalg.norm(matrix(found["vector"]), axis=1)
    unsound = ~(np.isfinite(lengths) & (np.abs(lengths - 1) < 1e-3))
    return {key for key, bad in zip(found["id"].to_pylist(), unsound, strict=True) if bad}
