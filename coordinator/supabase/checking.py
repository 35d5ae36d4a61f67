"""What a look at a Supabase project found, and what its schema lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from coordinator.supabase.tables import MemoryShape

OLDEST_PGVECTOR = (0, 8)


@dataclass(frozen=True)
class Checked:
    """One thing looked at: `said` is what was found, `hint` what to do about it."""

    level: Literal["ok", "warning", "failure"]
    what: str
    said: str
    hint: str = ""


class _Table(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    columns: dict[str, str]
    row_security: bool
    guarded: bool


class _Schema(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    pgvector: str | None
    tables: dict[str, _Table]


def schema_checked(found: Any, shape: MemoryShape) -> Iterator[Checked]:
    """What is to be said of `found`, the answer of ``orchestrator_schema()``."""
    again = f"run the migrations in {shape.folder} again"
    try:
        schema = _Schema.model_validate(found)
    except ValidationError:
        yield Checked("failure", "schema", "orchestrator_schema() answers something else", again)
        return
    yield _pgvector(schema.pgvector)
    table = schema.tables.get(shape.name)
    if table is None:
        yield Checked("failure", "table", f"there is no table {shape.name}", again)
        return
    wrong = _misfits(shape.columns, table.columns)
    if wrong:
        said = f"columns of {shape.name} that are missing or of another type: {', '.join(wrong)}"
        yield Checked("failure", "columns", said, again)
    if not table.row_security:
        said = f"row level security of {shape.name} is off: its rows are anybody's to read"
        yield Checked("failure", "policies", said, again)
    if not table.guarded:
        said = f"the trigger of {shape.name} is gone: removed rows would keep their words"
        yield Checked("failure", "trigger", said, again)
    if not wrong and table.row_security and table.guarded:
        yield Checked("ok", "table", f"{shape.name} is as the migrations make it")


def _misfits(wanted: Mapping[str, str], have: Mapping[str, str]) -> list[str]:
    return sorted(name for name, kind in wanted.items() if have.get(name) != kind)


def _pgvector(version: str | None) -> Checked:
    numbers = (version or "").split(".")[:2]
    if version is None or not all(part.isdigit() for part in numbers):
        said = "the extension pgvector is not there"
        return Checked(
            "failure", "pgvector", said, "create extension vector with schema extensions"
        )
    if tuple(map(int, numbers)) < OLDEST_PGVECTOR:
        said = f"pgvector is {version}: filtered searches find too few rows before 0.8"
        return Checked("warning", "pgvector", said, "alter extension vector update")
    return Checked("ok", "pgvector", f"pgvector is {version}")
