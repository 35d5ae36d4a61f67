"""What can be recorded: the event types with their payloads, and a company's state from them.

Every type has one frozen payload model that forbids unknown keys. A type or a schema version that
nobody here knows is refused loudly: skipping it would make a state that never was.
Streams are ``company:<slug>`` and ``coordinator``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coordinator.errors import LedgerError, UnknownEvent
from coordinator.ledger.chain import MAX_INTEGER, EventRow, canonical_json
from coordinator.settings import SLUG, CompanySlug

COORDINATOR = "coordinator"
MAX_PAYLOAD_BYTES = 1_000_000

Name = Annotated[str, Field(min_length=1, max_length=500)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Source = Literal["git", "jira", "confluence", "supabase"]

REGISTRY: dict[str, type[Payload]] = {}
"""Payload model by event type."""


class Payload(BaseModel):
    """The typed content of one event; subclasses name their `event_type`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )
    event_type: ClassVar[str]
    schema_version: ClassVar[int] = 1

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        REGISTRY[cls.event_type] = cls


class CompanyCreated(Payload):
    event_type = "company_created"
    settings_hash: Name
    cloned_from: CompanySlug | Literal[""] = ""


class CompanyChanged(Payload):
    event_type = "company_changed"
    settings_hash: Name


class CompanyRemoved(Payload):
    event_type = "company_removed"
    reason: Annotated[str, Field(max_length=2_000)] = ""


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
    """`counts` by what was counted, `versions` by source or table, `seconds` it took."""

    event_type = "sync_completed"
    counts: dict[Name, Count] = {}
    versions: dict[Name, Name] = {}
    seconds: Annotated[float, Field(ge=0)] | None = None


class SyncFailed(Payload):
    """`error_kind` is the name of an error class, never its message: messages may quote."""

    event_type = "sync_failed"
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
    counts: dict[Name, Count] = {}


class MemoryRebuilt(Payload):
    event_type = "memory_rebuilt"
    model: Name
    width: Annotated[int, Field(ge=1, le=65_536)]
    rows: Count


class HomeInitialized(Payload):
    event_type = "home_initialized"
    model: Name
    width: Annotated[int, Field(ge=1, le=65_536)] | None = None


@dataclass(frozen=True)
class NewEvent:
    """An event to append. The ledger adds position, version, id, times and hashes.

    `company` is taken from the stream when it is not given; `occurred_at` (with a time zone)
    defaults to the moment of recording, `actor` to the ledger's.
    """

    event_type: str
    payload: Mapping[str, Any] | Payload = field(default_factory=dict)
    company: str | None = None
    feature: str | None = None
    workflow: str | None = None
    phase: str | None = None
    actor: str | None = None
    causation_id: str | None = None
    correlation_id: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class Event:
    """A recorded event: the columns of its row, with typed payload and UTC times."""

    position: int
    event_id: str
    stream: str
    version: int
    company: str | None
    feature: str | None
    event_type: str
    workflow: str | None
    phase: str | None
    payload: Payload
    actor: str
    causation_id: str | None
    correlation_id: str | None
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    prev_hash: str
    hash: str

    @classmethod
    def from_row(cls, row: EventRow) -> Event:
        """Read a stored row; UnknownEvent or LedgerError when it cannot be understood."""
        where = f"event {row.position}"
        payload = _read_payload(row.event_type, row.schema_version, row.payload, where)
        try:
            occurred_at = datetime.fromisoformat(row.occurred_at)
            recorded_at = datetime.fromisoformat(row.recorded_at)
        except ValueError:
            raise LedgerError(
                f"{where} has no readable time", hint="run `orch events verify`"
            ) from None
        typed = {"payload": payload, "occurred_at": occurred_at, "recorded_at": recorded_at}
        return cls(**{**vars(row), **typed})


def stream_company(stream: str) -> str | None:
    """The company a stream belongs to, None for the coordinator's; LedgerError for any other."""
    if stream == COORDINATOR:
        return None
    kind, _, slug = stream.partition(":")
    if kind != "company" or not SLUG.fullmatch(slug):
        shown = stream.encode("ascii", "backslashreplace").decode("ascii")[:80]
        raise LedgerError(
            f"'{shown}' is no stream", hint=f"streams are company:<name> and {COORDINATOR}"
        )
    return slug


def payload_text(event: NewEvent) -> tuple[str, int]:
    """The payload of `event` as canonical JSON, checked against its type, and its schema version.

    Raises UnknownEvent for an unknown type, LedgerError for a payload that does not fit it.
    """
    model = _model(event.event_type, "a new event")
    given = event.payload
    if isinstance(given, Payload) and type(given) is not model:
        raise LedgerError(f"the payload of {event.event_type} is a {type(given).__name__}")
    if not isinstance(given, Payload):
        given = _validated(model, given, event.event_type)
    text = canonical_json(given.model_dump(mode="json", by_alias=True, exclude_none=True))
    size = len(text.encode("utf-8"))
    if size > MAX_PAYLOAD_BYTES:
        raise LedgerError(f"the payload of {event.event_type} has {size} bytes, over 1 MB")
    return text, model.schema_version


def utc_text(moment: datetime) -> str:
    """`moment` as stored: UTC with microseconds, sortable as text. LedgerError without a zone."""
    if moment.tzinfo is None:
        raise LedgerError("a time without a time zone cannot be recorded")
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise LedgerError("a time outside the years 1 to 9999 cannot be recorded") from None
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


_LABEL = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}")


def checked_label(column: str, text: str | None) -> str | None:
    """`text` when a column of names may hold it: 1 to 200 characters, no control characters."""
    if text is not None and not _LABEL.fullmatch(text):
        raise LedgerError(f"{column} must be 1 to 200 characters without control characters")
    return text


def _model(event_type: str, where: str) -> type[Payload]:
    model = REGISTRY.get(event_type)
    if model is None:
        shown = event_type.encode("ascii", "backslashreplace").decode("ascii")[:80]
        raise UnknownEvent(
            f"{where} has the type '{shown}', which is not known here",
            hint="a newer orch may have written it: update this one",
        )
    return model


def _read_payload(event_type: str, schema_version: int, text: str, where: str) -> Payload:
    model = _model(event_type, where)
    if schema_version != model.schema_version:
        raise UnknownEvent(
            f"{where} is a {event_type} of schema version {schema_version}, "
            f"this program reads version {model.schema_version}",
            hint="a newer orch may have written it: update this one",
        )
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _misfit(error, f"{where} ({event_type})") from None


def _validated(model: type[Payload], given: Mapping[str, Any], event_type: str) -> Payload:
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise _misfit(error, event_type) from None


def _misfit(error: ValidationError, where: str) -> LedgerError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    shown = key.encode("unicode_escape").decode("ascii")[:80]
    return LedgerError(f"the payload of {where} does not fit: {shown}: {first['msg']}")
