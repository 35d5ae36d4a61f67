"""The ledger as its callers know it, on SQLite and on Postgres."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from coordinator.errors import CompanyError, LedgerError, UnknownEvent, VersionConflict
from coordinator.ledger.chain import GENESIS
from coordinator.ledger.company_state import CompanyState
from coordinator.ledger.events import NewEvent

A, B = "company:empresa-a", "company:empresa-b"


def created(settings_hash: str = "s") -> NewEvent:
    return NewEvent("company_created", {"settings_hash": settings_hash})


def moved(cursor: object, **columns: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)}, **columns)


@pytest.fixture
def ledger(ledger_place):
    with ledger_place.open(actor="ana") as opened:
        yield opened


def test_an_event_comes_back_as_it_was_given(ledger):
    at = datetime(2026, 1, 31, 9, tzinfo=timezone(timedelta(hours=-3)))
    new = moved(
        "abc",
        feature="feat-payment",
        workflow="sync",
        phase="read",
        actor="joão",
        causation_id="c",
        correlation_id="run-1",
        occurred_at=at,
    )
    [recorded] = ledger.append(A, [new], expected_version=0)
    [read] = ledger.read()
    assert read == recorded
    assert (read.position, read.version, read.stream, read.company) == (1, 1, A, "empresa-a")
    assert (read.feature, read.workflow, read.phase) == ("feat-payment", "sync", "read")
    assert (read.actor, read.causation_id, read.correlation_id) == ("joão", "c", "run-1")
    assert read.occurred_at == at
    assert read.occurred_at.tzinfo is UTC
    assert read.payload.cursor == "abc"
    assert read.prev_hash == GENESIS
    assert ledger.head() == (1, read.hash)


def test_actor_and_time_have_defaults(ledger_place):
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    with ledger_place.open(now=lambda: now, new_id=lambda: "only", actor="ana") as ledger:
        [event] = ledger.append(A, [created()], expected_version=0)
    assert (event.actor, event.event_id) == ("ana", "only")
    assert event.occurred_at == event.recorded_at == now


def test_the_event_of_a_company_may_stand_in_the_coordinators_stream(ledger):
    new = NewEvent("sync_requested", {"sources": ["git"]}, company="empresa-a")
    ledger.append("coordinator", [new], expected_version=0)
    assert [event.stream for event in ledger.read(company="empresa-a")] == ["coordinator"]


def test_an_event_of_one_company_cannot_go_to_the_stream_of_another(ledger):
    with pytest.raises(LedgerError, match="empresa-b"):
        ledger.append(A, [moved(1, company="empresa-b")], expected_version=0)
    with pytest.raises(CompanyError):
        ledger.append("coordinator", [moved(1, company="../x")], expected_version=0)


def test_another_version_than_expected_is_a_conflict_and_records_nothing(ledger):
    ledger.append(A, [created()], expected_version=0)
    for wrong in (0, 2, -1):
        with pytest.raises(VersionConflict, match="has 1 events"):
            ledger.append(A, [moved(1), moved(2)], expected_version=wrong)
    assert len(ledger.read()) == 1
    ledger.append(A, [moved(1), moved(2)], expected_version=1)
    ledger.append(A, [moved(3)], expected_version=None)
    ledger.append(B, [created()], expected_version=0)
    assert [event.version for event in ledger.read(stream=A)] == [1, 2, 3, 4]
    assert [event.position for event in ledger.read()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "bad",
    [
        NewEvent("company_sold", {}),
        NewEvent("cursor_moved", {"source": "git", "cursor": "1", "more": 1}),
        NewEvent("cursor_moved", {"source": "git", "cursor": "\ud83d"}),
        NewEvent("cursor_moved", {"source": "git", "cursor": "1"}, feature="a\x1b[2Jb"),
        NewEvent("cursor_moved", {"source": "git", "cursor": "1"}, actor=""),
        NewEvent(
            "cursor_moved", {"source": "git", "cursor": "1"}, occurred_at=datetime(2026, 1, 1)
        ),
    ],
)
def test_one_bad_event_keeps_its_whole_batch_out(ledger, bad):
    with pytest.raises(LedgerError):
        ledger.append(A, [created(), bad], expected_version=0)
    assert ledger.head() == (0, GENESIS)


def test_an_event_id_stands_once(ledger_place):
    with ledger_place.open(new_id=lambda: "same") as ledger:
        ledger.append(A, [created()], expected_version=0)
        with pytest.raises(LedgerError, match="id"):
            ledger.append(A, [moved(1)], expected_version=1)
        with pytest.raises(LedgerError, match="id"):
            ledger.append(B, [moved(1), moved(2)], expected_version=0)
        assert ledger.verify().count == 1


def test_appending_nothing_does_nothing(ledger):
    assert ledger.append(A, [], expected_version=7) == []
    assert ledger.head() == (0, GENESIS)


def test_filters_narrow_and_combine(ledger):
    ledger.append(A, [created(), moved(1, feature="feat-x"), moved(2)], expected_version=0)
    ledger.append(B, [created(), moved(1, feature="feat-x")], expected_version=0)

    def positions(**filters: object) -> list[int]:
        return [event.position for event in ledger.read(**filters)]

    assert positions(stream=A) == [1, 2, 3]
    assert positions(company="empresa-b") == [4, 5]
    assert positions(event_type="cursor_moved") == [2, 3, 5]
    assert positions(feature="feat-x") == [2, 5]
    assert positions(feature="feat-x", company="empresa-a") == [2]
    assert positions(after=3) == [4, 5]
    assert positions(after=1, limit=2) == [2, 3]
    assert positions(limit=0) == []
    assert positions(company="nobody") == []
    assert positions(company="' OR 1=1 --") == []


@pytest.mark.parametrize(
    "filters", [{"after": -1}, {"limit": -1}, {"after": 2**64}, {"stream": ""}]
)
def test_a_filter_that_makes_no_sense_is_refused(ledger, filters):
    with pytest.raises(LedgerError):
        ledger.read(**filters)


def test_the_state_of_a_company_is_its_own(ledger):
    ledger.append(A, [created("a"), moved("x"), moved("y")], expected_version=0)
    ledger.append(B, [created("b")], expected_version=0)
    state = ledger.state("empresa-a")
    assert (state.exists, state.settings_hash, state.version) == (True, "a", 3)
    assert (state.cursors["git"].cursor, state.cursors["git"].moves) == ("y", 2)
    assert ledger.state("empresa-b").cursors == {}
    assert ledger.state("nobody") == CompanyState()
    with pytest.raises(CompanyError):
        ledger.state("../x")


def test_an_unknown_event_of_a_newer_program_is_refused_loudly(ledger):
    ledger.append(A, [created()], expected_version=0)
    from coordinator.ledger.payloads import REGISTRY

    known = REGISTRY.pop("company_created")
    try:
        with pytest.raises(UnknownEvent, match="event 1"):
            ledger.state("empresa-a")
        assert ledger.verify().count == 1  # the chain needs no meaning
    finally:
        REGISTRY["company_created"] = known


def test_the_initialization_of_a_home_is_recorded_once(ledger):
    ledger.record_initialization("m", 384)
    ledger.record_initialization("other")
    [event] = ledger.read()
    assert (event.stream, event.payload.model, event.payload.width) == ("coordinator", "m", 384)


def test_a_ledger_opened_again_goes_on_where_it_ended(ledger_place):
    with ledger_place.open() as ledger:
        ledger.append(A, [created()], expected_version=0)
        head = ledger.head()
    with ledger_place.open() as ledger:
        assert ledger.head() == head
        ledger.append(A, [moved(1)], expected_version=1)
        assert ledger.verify().count == 2


def test_threads_append_at_once_without_gap_or_double(ledger):
    def write(number: int) -> None:
        for index in range(20):
            ledger.append(f"company:c{number}", [moved(index)], expected_version=index)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.verify().count == 160
    for number in range(8):
        cursors = [event.payload.cursor for event in ledger.read(company=f"c{number}")]
        assert cursors == [str(index) for index in range(20)]


def test_a_conflict_in_a_group_leaves_the_others_alone(ledger_place):
    """Three threads wait behind a slow one; their requests become one transaction."""
    inside, go_on = threading.Event(), threading.Event()
    blocked = [True]

    def now() -> datetime:
        if blocked.pop() if blocked else False:
            inside.set()
            go_on.wait(10)
        return datetime(2026, 1, 1, tzinfo=UTC)

    with ledger_place.open(now=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as made:
        made.append(A, [created()], expected_version=0)
    outcomes: dict[str, object] = {}
    with ledger_place.open(now=now) as ledger:

        def write(stream: str, expected: int) -> None:
            try:
                outcomes[stream] = ledger.append(stream, [moved(1)], expected_version=expected)
            except LedgerError as error:
                outcomes[stream] = error

        first = threading.Thread(target=write, args=("company:slow", 0))
        first.start()
        inside.wait(10)
        others = [
            threading.Thread(target=write, args=arguments)
            for arguments in ((A, 0), (B, 0), ("company:empresa-c", 0))
        ]
        for thread in others:
            thread.start()
        while len(ledger._group._queue) < 3:
            pass
        go_on.set()
        for thread in (first, *others):
            thread.join()
        assert isinstance(outcomes[A], VersionConflict)
        assert len(outcomes[B]) == len(outcomes["company:empresa-c"]) == 1
        assert ledger.verify().count == 4
        assert sorted(ledger.anchors.read()) == [0, 1, 2, 4]  # 3 and 4 were one transaction
