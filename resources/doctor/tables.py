"""The LanceDB tables of one database: each opens, reads, fits its hashes and the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from coordinator import memory
from coordinator.memory import LEARNING_COLUMNS
from resources.doctor.findings import Finding, failure, looked, ok
from resources.global_memory.records import COPY_COLUMNS
from resources.tables import Tables
from resources.tables.arrow_rows import matrix, row_hashes, to_frame
from resources.tables.schemas import ROW_HASH

if TYPE_CHECKING:
    import pyarrow as pa

    from coordinator.ledger.company_state import TableState

HASHED = {"private_memory": LEARNING_COLUMNS, "global_memory": COPY_COLUMNS}
"""The columns a row's hash is made of, where that is not all of them."""


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
    changed = _changed(name, found)
    if changed:
        yield failure(name, f"{changed} of {rows} rows are not as they were written", heals)
    else:
        yield ok(name, f"{rows} rows, version {version}")


def _changed(name: str, found: pa.Table) -> int:
    """How many rows do not fit their hash, stand twice, or have no sound vector.

    LanceDB keeps no checksum of its pages: a flipped byte in a text is read without an error.
    """
    ids, stored = found["id"].to_pylist(), found[ROW_HASH].to_pylist()
    if name in HASHED:
        frame = memory.hashed(to_frame(found.select(HASHED[name])), HASHED[name])
        computed = dict(zip(frame["id"], frame[ROW_HASH], strict=True))
    else:
        computed = dict(zip(ids, row_hashes(found), strict=True))
    bad = {key for key, one in zip(ids, stored, strict=True) if computed[key] != one}
    return len(bad | _without_vector(found)) + len(ids) - len(set(ids))


def _without_vector(found: pa.Table) -> set[str]:
    """The rows whose vector is not of length one; private and global memory have one each."""
    import numpy as np
    import pyarrow as pa

    columns = [field.name for field in found.schema if pa.types.is_fixed_size_list(field.type)]
    if not columns or not found.num_rows:
        return set()
    lengths = np.linalg.norm(matrix(found[columns[0]]), axis=1)
    unsound = ~(np.abs(lengths - 1) < 1e-3)  # what is no number is not less either
    return {key for key, bad in zip(found["id"].to_pylist(), unsound, strict=True) if bad}
