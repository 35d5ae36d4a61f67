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
            3,
            "2f821f787b9e950161c948a7b5a471241bc0aa3aac05ad1e9e74c39342fc3248",
        ),
        "company:empresa-b": (
            3,
            "d5593e6bff59f21432da6bb306292526ad225fb27901de5f88a65b93043efbe8",
        ),
        "company:empresa-c": (
            3,
            "2d668896c069d1721920304342cf2042cf493f2e9c3bc625fcb66a8c83c55837",
        ),
        "coordinator": (1, "060bacee26596ae88e5b892ebfb510a103cc4df377098e128a2487c8e696abf0"),
    },
    "ledger-v2": {
        "company:empresa-a": (
            3,
            "c2b7c8137883e908de7ce33a67c8d874c4930986896f59c42c18ca61f858c1f7",
        ),
        "company:empresa-b": (
            3,
            "43eebe9aec67a4cd73372421debab74f42ad3fd67a4e820ac502f399ece486b0",
        ),
        "company:empresa-c": (
            3,
            "0a96212f10c3bbfafc054b9e0b6f6f7c982045d20306ef38485ce13289465da9",
        ),
        "approvals": (1, "a2da141df6c63b8f06f0de0349f47c3183d470b680e698d5b69e4030e321c80e"),
        "global": (1, "1a382de3968e9e9a4577cec4ae91aba3ac7d5e31352df30316e37a7a098d35a9"),
        "coordinator": (1, "b4784d68efaa0bf6c1050651670c750369108bc8d3f5a9165d2de1806c417255"),
    },
}
"""Reducer version and state hash of each stream."""

SINCE_THE_LAST_LOG: set[str] = set()
"""Event types that are younger than the youngest log: the next one will hold them."""


def golden_rows(log: str) -> list[EventRow]:
    lines = (GOLDEN / f"{log}.jsonl").read_text(encoding="utf-8").splitlines()
    return [EventRow(**json.loads(line)) for line in lines]


@pytest.mark.parametrize("log", STATES)
def test_an_old_log_is_sound_and_understood(log):
    rows = golden_rows(log)
    assert verify_chain(rows) is None
    assert [Event.from_row(row).position for row in rows] == list(range(1, len(rows) + 1))


def test_the_youngest_log_holds_every_event_type():
    held = {row.event_type for row in golden_rows("ledger-v2")}
    assert held | SINCE_THE_LAST_LOG == set(REGISTRY)


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
