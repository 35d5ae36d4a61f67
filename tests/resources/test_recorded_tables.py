"""Every commit of a company's table stands in the ledger, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from coordinator.frames import RowChanges, commits_frame
from coordinator.git import Commit
from coordinator.ledger.events import Event
from resources.ledger import Ledger
from resources.recorded_tables import RecordedTables
from resources.tables import Tables

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.db") as opened:
        yield opened


@pytest.fixture
def recorded(tmp_path: Path, ledger: Ledger) -> RecordedTables:
    return RecordedTables("acme", Tables(tmp_path / "tables"), ledger)


def commits(*ids: str, message: str = "words") -> pd.DataFrame:
    return commits_frame(Commit(sha, (), "Ada", "", MOMENT, MOMENT, message, (), 0) for sha in ids)


def told(ledger: Ledger) -> list[Event]:
    return ledger.read(company="acme")


def test_a_write_records_the_tables_version_and_what_it_was_computed_from(
    recorded: RecordedTables, ledger: Ledger
) -> None:
    written = recorded.write(
        "git_commits", commits("a", "b"), run="run-1", version="v1", counts={"seen": 2}
    )
    state = ledger.state("acme")
    assert (written.inserted, written.rows) == (2, 2)
    assert (state.tables["git_commits"].version, state.rows("git_commits")) == (written.version, 2)
    asset = state.assets["git_commits"]
    assert (asset.input_version, asset.rows, asset.counts) == ("v1", 2, {"seen": 2})
    assert asset.data_version == f"git_commits@{written.version}"
    assert {event.correlation_id for event in told(ledger)} == {"run-1"}


def test_the_same_content_again_is_no_commit_and_no_event(
    recorded: RecordedTables, ledger: Ledger
) -> None:
    first = recorded.write("git_commits", commits("a"), run="run-1", version="v1")
    before = told(ledger)
    again = recorded.write("git_commits", commits("a"), run="run-2", version="v1")
    assert again.version == first.version
    assert (again.inserted, again.updated, again.deleted) == (0, 0, 0)
    assert told(ledger) == before


def test_the_same_content_of_another_version_records_only_that(
    recorded: RecordedTables, ledger: Ledger
) -> None:
    recorded.write("git_commits", commits("a"), run="run-1", version="v1")
    recorded.write("git_commits", commits("a"), run="run-2", version="v2")
    assert [event.event_type for event in told(ledger)] == [
        *("table_committed", "asset_computed"),
        "asset_computed",
    ]
    assert ledger.state("acme").assets["git_commits"].input_version == "v2"


def test_a_whole_content_removes_what_it_lacks_and_changes_only_add(
    recorded: RecordedTables, ledger: Ledger
) -> None:
    recorded.write("git_commits", commits("a", "b"), run="r", version="v1")
    whole = recorded.write("git_commits", commits("b", "c"), run="r", version="v2")
    assert (whole.inserted, whole.deleted, whole.rows) == (1, 1, 2)
    changes = RowChanges(commits("d"), removed=("b", "never there"))
    part = recorded.write("git_commits", changes, run="r", version="v3")
    assert (part.inserted, part.deleted, part.rows) == (1, 1, 2)
    assert set(recorded.tables.ids("git_commits")) == {"c", "d"}
    assert ledger.state("acme").tables["git_commits"].version == part.version


def test_changes_that_change_nothing_are_no_event(recorded: RecordedTables, ledger: Ledger) -> None:
    recorded.write("git_commits", commits("a"), run="r", version="v1")
    before = told(ledger)
    nothing = RowChanges(commits(), removed=())
    assert recorded.write("git_commits", nothing, run="r", version="v1").rows == 1
    assert told(ledger) == before


def test_an_empty_first_content_is_recorded_too(recorded: RecordedTables, ledger: Ledger) -> None:
    # else the asset would never count as computed and an empty company never as synced
    recorded.write("git_commits", commits(), run="r", version="v1")
    state = ledger.state("acme")
    assert state.assets["git_commits"].input_version == "v1"
    assert state.rows("git_commits") == 0


def test_a_crash_between_table_and_ledger_is_caught_up_by_the_next_write(
    recorded: RecordedTables, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, "append", cut)
    with pytest.raises(KeyboardInterrupt):
        recorded.write("git_commits", commits("a"), run="r", version="v1")
    monkeypatch.undo()
    assert told(ledger) == []
    again = recorded.write("git_commits", commits("a"), run="r", version="v1")
    assert again.inserted == 0
    assert ledger.state("acme").tables["git_commits"].version == again.version


def test_nothing_private_reaches_the_ledger(recorded: RecordedTables, ledger: Ledger) -> None:
    recorded.write("git_commits", commits("a", message="PRIVATE WORDS"), run="r", version="v1")
    assert b"PRIVATE" not in ledger.anchors.path.with_suffix(".db").read_bytes()
    assert not any("PRIVATE" in repr(event) for event in told(ledger))
