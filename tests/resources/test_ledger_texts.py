"""Words that events name by hash: kept with them, purged when an event says so, and verified."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.errors import CompanyError, LedgerDamaged, LedgerError, VersionConflict
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.events import NewEvent, text_hash
from resources.ledger import Ledger

A, B = "company:empresa-a", "company:empresa-b"
WORDS = canonical_json({"title": "Renovação", "content": "Renove o token antes de expirar."})
OTHER = canonical_json({"title": "", "content": "Chame a Joana."})


def added(words: str, **columns: object) -> NewEvent:
    payload = {
        "learning": f"m-{text_hash(words)[:8]}",
        "category": "need",
        "language": "pt",
        "text": text_hash(words),
    }
    return NewEvent("learning_added", payload, **columns)


def purged(*words: str, **columns: object) -> NewEvent:
    return NewEvent("texts_purged", {"texts": [text_hash(one) for one in words]}, **columns)


@pytest.fixture
def ledger(ledger_place):
    with ledger_place.open(actor="ana") as opened:
        yield opened


def test_a_text_comes_back_for_its_owner_alone(ledger):
    ledger.append(A, [added(WORDS), added(OTHER)], expected_version=0, texts=[WORDS, OTHER])
    hashes = [text_hash(WORDS), text_hash(OTHER), "f" * 64]
    assert ledger.texts("empresa-a", hashes) == {hashes[0]: WORDS, hashes[1]: OTHER}
    assert ledger.texts("empresa-b", hashes) == {}
    assert ledger.text_hashes("empresa-a") == sorted(hashes[:2])
    assert ledger.text_hashes("empresa-b") == []
    assert ledger.texts("empresa-a", []) == {}
    with pytest.raises(CompanyError):
        ledger.texts("../x", hashes)


def test_the_same_words_of_two_companies_are_two_texts(ledger):
    for stream in (A, B):
        ledger.append(stream, [added(WORDS)], expected_version=0, texts=[WORDS])
    ledger.append(A, [purged(WORDS)], expected_version=1)
    assert ledger.text_hashes("empresa-a") == []
    assert ledger.texts("empresa-b", [text_hash(WORDS)]) == {text_hash(WORDS): WORDS}
    assert ledger.verify().count == 3


def test_a_text_named_again_is_not_stored_twice(ledger):
    ledger.append(A, [added(WORDS)], expected_version=0, texts=[WORDS])
    ledger.append(A, [added(WORDS)], expected_version=1, texts=[WORDS])
    ledger.append(A, [added(WORDS)], expected_version=2)
    assert ledger.text_hashes("empresa-a") == [text_hash(WORDS)]
    assert ledger.verify().count == 3


def test_an_event_that_names_a_text_nobody_keeps_is_refused_alone(ledger):
    with pytest.raises(LedgerError, match="not kept"):
        ledger.append(A, [added(WORDS)], expected_version=0)
    ledger.append(A, [added(WORDS)], expected_version=0, texts=[WORDS])
    with pytest.raises(LedgerError, match="not kept"):  # empresa-b keeps none of a's
        ledger.append(B, [added(WORDS)], expected_version=0)
    ledger.append(A, [purged(WORDS)], expected_version=1)
    with pytest.raises(LedgerError, match="not kept"):
        ledger.append(A, [added(WORDS)], expected_version=2)
    ledger.append(A, [added(WORDS)], expected_version=2, texts=[WORDS])
    assert ledger.verify().count == 3


def test_what_is_refused_keeps_no_text(ledger):
    ledger.append(A, [added(WORDS)], expected_version=0, texts=[WORDS])
    with pytest.raises(VersionConflict):
        ledger.append(A, [added(OTHER)], expected_version=7, texts=[OTHER])
    assert ledger.text_hashes("empresa-a") == [text_hash(WORDS)]


def test_an_event_of_all_streams_names_the_texts_of_its_company(ledger):
    ledger.append(A, [added(WORDS)], expected_version=0, texts=[WORDS])
    copy = {
        "id": "g-0123456789abcdef",
        "learning": "m-1",
        "category": "need",
        "content": text_hash(WORDS),
        "proposal": 1,
    }
    ledger.append(
        "global", [NewEvent("learning_published", copy, company="empresa-a")], expected_version=0
    )
    with pytest.raises(LedgerError, match="company"):
        ledger.append("global", [NewEvent("learning_published", copy)], expected_version=1)
    with pytest.raises(LedgerError, match="company"):
        ledger.append("coordinator", [purged(WORDS)], expected_version=0)
    with pytest.raises(LedgerError, match="one company"):
        ledger.append(
            "global",
            [
                NewEvent("learning_published", copy, company="empresa-a"),
                NewEvent("learning_published", copy, company="empresa-b"),
            ],
            expected_version=1,
            texts=[WORDS],
        )
    assert ledger.verify().count == 2


@pytest.mark.parametrize(
    "words",
    ["'; DROP TABLE texts; --", "%s %(x)s :x ?", "\x01\x1b[2J", "𝕬𝖇 \u202e", "x" * 1_000_000, ""],
)
def test_any_words_come_back_as_they_were(ledger, words):
    ledger.append(A, [added(words)], expected_version=0, texts=[words])
    assert ledger.texts("empresa-a", [text_hash(words)]) == {text_hash(words): words}
    assert ledger.verify().count == 1


@pytest.mark.parametrize("words", ["half \ud83d of a pair", "a\0b", "x" * 10_000_000])
def test_words_that_cannot_be_kept_are_refused(ledger, words):
    event = NewEvent("cursor_moved", {"source": "git", "cursor": "1"})
    with pytest.raises(LedgerError, match="text"):
        ledger.append(A, [event], expected_version=0, texts=[words])
    assert ledger.head()[0] == 0


def foreign(ledger: Ledger, statement: str, trigger: str) -> None:
    """Another program that owns the tables does `statement` with a guard out of the way."""
    with ledger._database.maker(ledger._place).connect() as connection:
        if ledger._engine.dialect.name == "sqlite":
            found = f"SELECT sql FROM sqlite_master WHERE name = '{trigger}'"
            sql = connection.exec_driver_sql(found).scalar_one()
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
            connection.exec_driver_sql(statement)
            connection.exec_driver_sql(sql)
        else:
            guarded = "texts_append_only" if statement.startswith("UPDATE") else trigger
            connection.exec_driver_sql(f"ALTER TABLE texts DISABLE TRIGGER {guarded}")
            connection.exec_driver_sql(statement)
            connection.exec_driver_sql(f"ALTER TABLE texts ENABLE ALWAYS TRIGGER {guarded}")
        connection.commit()


def test_a_changed_text_is_found_when_read_and_by_verify(ledger):
    ledger.append(A, [added(OTHER), added(WORDS)], expected_version=0, texts=[WORDS, OTHER])
    foreign(
        ledger,
        f"UPDATE texts SET content = 'evil' WHERE sha256 = '{text_hash(WORDS)}'",
        "texts_no_update",
    )
    with pytest.raises(LedgerDamaged, match=text_hash(WORDS)[:12]) as found:
        ledger.texts("empresa-a", [text_hash(WORDS)])
    assert "evil" not in str(found.value)
    assert ledger.texts("empresa-a", [text_hash(OTHER)])
    with pytest.raises(LedgerDamaged) as found:
        ledger.verify()
    assert found.value.position == 2


def test_a_lost_text_is_found_by_verify_at_the_event_that_names_it(ledger):
    ledger.append(A, [added(OTHER), added(WORDS)], expected_version=0, texts=[WORDS, OTHER])
    ledger.append(A, [purged(OTHER)], expected_version=2)
    assert ledger.verify().count == 3
    foreign(ledger, f"DELETE FROM texts WHERE sha256 = '{text_hash(WORDS)}'", "texts_delete_purged")
    with pytest.raises(LedgerDamaged, match="missing") as found:
        ledger.verify()
    assert found.value.position == 2


def test_no_other_program_changes_or_deletes_a_text_unless_an_event_purged_it(ledger):
    ledger.append(A, [added(WORDS)], expected_version=0, texts=[WORDS])
    for statement in ("DELETE FROM texts", "UPDATE texts SET content = 'x'"):
        with (
            ledger._database.maker(ledger._place).connect() as connection,
            pytest.raises(Exception, match="the ledger"),
        ):
            connection.exec_driver_sql(statement)
    assert ledger.verify().count == 1


def test_no_byte_of_a_purged_text_stays_in_the_files(tmp_path):
    path = tmp_path / "ledger.db"
    secret = "Quinquagésima" * 500
    with Ledger.open(path) as ledger:
        ledger.append(A, [added(secret)], expected_version=0, texts=[secret])
        assert any(b"Quinquag" in file.read_bytes() for file in tmp_path.iterdir())
        ledger.append(A, [purged(secret)], expected_version=1)
        assert not any(b"Quinquag" in file.read_bytes() for file in tmp_path.iterdir())


def test_the_emptied_log_is_forced_to_disk(tmp_path, monkeypatch):
    """SQLite does not do it: a power failure would bring back the pages of the words."""
    forced = []

    def fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        forced.append((path.name, path.stat().st_size))
        os_fsync(handle)

    os_fsync = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    with Ledger.open(tmp_path / "ledger.db") as opened:
        opened.append(A, [added(WORDS)], expected_version=0, texts=[WORDS])
        opened.append(A, [purged(WORDS)], expected_version=1)
        assert forced[-1] == ("ledger.db-wal", 0)


def test_words_purged_while_somebody_reads_leave_the_files_when_the_ledger_is_closed(
    tmp_path, caplog
):
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        ledger.append(A, [added(WORDS)], expected_version=0, texts=[WORDS])
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM texts").fetchall()
            ledger.append(A, [purged(WORDS)], expected_version=1)
        assert ledger.text_hashes("empresa-a") == []
        assert "purged texts stay" in caplog.text
        assert holding(tmp_path, "Renovação".encode())
    assert not holding(tmp_path, "Renovação".encode())


def holding(folder: Path, word: bytes) -> list[str]:
    return [file.name for file in folder.iterdir() if word in file.read_bytes()]
