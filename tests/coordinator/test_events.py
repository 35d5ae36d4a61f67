"""Event types, their payloads, and what of an event is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from coordinator.errors import LedgerError, UnknownEvent
from coordinator.ledger.chain import COLUMNS, EventRow
from coordinator.ledger.company_events import CompanyCreated, CursorMoved, DataCloned
from coordinator.ledger.events import (
    Event,
    NewEvent,
    checked_label,
    payload_of,
    payload_text,
    stream_company,
    utc_text,
)
from coordinator.ledger.payloads import REGISTRY

KEY = "orch-" + "a" * 20
CONTENT = "d" * 32
VALID = {
    "company_created": {"settings_hash": "s", "cloned_from": "empresa-a"},
    "company_changed": {"settings_hash": "s"},
    "company_removed": {"reason": "closed"},
    "data_cloned": {"from": "empresa-a", "tables": {"learnings": 3}},
    "sync_requested": {"sources": ["git"], "reason": "by hand"},
    "sync_completed": {"counts": {"commits": 3}, "versions": {"git": "abc"}, "seconds": 1.5},
    "sync_failed": {"error_kind": "GitUnreachable", "stage": "git_commits"},
    "cursor_moved": {"source": "git", "cursor": "abc", "previous": "def"},
    "table_committed": {
        "table": "learnings",
        "version": 2,
        "rows": 3,
        "inserted": 1,
        "updated": 1,
        "deleted": 1,
    },
    "asset_computed": {"asset": "learnings", "input_version": "a", "data_version": "b", "rows": 3},
    "memory_rebuilt": {"model": "m", "width": 384, "rows": 3},
    "learning_added": {
        "learning": "manual:0123456789abcdef",
        "category": "solution",
        "language": "pt",
        "text": "a" * 64,
    },
    "learning_removed": {"learning": "manual:0123456789abcdef", "reason": "wrong"},
    "component_added": {"component": "services/auth", "text": "b" * 64},
    "component_removed": {"component": "services/auth", "reason": "gone"},
    "home_initialized": {"model": "m", "width": 384},
    "similarity_calibrated": {
        "model": "m",
        "least": 0.7,
        "mean": 0.1,
        "deviation": 0.1,
        "rows": 300,
    },
    "pattern_found": {
        "pattern": "p-0123456789ab",
        "members": ["empresa-a/0a1b", "empresa-b/component:0a1b"],
        "split_from": "p-ba9876543210",
    },
    "pattern_changed": {"pattern": "p-0123456789ab", "joined": ["empresa-c/1"], "left": []},
    "pattern_merged": {"pattern": "p-ba9876543210", "into": "p-0123456789ab"},
    "pattern_ended": {"pattern": "p-0123456789ab", "reason": "gone"},
    "pattern_announced": {"pattern": "p-0123456789ab", "members": ["empresa-a/0a1b"]},
    "component_drifted": {
        "pattern": "p-0123456789ab",
        "component": "empresa-b/component:0a1b",
        "similarity": 0.6,
        "before": 0.7,
    },
    "suggestion_made": {
        "opportunity": "o-0123456789ab",
        "kind": "solution",
        "owner": "empresa-a",
        "adopter": "empresa-b",
        "need": "empresa-b/0a1b",
        "solution": "empresa-a/0a1b",
        "need_sketch": "0" * 16,
        "solution_sketch": "f" * 16,
        "score": 0.8,
        "features": {"similarity": 0.7},
        "proposal": 3,
    },
    "suggestion_answered": {
        "opportunity": "o-0123456789ab",
        "outcome": "accepted",
        "proposal": 3,
    },
    "suggestion_dismissed": {
        "opportunity": "o-0123456789ab",
        "kind": "solution",
        "owner": "empresa-a",
        "adopter": "empresa-b",
        "need_sketch": "0" * 16,
        "solution_sketch": "f" * 16,
        "score": 0.8,
        "features": {"similarity": 0.7},
        "reason": "not for them",
    },
    "need_closed": {"opportunity": "o-0123456789ab"},
    "texts_purged": {"texts": ["a" * 64], "reason": "retracted"},
    "damage_acknowledged": {"position": 3},
    "proposal_made": {
        "number": 1,
        "kind": "publish_learning",
        "subject": "manual:0123456789abcdef",
        "asks": [{"company": "empresa-a", "role": "publication"}],
        "content": "c" * 64,
        "facts": {"learning": "manual:0123456789abcdef", "masked": 2},
        "expires_at": "2026-03-02T12:00:00.000000Z",
    },
    "proposal_decided": {
        "number": 1,
        "decision": "approve",
        "ask": {"company": "empresa-a", "role": "publication"},
        "content": "c" * 64,
        "reason": "useful to all",
        "grant": 1,
    },
    "proposal_voided": {"number": 1, "reason": "its content changed"},
    "proposal_expired": {"number": 1},
    "proposal_carried_out": {"number": 1, "result": "g-0123456789abcdef"},
    "grant_given": {
        "grant": 1,
        "kind": "publish_learning",
        "ask": {"company": "empresa-a", "role": "publication"},
        "expires_at": "2026-03-02T12:00:00.000000Z",
    },
    "grant_revoked": {"grant": 1, "reason": "too much"},
    "learning_published": {
        "id": "g-0123456789abcdef",
        "learning": "manual:0123456789abcdef",
        "category": "solution",
        "content": "c" * 64,
        "proposal": 1,
    },
    "learning_superseded": {
        "id": "g-0123456789abcdef",
        "by": "g-fedcba9876543210",
        "proposal": 2,
    },
    "learning_seen": {"id": "g-0123456789abcdef", "viewer": "empresa-b", "surface": "cli"},
    "learning_retracted": {
        "id": "g-0123456789abcdef",
        "reason": "outdated",
        "seen_by": ["empresa-b"],
    },
    "publication_looked": {
        "key": KEY,
        "subject": "copy:g-0123456789abcdef",
        "owner": "empresa-a",
        "purpose": "doubt",
        "found": ["10001"],
    },
    "publication_requested": {
        "key": KEY,
        "subject": "copy:g-0123456789abcdef",
        "owner": "empresa-a",
        "operation": "create",
        "content": CONTENT,
        "attempt": 1,
        "within_s": 60,
    },
    "publication_done": {
        "key": KEY,
        "operation": "create",
        "content": CONTENT,
        "id": "10001",
        "name": "ORCH-1",
        "stamp": "1",
    },
    "publication_unknown": {"key": KEY, "error_kind": "OutcomeUnknown"},
    "publication_refused": {
        "key": KEY,
        "subject": "copy:g-0123456789abcdef",
        "owner": "empresa-a",
        "operation": "look",
        "error_kind": "SourceRefused",
        "status": 409,
        "retry_at": "2026-03-02T12:00:00.000000Z",
    },
    "publication_adopted": {
        "key": KEY,
        "id": "10001",
        "name": "ORCH-1",
        "stamp": "1",
        "content": CONTENT,
    },
    "publication_marked": {"key": KEY},
    "publication_edited": {"key": KEY, "stamp": "2", "content": CONTENT},
    "publication_released": {"key": KEY, "stamp": "2", "content": CONTENT, "proposal": 1},
    "publication_kept": {"key": KEY, "proposal": 1},
    "publication_retried": {"key": KEY},
    "duplicate_closed": {"key": KEY, "id": "10002"},
    "place_refused": {
        "error_kind": "SourceUnauthorized",
        "retry_at": "2026-03-02T12:00:00.000000Z",
    },
    "push_began": {"place": "e" * 32, "rows": 3},
    "push_done": {
        "place": "e" * 32,
        "content": CONTENT,
        "rows": 3,
        "written": 2,
        "retracted": 1,
    },
}


def row(**columns: object) -> EventRow:
    base = {
        **dict.fromkeys(COLUMNS),
        "position": 7,
        "version": 1,
        "event_type": "company_changed",
        "payload": '{"settings_hash":"s"}',
        "schema_version": 1,
        "occurred_at": "2026-01-31T12:00:00.000000Z",
        "recorded_at": "2026-01-31T12:00:00.000000Z",
    }
    return EventRow(**{**base, **columns})


def stored(event_type: str, payload: object) -> str:
    return payload_text(payload_of(NewEvent(event_type, payload)))  # type: ignore[arg-type]


def test_every_type_has_an_example_here():
    assert set(VALID) == set(REGISTRY)


@pytest.mark.parametrize("event_type", sorted(VALID))
def test_a_stored_payload_reads_back_as_the_model_that_wrote_it(event_type):
    payload = VALID[event_type]
    text = stored(event_type, payload)
    event = Event.from_row(row(event_type=event_type, payload=text))
    assert event.payload == REGISTRY[event_type].model_validate(payload)
    assert stored(event_type, event.payload) == text


@pytest.mark.parametrize("event_type", sorted(VALID))
def test_an_unknown_key_is_refused(event_type):
    with pytest.raises(LedgerError, match="surprise"):
        payload_of(NewEvent(event_type, {**VALID[event_type], "surprise": 1}))


@pytest.mark.parametrize("event_type", sorted(VALID))
def test_payloads_cannot_be_changed(event_type):
    payload = REGISTRY[event_type].model_validate(VALID[event_type])
    with pytest.raises(ValueError, match="frozen"):
        setattr(payload, next(iter(REGISTRY[event_type].model_fields)), "x")


def test_a_payload_may_be_given_as_its_model():
    given = stored("cursor_moved", CursorMoved(source="git", cursor="abc"))
    assert given == '{"cursor":"abc","source":"git"}'


def test_a_payload_of_another_type_is_refused():
    with pytest.raises(LedgerError, match="CompanyCreated"):
        payload_of(NewEvent("company_changed", CompanyCreated(settings_hash="s")))


def test_the_company_data_came_from_is_stored_as_from():
    payload = DataCloned(source="empresa-a", tables={"learnings": 3})
    assert stored("data_cloned", payload) == '{"from":"empresa-a","tables":{"learnings":3}}'


def test_an_unknown_type_is_refused_when_writing_and_when_reading():
    with pytest.raises(UnknownEvent, match="company_sold"):
        payload_of(NewEvent("company_sold", {}))
    with pytest.raises(UnknownEvent, match=r"event 7 .*company_sold"):
        Event.from_row(row(event_type="company_sold"))


def test_a_schema_version_of_a_newer_program_is_refused():
    with pytest.raises(UnknownEvent, match="schema version 2"):
        Event.from_row(row(schema_version=2))


@pytest.mark.parametrize(
    "columns", [{"payload": "{}"}, {"payload": "not json"}, {"occurred_at": "yesterday"}]
)
def test_a_row_that_makes_no_sense_is_named_by_its_position(columns):
    with pytest.raises(LedgerError, match="event 7"):
        Event.from_row(row(**columns))


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [
        ("table_committed", {"table": "t", "version": 1, "rows": -1}),
        ("table_committed", {"table": "t", "version": 1, "rows": 2**53}),
        ("table_committed", {"table": "t", "version": 1, "rows": 1.5}),
        ("sync_completed", {"counts": {}, "seconds": float("nan")}),
        ("sync_completed", {"counts": {}, "seconds": float("inf")}),
        ("sync_completed", {"counts": {}, "seconds": -1}),
        ("company_removed", {"reason": "half \ud83d of a pair"}),
        ("company_removed", {"reason": "x" * 2_001}),
        ("company_created", {"settings_hash": "s", "cloned_from": "../../etc"}),
        ("cursor_moved", {"source": "svn", "cursor": "1"}),
        ("cursor_moved", {"source": "git", "cursor": ""}),
        ("home_initialized", {}),
    ],
)
def test_a_payload_that_does_not_fit_is_refused(event_type, payload):
    with pytest.raises(LedgerError, match="does not fit"):
        payload_of(NewEvent(event_type, payload))


def test_a_refusal_does_not_repeat_the_value():
    with pytest.raises(LedgerError) as refusal:
        payload_of(NewEvent("cursor_moved", {"source": "hunter2", "cursor": "1"}))
    assert "hunter2" not in str(refusal.value)


def test_a_payload_over_one_megabyte_is_refused():
    tables = {f"{number:0500d}": 1 for number in range(2_000)}
    with pytest.raises(LedgerError, match="over 1 MB"):
        stored("data_cloned", {"from": "empresa-a", "tables": tables})


def test_streams_belong_to_a_company_or_the_coordinator():
    assert stream_company("company:empresa-a") == "empresa-a"
    assert stream_company("coordinator") is None


@pytest.mark.parametrize(
    "stream", ["", "company", "company:", "company:../x", "company:A", "feature:x", "coordinator "]
)
def test_any_other_stream_is_refused(stream):
    with pytest.raises(LedgerError, match="no stream"):
        stream_company(stream)


def test_times_are_stored_in_utc_with_microseconds():
    brasilia = timezone(timedelta(hours=-3))
    assert utc_text(datetime(2026, 1, 31, 9, tzinfo=brasilia)) == "2026-01-31T12:00:00.000000Z"
    assert utc_text(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000000Z"


def test_a_time_that_is_no_moment_is_refused():
    with pytest.raises(LedgerError, match="zone"):
        utc_text(datetime(2026, 1, 31))
    with pytest.raises(LedgerError, match="years"):
        utc_text(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=3))))


@pytest.mark.parametrize("label", ["", "x" * 201, "a\nb", "\x1b[31m", "\x9b31m", "\ud800"])
def test_names_that_could_drive_a_terminal_or_not_be_stored_are_refused(label):
    with pytest.raises(LedgerError, match="feature"):
        checked_label("feature", label)
