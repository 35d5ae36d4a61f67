"""Holding the table of copies against the ledger: every kind of damage is named."""

from __future__ import annotations

import json
import threading

import pytest

from coordinator.ledger.events import GLOBAL, NewEvent, text_hash
from resources.global_memory.index import TABLE
from resources.memory.vector_table import VectorTable


def changed(neighbours, **changes: object) -> None:
    """Write into the table behind the product's back."""
    tables = neighbours.home.global_tables()
    rows = tables.read(TABLE).assign(**changes)
    tables.upsert(TABLE, rows, schema=tables.schema(TABLE))


def test_a_sound_table_has_no_findings(neighbours):
    assert neighbours.shared.audit().sound
    neighbours.share("empresa-a", "retry")
    neighbours.share("empresa-b", "cache")
    found = neighbours.shared.audit()
    assert (found.sound, found.rows) == (True, 2)


def test_a_row_nobody_approved_is_found(neighbours):
    neighbours.share("empresa-a", "retry")
    tables = neighbours.home.global_tables()
    smuggled = tables.read(TABLE).assign(id="g-0123456789abcdef")
    tables.upsert(TABLE, smuggled, schema=tables.schema(TABLE))
    found = neighbours.shared.audit()
    assert found.unapproved == found.left_over == ("g-0123456789abcdef",)
    assert neighbours.shared.store().removed == 1
    assert neighbours.shared.audit().sound


@pytest.mark.parametrize(
    "columns",
    [{"content": "other words"}, {"title": "other"}, {"language": "pt"}, {"metadata": "{}"}],
)
def test_a_row_that_does_not_say_what_was_approved_is_found(neighbours, columns):
    copy = neighbours.share("empresa-a", "retry")
    changed(neighbours, **columns)
    found = neighbours.shared.audit()
    assert found.altered == (copy,)
    assert found.stale == (copy,)


def test_a_row_the_table_lacks_is_found_and_stored_again(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    neighbours.home.global_tables().drop(TABLE)
    assert neighbours.shared.audit().missing == (copy,)
    neighbours.shared.store()
    assert neighbours.shared.audit().sound


def test_a_row_that_stayed_behind_its_ledger_is_found(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    changed(neighbours, superseded_by="g-0123456789abcdef")
    assert neighbours.shared.audit().stale == (copy,)


def test_a_copy_published_past_the_inbox_is_found(neighbours):
    """Whoever can write events cannot make a copy look approved."""
    neighbours.share("empresa-a", "retry")
    (learning,) = neighbours.knows("empresa-b", "cache")
    text, _ = neighbours.shared.preview("empresa-b", learning)
    payload = {
        "id": "g-0123456789abcdef",
        "learning": learning,
        "category": "pattern",
        "content": text_hash(text),
        "proposal": 1,
    }
    event = NewEvent("learning_published", payload, company="empresa-b")
    neighbours.home.ledger.append(GLOBAL, [event], expected_version=None, texts=[text])
    neighbours.shared.store()
    assert neighbours.shared.audit().unapproved == ("g-0123456789abcdef",)


def test_a_slow_writer_does_not_take_out_what_was_published_since_it_read(neighbours, monkeypatch):
    neighbours.share("empresa-a", "retry")
    store, waits, goes_on = VectorTable.store, threading.Event(), threading.Event()

    def slow(self, rows, progress=None):
        if threading.current_thread().name == "slow" and self.shape.table == TABLE:
            waits.set()
            assert goes_on.wait(60)
        return store(self, rows, progress)

    monkeypatch.setattr(VectorTable, "store", slow)
    reader = threading.Thread(target=neighbours.shared.store, name="slow")
    reader.start()
    assert waits.wait(60)
    writer = threading.Thread(target=neighbours.share, args=("empresa-b", "cache"), name="quick")
    writer.start()
    writer.join(2)  # it would be done by now if nobody kept it waiting
    goes_on.set()
    reader.join()
    writer.join()
    assert neighbours.shared.audit().sound
    assert neighbours.home.global_tables().rows(TABLE) == 2


def test_one_memory_sees_what_another_recorded_since_it_looked(neighbours):
    memory = neighbours.shared
    assert memory.state().version == 0
    copy = neighbours.share("empresa-a", "retry")
    assert list(memory.state().copies) == [copy]
    neighbours.sees("empresa-b", "PaymentService")
    assert memory.state() == neighbours.shared.state()
    neighbours.shared.retract(copy, reason="", by="Ana Souza")
    assert memory.state() == neighbours.shared.state()
    assert not memory.state().copies


def test_a_rebuilt_table_is_sound(neighbours):
    neighbours.share("empresa-a", "retry")
    neighbours.home.global_tables().drop(TABLE)
    assert neighbours.shared.rebuild().rows == 1
    assert neighbours.shared.audit().sound
    assert json.loads(neighbours.home.global_tables().read(TABLE).iloc[0]["metadata"])
