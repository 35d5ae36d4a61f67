"""The two tables kept in Supabase projects, as `deploy/supabase` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

OURS = "orchestrator"
"""`written_by` of rows the coordinator wrote: they are never read back as somebody else's."""

WIDTH = 384
"""Of the embeddings there; vectors of another width are left out."""

MOMENT = "timestamp with time zone"


@dataclass(frozen=True)
class MemoryShape:
    """One of the tables.

    `folder` holds its migrations. `key` identifies a row, `removed` is the column that says when
    its words were taken out. `columns` are all of them with their types as Postgres prints them,
    `read` those that are read of other people's rows.
    """

    name: str
    folder: str
    key: tuple[str, ...]
    removed: Literal["retracted_at", "deleted_at"]
    columns: Mapping[str, str]
    read: tuple[str, ...]


_BOTH = {
    "id": "text",
    "title": "text",
    "content": "text",
    "embedding": f"vector({WIDTH})",
    "embedding_model": "text",
    "category": "text",
    "language": "text",
    "written_by": "text",
    "metadata": "jsonb",
    "row_hash": "text",
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
_READ = ("id", "title", "content", "category", "language", "created_at", "updated_at")

GLOBAL = MemoryShape(
    name="orchestrator_global_memory",
    folder="deploy/supabase/global",
    key=("id",),
    removed="retracted_at",
    columns={
        **_BOTH,
        "source_instance": "text",
        "shared": "boolean",
        "valid_from": MOMENT,
        "valid_to": MOMENT,
        "superseded_by": "text",
        "retracted_at": MOMENT,
    },
    read=(*_READ, "source_instance", "retracted_at"),
)
"""In the coordinator's project: copies of what companies agreed to share."""

COMPANY = MemoryShape(
    name="orchestrator_memories",
    folder="deploy/supabase/company",
    key=("company", "id"),
    removed="deleted_at",
    columns={
        **_BOTH,
        "company": "text",
        "author": "text",
        "source": "text",
        "deleted_at": MOMENT,
    },
    read=(*_READ, "author", "deleted_at"),
)
"""In a company's project: what its people and programs wrote, and a copy of its memory."""
