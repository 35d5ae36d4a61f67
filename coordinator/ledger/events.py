"""Events as they are appended and read: typed payloads in rows of the ledger.

Every type has one frozen payload model that forbids unknown keys. A type or a schema version that
nobody here knows is refused loudly: skipping it would make a state that never was.
Streams are ``company:<slug>``, ``coordinator``, ``approvals``, ``global``, ``patterns``,
``opportunities``, and for what is published ``outbox:<service>`` and ``outbox:<service>:<slug>``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from coordinator.errors import LedgerError, UnknownEvent

# each module registers its payloads
from coordinator.ledger import (
    approval_events,
    company_events,
    coordinator_events,
    global_events,
    opportunity_events,
    outbox_events,
    pattern_events,
    push_events,
)
from coordinator.ledger.chain import EventRow, canonical_json
from coordinator.ledger.payloads import REGISTRY, Payload
from coordinator.settings import SLUG

__all__ = [
    "approval_events",
    "company_events",
    "coordinator_events",
    "global_events",
    "opportunity_events",
    "outbox_events",
    "pattern_events",
    "push_events",
]

COORDINATOR = "coordinator"
APPROVALS = "approvals"
GLOBAL = "global"
PATTERNS = "patterns"
OPPORTUNITIES = "opportunities"
PUSHED = "outbox:supabase"
OUTBOXES = ("outbox:jira", "outbox:confluence", PUSHED)
"""The coordinator's own; a company's has its name behind it."""
MAX_PAYLOAD_BYTES = 1_000_000
MAX_TEXT_BYTES = 1_000_000


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
    """The company a stream belongs to, None for those of all; LedgerError for any other."""
    if stream in (COORDINATOR, APPROVALS, GLOBAL, PATTERNS, OPPORTUNITIES, *OUTBOXES):
        return None
    kind, _, slug = stream.rpartition(":")
    if kind not in ("company", *OUTBOXES) or not SLUG.fullmatch(slug):
        shown = stream.encode("ascii", "backslashreplace").decode("ascii")[:80]
        raise LedgerError(
            f"'{shown}' is no stream",
            hint=f"streams are company:<name>, {COORDINATOR}, {APPROVALS}, {GLOBAL}, {PATTERNS}, "
            f"{OPPORTUNITIES} and outbox:…",
        )
    return slug


def payload_of(event: NewEvent) -> Payload:
    """The payload of `event`, checked against its type.

    Raises UnknownEvent for an unknown type, LedgerError for a payload that does not fit it.
    """
    model = _model(event.event_type, "a new event")
    given = event.payload
    if isinstance(given, Payload) and type(given) is not model:
        raise LedgerError(f"the payload of {event.event_type} is a {type(given).__name__}")
    if not isinstance(given, Payload):
        given = _validated(model, given, event.event_type)
    return given


def payload_text(payload: Payload) -> str:
    """The payload as it is stored: canonical JSON of 1 MB at most, else LedgerError."""
    text = canonical_json(payload.model_dump(mode="json", by_alias=True, exclude_none=True))
    size = len(text.encode("utf-8"))
    if size > MAX_PAYLOAD_BYTES:
        raise LedgerError(f"the payload of {payload.event_type} has {size} bytes, over 1 MB")
    return text


def text_hash(text: str) -> str:
    """What an event names a text by: its sha256. LedgerError for what cannot be stored."""
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError:
        raise LedgerError("a text with half of a surrogate pair cannot be stored") from None
    if b"\0" in content:  # Postgres has no place for it, and C programs stop reading there
        raise LedgerError("a text with a NUL character cannot be stored")
    if len(content) > MAX_TEXT_BYTES:
        raise LedgerError(f"a text has {len(content)} bytes, over 1 MB", hint="shorten it")
    return hashlib.sha256(content).hexdigest()


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
