"""A sync in the ledger: asked for, completed when all of it is done, or failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coordinator.errors import GitError
from coordinator.ledger.company_events import AssetComputed
from coordinator.ledger.events import NewEvent
from coordinator.versions import MEMORY_ASSETS, SOURCE_ASSETS, memory_version
from resources.ledger import Ledger
from resources.sync_log import SyncLog

SETTINGS = "settings"
STEPS = (*SOURCE_ASSETS["git"], *MEMORY_ASSETS)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.db") as opened:
        yield opened


def compute(ledger: Ledger, version: str, *assets: str) -> None:
    """Compute assets: those of a source from `version`, what is learned from what was read then."""
    for name in assets:
        learned = memory_version(SETTINGS, ledger.state("acme"))
        of = learned if name in MEMORY_ASSETS else version
        event = AssetComputed(asset=name, input_version=of, data_version="x", rows=1)
        ledger.append("company:acme", [NewEvent("asset_computed", event)], expected_version=None)


def told(ledger: Ledger) -> list[str]:
    events = ledger.read(company="acme")
    return [event.event_type for event in events if event.event_type != "asset_computed"]


def test_a_complete_sync_moves_the_cursor_and_records_its_counts(ledger: Ledger) -> None:
    compute(ledger, "v1", *STEPS)
    assert SyncLog("acme", ledger).completed(SETTINGS, {"commits": 3}, run="run-1")
    state = ledger.state("acme")
    assert (state.cursors["git"].cursor, state.cursors["git"].moves) == ("v1", 1)
    assert (state.syncs, dict(state.last_sync_counts)) == (1, {"commits": 3})
    assert {event.correlation_id for event in ledger.read(event_type="cursor_moved")} == {"run-1"}


@pytest.mark.parametrize("missing", STEPS)
def test_the_cursor_stays_while_any_asset_is_missing_or_behind(
    ledger: Ledger, missing: str
) -> None:
    # else materializing the last asset alone would step over work not done
    log = SyncLog("acme", ledger)
    compute(ledger, "v2", *(name for name in STEPS if name != missing))
    assert log.completed(SETTINGS, {}, run="r") == []
    compute(ledger, "v1", *STEPS)
    compute(ledger, "v2", *(name for name in STEPS if name != missing))
    assert log.completed(SETTINGS, {}, run="r") == []
    assert told(ledger) == []
    compute(ledger, "v2", *STEPS)
    assert log.completed(SETTINGS, {}, run="r") == ["git"]
    assert ledger.state("acme").cursors["git"].cursor == "v2"


def test_each_source_has_a_cursor_of_its_own(ledger: Ledger) -> None:
    log = SyncLog("acme", ledger)
    compute(ledger, "j1", "jira_issues", *MEMORY_ASSETS)
    assert log.completed(SETTINGS, {}, run="r") == ["jira"]
    compute(ledger, "v1", *STEPS)
    assert log.completed(SETTINGS, {}, run="r") == ["git"]
    cursors = ledger.state("acme").cursors
    assert {name: one.cursor for name, one in cursors.items()} == {"jira": "j1", "git": "v1"}


def test_a_source_read_and_not_learned_from_does_not_move_its_cursor(ledger: Ledger) -> None:
    log = SyncLog("acme", ledger)
    compute(ledger, "v1", *STEPS)
    compute(ledger, "j1", "jira_issues")  # the run was killed behind it
    assert log.completed(SETTINGS, {}, run="r") == []
    compute(ledger, "", *MEMORY_ASSETS)
    assert log.completed(SETTINGS, {}, run="r") == ["git", "jira"]


def test_what_was_learned_under_other_settings_does_not_count(ledger: Ledger) -> None:
    compute(ledger, "v1", *STEPS)
    assert SyncLog("acme", ledger).completed("other settings", {}, run="r") == []


def test_a_sync_done_already_is_not_recorded_again(ledger: Ledger) -> None:
    compute(ledger, "v1", *STEPS)
    log = SyncLog("acme", ledger)
    assert log.completed(SETTINGS, {}, run="r")
    before = told(ledger)
    assert not log.completed(SETTINGS, {}, run="r")
    assert told(ledger) == before


def test_each_move_knows_where_it_came_from(ledger: Ledger) -> None:
    log = SyncLog("acme", ledger)
    for version in ("v1", "v2", "v1"):
        compute(ledger, version, *STEPS)
        assert log.completed(SETTINGS, {}, run="r")
    moves = [event.payload for event in ledger.read(event_type="cursor_moved")]
    assert [(move.previous, move.cursor) for move in moves] == [  # type: ignore[attr-defined]
        (None, "v1"),
        ("v1", "v2"),
        ("v2", "v1"),
    ]
    assert ledger.state("acme").cursors["git"].moves == 3


def test_the_version_of_an_empty_repository_is_a_cursor_too(ledger: Ledger) -> None:
    compute(ledger, "+abc", *STEPS)
    assert SyncLog("acme", ledger).completed(SETTINGS, {}, run="r")


def test_a_sync_cut_off_before_the_cursor_moved_is_asked_for_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    compute(ledger, "v1", *STEPS)
    monkeypatch.setattr(Ledger, "append", cut)
    with pytest.raises(KeyboardInterrupt):
        SyncLog("acme", ledger).completed(SETTINGS, {}, run="r")
    monkeypatch.undo()
    assert ledger.state("acme").cursors == {}
    assert SyncLog("acme", ledger).completed(SETTINGS, {}, run="r")


def test_a_failure_is_recorded_by_its_class_and_place_and_counts(ledger: Ledger) -> None:
    log = SyncLog("acme", ledger)
    log.requested("sensor", run="r")
    for _ in range(2):
        log.failed(GitError.__name__, "git_commits", run="r")
    state = ledger.state("acme")
    failure = state.failures["git"]
    assert (failure.in_a_row, failure.error_kind, failure.stage) == (2, "GitError", "git_commits")
    compute(ledger, "v1", *STEPS)
    log.completed(SETTINGS, {}, run="r")
    assert dict(ledger.state("acme").failures) == {}
    assert told(ledger)[:3] == ["sync_requested", "sync_failed", "sync_failed"]


def test_one_companys_log_says_nothing_of_another(ledger: Ledger) -> None:
    SyncLog("acme", ledger).failed("GitError", "git_commits", run="r")
    assert dict(ledger.state("other").failures) == {}


def test_a_failure_of_one_source_says_nothing_of_another(ledger: Ledger) -> None:
    log = SyncLog("acme", ledger)
    log.failed("SourceUnreachable", "jira_issues", run="r", source="jira")
    log.failed("GitError", "git_commits", run="r")
    compute(ledger, "v1", *STEPS)
    log.completed(SETTINGS, {}, run="r")
    assert set(ledger.state("acme").failures) == {"jira"}
