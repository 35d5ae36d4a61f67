"""The ledger as its callers know it."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.errors import CompanyError, LedgerError, UnknownEvent, VersionConflict
from coordinator.ledger.chain import GENESIS
from coordinator.ledger.company_state import CompanyState
from coordinator.ledger.events import NewEvent
from resources.ledger import Ledger

A, B = "company:empresa-a", "company:empresa-b"
GOLDEN = Path(__file__).parents[1] / "golden"


def created(settings_hash: str = "s") -> NewEvent:
    return NewEvent("company_created", {"settings_hash": settings_hash})


def moved(cursor: object, **columns: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)}, **columns)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path):
    with Ledger.open(path, actor="ana") as opened:
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


def test_actor_and_time_have_defaults(path):
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    with Ledger.open(path, now=lambda: now, new_id=lambda: "only", actor="ana") as ledger:
        [event] = ledger.append(A, [created()], expected_version=0)
    assert (event.actor, event.event_id) == ("ana", "only")
    assert event.occurred_at == event.recorded_at == now


@pytest.mark.parametrize(
    ("user", "actor"), [("maria", "maria"), ("", "system"), ("a\nb", "system")]
)
def test_the_default_actor_is_the_user_when_that_is_a_name(path, monkeypatch, user, actor):
    monkeypatch.setenv("USER", user)
    with Ledger.open(path) as ledger:
        [event] = ledger.append(A, [created()], expected_version=0)
    assert event.actor == actor


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


def test_an_event_id_stands_once(path):
    with Ledger.open(path, new_id=lambda: "same") as ledger:
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


def test_an_unknown_event_of_a_newer_program_is_refused_loudly(ledger, path):
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


def test_a_ledger_opened_again_goes_on_where_it_ended(path):
    with Ledger.open(path) as ledger:
        ledger.append(A, [created()], expected_version=0)
        head = ledger.head()
    with Ledger.open(f"sqlite:///{path}") as ledger:
        assert ledger.head() == head
        ledger.append(A, [moved(1)], expected_version=1)
        assert ledger.verify().count == 2


def test_an_old_ledger_opens_verifies_and_grows(tmp_path):
    for name in ("ledger-v1.db", "ledger-v1.anchors"):
        (tmp_path / name).write_bytes((GOLDEN / name).read_bytes())
    with Ledger.open(tmp_path / "ledger-v1.db") as ledger:
        assert ledger.verify().head == (
            "1794ce46d23754b157213e0a166143be69b016fb96de427d0dccd19b1efabe41"
        )
        ledger.append(A, [moved(1)], expected_version=None)
        assert ledger.verify().count == 22


def test_its_files_are_closed_to_others(ledger, path):
    ledger.append(A, [created()], expected_version=0)
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert files == dict.fromkeys(
        ["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.anchors"], 0o600
    )


def test_any_sqlite_tool_reads_it(ledger, path):
    ledger.append(A, [created(), moved("é", feature="feat-payment")], expected_version=0)
    foreign = sqlite3.connect(path)
    foreign.row_factory = sqlite3.Row
    [row] = foreign.execute("SELECT * FROM events WHERE feature = 'feat-payment'").fetchall()
    foreign.close()
    assert ",".join(row.keys()) == (
        "position,event_id,stream,version,company,feature,event_type,workflow,phase,payload,actor,"
        "causation_id,correlation_id,schema_version,occurred_at,recorded_at,prev_hash,hash"
    )
    assert row["payload"] == '{"cursor":"é","source":"git"}'


@pytest.mark.parametrize(
    ("column", "index"),
    [
        ("feature", "events_by_feature"),
        ("company", "events_by_company"),
        ("event_type", "events_by_event_type"),
        ("stream", "sqlite_autoindex_events"),
        ("event_id", "sqlite_autoindex_events"),
    ],
)
def test_a_question_by_a_column_uses_its_index(ledger, path, column, index):
    foreign = sqlite3.connect(path)
    plan = foreign.execute(f"EXPLAIN QUERY PLAN SELECT * FROM events WHERE {column} = 'x'")
    assert index in plan.fetchone()[3]
    foreign.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "mysql:x://", "mysql://host/db"])
def test_a_url_that_names_no_ledger_is_refused(url):
    with pytest.raises(LedgerError, match="sqlite:///PATH"):
        Ledger.open(url)


def test_importing_the_ledger_does_not_import_sqlalchemy():
    code = "import sys, resources.ledger.ledger; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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


def test_a_conflict_in_a_group_leaves_the_others_alone(path):
    """Three threads wait behind a slow one; their requests become one transaction."""
    inside, go_on = threading.Event(), threading.Event()
    blocked = [True]

    def now() -> datetime:
        if blocked.pop() if blocked else False:
            inside.set()
            go_on.wait(10)
        return datetime(2026, 1, 1, tzinfo=UTC)

    with Ledger.open(path, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as made:
        made.append(A, [created()], expected_version=0)
    outcomes: dict[str, object] = {}
    with Ledger.open(path, now=now) as ledger:

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


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a forked child: 0 when it went well, 3 for LedgerError, 1 for anything else."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except LedgerError:
            status = 3
        finally:
            os._exit(status)
    for _ in range(500):
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        threading.Event().wait(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def test_no_connection_lives_through_a_fork(ledger):
    ledger.append(A, [created()], expected_version=0)
    assert ledger._engine.pool.checkedin() == 1

    def work() -> None:
        assert ledger._engine.pool.checkedin() == 0
        ledger.append(A, [moved("child")], expected_version=1)

    assert in_child(work) == 0
    ledger.append(A, [moved("parent")], expected_version=2)
    assert ledger.verify().count == 3


def test_a_child_forked_in_the_middle_of_a_transaction_may_not_touch_the_ledger(path):
    inside, go_on = threading.Event(), threading.Event()
    armed: list[bool] = []

    def now() -> datetime:
        if armed and not inside.is_set():
            inside.set()
            go_on.wait(10)
        return datetime(2026, 1, 1, tzinfo=UTC)

    with Ledger.open(path, now=now) as ledger:
        ledger.append(A, [created()], expected_version=0)
        armed.append(True)
        arguments = (A, [moved("parent")])
        thread = threading.Thread(
            target=ledger.append, args=arguments, kwargs={"expected_version": 1}
        )
        thread.start()
        inside.wait(10)
        try:
            assert in_child(lambda: ledger.append(A, [moved(1)], expected_version=None)) == 3
            assert in_child(ledger.read) == 3
            assert in_child(lambda: Ledger.open(path)) == 3
        finally:
            go_on.set()
            thread.join()
        assert in_child(lambda: ledger.append(A, [moved(1)], expected_version=2)) == 0
        assert ledger.verify().count == 3


def test_a_child_forked_while_a_thread_writes_its_anchor_does_not_wait_for_that_thread(ledger):
    ledger.append(A, [created()], expected_version=0)
    with ledger.anchors.path.open("rb") as anchors:
        fcntl.flock(anchors, fcntl.LOCK_EX)
        arguments = (A, [moved("parent")])
        thread = threading.Thread(
            target=ledger.append, args=arguments, kwargs={"expected_version": 1}
        )
        thread.start()
        while ledger.head()[0] < 2:
            pass

        def work() -> None:
            fcntl.flock(anchors, fcntl.LOCK_UN)
            ledger.append(A, [moved("child")], expected_version=2)

        assert in_child(work) == 0
        thread.join()
    assert ledger.verify().anchored_count == 3


batches = st.lists(
    st.tuples(
        st.sampled_from([A, B, "coordinator"]),
        st.integers(1, 4),
        st.one_of(st.none(), st.integers(0, 6)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches)
def test_the_ledger_holds_what_a_plain_list_would_hold(tmp_path_factory, given_batches):
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    expected: list[tuple[str, int, str]] = []
    with Ledger.open(path) as ledger:
        for batch, (stream, size, expected_version) in enumerate(given_batches):
            version = sum(row[0] == stream for row in expected)
            new = [moved(f"{batch}-{index}") for index in range(size)]
            if expected_version not in (None, version):
                with pytest.raises(VersionConflict):
                    ledger.append(stream, new, expected_version=expected_version)
                continue
            ledger.append(stream, new, expected_version=expected_version)
            expected += [(stream, version + 1 + index, f"{batch}-{index}") for index in range(size)]
        found = [(event.stream, event.version, event.payload.cursor) for event in ledger.read()]
        assert found == expected
        assert ledger.verify().count == ledger.verify().anchored_count == len(expected)
