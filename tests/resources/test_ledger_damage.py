"""What another program, a bad disk or an old copy did to the ledger shows.

A foreign SQLite connection can drop the triggers, do as it likes and put them back: the attacks
here do, so that only the chain and the anchors are left to tell.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.errors import LedgerDamaged, LedgerError
from coordinator.ledger.chain import COLUMNS, GENESIS, EventRow, event_hash, verify_chain
from coordinator.ledger.events import NewEvent, text_hash
from resources.ledger import Ledger
from resources.ledger.replaying import replay
from resources.progress import Silence

A = "company:empresa-a"
SEED = 20_260_131


def moved(cursor: object, **columns: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)}, **columns)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of 12 events, closed: everything is in one file, and its anchors."""
    where = tmp_path / "home" / "ledger.db"
    where.parent.mkdir()
    with Ledger.open(where) as ledger:
        for index in range(6):
            stream = f"company:empresa-{'ab'[index % 2]}"
            new = [moved(index, feature="feat-payment"), moved(f"{index}!")]
            ledger.append(stream, new, expected_version=None)
    assert not where.with_name("ledger.db-wal").exists()
    return where


def rows(path: Path) -> list[EventRow]:
    with closing(sqlite3.connect(path)) as foreign:
        listed = foreign.execute(f"SELECT {','.join(COLUMNS)} FROM events ORDER BY position")
        return [EventRow(*row) for row in listed]


def overwrite(path: Path, changed: list[EventRow]) -> None:
    """Make `changed` all there is in the ledger, triggers dropped and put back."""
    with closing(sqlite3.connect(path)) as foreign, foreign:
        triggers = foreign.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            foreign.execute(f"DROP TRIGGER {name}")
        foreign.execute("DELETE FROM events")
        marks = ",".join("?" * len(COLUMNS))
        foreign.executemany(
            f"INSERT INTO events VALUES ({marks})",
            [[getattr(row, column) for column in COLUMNS] for row in changed],
        )
        for _, sql in triggers:
            foreign.execute(sql)


def change_payload(path: Path) -> None:
    changed = rows(path)
    changed[4] = replace(changed[4], payload='{"cursor":"evil","source":"git"}')
    overwrite(path, changed)


def change_payload_and_its_hash(path: Path) -> None:
    changed = rows(path)
    evil = replace(changed[4], payload='{"cursor":"evil","source":"git"}')
    changed[4] = replace(evil, hash=event_hash(evil.prev_hash, evil))
    overwrite(path, changed)


def change_hash(path: Path) -> None:
    changed = rows(path)
    changed[4] = replace(changed[4], hash="f" * 64)
    overwrite(path, changed)


def swap_rows(path: Path) -> None:
    changed = rows(path)
    fifth, sixth = changed[4], changed[5]
    changed[4] = replace(sixth, position=5, version=fifth.version)
    changed[5] = replace(fifth, position=6, version=sixth.version)
    overwrite(path, changed)


def delete_middle(path: Path) -> None:
    changed = rows(path)
    overwrite(path, changed[:4] + changed[5:])


def rechain(changed: list[EventRow]) -> list[EventRow]:
    """The rows with positions, versions and hashes as if they had been written so."""
    chained: list[EventRow] = []
    versions: dict[str, int] = {}
    for position, row in enumerate(changed, start=1):
        prev_hash = chained[-1].hash if chained else GENESIS
        versions[row.stream] = versions.get(row.stream, 0) + 1
        moved_row = replace(
            row, position=position, version=versions[row.stream], prev_hash=prev_hash
        )
        chained.append(replace(moved_row, hash=event_hash(prev_hash, moved_row)))
    return chained


def delete_middle_and_rewrite_the_chain(path: Path) -> None:
    changed = rows(path)
    overwrite(path, rechain(changed[:4] + changed[5:]))


def rewrite_the_chain(path: Path) -> None:
    changed = rows(path)
    changed[4] = replace(changed[4], actor="eve")
    overwrite(path, rechain(changed))


def delete_tail(path: Path) -> None:
    overwrite(path, rows(path)[:8])


def delete_everything(path: Path) -> None:
    overwrite(path, [])


def insert_forged_row(path: Path) -> None:
    changed = rows(path)
    forged = replace(changed[4], event_id="forged", actor="eve")
    overwrite(path, rechain([*changed[:5], forged, *changed[5:]]))


def insert_before_the_first(path: Path) -> None:
    changed = rows(path)
    forged = replace(changed[0], position=-5, event_id="forged", stream="coordinator", version=1)
    overwrite(path, [forged, *changed])


