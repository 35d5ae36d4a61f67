"""What one call of `Ledger.append` asks for, checked before the ledger is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coordinator.errors import LedgerError
from coordinator.ledger.coordinator_events import TextsPurged
from coordinator.ledger.events import (
    NewEvent,
    checked_label,
    payload_of,
    payload_text,
    stream_company,
    text_hash,
    utc_text,
)
from coordinator.ledger.payloads import Payload
from coordinator.settings import company_slug

_LABELS = ("feature", "workflow", "phase", "actor", "causation_id", "correlation_id")


@dataclass(frozen=True)
class Append:
    """Events for one stream: the columns of each row but for those the chain gives."""

    stream: str
    columns: Sequence[Mapping[str, Any]]
    expected_version: int | None
    kept: Mapping[tuple[str, str], str]
    """New texts by owner and hash."""
    named: frozenset[tuple[str, str]]
    """Owner and hash of the texts these events name: each must be kept, now or before."""
    purged: Sequence[tuple[str, str]]
    """Owner and hash of the texts one of these events purges."""


def requested(
    stream: str,
    events: Sequence[NewEvent],
    *,
    actor: str,
    expected_version: int | None,
    texts: Sequence[str],
) -> Append:
    """The request to append `events`; UnknownEvent or LedgerError for what cannot be stored."""
    payloads = [payload_of(event) for event in events]
    columns = [
        _columns(event, payload, stream, actor)
        for event, payload in zip(events, payloads, strict=True)
    ]
    named = frozenset(_named(payloads, columns))
    purged = [
        (_owner(row), sha256)
        for payload, row in zip(payloads, columns, strict=True)
        if isinstance(payload, TextsPurged)
        for sha256 in payload.texts
    ]
    kept = {}
    if texts:
        owners = {_owner(row) for row in columns}
        if len(owners) != 1:
            raise LedgerError("texts belong to one company: its events, and no others, name them")
        [owner] = owners
        kept = {(owner, text_hash(text)): text for text in texts}
    return Append(stream, columns, expected_version, kept, named, purged)


def _named(
    payloads: Sequence[Payload], columns: Sequence[Mapping[str, Any]]
) -> Sequence[tuple[str, str]]:
    return [
        (_owner(row), sha256)
        for payload, row in zip(payloads, columns, strict=True)
        for sha256 in payload.text_hashes()
    ]


def _owner(row: Mapping[str, Any]) -> str:
    if row["company"] is None:
        raise LedgerError(f"{row['event_type']} names texts, so it needs a company: their owner")
    return str(row["company"])


def _columns(event: NewEvent, payload: Payload, stream: str, actor: str) -> dict[str, Any]:
    """The columns known before the row has its place in the chain, all checked."""
    company = stream_company(stream)
    if event.company is not None and company not in (None, event.company):
        raise LedgerError(f"an event of '{company_slug(event.company)}' cannot go to {stream}")
    labels = {name: checked_label(name, getattr(event, name)) for name in _LABELS}
    return {
        **labels,
        "stream": stream,
        "company": company_slug(event.company) if event.company is not None else company,
        "event_type": event.event_type,
        "payload": payload_text(payload),
        "schema_version": payload.schema_version,
        "actor": labels["actor"] or actor,
        "occurred_at": utc_text(event.occurred_at) if event.occurred_at else None,
    }
