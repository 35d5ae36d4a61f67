"""Events that surprise leave the state readable."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coordinator.ledger import pattern_events as events
from coordinator.ledger.events import Event
from coordinator.ledger.payloads import Payload
from coordinator.patterns.state import PATTERNS, PatternsState

ONE, TWO, THREE = (f"p-{number:012x}" for number in (1, 2, 3))


def lived(*payloads: Payload) -> PatternsState:
    told = []
    for number, payload in enumerate(payloads, 1):
        columns = dict.fromkeys(Event.__dataclass_fields__) | {
            "version": number,
            "event_type": payload.event_type,
            "payload": payload,
            "occurred_at": datetime(2026, 3, number, tzinfo=UTC),
        }
        told.append(Event(**columns))  # type: ignore[arg-type]
    return PATTERNS.fold(told)


def found(id: str, *members: str) -> events.PatternFound:
    return events.PatternFound(pattern=id, members=members or ("xa/1", "xb/1"))


@pytest.mark.parametrize(
    "surprise",
    [
        events.PatternChanged(pattern=TWO, joined=("xa/1",)),
        events.PatternMerged(pattern=TWO, into=ONE),
        events.PatternMerged(pattern=ONE, into=TWO),
        events.PatternMerged(pattern=ONE, into=ONE),
        events.PatternEnded(pattern=TWO, reason="gone"),
        events.PatternAnnounced(pattern=TWO, members=("xa/1",)),
        found(ONE, "xc/1", "xd/1"),
    ],
    ids=lambda one: f"{one.event_type}-{one.pattern[-1]}",
)
def test_an_event_about_a_pattern_that_cannot_be_meant_changes_nothing(surprise: Payload) -> None:
    assert lived(found(ONE), surprise).patterns == lived(found(ONE)).patterns


def test_who_was_merged_is_found_under_the_last_name() -> None:
    state = lived(
        *(found(one) for one in (ONE, TWO, THREE)),
        events.PatternMerged(pattern=ONE, into=TWO),
        events.PatternMerged(pattern=TWO, into=THREE),
    )
    assert state.named(ONE) == state.patterns[THREE]
    assert [one.id for one in state.standing()] == [THREE]
    assert state.named("p-ffffffffffff") is None


def test_patterns_merged_in_a_ring_end_the_search() -> None:
    state = lived(
        found(ONE),
        found(TWO),
        events.PatternMerged(pattern=ONE, into=TWO),
        events.PatternMerged(pattern=TWO, into=ONE),
    )
    assert state.named(ONE) is not None


def test_members_announced_at_different_times_were_all_announced() -> None:
    state = lived(
        found(ONE),
        events.PatternAnnounced(pattern=ONE, members=("xa/1",)),
        events.PatternAnnounced(pattern=ONE, members=("xb/1",)),
    )
    assert state.patterns[ONE].announced == ("xa/1", "xb/1")
    assert state.patterns[ONE].announced_at == datetime(2026, 3, 3, tzinfo=UTC)