def make_text_unreadable(path: Path) -> None:
    with closing(sqlite3.connect(path)) as foreign, foreign:
        [sql] = foreign.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'events_no_update'"
        ).fetchone()
        foreign.execute("DROP TRIGGER events_no_update")
        foreign.execute("UPDATE events SET actor = CAST(x'ff' AS TEXT) WHERE position = 5")
        foreign.execute(sql)


def edit_anchor(path: Path) -> None:
    anchors = path.with_name("ledger.anchors")
    lines = anchors.read_text().splitlines()
    lines[3] = f"6 {'f' * 64}"
    anchors.write_text("\n".join(lines) + "\n")


def edit_anchored_count(path: Path) -> None:
    anchors = path.with_name("ledger.anchors")
    anchors.write_text(anchors.read_text().replace("\n12 ", "\n11 "))


def edit_first_anchor(path: Path) -> None:
    anchors = path.with_name("ledger.anchors")
    anchors.write_text(anchors.read_text().replace(f"0 {GENESIS}", f"0 {'f' * 64}"))


def remove_anchors(path: Path) -> None:
    path.with_name("ledger.anchors").unlink()


def restore_older_copy(path: Path) -> None:
    """Bring the ledger, not its anchors, back from an older copy."""
    older = path.with_name("older.db")
    overwrite(path, rows(path))  # the copy is of a ledger that was opened and closed cleanly
    shutil.copy(path, older)
    with Ledger.open(path) as ledger:
        ledger.append(A, [moved("newer")], expected_version=None)
    shutil.copy(older, path)
    older.unlink()


def remove_ledger(path: Path) -> None:
    path.unlink()


def empty_ledger(path: Path) -> None:
    path.write_bytes(b"")


def lose_the_write_ahead_log(path: Path) -> None:
    """Leave what lies in ledger.db of a young ledger whose writer died: nothing but a header."""
    for file in (path, path.with_name("ledger.anchors")):
        file.unlink()
    young = path.with_name("young.db")
    with Ledger.open(path) as ledger:
        ledger.append(A, [moved("young")], expected_version=None)
        shutil.copy(path, young)
    young.replace(path)


ATTACKS: dict[Callable[[Path], None], int] = {
    change_payload: 5,
    change_payload_and_its_hash: 6,
    change_hash: 5,
    swap_rows: 5,
    delete_middle: 5,
    delete_middle_and_rewrite_the_chain: 6,
    rewrite_the_chain: 6,
    delete_tail: 9,
    delete_everything: 1,
    insert_forged_row: 6,
    insert_before_the_first: 1,
    make_text_unreadable: 5,
    edit_anchor: 6,
    edit_anchored_count: 11,
    edit_first_anchor: 0,
    remove_anchors: 0,
    restore_older_copy: 13,
    remove_ledger: 0,
    empty_ledger: 0,
    lose_the_write_ahead_log: 1,
}
"""Each attack and the first broken position it leaves (anchors stand at every second one)."""


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_tampering_is_found_at_the_first_broken_row(path, attack):
    attack(path)
    with pytest.raises(LedgerDamaged) as found, Ledger.open(path) as ledger:
        ledger.verify()
    assert found.value.position == ATTACKS[attack]
    assert found.value.hint


@pytest.mark.parametrize(
    "attack",
    [
        delete_tail,
        delete_everything,
        rewrite_the_chain,
        restore_older_copy,
        empty_ledger,
        lose_the_write_ahead_log,
    ],
)
def test_a_ledger_that_contradicts_its_last_anchor_does_not_open(path, attack):
    attack(path)
    left = path.read_bytes()
    with pytest.raises(LedgerDamaged):
        Ledger.open(path)
    assert path.read_bytes() == left


SWAPS = (remove_ledger, empty_ledger, restore_older_copy, lose_the_write_ahead_log)
UNDER_AN_OPEN_LEDGER = [
    attack
    for attack in ATTACKS
    # those swap the file below SQLite, whose write-ahead log and open file still hold everything
    if attack not in SWAPS
]


@pytest.mark.parametrize("attack", UNDER_AN_OPEN_LEDGER, ids=lambda attack: attack.__name__)
def test_an_open_ledger_finds_it_too(path, attack):
    with Ledger.open(path) as ledger:
        attack(path)
        with pytest.raises(LedgerDamaged):
            ledger.verify()


def test_without_an_attack_nothing_is_found(path):
    overwrite(path, rows(path))
    with Ledger.open(path) as ledger:
        assert ledger.verify().count == ledger.verify().anchored_count == 12


