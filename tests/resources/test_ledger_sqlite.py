"""What is particular to a ledger on SQLite: its files, and what forks do to it."""

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
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.errors import LedgerError, VersionConflict
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


@pytest.mark.parametrize(
    ("user", "actor"), [("maria", "maria"), ("", "system"), ("a\nb", "system")]
)
def test_the_default_actor_is_the_user_when_that_is_a_name(path, monkeypatch, user, actor):
    monkeypatch.setenv("USER", user)
    with Ledger.open(path) as ledger:
        [event] = ledger.append(A, [created()], expected_version=0)
    assert event.actor == actor


def test_an_old_ledger_opens_verifies_and_grows(tmp_path):
    for name in ("ledger-v1.db", "ledger-v1.anchors"):
        (tmp_path / name).write_bytes((GOLDEN / name).read_bytes())
    with Ledger.open(tmp_path / "ledger-v1.db") as ledger:
        assert ledger.verify().head == (
            "1794ce46d23754b157213e0a166143be69b016fb96de427d0dccd19b1efabe41"
        )
        ledger.append(A, [moved(1)], expected_version=None)
        assert ledger.verify().count == 22


def test_the_youngest_old_ledger_still_has_its_texts(tmp_path):
    for name in ("ledger-v2.db", "ledger-v2.anchors"):
        (tmp_path / name).write_bytes((GOLDEN / name).read_bytes())
    with Ledger.open(tmp_path / "ledger-v2.db") as ledger:
        assert ledger.verify().count == 42
        kept = {company: ledger.text_hashes(company) for company in ("empresa-a", "empresa-b")}
        assert {company: len(hashes) for company, hashes in kept.items()} == {
            "empresa-a": 2,
            "empresa-b": 1,
        }
        words = [*ledger.texts("empresa-a", kept["empresa-a"]).values()]
        assert any("Renove o token" in text for text in words)
        assert not any("Joana" in text for text in words)  # purged


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
