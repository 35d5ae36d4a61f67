"""A ledger found damaged is closed to everybody who does not say that they know."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.errors import LedgerDamaged
from coordinator.ledger.events import COORDINATOR, NewEvent
from resources.ledger import Ledger

A, B = "company:empresa-a", "company:empresa-b"


def moved(cursor: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    where = tmp_path / "ledger.db"
    with Ledger.open(where) as ledger:
        ledger.append(A, [moved(1), moved(2)], expected_version=0)
        ledger.append(B, [moved(1)], expected_version=0)
    return where


def set_actor(path: Path, actor: str) -> None:
    with closing(sqlite3.connect(path)) as foreign, foreign:
        trigger = "SELECT sql FROM sqlite_master WHERE name = 'events_no_update'"
        [sql] = foreign.execute(trigger).fetchone()
        foreign.execute("DROP TRIGGER events_no_update")
        foreign.execute("UPDATE events SET actor = ? WHERE position = 2", [actor])
        foreign.execute(sql)


@pytest.fixture
def damaged(path: Path) -> Path:
    """A ledger whose second event was changed, and somebody has verified it."""
    with closing(sqlite3.connect(path)) as foreign:
        [actor] = foreign.execute("SELECT actor FROM events WHERE position = 2").fetchone()
    path.with_name("actor").write_text(actor)
    set_actor(path, "eve")
    with Ledger.open(path) as ledger, pytest.raises(LedgerDamaged):
        ledger.verify()
    return path


def repair(path: Path) -> None:
    set_actor(path, path.with_name("actor").read_text())


def test_nothing_starts_on_it_and_the_row_is_named(damaged):
    with pytest.raises(LedgerDamaged, match="position 2") as found:
        Ledger.open(damaged)
    assert found.value.position == 2
    assert "--i-know" in found.value.hint
    mark = damaged.with_name("ledger.damaged")
    assert stat.S_IMODE(mark.stat().st_mode) == 0o600


def test_who_knows_goes_on_with_what_is_sound_and_that_is_recorded_once(damaged):
    for _ in range(2):
        with Ledger.open(damaged, actor="ana", i_know=True) as ledger:
            ledger.acknowledge_damage()
            assert ledger.state("empresa-b").version == 1
            with pytest.raises(LedgerDamaged, match="position 2"):
                ledger.state("empresa-a")  # a changed row is believed by nobody
    [event] = ledger.read(stream=COORDINATOR)
    assert (event.event_type, event.payload.position, event.actor) == (
        "damage_acknowledged",
        2,
        "ana",
    )
    with pytest.raises(LedgerDamaged):
        Ledger.open(damaged)


def test_a_clean_verification_opens_it_again(damaged):
    repair(damaged)
    with pytest.raises(LedgerDamaged):
        Ledger.open(damaged)
    with Ledger.open(damaged, i_know=True) as ledger:
        ledger.verify()
    Ledger.open(damaged).close()


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"position": "x"}', "\0", "{" * 9_999]
)
def test_a_mark_nobody_can_read_still_holds(path, content):
    path.with_name("ledger.damaged").write_text(content)
    with pytest.raises(LedgerDamaged) as found:
        Ledger.open(path)
    assert found.value.position == 0


def test_a_mark_that_cannot_be_left_does_not_hide_what_was_found(path, monkeypatch):
    set_actor(path, "eve")
    with Ledger.open(path) as ledger:
        path.with_name("ledger.damaged").mkdir()
        with pytest.raises(LedgerDamaged, match="position 2"):
            ledger.verify()


def test_who_knows_opens_one_that_lost_its_tail_or_a_guard(path):
    with path.with_name("ledger.anchors").open("a") as anchors:
        anchors.write(f"9 {'f' * 64}\n")
    with pytest.raises(LedgerDamaged, match="6 events are missing"):
        Ledger.open(path)
    with Ledger.open(path, i_know=True) as ledger:
        ledger.acknowledge_damage()
        assert ledger.state("empresa-a").version == 2
        assert [event.payload.position for event in ledger.read(stream=COORDINATOR)] == [4]


def test_where_nothing_can_be_recorded_going_on_is_at_least_told(damaged, caplog):
    with closing(sqlite3.connect(damaged)) as foreign, foreign:
        foreign.execute(
            "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with Ledger.open(damaged, i_know=True) as ledger:
        ledger.acknowledge_damage()
        assert ledger.state("empresa-b").version == 1
    assert "could not be recorded" in caplog.text


@pytest.mark.parametrize("left", [None, b""])
def test_a_ledger_that_is_gone_does_not_open_even_for_who_knows(path, left):
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    with pytest.raises(LedgerDamaged, match="missing or empty"):
        Ledger.open(path, i_know=True)


def test_a_sound_ledger_has_nothing_to_acknowledge(path):
    with Ledger.open(path, i_know=True) as ledger:
        ledger.acknowledge_damage()
        assert ledger.read(stream=COORDINATOR) == []
