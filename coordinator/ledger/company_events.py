"""What is recorded of one company, in its stream ``company:<slug>``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coordinator.ledger.payloads import Count, Name, Payload, Reason, TextHash
from coordinator.settings import Category, CompanySlug

Source = Literal["git", "jira", "confluence", "supabase"]
LearningId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9:._-]{0,99}$")]


class CompanyCreated(Payload):
    event_type = "company_created"
    settings_hash: Name
    cloned_from: CompanySlug | Literal[""] = ""


class CompanyChanged(Payload):
    event_type = "company_changed"
    settings_hash: Name


class CompanyRemoved(Payload):
    event_type = "company_removed"
    reason: Reason = ""


class DataCloned(Payload):
    """Private data of the company `source` was copied; stored under the key ``from``."""

    event_type = "data_cloned"
    source: CompanySlug = Field(alias="from")
    tables: dict[Name, Count]


class SyncRequested(Payload):
    event_type = "sync_requested"
    sources: tuple[Source, ...]
    reason: Annotated[str, Field(max_length=500)] = ""


class SyncCompleted(Payload):
    """`sources` were read to the end; `counts` by what was counted, `seconds` it took."""

    event_type = "sync_completed"
    sources: tuple[Source, ...] = ("git",)
    counts: dict[Name, Count] = Field(default_factory=dict)
    versions: dict[Name, Name] = Field(default_factory=dict)
    seconds: Annotated[float, Field(ge=0)] | None = None


class SyncFailed(Payload):
    """`error_kind` is the name of an error class, never its message: messages may quote."""

    event_type = "sync_failed"
    source: Source = "git"
    error_kind: Name
    stage: Name


class CursorMoved(Payload):
    event_type = "cursor_moved"
    source: Source
    cursor: Name
    previous: Annotated[str, Field(max_length=500)] | None = None


class TableCommitted(Payload):
    """A LanceDB table was committed as `version` with `rows` rows in all."""

    event_type = "table_committed"
    table: Name
    version: Count
    rows: Count
    inserted: Count = 0
    updated: Count = 0
    deleted: Count = 0


class AssetComputed(Payload):
    """An asset was computed from `input_version`; `counts` holds what it counted on the way."""

    event_type = "asset_computed"
    asset: Name
    input_version: Name
    data_version: Name
    rows: Count
    counts: dict[Name, Count] = Field(default_factory=dict)


class MemoryRebuilt(Payload):
    event_type = "memory_rebuilt"
    model: Name
    width: Annotated[int, Field(ge=1, le=65_536)]
    rows: Count


class LearningAdded(Payload):
    """A learning written by hand; `text` is the canonical JSON of its title and content."""

    event_type = "learning_added"
    text_fields = ("text",)
    learning: LearningId
    category: Category
    language: Literal["pt", "en", "es", "und"]
    text: TextHash


class LearningRemoved(Payload):
    """A learning written by hand was taken back."""

    event_type = "learning_removed"
    learning: LearningId
    reason: Reason = ""


class ComponentAdded(Payload):
    """A component declared by hand: the canonical JSON of its path, name and description."""

    event_type = "component_added"
    text_fields = ("text",)
    component: Name
    text: TextHash


class ComponentRemoved(Payload):
    event_type = "component_removed"
    component: Name
    reason: Reason = ""
