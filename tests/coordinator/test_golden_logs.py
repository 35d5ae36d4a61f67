"""Old logs are read by today's program: sound, understood, and folded to the state they had.

A log is written once, by the ledger of its schema version, and never again. When a reducer makes
another state of one on purpose, its version goes up and the new hash is written here.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coordinator.ledger.chain import EventRow, verify_chain
from coordinator.ledger.events import Event
from coordinator.ledger.payloads import REGISTRY
from coordinator.ledger.reducers import reducer_of

GOLDEN = Path(__file__).parents[1] / "golden"

STATES = {
    "ledger-v1": {
        "company:empresa-a": (
            4,
            "2cecaf1e5da53e70757e0fa4b098fc4e689bb3de2f6bcd18db6e5dd6e1865285",
        ),
        "company:empresa-b": (
            4,
            "279c2c73d6738c1157abf154035094bdd9df9b6bf484986f1f12da53a3e06260",
        ),
        "company:empresa-c": (
            4,
            "f8950441834979d50c736bfa5f404f598f1e0c545ee6d49fec5e98974ae297be",
        ),
        "coordinator": (1, "060bacee26596ae88e5b892ebfb510a103cc4df377098e128a2487c8e696abf0"),
    },
    "ledger-v2": {
        "company:empresa-a": (
            4,
            "88642e235573c31b7207bb39a493a67396b8e04856ec07afb5c2c54c8b358d9f",
        ),
        "company:empresa-b": (
            4,
            "5d60e1ef53621fc6d99ab1a826afd6248ff34d3c36a64ea724541e9261e33fb4",
        ),
        "company:empresa-c": (
            4,
            "77d3c0c2f123493ee37bd79a7c5fa1f187d0f0c72457fb77a5d16c3e717b881d",
        ),
        "approvals": (1, "a2da141df6c63b8f06f0de0349f47c3183d470b680e698d5b69e4030e321c80e"),
        "global": (1, "1a382de3968e9e9a4577cec4ae91aba3ac7d5e31352df30316e37a7a098d35a9"),
        "coordinator": (1, "b4784d68efaa0bf6c1050651670c750369108bc8d3f5a9165d2de1806c417255"),
    },
    "outboxes": {
        "company:empresa-a": (
            4,
            "cede03cfe2e9f0fd404d91a9438ffafbde6fd78048578b7649f5ca036a75c131",
        ),
        "outbox:jira": (1, "23d11c06de6e53436ab3cd6c971f6a1742c7d2290c9620bc667925127151449a"),
        "outbox:confluence:empresa-a": (
            1,
            "3aecffddaa8431dd7b2a2f3a051bb116a7679906546ef7016452f8bd9ed7820d",
        ),
        "outbox:supabase": (
            1,
            "827d8d5b05ac49f84a5cee32fbe6b25ee4b00cc93eeb6f51f88f57f399567095",
        ),
        "outbox:supabase:empresa-a": (
            1,
            "4e2ac65e77b1cb8f15395e02442c1d4c1103bee6b2e1fadc6c2e6f0013b52516",
        ),
    },
    "patterns": {
        "patterns": (1, "f7ff4330321e8566ef93952f878b800eb673e5f388a7e09080f64c8316720792"),
        "opportunities": (
            2,
            "7135c267eada47c71c9aed0536bb704bcd9f0201b393b93cfd06a086013bce26",
        ),
    },
}
"""Reducer version and state hash of each stream."""


def golden_rows(log: str) -> list[EventRow]:
    lines = (GOLDEN / f"{log}.jsonl").read_text(encoding="utf-8").splitlines()
    return [EventRow(**json.loads(line)) for line in lines]


@pytest.mark.parametrize("log", STATES)
def test_an_old_log_is_sound_and_understood(log):
    rows = golden_rows(log)
    assert verify_chain(rows) is None
    assert [Event.from_row(row).position for row in rows] == list(range(1, len(rows) + 1))


def test_the_youngest_logs_hold_every_event_type():
    youngest = ("ledger-v2", "outboxes", "patterns")
    rows = [row for log in youngest for row in golden_rows(log)]
    assert {row.event_type for row in rows} == set(REGISTRY)


@pytest.mark.parametrize(
    ("log", "stream"), [(log, stream) for log, streams in STATES.items() for stream in streams]
)
def test_an_old_log_replays_to_the_state_it_had(log, stream):
    version, expected = STATES[log][stream]
    reducer = reducer_of(stream)
    events = [Event.from_row(row) for row in golden_rows(log) if row.stream == stream]
    assert (reducer.version, reducer.hash(reducer.fold(events))) == (version, expected)


@pytest.mark.parametrize("log", STATES)
def test_every_stream_of_an_old_log_is_replayed_here(log):
    assert {row.stream for row in golden_rows(log)} == set(STATES[log])