@pytest.mark.parametrize(
    "attack", [delete_tail, rewrite_the_chain, insert_forged_row, restore_older_copy]
)
def test_the_chain_alone_does_not_see_what_the_anchors_see(path, attack):
    """Controls: were the anchors gone, these would pass, so it is they that tell."""
    attack(path)
    assert verify_chain(rows(path)) is None
    path.with_name("ledger.anchors").write_bytes(b"")
    with Ledger.open(path) as ledger:
        assert ledger.verify().anchored_count == 0


def test_both_files_from_the_same_older_copy_are_a_sound_older_ledger(path):
    """What cannot show here: only anchors kept elsewhere know better."""
    older = path.parent.with_name("older")
    shutil.copytree(path.parent, older)
    with Ledger.open(path) as ledger:
        ledger.append(A, [moved("newer")], expected_version=None)
    shutil.rmtree(path.parent)
    older.rename(path.parent)
    with Ledger.open(path) as ledger:
        assert ledger.verify().count == 12


def test_events_recorded_after_the_last_anchor_are_no_damage(path):
    anchors = path.with_name("ledger.anchors")
    anchors.write_bytes(b"".join(anchors.read_bytes().splitlines(keepends=True)[:-2]))
    with Ledger.open(path) as ledger:
        verified = ledger.verify()
        assert (verified.count, verified.anchored_count) == (12, 8)


def test_reading_a_changed_row_is_refused_before_anybody_verifies(path):
    change_payload(path)
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerDamaged, match="position 5"):
            ledger.read()
        with pytest.raises(LedgerDamaged, match="position 5"):
            ledger.state("empresa-a")
        assert ledger.state("empresa-b").version == 6


def test_a_hole_in_a_companys_stream_is_refused_before_anybody_verifies(path):
    delete_middle(path)
    with Ledger.open(path) as ledger, pytest.raises(LedgerDamaged):
        ledger.state("empresa-a")


def test_a_replay_refuses_a_ledger_with_a_hole(path):
    delete_middle(path)
    with Ledger.open(path) as ledger, pytest.raises(LedgerDamaged, match="position 6"):
        replay(ledger, at=None, stream=None, progress=Silence())


@pytest.mark.parametrize("payload", ["not json", "[]", "{}", "7"])
def test_a_whole_chain_around_a_payload_without_its_text_is_damage(path, payload):
    """Anchors gone, too: only that the event should name a text tells."""
    named = {"learning": "m", "category": "need", "language": "pt", "text": text_hash("words")}
    with Ledger.open(path) as ledger:
        added = [NewEvent("learning_added", named)]
        ledger.append(A, added, expected_version=None, texts=["words"])
    changed = rows(path)
    at = next(number for number, row in enumerate(changed) if row.event_type == "learning_added")
    changed[at] = replace(changed[at], payload=payload)
    overwrite(path, rechain(changed))
    path.with_name("ledger.anchors").write_bytes(b"")
    with pytest.raises(LedgerDamaged) as found, Ledger.open(path) as ledger:
        ledger.verify()
    assert found.value.position == at + 1


@pytest.mark.parametrize(
    "content", [b"not a database at all", b"\0" * 8_192, b"SQLite format 3\0" + b"\xff" * 8_000]
)
def test_a_file_that_is_no_database_is_damage_with_a_hint(path, content):
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged) as found:
        Ledger.open(path)
    assert "backup" in found.value.hint


def test_an_index_that_lost_a_row_is_found(path):
    """A damaged index answers questions wrongly while every row is sound."""
    with closing(sqlite3.connect(path)) as foreign, foreign:
        foreign.execute("PRAGMA writable_schema=ON")
        wrong = "CREATE INDEX events_by_feature ON events (feature) WHERE feature = 'other'"
        right = "CREATE INDEX events_by_feature ON events (feature)"
        where = "WHERE name = 'events_by_feature'"
        foreign.execute(f"UPDATE sqlite_master SET sql = ? {where}", [wrong])
    with closing(sqlite3.connect(path)) as foreign, foreign:
        foreign.execute("REINDEX events_by_feature")
        foreign.execute("PRAGMA writable_schema=ON")
        foreign.execute(f"UPDATE sqlite_master SET sql = ? {where}", [right])
    with Ledger.open(path) as ledger:
        assert ledger.read(feature="feat-payment") == []
        with pytest.raises(LedgerDamaged, match="integrity"):
            ledger.verify()


def test_a_damage_is_a_ledger_error_with_the_position_in_its_message():
    assert issubclass(LedgerDamaged, LedgerError)
