"""`orch events` as a person at a terminal, or a script, meets it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.ledger.events import NewEvent
from coordinator.settings import CoordinatorSettings, dump
from orch_dagster.cli.main import run
from resources.ledger import Ledger


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "orch.yaml").write_text(dump(CoordinatorSettings()), encoding="utf-8")
    with Ledger.open(tmp_path / "ledger.db", actor="ana") as ledger:
        ledger.record_initialization("m", 384)
        for company in ("empresa-a", "empresa-b"):
            created = NewEvent("company_created", {"settings_hash": "s"})
            moved = NewEvent(
                "cursor_moved", {"source": "git", "cursor": "c0ffee"}, feature="feat-x"
            )
            ledger.append(f"company:{company}", [created, moved], expected_version=0)
    return tmp_path


def orch(home: Path, *arguments: str) -> int:
    return run(["--home", str(home), "events", *arguments])


def test_a_table_shows_what_happened(home, capsys):
    assert orch(home, "list") == 0
    out = capsys.readouterr().out
    for word in ("home_initialized", "company:empresa-b", "cursor=c0ffee", "ana"):
        assert word in out


@pytest.mark.parametrize(
    ("filters", "positions"),
    [
        ([], [1, 2, 3, 4, 5]),
        (["--company", "empresa-b"], [4, 5]),
        (["--type", "cursor_moved"], [3, 5]),
        (["--stream", "coordinator"], [1]),
        (["--feature", "feat-x", "--company", "empresa-a"], [3]),
        (["--after", "2", "--limit", "2"], [3, 4]),
        (["--company", "nobody"], []),
    ],
)
def test_json_is_one_document_of_the_events_asked_for(home, capsys, filters, positions):
    assert orch(home, "list", "--json", *filters) == 0
    events = json.loads(capsys.readouterr().out)
    assert [event["position"] for event in events] == positions


def test_a_cut_list_says_how_to_go_on(home, capsys):
    assert orch(home, "list", "--limit", "4") == 0
    assert "--after 4" in capsys.readouterr().err


def test_control_characters_are_shown_and_not_sent(home, capsys):
    with Ledger.open(home / "ledger.db") as ledger:
        evil = NewEvent("company_removed", {"reason": "\x1b]0;owned\x07\r\n\u202egnp"})
        ledger.append("company:empresa-c", [evil], expected_version=0)
    assert orch(home, "list", "--company", "empresa-c") == 0
    out = capsys.readouterr().out
    assert r"\x1b]0;owned\x07\x0d\n\x202egnp" in out
    assert not set("\x1b\x07\r\u202e") & set(out)


@pytest.mark.parametrize("arguments", [["--after", "-1"], ["--limit", "0"], ["--limit", "many"]])
def test_a_number_that_makes_no_sense_is_wrong_usage(home, arguments, capsys):
    assert orch(home, "list", *arguments) == 2


def test_a_sound_ledger_verifies(home, capsys):
    assert orch(home, "verify") == 0
    assert "5 events" in capsys.readouterr().out
    assert orch(home, "verify", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["sound"], document["count"], document["anchored_count"]) == (True, 5, 5)


def test_a_damaged_ledger_fails_and_names_the_first_broken_row(home, capsys):
    with closing(sqlite3.connect(home / "ledger.db")) as foreign, foreign:
        trigger = "SELECT sql FROM sqlite_master WHERE name = 'events_no_update'"
        [sql] = foreign.execute(trigger).fetchone()
        foreign.execute("DROP TRIGGER events_no_update")
        foreign.execute("UPDATE events SET actor = 'eve' WHERE position = 3")
        foreign.execute(sql)
    assert orch(home, "verify") == 1
    assert "position 3" in capsys.readouterr().err
    assert orch(home, "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["first_broken"] == 3
    assert orch(home, "list") == 1


def test_a_cut_tail_fails_already_at_opening_and_as_json_too(home, capsys):
    anchors = home / "ledger.anchors"
    anchors.write_text(anchors.read_text() + f"9 {'f' * 64}\n")
    assert orch(home, "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["first_broken"] == 6


@pytest.mark.parametrize("command", [[], ["list"], ["verify"]])
def test_every_help_ends_with_an_example(home, capsys, command):
    assert orch(home, *command, "--help") == 0
    assert "Example:" in capsys.readouterr().out
