"""What keeps the ledger append-only: triggers for everybody, an authorizer for ourselves."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from coordinator.errors import LedgerDamaged, LedgerError, StorageError
from coordinator.ledger.chain import COLUMNS
from coordinator.ledger.events import NewEvent
from resources.ledger import Ledger
from resources.ledger import sqlite as ledger_sqlite
from resources.ledger.schema import SCHEMA_VERSION

A = "company:empresa-a"


def moved(cursor: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    where = tmp_path / "ledger.db"
    with Ledger.open(where) as ledger:
        for index in range(5):
            ledger.append(A, [moved(index)], expected_version=index)
    return where


def dump(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as foreign:
        return foreign.execute("SELECT * FROM events ORDER BY position").fetchall()


def copied_row(position: int, **changes: object) -> str:
    """SELECT of row 3 as another row."""
    values = {"position": position, **changes}
    return (
        "SELECT "
        + ", ".join(repr(values[name]) if name in values else name for name in COLUMNS)
        + " FROM events WHERE position = 3"
    )


NEXT = {"event_id": "new", "version": 6}
REFUSED = {
    "update": "UPDATE events SET actor = 'eve' WHERE position = 3",
    "update of everything": "UPDATE events SET actor = 'eve'",
    "update or replace": "UPDATE OR REPLACE events SET position = 3 WHERE position = 4",
    "delete": "DELETE FROM events WHERE position = 5",
    "delete of everything": "DELETE FROM events",
    "replace of a position": f"REPLACE INTO events {copied_row(3, actor='eve')}",
    "replace by event id": f"REPLACE INTO events {copied_row(6, version=6)}",
    "replace by version": f"REPLACE INTO events {copied_row(6, event_id='new')}",
    "insert or replace": f"INSERT OR REPLACE INTO events {copied_row(5, **NEXT)}",
    "upsert": (
        f"INSERT INTO events {copied_row(3)} ON CONFLICT (position) DO UPDATE SET actor = 'eve'"
    ),
    "insert with a gap": f"INSERT INTO events {copied_row(7, **NEXT)}",
    "insert before the first": f"INSERT INTO events {copied_row(0, **NEXT)}",
    "insert without a position": f"INSERT INTO events {copied_row(6, **NEXT)}".replace(
        "6,", "NULL,", 1
    ),
    "the record of the schema": "UPDATE schema_migrations SET version = 2",
    "deleting that record": "DELETE FROM schema_migrations",
}


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize("attempt", sorted(REFUSED))
def test_the_triggers_refuse_any_program(path, attempt, recursive):
    before = dump(path)
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute(f"PRAGMA recursive_triggers={recursive}")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            foreign.execute(REFUSED[attempt])
        foreign.rollback()
    assert dump(path) == before
    with Ledger.open(path) as ledger:
        assert ledger.verify().count == 5


def test_a_well_formed_next_row_of_another_program_goes_in_and_verify_finds_it(path):
    """What the triggers cannot see, the chain does."""
    with closing(sqlite3.connect(path)) as foreign, foreign:
        foreign.execute(f"INSERT INTO events {copied_row(6, **NEXT)}")
    with Ledger.open(path) as ledger, pytest.raises(LedgerDamaged) as found:
        ledger.verify()
    assert found.value.position == 6


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE events",
        "DROP TRIGGER events_no_delete",
        "DROP INDEX events_by_feature",
        "ALTER TABLE events RENAME TO other",
        "ALTER TABLE events DROP COLUMN feature",
        "CREATE TABLE other (x)",
        "CREATE TEMP TRIGGER t AFTER INSERT ON events BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT 1",
        "PRAGMA writable_schema=ON",
        "PRAGMA journal_mode=DELETE",
        "PRAGMA synchronous=OFF",
        "PRAGMA recursive_triggers=OFF",
        "ATTACH DATABASE ':memory:' AS other",
        "DETACH DATABASE main",
        "DELETE FROM sqlite_master",
        "UPDATE events SET actor = 'eve'",
        "DELETE FROM events",
        "UPDATE texts SET content = 'x'",
        "UPDATE snapshots SET state = 'x'",
        "PRAGMA busy_timeout=0",
        "PRAGMA secure_delete=OFF",
        "INSERT INTO schema_migrations VALUES (2, 'x', 'x', 'x')",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
    ],
)
def test_our_own_connections_can_read_and_insert_and_nothing_else(path, statement):
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerError), ledger_sqlite.read(ledger._engine) as connection:
            connection.execute(text(statement))
        assert ledger.verify().count == 5


def test_our_connections_are_durable_and_hear_deletes(path):
    with Ledger.open(path) as ledger, ledger_sqlite.read(ledger._engine) as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA recursive_triggers")).scalar() == 1
    with closing(sqlite3.connect(path)) as foreign:
        assert foreign.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER events_no_update",
        "DROP TRIGGER events_append_only",
        "DROP INDEX events_by_feature",
        "ALTER TABLE events ADD COLUMN note TEXT",
        "CREATE TRIGGER extra AFTER INSERT ON events BEGIN SELECT 1; END",
    ],
)
def test_a_changed_schema_is_seen_at_the_next_opening_and_by_verify(path, change):
    with Ledger.open(path) as ledger:
        with closing(sqlite3.connect(path)) as foreign, foreign:
            foreign.execute(change)
        with pytest.raises(LedgerDamaged, match="schema"):
            ledger.verify()
    with pytest.raises(LedgerDamaged, match="schema"):
        Ledger.open(path)


def test_statistics_gathered_by_another_program_do_no_harm(path):
    with closing(sqlite3.connect(path)) as foreign, foreign:
        foreign.execute("ANALYZE")
    with Ledger.open(path) as ledger:
        assert ledger.verify().count == 5


def test_a_ledger_of_a_newer_program_is_refused_with_a_reason(path):
    with closing(sqlite3.connect(path)) as foreign, foreign:
        newer = SCHEMA_VERSION + 1
        foreign.execute(f"INSERT INTO schema_migrations VALUES ({newer}, 'more', 'now', 'digest')")
    with pytest.raises(LedgerError, match=f"schema version {newer}") as refusal:
        Ledger.open(path)
    assert not isinstance(refusal.value, LedgerDamaged)
    assert "update" in refusal.value.hint


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as foreign, foreign:
        foreign.execute("CREATE TABLE songs (title)")
    (tmp_path / "ledger.anchors").touch()
    with pytest.raises(LedgerError, match="no ledger"):
        Ledger.open(path)
    with closing(sqlite3.connect(path)) as foreign:
        assert foreign.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StorageError, match="missing-folder"):
        Ledger.open(tmp_path / "missing-folder" / "ledger.db")


def test_a_folder_where_the_ledger_should_be_is_refused(tmp_path):
    (tmp_path / "ledger.db").mkdir()
    (tmp_path / "ledger.anchors").touch()
    with pytest.raises(StorageError):
        Ledger.open(tmp_path / "ledger.db")


def test_a_ledger_another_process_holds_too_long_is_an_error_and_not_a_wait(path, monkeypatch):
    monkeypatch.setattr(ledger_sqlite, "BUSY_SECONDS", 0.05)
    with Ledger.open(path) as ledger, closing(sqlite3.connect(path)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        assert len(ledger.read()) == 5  # readers do not wait for writers
        with pytest.raises(LedgerError, match="nothing was recorded"):
            ledger.append(A, [moved(6)], expected_version=5)
        foreign.rollback()
        ledger.append(A, [moved(6)], expected_version=5)


def test_a_new_ledger_waits_for_whoever_is_making_it(tmp_path):
    """Before the first switch to the write-ahead log, SQLite does not wait for a writer."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, check_same_thread=False)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        (tmp_path / "ledger.anchors").touch()
        release = threading.Timer(0.2, foreign.rollback)
        release.start()
        with Ledger.open(path) as ledger:
            assert ledger.verify().count == 0
        release.join()


