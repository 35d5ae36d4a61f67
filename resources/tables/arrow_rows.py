"""DataFrames to Arrow tables of a fixed schema, and back.

Casting each batch to the table's own schema keeps its primary key declared and its types steady;
texts come from repositories, so anything a Python string can hold must be storable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from resources.tables.schemas import ROW_HASH, UNHASHED

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def to_arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """`frame` as an Arrow table of `schema`; of rows with the same id the last one stays.

    Lone surrogates become U+FFFD, missing texts ``""``, missing lists ``[]``. `row_hash` is
    computed where the frame has none. ValueError for a missing column or an empty id.
    """
    import pyarrow as pa

    missing = [name for name in schema.names if name != ROW_HASH and name not in frame.columns]
    if missing:
        raise ValueError(f"the frame lacks the columns {', '.join(missing)}")
    frame = frame.drop_duplicates("id", keep="last")
    columns = {
        field.name: _column(frame[field.name], field.type)
        for field in schema
        if field.name in frame.columns
    }
    if columns["id"].null_count or "" in columns["id"].to_pylist():
        raise ValueError("a row has no id")
    if ROW_HASH not in columns:
        columns[ROW_HASH] = pa.array(_hashes(columns, schema), pa.string())
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _column(values: pd.Series, kind: pa.DataType) -> pa.Array:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_string(kind):
        texts = _texts(values, kind)
        return texts if values.name == "id" else texts.fill_null("")
    if pa.types.is_timestamp(kind):
        moments = pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
        return pa.array(moments, kind, from_pandas=True)
    if pa.types.is_fixed_size_list(kind):
        matrix = np.stack(list(values)) if len(values) else np.empty((0, kind.list_size))
        flat = np.ascontiguousarray(matrix, dtype=np.float32).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), kind.list_size).cast(kind)
    if pa.types.is_list(kind):
        lists = [list(one) if _is_listed(one) else [] for one in values]
        return _texts(lists, kind) if pa.types.is_string(kind.value_type) else pa.array(lists, kind)
    return pa.array(values, kind, from_pandas=True)


def _is_listed(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)


def _texts(values: Iterable[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    try:
        found = pa.array(values, kind, from_pandas=True)
    except UnicodeEncodeError:
        found = pa.array([_storable(value) for value in values], kind, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return [_storable(one) for one in value] if isinstance(value, list) else value


def row_hashes(found: pa.Table) -> list[str]:
    """What `row_hash` must be for each stored row, computed anew from its other columns."""
    return _hashes({name: found[name] for name in found.column_names}, found.schema)


def _hashes(columns: Mapping[str, pa.Array | pa.ChunkedArray], schema: pa.Schema) -> list[str]:
    import pyarrow as pa

    hashed = []
    for field in schema:
        if UNHASHED in (field.metadata or {}):
            continue
        column = columns[field.name]
        plain = column.cast(pa.int64()) if pa.types.is_timestamp(field.type) else column
        hashed.append(plain.to_pylist())
    return [
        hashlib.sha256(json.dumps(row).encode("ascii")).hexdigest()[:32]
        for row in zip(*hashed, strict=True)
    ]


def to_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a DataFrame: lists as lists, vectors as arrays, times in UTC."""
    import pandas as pd
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_fixed_size_list(column.type):
            columns[name] = pd.Series(list(matrix(column)), dtype=object)
        elif pa.types.is_list(column.type):
            columns[name] = pd.Series(column.to_pylist(), dtype=object)
        else:
            columns[name] = column.to_pandas()
    return pd.DataFrame(columns, columns=table.column_names)


def matrix(column: pa.ChunkedArray) -> Any:
    """A column of vectors as one float32 array of shape (rows, width)."""
    import numpy as np

    width = column.type.list_size
    parts = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    flat = np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)
    return flat.astype(np.float32, copy=False).reshape(-1, width)
