"""Writes the golden log of what is published: every event type of the outboxes.

It ran once, as `write_v2.py` did; ``python tests/golden/write_outboxes.py FOLDER`` writes it
elsewhere.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from coordinator.ledger.events import NewEvent
from resources.ledger import Ledger

JIRA, OWN_PAGES = "outbox:jira", "outbox:confluence:empresa-a"
PUSHED, OWN_PUSHED = "outbox:supabase", "outbox:supabase:empresa-a"
OWNER = "empresa-a"
ONE, TWO, THREE = (f"orch-{number:020x}" for number in (1, 2, 3))
FIRST, SECOND = "1" * 32, "2" * 32
LATER = "2026-11-26T13:00:00.000000Z"


def batches() -> Iterator[tuple[str, Sequence[NewEvent]]]:
    """Stream and events of each append."""
    yield "company:empresa-a", [_event("company_created", settings_hash="a1" * 32)]
    yield JIRA, [_looked(ONE), _requested(ONE, "create", FIRST)]
    yield JIRA, [_done(ONE, "create", FIRST, "10001", "ORCH-1", "1")]
    yield JIRA, [_event("publication_marked", OWNER, key=ONE)]
    # a write whose end nobody knew, then refused
    yield JIRA, [_requested(ONE, "write", SECOND)]
    yield JIRA, [_event("publication_unknown", OWNER, key=ONE, error_kind="OutcomeUnknown")]
    yield JIRA, [_refused(ONE, "write", "SourceRefused", 409)]
    # made twice, adopted, its double closed
    yield JIRA, [_looked(TWO), _requested(TWO, "create", FIRST)]
    yield JIRA, [_event("publication_unknown", OWNER, key=TWO, error_kind="OutcomeUnknown")]
    yield JIRA, [_looked(TWO, "doubt", "10002", "10003")]
    adopted = {"key": TWO, "id": "10002", "name": "ORCH-2", "stamp": "1", "content": FIRST}
    yield JIRA, [_event("publication_adopted", OWNER, **adopted)]
    yield JIRA, [_event("duplicate_closed", OWNER, key=TWO, id="10003")]
    # somebody else's change: allowed to be written over once, once left alone
    edited = {"key": ONE, "stamp": "9", "content": SECOND}
    yield JIRA, [_event("publication_edited", OWNER, **edited)]
    yield JIRA, [_event("publication_released", OWNER, **edited, proposal=7)]
    yield JIRA, [_requested(ONE, "write", SECOND), _done(ONE, "write", SECOND, "10001", "ORCH-1")]
    yield JIRA, [_event("publication_edited", OWNER, key=TWO, stamp="9", content=SECOND)]
    yield JIRA, [_event("publication_kept", OWNER, key=TWO, proposal=8)]
    yield JIRA, [_event("publication_retried", OWNER, key=TWO)]
    yield JIRA, [_event("place_refused", OWNER, error_kind="SourceBusy", retry_at=LATER)]
    # a page of a company, taken back
    yield OWN_PAGES, [_looked(THREE, company=None), _requested(THREE, "create", FIRST, None)]
    yield OWN_PAGES, [_done(THREE, "create", FIRST, "42", "42", "1", company=None)]
    yield OWN_PAGES, [_requested(THREE, "withdraw", SECOND, None)]
    yield OWN_PAGES, [_done(THREE, "withdraw", SECOND, "42", "42", "2", company=None)]
    yield OWN_PAGES, [_requested(THREE, "archive", SECOND, None)]
    yield OWN_PAGES, [_done(THREE, "archive", SECOND, "42", "42", "3", company=None)]
    # memories in Supabase: pushed, then a push that was refused half-way
    yield PUSHED, [_event("push_began", place=FIRST, rows=3)]
    done = {"place": FIRST, "content": SECOND, "rows": 3, "written": 3, "retracted": 0}
    yield PUSHED, [_event("push_done", **done)]
    yield OWN_PUSHED, [_event("push_began", place=SECOND, rows=5)]
    yield OWN_PUSHED, [_event("place_refused", error_kind="SourceUnreachable")]


def _event(event_type: str, company: str | None = None, /, **payload: object) -> NewEvent:
    return NewEvent(event_type, payload, company=company)


def _looked(key: str, purpose: str = "first", *found: str, company: str | None = OWNER) -> NewEvent:
    told = {"key": key, "subject": f"copy:{key}", "owner": OWNER, "purpose": purpose}
    return _event("publication_looked", company, **told, found=list(found))


def _requested(key: str, operation: str, content: str, company: str | None = OWNER) -> NewEvent:
    told = {"key": key, "subject": f"copy:{key}", "owner": OWNER, "operation": operation}
    return _event("publication_requested", company, **told, content=content, attempt=1, within_s=60)


def _done(
    key: str,
    operation: str,
    content: str,
    id: str,
    name: str,
    stamp: str = "2",
    *,
    company: str | None = OWNER,
) -> NewEvent:
    told = {"key": key, "operation": operation, "content": content}
    return _event("publication_done", company, **told, id=id, name=name, stamp=stamp)


def _refused(key: str, operation: str, error_kind: str, status: int) -> NewEvent:
    told = {"key": key, "subject": f"copy:{key}", "owner": OWNER, "operation": operation}
    return _event("publication_refused", OWNER, **told, error_kind=error_kind, status=status)


def write(folder: Path) -> None:
    """The rows as JSON lines in `folder`; the ledger they came from is not kept."""
    ids, ticks = count(1), count()
    path = folder / "outboxes.db"

    def now() -> datetime:
        return datetime(2026, 11, 26, 12, tzinfo=UTC) + timedelta(seconds=7 * next(ticks))

    opened = Ledger.open(path, now=now, new_id=lambda: f"event-{next(ids):04d}", actor="ana")
    with opened as ledger:
        for stream, events in batches():
            ledger.append(stream, events, expected_version=None)
    with closing(sqlite3.connect(path)) as foreign:
        foreign.row_factory = sqlite3.Row
        rows = foreign.execute("SELECT * FROM events ORDER BY position").fetchall()
    lines = [json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows]
    (folder / "outboxes.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
