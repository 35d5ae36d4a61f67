"""Memories that people and programs of a company wrote, as rows; what cannot be read is counted.

Rows of strangers are data: bounded, cleaned of control characters, and never a reason to stop. A
row changed while it was read comes twice; its last form counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, get_args

import pandas as pd
from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from coordinator.plain_text import one_line, plain, visible
from coordinator.settings.fields import Category

COLUMNS = (
    "id",
    "title",
    "content",
    "category",
    "language",
    "author",
    "occurred_at",
    "updated_at",
)
LONGEST_TITLE = 500
LONGEST_CONTENT = 100_000
"""Characters; the tables refuse more, but not every table is as the migrations made it."""
LONGEST_NAME = 200
_CATEGORIES = frozenset(get_args(Category))

Id = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    id: Id
    updated_at: AwareDatetime
    created_at: AwareDatetime | None = None
    removed_at: str | datetime | None = Field(
        None, validation_alias=AliasChoices("deleted_at", "retracted_at")
    )
    title: Text = ""
    content: Text = ""
    category: Text = ""
    language: Text = ""
    author: Text = ""


class _Known(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    id: Id


@dataclass(frozen=True)
class Pulled:
    """What was read: rows of COLUMNS, oldest change first, and the ids whose words are gone.

    Whoever holds words of an id in `removed` must let them go: its row was deleted, or can no
    longer be read. `broken` counts by reason the rows left out, `unknown_categories` those whose
    category is none of ours and stands as "".
    """

    rows: pd.DataFrame
    removed: tuple[str, ...] = ()
    broken: Mapping[str, int] = field(default_factory=dict)
    unknown_categories: int = 0


def pulled(pages: Iterable[Sequence[Mapping[str, Any]]]) -> Pulled:
    """The rows of all `pages`, as a table of the shape `COMPANY` gives them."""
    last: dict[str, _Row | str] = {}
    broken: Counter[str] = Counter()
    for row in (row for page in pages for row in page):
        read = _read(row)
        if isinstance(read, _Row):
            last.pop(read.id, None)  # its place is that of its last change
            last[read.id] = read
        else:
            identity, reason = read
            broken[reason] += identity is None
            if identity is not None:
                last[identity] = reason
    broken.update(reason for reason in last.values() if isinstance(reason, str))
    rows = [one for one in last.values() if isinstance(one, _Row) and one.removed_at is None]
    return Pulled(
        rows=_frame(rows),
        removed=tuple(sorted(last.keys() - {one.id for one in rows})),
        broken={reason: count for reason, count in sorted(broken.items()) if count},
        unknown_categories=sum(one.category not in _CATEGORIES | {""} for one in rows),
    )


def _read(row: Mapping[str, Any]) -> _Row | tuple[str | None, str]:
    """The row, or its id as far as it has one and why it cannot be read."""
    try:
        read = _Row.model_validate(row)
    except ValidationError as error:
        return _identity(row), f"broken {error.errors(include_url=False)[0]['loc'][0]}"
    if read.removed_at is not None:
        return read
    if len(read.content) > LONGEST_CONTENT:
        return read.id, "content too long"
    return read if plain(read.content) else (read.id, "no content")


def _identity(row: Mapping[str, Any]) -> str | None:
    try:
        return _Known.model_validate(row).id
    except ValidationError:
        return None


def _frame(rows: Sequence[_Row]) -> pd.DataFrame:
    frame = pd.DataFrame([_values(row) for row in rows], columns=list(COLUMNS))
    for name in ("occurred_at", "updated_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def _values(row: _Row) -> tuple[Any, ...]:
    occurred = min(row.created_at or row.updated_at, row.updated_at)
    content = visible(row.content).strip()
    return (
        row.id,
        one_line(plain(row.title) or content.split("\n", 1)[0], LONGEST_TITLE),
        content,
        row.category if row.category in _CATEGORIES else "",
        one_line(plain(row.language), LONGEST_NAME),
        one_line(plain(row.author), LONGEST_NAME),
        occurred,
        row.updated_at,
    )
