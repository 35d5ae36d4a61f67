"""Snapshots make a long stream quick to fold, and never make another state of it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from coordinator.errors import LedgerDamaged
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.company_events import CursorMoved
from coordinator.ledger.company_state import COMPANY
from coordinator.ledger.events import NewEvent
from resources.ledger import Ledger, snapshots

A = "company:empresa-a"
MANY = snapshots.WORTHWHILE + 3


def moved(cursor: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)})


@pytest.fixture
def ledger(ledger_place):
    with ledger_place.open(actor="ana") as opened:
        new = [NewEvent("company_created", {"settings_hash": "s"})]
        new += [moved(index) for index in range(MANY - 1)]
        opened.append(A, new, expected_version=0)
        yield opened


def kept(ledger) -> dict[str, int]:
    """Version by stream of the snapshots there are."""
    with ledger._database.read(ledger._engine) as connection:
        return {row.stream: row.version for row in connection.execute(snapshots.snapshots.select())}


def replace(ledger, **columns: object) -> None:
    with ledger._database.write(ledger._engine) as connection:
        [row] = connection.execute(snapshots.snapshots.select()).all()
        connection.execute(snapshots.snapshots.delete())
        connection.execute(snapshots.snapshots.insert().values({**row._mapping, **columns}))


def whole(ledger):
    """The state without a snapshot."""
    return COMPANY.fold(ledger.read(stream=A))


def test_a_long_stream_is_folded_from_its_snapshot_on(ledger, monkeypatch):
    first = ledger.state("empresa-a")
    assert kept(ledger) == {A: MANY}
    ledger.append(A, [moved("last")], expected_version=MANY)
    folded: list[int] = []
    fold = type(COMPANY).fold

    def counted(self, stream, state=None):
        events = list(stream)
        folded.append(len(events))
        return fold(self, events, state)

    monkeypatch.setattr(type(COMPANY), "fold", counted)
    second = ledger.state("empresa-a")
    assert folded == [1]
    monkeypatch.undo()
    assert second == whole(ledger) != first
    assert second.last_sync_at == whole(ledger).last_sync_at
    assert kept(ledger) == {A: MANY}  # one more event is not worth another
    assert ledger.verify().count == MANY + 1


def test_a_short_stream_gets_none(ledger):
    ledger.append("company:empresa-b", [moved(1)], expected_version=0)
    ledger.state("empresa-b")
    assert kept(ledger) == {}


def test_a_stream_that_grew_long_again_gets_a_newer_one_in_its_place(ledger):
    ledger.state("empresa-a")
    ledger.append(A, [moved(index) for index in range(MANY)], expected_version=MANY)
    assert ledger.state("empresa-a") == whole(ledger)
    assert kept(ledger) == {A: 2 * MANY}


def forged_state(ledger) -> str:
    with ledger._database.read(ledger._engine) as connection:
        [row] = connection.execute(snapshots.snapshots.select()).all()
    return canonical_json({**json.loads(row.state), "settings_hash": "forged"})


@pytest.mark.parametrize(
    "columns",
    [
        {"state": None},
        {"state": "not json"},
        {"state": "{}"},
        {"state": '{"version":[]}'},
        {"state": "[" * 5_000},
        {"state_hash": "f" * 64},
        {"event_hash": "f" * 64},
        {"version": 3},
        {"version": 999_999},
        {"reducer_version": COMPANY.version + 1},
        {"reducer_version": COMPANY.version - 1},
        {"reducer": "other"},
    ],
    ids=str,
)
def test_a_snapshot_that_does_not_fit_is_not_taken(ledger, columns):
    ledger.state("empresa-a")
    replace(ledger, **{key: value or forged_state(ledger) for key, value in columns.items()})
    assert ledger.state("empresa-a") == whole(ledger)
    assert ledger.verify().count == MANY


def test_a_snapshot_of_another_history_is_not_taken(ledger, tmp_path):
    ledger.state("empresa-a")
    with ledger._database.read(ledger._engine) as connection:
        [row] = connection.execute(snapshots.snapshots.select()).all()
    with Ledger.open(tmp_path / "other.db") as other:
        new = [NewEvent("company_created", {"settings_hash": "other"})]
        other.append(A, new + [moved("x")] * (MANY - 1), expected_version=0)
        with other._database.write(other._engine) as connection:
            connection.execute(snapshots.snapshots.insert().values(row._mapping))
        assert other.state("empresa-a").settings_hash == "other"


def test_a_changed_event_below_the_snapshot_is_damage(ledger):
    """The last one: the snapshot stands on it."""
    ledger.state("empresa-a")
    change(ledger, f"UPDATE events SET actor = 'eve' WHERE version = {MANY}")
    with pytest.raises(LedgerDamaged):
        ledger.state("empresa-a")


def test_a_reducer_that_makes_another_state_starts_from_the_first_event(ledger):
    ledger.state("empresa-a")
    newer = dataclasses.replace(
        COMPANY,
        version=COMPANY.version + 1,
        rules={**COMPANY.rules, CursorMoved: lambda state, _, __: state},
    )
    assert ledger.fold(A, newer).cursors == {}
    assert ledger.state("empresa-a") == whole(ledger)


def test_a_snapshot_forged_with_its_hash_is_found_by_verify(ledger):
    ledger.state("empresa-a")
    state = forged_state(ledger)
    replace(ledger, state=state, state_hash=COMPANY.hash(COMPANY.from_plain(json.loads(state))))
    # control: it is taken, so nothing but verify tells
    assert ledger.state("empresa-a").settings_hash == "forged"
    with pytest.raises(LedgerDamaged, match="snapshot of company:empresa-a"):
        ledger.verify()


def test_a_snapshot_that_cannot_be_kept_costs_nothing(ledger, monkeypatch):
    monkeypatch.setattr(type(COMPANY), "from_plain", lambda self, data: self.initial)
    assert ledger.state("empresa-a") == whole(ledger)
    assert kept(ledger) == {}


def test_a_missing_event_behind_the_snapshot_is_damage(ledger):
    ledger.state("empresa-a")
    ledger.append(A, [moved(1), moved(2)], expected_version=MANY)
    change(ledger, f"DELETE FROM events WHERE version = {MANY + 1}")
    with pytest.raises(LedgerDamaged):
        ledger.state("empresa-a")


def change(ledger, statement: str) -> None:
    """Another program that owns the tables does `statement` with the guards out of the way."""
    with ledger._database.maker(ledger._place).connect() as connection:
        if ledger._engine.dialect.name == "sqlite":
            for verb in ("delete", "update"):
                connection.exec_driver_sql(f"DROP TRIGGER events_no_{verb}")
        else:
            connection.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER ALL")
        connection.exec_driver_sql(statement)
        connection.commit()
