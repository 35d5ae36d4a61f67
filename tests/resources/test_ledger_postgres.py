"""What is particular to a ledger on Postgres: guards, roles, and a URL that stays secret."""

from __future__ import annotations

import logging
import os
import stat
import threading
import traceback
from contextlib import closing

import psycopg2
import pytest

from coordinator.errors import LedgerDamaged, LedgerError, StorageError
from coordinator.ledger.events import NewEvent, text_hash
from resources.home import Home
from resources.ledger import Ledger
from resources.ledger import postgres as ledger_postgres

A = "company:empresa-a"
COLUMNS = (
    "event_id, stream, version, company, feature, event_type, workflow, phase, payload, actor, "
    "causation_id, correlation_id, schema_version, occurred_at, recorded_at, prev_hash, hash"
)


def moved(cursor: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)})


@pytest.fixture
def url(postgres):
    return postgres.url()


@pytest.fixture
def place(url, tmp_path) -> str:
    """A ledger of five events."""
    with Ledger.open(url, folder=tmp_path) as ledger:
        for index in range(5):
            ledger.append(A, [moved(index)], expected_version=index)
    return url


def foreign(url: str, *statements: str) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def copied(position: int, **values: object) -> str:
    """SELECT of row 3 as another row."""
    columns = [repr(values[name]) if name in values else name for name in COLUMNS.split(", ")]
    return (
        f"INSERT INTO events (position, {COLUMNS}) "
        f"SELECT {position}, {', '.join(columns)} FROM events WHERE position = 3"
    )


NEXT = {"event_id": "new", "version": 7}
REFUSED = {
    "update": "UPDATE events SET actor = 'eve' WHERE position = 3",
    "update of nothing": "UPDATE events SET actor = 'eve' WHERE position = 99",
    "delete": "DELETE FROM events WHERE position = 5",
    "truncate": "TRUNCATE events",
    "truncate of everything": "TRUNCATE events, schema_migrations, texts, snapshots CASCADE",
    "upsert": copied(7, version=7) + " ON CONFLICT (event_id) DO UPDATE SET actor = 'eve'",
    "insert with a gap": copied(8, **NEXT),
    "insert before the first": copied(0, **NEXT),
    "merge": (
        "MERGE INTO events USING (SELECT 3 AS at) AS wanted ON position = at "
        "WHEN MATCHED THEN UPDATE SET actor = 'eve'"
    ),
    "as a replica": "SET session_replication_role = replica; DELETE FROM events",
    "behind a temporary table": (
        "CREATE TEMP TABLE events (event_type text, company text, payload text); "
        f"INSERT INTO events VALUES ('texts_purged', 'empresa-a', '{text_hash('w')}'); "
        "DELETE FROM texts"
    ),
    "the record of the schema": "UPDATE schema_migrations SET version = 2",
    "deleting that record": "DELETE FROM schema_migrations",
    "a text": "UPDATE texts SET content = 'x'",
    "texts at once": "TRUNCATE texts",
}


@pytest.mark.parametrize("attempt", sorted(REFUSED))
def test_the_triggers_refuse_any_program(place, tmp_path, attempt):
    with Ledger.open(place, folder=tmp_path) as ledger:
        added = {"learning": "m", "category": "need", "language": "pt", "text": text_hash("w")}
        ledger.append(A, [NewEvent("learning_added", added)], expected_version=5, texts=["w"])
        with pytest.raises(psycopg2.errors.RaiseException, match="the ledger"):
            foreign(place, REFUSED[attempt])
        assert ledger.verify().count == 6


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER events_next_only ON events",
        "DROP TRIGGER events_append_only ON events",
        "ALTER TABLE events DISABLE TRIGGER events_append_only",
        "ALTER TABLE events ENABLE TRIGGER events_append_only",
        "ALTER TABLE texts DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql "
        "AS $$BEGIN RETURN NULL; END$$",
        "DROP INDEX events_by_feature",
        "ALTER TABLE events DROP CONSTRAINT events_stream_version",
        "ALTER TABLE events ADD COLUMN note TEXT",
        "ALTER TABLE events ALTER COLUMN actor DROP NOT NULL",
        "ALTER TABLE events SET UNLOGGED",
        "CREATE RULE swallow AS ON INSERT TO events DO INSTEAD NOTHING",
        "CREATE TRIGGER extra AFTER INSERT ON events EXECUTE FUNCTION ledger_refuse()",
        "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
    ],
)
def test_a_changed_schema_is_seen_at_the_next_opening_and_by_verify(place, tmp_path, change):
    with Ledger.open(place, folder=tmp_path) as ledger:
        foreign(place, change)
        with pytest.raises(LedgerDamaged, match="schema"):
            ledger.verify()
        ledger.damage.clear()
    with pytest.raises(LedgerDamaged, match="schema"):
        Ledger.open(place, folder=tmp_path)


