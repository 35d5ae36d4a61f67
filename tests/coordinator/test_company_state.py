"""A company's state from its events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coordinator.errors import UnknownEvent
from coordinator.ledger.company_state import (
    COMPANY,
    CompanyState,
    Cursor,
    TableState,
    company_state,
)
from coordinator.ledger.events import Event
from coordinator.ledger.payloads import REGISTRY, Payload


def event(version: int, event_type: str, payload: dict[str, object]) -> Event:
    moment = datetime(2026, 1, 1, 12, version, tzinfo=UTC)
    return Event(
        position=version,
        event_id=f"id-{version}",
        stream="company:empresa-a",
        version=version,
        company="empresa-a",
        feature=None,
        event_type=event_type,
        workflow=None,
        phase=None,
        payload=REGISTRY[event_type].model_validate(payload),
        actor="ana",
        causation_id=None,
        correlation_id=None,
        schema_version=1,
        occurred_at=moment,
        recorded_at=moment,
        prev_hash="",
        hash="",
    )


def stream(*events: tuple[str, dict[str, object]]) -> list[Event]:
    return [event(version, kind, payload) for version, (kind, payload) in enumerate(events, 1)]


def test_a_company_nobody_recorded_does_not_exist():
    assert company_state([]) == CompanyState()
    assert not company_state([]).exists


def test_the_last_settings_count():
    state = company_state(
        stream(
            ("company_created", {"settings_hash": "one", "cloned_from": "empresa-b"}),
            ("company_changed", {"settings_hash": "two"}),
        )
    )
    assert (state.exists, state.settings_hash, state.cloned_from) == (True, "two", "empresa-b")
    assert state.version == 2


def test_a_cursor_counts_its_moves():
    state = company_state(
        stream(
            ("cursor_moved", {"source": "git", "cursor": "a"}),
            ("cursor_moved", {"source": "jira", "cursor": "7"}),
            ("cursor_moved", {"source": "git", "cursor": "b", "previous": "a"}),
        )
    )
    assert state.cursors == {"git": Cursor("b", 2), "jira": Cursor("7", 1)}


def test_a_table_holds_what_its_last_commit_left():
    state = company_state(
        stream(
            ("data_cloned", {"from": "empresa-b", "tables": {"learnings": 5, "issues": 2}}),
            ("table_committed", {"table": "learnings", "version": 3, "rows": 8}),
        )
    )
    assert state.tables == {"learnings": TableState(3, 8), "issues": TableState(0, 2)}
    assert state.rows("learnings") == 8
    assert state.rows("no such table") == 0


def test_failures_count_until_a_sync_completes():
    failure = ("sync_failed", {"error_kind": "GitUnreachable", "stage": "git_commits"})
    begun = [("sync_requested", {"sources": ["git"]}), failure, failure]
    failing = company_state(stream(*begun))
    assert failing.failures["git"].in_a_row == 2
    assert failing.failures["git"].error_kind == "GitUnreachable"
    assert failing.last_sync_at is None

    done = company_state(stream(*begun, ("sync_completed", {"counts": {"commits": 4}})))
    assert (dict(done.failures), done.syncs) == ({}, 1)
    assert done.last_sync_counts == {"commits": 4}
    assert done.last_sync_at == datetime(2026, 1, 1, 12, 4, tzinfo=UTC)
    assert done.last_sync_requested_at == datetime(2026, 1, 1, 12, 1, tzinfo=UTC)


def test_nothing_of_a_removed_company_lives_on_in_the_one_created_after_it():
    state = company_state(
        stream(
            ("company_created", {"settings_hash": "one"}),
            ("cursor_moved", {"source": "git", "cursor": "a"}),
            ("table_committed", {"table": "learnings", "version": 3, "rows": 8}),
            ("company_removed", {"reason": "closed"}),
            ("company_created", {"settings_hash": "two"}),
        )
    )
    assert state == CompanyState(version=5, exists=True, created_at_version=5, settings_hash="two")


def test_an_event_without_a_rule_is_refused_loudly():
    class NobodyKnows(Payload):
        event_type = "nobody_knows"

    try:
        with pytest.raises(UnknownEvent, match="nobody_knows"):
            company_state([event(1, "nobody_knows", {})])
    finally:
        REGISTRY.pop("nobody_knows")
    with pytest.raises(UnknownEvent, match="home_initialized"):
        company_state([event(1, "home_initialized", {"model": "m"})])


def test_the_state_hash_tells_states_apart():
    state = company_state(stream(("company_created", {"settings_hash": "one"})))
    assert COMPANY.hash(state) == COMPANY.hash(replace(state))
    assert COMPANY.hash(state) != COMPANY.hash(replace(state, syncs=1))