def test_a_full_disk_is_a_storage_error_and_leaves_nothing_half_written(path):
    big = NewEvent(
        "sync_completed", {"versions": {f"{index:0400d}": "x" * 400 for index in range(900)}}
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Ledger.open(path) as ledger:
        ledger.append(A, [moved("last")], expected_version=5)
        head = ledger.head()
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        try:
            for _ in range(3):
                with pytest.raises(StorageError, match="nothing was recorded"):
                    ledger.append(A, [moved("before"), big], expected_version=6)
            assert ledger.head() == head
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        ledger.append(A, [big], expected_version=6)
        assert ledger.verify().count == 7
    with Ledger.open(path) as ledger:
        assert ledger.verify().count == ledger.verify().anchored_count == 7


def test_an_anchor_that_cannot_be_written_does_not_undo_what_is_recorded(path, caplog):
    anchors = path.with_name("ledger.anchors")
    with Ledger.open(path) as ledger:
        aside = anchors.rename(anchors.with_name("aside"))
        anchors.mkdir()
        [event] = ledger.append(A, [moved(6)], expected_version=5)
        assert event.position == 6
        assert "anchor at 6 was not written" in caplog.text
        anchors.rmdir()
        shutil.move(aside, anchors)
        assert ledger.verify().anchored_count == 5
        ledger.append(A, [moved(7)], expected_version=6)
        assert ledger.verify().anchored_count == 7