ATTACKS = {
    "UPDATE events SET actor = 'eve' WHERE position = 3": 3,
    "UPDATE events SET hash = repeat('f', 64) WHERE position = 3": 3,
    'UPDATE events SET payload = \'{"cursor":"evil","source":"git"}\' WHERE position = 3': 3,
    "DELETE FROM events WHERE position = 3": 3,
    "DELETE FROM events WHERE position > 3": 4,
    "DELETE FROM events": 1,
    "UPDATE events SET position = 9 - position WHERE position IN (4, 5)": 4,
    copied(-5, event_id="forged", stream="coordinator", version=1): 1,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_an_owner_does_behind_the_triggers_is_found_at_the_first_broken_row(
    place, tmp_path, attack
):
    foreign(
        place,
        "ALTER TABLE events DISABLE TRIGGER USER",
        "ALTER TABLE events DROP CONSTRAINT events_pkey" if "9 -" in attack else "SELECT 1",
        attack,
        "ALTER TABLE events ADD PRIMARY KEY (position)" if "9 -" in attack else "SELECT 1",
        "ALTER TABLE events ENABLE ALWAYS TRIGGER events_next_only",
        "ALTER TABLE events ENABLE ALWAYS TRIGGER events_append_only",
    )
    with pytest.raises(LedgerDamaged) as found, Ledger.open(place, folder=tmp_path) as ledger:
        ledger.verify()
    assert found.value.position == ATTACKS[attack]


def test_another_homes_anchors_refuse_a_ledger_that_is_not_theirs(place, postgres, tmp_path):
    with pytest.raises(LedgerDamaged, match="its anchors know 5"):
        Ledger.open(postgres.url(), folder=tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(LedgerDamaged, match=r"ledger\.anchors is missing"):
        Ledger.open(place, folder=other)
    (other / "ledger.anchors").touch()
    with Ledger.open(place, folder=other) as ledger:
        ledger.append(A, [moved(5)], expected_version=5)
        assert (ledger.verify().count, ledger.verify().anchored_count) == (6, 6)


def test_a_home_keeps_its_ledger_where_the_environment_says(url, tmp_path, monkeypatch):
    monkeypatch.setenv("ORCH_LEDGER_URL", url)
    from coordinator.settings import EmbeddingSettings

    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as home:
        assert [event.event_type for event in home.ledger.read()] == ["home_initialized"]
    names = {path.name for path in (tmp_path / "home").iterdir()}
    assert "ledger.anchors" in names
    assert "ledger.db" not in names
    assert stat.S_IMODE((tmp_path / "home" / "ledger.anchors").stat().st_mode) == 0o600


SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ana:{SECRET}@127.0.0.1:1/ledger",
        f"postgres://ana:{SECRET}@127.0.0.1:1/ledger?connect_timeout=1",
        f"postgresql+psycopg2://ana:{SECRET}@/ledger?host=/nowhere",
        f"postgresql://ana:{SECRET}@127.0.0.1:port/ledger",
        f"postgresql://ana:{SECRET}@[::1/ledger",
        f"postgresql://ana:{SECRET}@127.0.0.1:1/ledger?nonsense={SECRET}",
        f"mysql://ana:{SECRET}@127.0.0.1/ledger",
    ],
)
def test_a_password_in_the_url_is_never_told(tmp_path, url, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises((LedgerError, StorageError)) as found:
        Ledger.open(url, folder=tmp_path)
    told = "".join(traceback.format_exception(found.value)) + repr(found.value) + caplog.text
    assert SECRET not in told
    assert found.value.hint


def test_neither_the_ledger_nor_its_engine_shows_the_password(postgres, tmp_path):
    foreign(postgres.uri, f"CREATE ROLE secretive SUPERUSER LOGIN PASSWORD '{SECRET}'")
    url = postgres.url().replace("//postgres:@", f"//secretive:{SECRET}@")
    with Ledger.open(url, folder=tmp_path) as ledger:
        assert SECRET not in repr(ledger) + repr(ledger._engine) + repr(ledger._place)


def test_an_error_never_quotes_the_row_it_is_about(place, tmp_path):
    """The server's own message quotes the whole row."""
    foreign(place, "ALTER TABLE texts ADD CONSTRAINT short CHECK (length(content) < 10)")
    words = "the acquirer " * 10
    added = {"learning": "m", "category": "need", "language": "pt", "text": text_hash(words)}
    with Ledger.open(place, folder=tmp_path) as ledger:
        with pytest.raises(LedgerError) as found:
            new = [NewEvent("learning_added", added)]
            ledger.append(A, new, expected_version=5, texts=[words])
        assert "acquirer" not in "".join(traceback.format_exception(found.value))
        assert ledger.head()[0] == 5


def test_a_role_that_may_only_append_is_enough_and_can_do_no_more(place, tmp_path, caplog):
    """What docs/operations.md says to grant."""
    schema = place.rpartition("%3D")[2]
    foreign(
        place,
        "CREATE ROLE writer LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO writer",
        "GRANT SELECT, INSERT ON events, schema_migrations, texts, snapshots TO writer",
        "GRANT DELETE ON texts, snapshots TO writer",
    )
    limited = place.replace("//postgres:@", "//writer:@")
    words = "words"
    added = {"learning": "m", "category": "need", "language": "pt", "text": text_hash(words)}
    with Ledger.open(limited, folder=tmp_path) as ledger:
        ledger.append(A, [NewEvent("learning_added", added)], expected_version=5, texts=[words])
        gone = NewEvent("texts_purged", {"texts": [text_hash(words)]})
        ledger.append(A, [gone], expected_version=6)
        assert "purged texts stay" in caplog.text
        assert ledger.verify().count == 7
        foreign(place, "GRANT MAINTAIN ON texts TO writer")
        caplog.clear()
        ledger.append(A, [gone], expected_version=7)
        assert not caplog.text
    for statement in (
        "DROP TABLE events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_append_only ON events",
        "TRUNCATE events",
        "UPDATE events SET actor = 'eve'",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            foreign(limited, statement)


def test_no_byte_of_a_purged_text_stays_in_the_tables_files(url, postgres, tmp_path):
    words = "Quinquagésima" * 50

    def holding() -> bool:
        foreign(url, "CHECKPOINT")
        files = [file for file in (postgres.data / "base").rglob("*") if file.is_file()]
        return any(b"Quinquag" in file.read_bytes() for file in files)

    added = {"learning": "m", "category": "need", "language": "pt", "text": text_hash(words)}
    with Ledger.open(url, folder=tmp_path) as ledger:
        # the second one keeps the page of the first from being cut off as empty
        two = [NewEvent("learning_added", added)]
        ledger.append(A, two, expected_version=0, texts=[words, "stays"])
        assert holding()
        gone = NewEvent("texts_purged", {"texts": [text_hash(words)]})
        ledger.append(A, [gone], expected_version=1)
        assert not holding()
        assert ledger.texts("empresa-a", [text_hash("stays")])


def test_a_ledger_another_program_holds_too_long_is_an_error_and_not_a_wait(
    place, tmp_path, monkeypatch
):
    monkeypatch.setattr(ledger_postgres, "BUSY_SECONDS", 0.05)
    with Ledger.open(place, folder=tmp_path) as ledger, closing(psycopg2.connect(place)) as other:
        other.cursor().execute(f"SELECT pg_advisory_xact_lock({ledger_postgres._LOCK})")
        assert len(ledger.read()) == 5  # readers do not wait for writers
        with pytest.raises(LedgerError, match="nothing was recorded"):
            ledger.append(A, [moved(6)], expected_version=5)
        other.rollback()
        ledger.append(A, [moved(6)], expected_version=5)
        assert ledger.verify().count == 6


def test_a_connection_the_server_ended_is_made_anew(place, tmp_path):
    with Ledger.open(place, folder=tmp_path) as ledger:
        assert len(ledger.read()) == 5
        foreign(
            place,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'orch' AND pid <> pg_backend_pid()",
        )
        ledger.append(A, [moved(6)], expected_version=5)


def test_a_server_that_lies_about_durability_by_default_is_told_not_to(place, tmp_path):
    lazy = place.replace("-csearch_path", "-csynchronous_commit%3Doff%20-csearch_path")
    with closing(psycopg2.connect(lazy)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("off",)
    with (
        Ledger.open(lazy, folder=tmp_path) as ledger,
        ledger_postgres.write(ledger._engine) as connection,
    ):
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def backends(url: str) -> set[int]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'orch'")
        return {pid for (pid,) in cursor}


def test_a_child_forked_in_the_middle_of_a_transaction_leaves_its_parents_connection_alone(
    place, tmp_path
):
    with Ledger.open(place, folder=tmp_path) as ledger:
        inside, go_on = threading.Event(), threading.Event()

        def read() -> None:
            with ledger_postgres.read(ledger._engine) as connection:
                connection.exec_driver_sql("SELECT 1")
                inside.set()
                go_on.wait(10)
                rows.append(connection.exec_driver_sql("SELECT count(*) FROM events").scalar())

        rows: list[int] = []
        with ledger_postgres.read(ledger._engine), ledger_postgres.read(ledger._engine):
            pass  # two connections: one at work in the fork, one idle
        thread = threading.Thread(target=read)
        thread.start()
        inside.wait(10)
        before = backends(place)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                ledger.append(A, [moved("child")], expected_version=5)
                ledger.close()
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert before <= backends(place)
        go_on.set()
        thread.join()
        assert rows == [5]
        ledger.append(A, [moved("parent")], expected_version=6)
        assert ledger.verify().count == 7


def test_another_programs_tables_are_refused_and_left_alone(url, tmp_path):
    foreign(url, "CREATE TABLE events (title text)")
    with pytest.raises(LedgerError, match="another program"):
        Ledger.open(url, folder=tmp_path)


def test_a_ledger_of_a_newer_program_is_refused_with_a_reason(place, tmp_path):
    foreign(place, "INSERT INTO schema_migrations VALUES (3, 'more', 'now', 'digest')")
    with pytest.raises(LedgerError, match="schema version 3") as refusal:
        Ledger.open(place, folder=tmp_path)
    assert not isinstance(refusal.value, LedgerDamaged)
