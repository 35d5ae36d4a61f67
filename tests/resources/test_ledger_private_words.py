"""A ledger that cannot store private words does not tell them to logs and event logs instead."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from coordinator.errors import StorageError
from coordinator.ledger.events import NewEvent, text_hash
from resources.ledger import Ledger
from resources.ledger import sqlite as ledger_sqlite


def added(words: str) -> NewEvent:
    payload = {"learning": "m-1", "category": "need", "language": "en", "text": text_hash(words)}
    return NewEvent("learning_added", payload)


def test_a_full_disk_does_not_tell_the_words_it_could_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = (*ledger_sqlite._PRAGMAS, "PRAGMA max_page_count=64")
    monkeypatch.setattr(ledger_sqlite, "_PRAGMAS", full)
    words = "the acquirer " * 40_000
    with Ledger.open(tmp_path / "ledger.db") as ledger, pytest.raises(StorageError) as raised:
        ledger.append("company:shop", [added(words)], expected_version=None, texts=[words])
    # whoever reports it, Dagster among them, prints the causes with it
    assert "acquirer" not in "".join(traceback.format_exception(raised.value))
