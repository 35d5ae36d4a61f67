"""`orch events` as a person at a terminal, or a script, meets it."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.ledger.chain import EventRow, verify_chain
from coordinator.ledger.company_state import COMPANY
from coordinator.ledger.events import NewEvent, text_hash
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


def change_actor_of_the_third(home: Path) -> None:
    with closing(sqlite3.connect(home / "ledger.db")) as foreign, foreign:
        trigger = "SELECT sql FROM sqlite_master WHERE name = 'events_no_update'"
        [sql] = foreign.execute(trigger).fetchone()
        foreign.execute("DROP TRIGGER events_no_update")
        foreign.execute("UPDATE events SET actor = 'eve' WHERE position = 3")
        foreign.execute(sql)


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
    change_actor_of_the_third(home)
    assert orch(home, "verify") == 1
    assert "position 3" in capsys.readouterr().err
    assert orch(home, "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["first_broken"] == 3
    assert orch(home, "list") == 1


@pytest.mark.parametrize("command", [["sync", "--all"], ["up"]])
def test_long_work_does_not_begin_on_a_damaged_ledger(home, capsys, command):
    change_actor_of_the_third(home)
    assert run(["--home", str(home), *command]) == 1
    assert "position 3" in capsys.readouterr().err
    assert orch(home, "list", "--limit", "1") == 1


def test_who_knows_syncs_on_a_damaged_ledger(home, capsys):
    change_actor_of_the_third(home)
    (home / "instances").mkdir()
    assert run(["--home", str(home), "sync", "--all"]) == 1
    assert run(["--home", str(home), "--i-know", "sync", "--all"]) == 0
    assert "no companies yet" in capsys.readouterr().err


def test_a_cut_tail_fails_already_at_opening_and_as_json_too(home, capsys):
    anchors = home / "ledger.anchors"
    anchors.write_text(anchors.read_text() + f"9 {'f' * 64}\n")
    assert orch(home, "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["first_broken"] == 6


def test_after_a_damaged_verification_nothing_starts_but_with_i_know(home, capsys):
    anchors = home / "ledger.anchors"
    sound = anchors.read_text()
    anchors.write_text(sound.replace("\n5 ", "\n4 "))
    assert orch(home, "verify") == 1
    anchors.write_text(sound)
    capsys.readouterr()
    assert orch(home, "list") == 1
    problem = capsys.readouterr().err
    assert "position 4" in problem
    assert "--i-know" in problem
    assert run(["--home", str(home), "--i-know", "--as", "ana", "events", "list", "--json"]) == 0
    last = json.loads(capsys.readouterr().out)[-1]
    assert (last["event_type"], last["payload"], last["actor"]) == (
        "damage_acknowledged",
        {"position": 4},
        "ana",
    )
    assert orch(home, "list") == 1
    assert orch(home, "verify") == 0
    assert orch(home, "list") == 0


@pytest.mark.parametrize("by", ["position", "event_id"])
def test_one_event_is_shown_with_all_its_columns(home, capsys, by):
    with Ledger.open(home / "ledger.db") as ledger:
        event = ledger.read()[2]
    assert orch(home, "show", str(getattr(event, by))) == 0
    out = capsys.readouterr().out
    for word in (event.event_id, event.hash, event.prev_hash, "cursor_moved", "feat-x", "c0ffee"):
        assert word in out
    assert orch(home, "show", str(getattr(event, by)), "--json") == 0
    assert json.loads(capsys.readouterr().out)["position"] == 3


def test_of_the_texts_an_event_names_only_their_presence_is_shown(home, capsys):
    words = "private words"
    added = {"learning": "m", "category": "need", "language": "en", "text": text_hash(words)}
    with Ledger.open(home / "ledger.db") as ledger:
        ledger.append(
            "company:empresa-a",
            [NewEvent("learning_added", added)],
            expected_version=2,
            texts=[words],
        )
        assert orch(home, "show", "6", "--json") == 0
        shown = capsys.readouterr().out
        assert json.loads(shown)["texts"] == {text_hash(words): "kept"}
        gone = NewEvent("texts_purged", {"texts": [text_hash(words)]})
        ledger.append("company:empresa-a", [gone], expected_version=3)
    assert orch(home, "show", "6", "--json") == 0
    assert json.loads(capsys.readouterr().out)["texts"] == {text_hash(words): "purged"}
    for command in (["show", "6"], ["list"], ["export"], ["replay", "--json"]):
        assert orch(home, *command) == 0
        captured = capsys.readouterr()
        assert words not in shown + captured.out + captured.err


@pytest.mark.parametrize("event", ["0", "99", "no-such-event", "9" * 40, "'; --", "\x1b[2J", "²"])
def test_an_event_that_is_not_there_is_an_error(home, capsys, event):
    assert orch(home, "show", event) == 1
    assert "no such event" in capsys.readouterr().err


def test_a_replay_ends_with_the_states_the_ledger_answers_with(home, capsys):
    assert orch(home, "replay", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    hashes = {one["stream"]: one["state_hash"] for one in document["streams"]}
    with Ledger.open(home / "ledger.db") as ledger:
        assert hashes["company:empresa-a"] == COMPANY.hash(ledger.state("empresa-a"))
    assert document["position"] == 5
    assert set(hashes) == {"coordinator", "company:empresa-a", "company:empresa-b"}


def test_a_replay_goes_back_to_any_position(home, capsys):
    assert orch(home, "replay", "--at", "2", "--stream", "company:empresa-a", "--json") == 0
    [stream] = json.loads(capsys.readouterr().out)["streams"]
    assert (stream["version"], stream["state"]["exists"], stream["state"]["cursors"]) == (
        1,
        True,
        {},
    )
    assert orch(home, "replay", "--at", "5", "--stream", "company:empresa-a") == 0
    assert "c0ffee" in capsys.readouterr().out
    assert orch(home, "replay", "--at", "0", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"position": 0, "streams": []}


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [(["--at", "6"], 2), (["--at", "-1"], 2), (["--stream", "company:../x"], 1)],
)
def test_a_replay_to_nowhere_says_so(home, capsys, arguments, exit_code):
    assert orch(home, "replay", *arguments) == exit_code
    assert capsys.readouterr().err


def test_an_export_is_every_column_as_it_is_stored(home, capsys, tmp_path):
    file = tmp_path / "out.jsonl"
    assert orch(home, "export", "-o", str(file)) == 0
    rows = [EventRow(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]
    assert len(rows) == 5
    assert verify_chain(rows) is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "5 events" in capsys.readouterr().out
    assert orch(home, "export", "--after", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["position"] for line in lines] == [4, 5]


def test_an_export_that_fails_leaves_an_older_file_as_it_was(home, tmp_path, capsys):
    file = tmp_path / "out.jsonl"
    file.write_text("older")
    change_actor_of_the_third(home)
    assert orch(home, "export", "-o", str(file)) == 1
    assert file.read_text() == "older"
    assert not list(tmp_path.glob(".out*"))
    assert orch(home, "export", "-o", str(tmp_path / "no" / "folder" / "x")) == 2
    assert orch(home, "export", "-o", str(tmp_path)) == 2


@pytest.mark.parametrize("command", [[], ["list"], ["verify"], ["show"], ["replay"], ["export"]])
def test_every_help_ends_with_an_example(home, capsys, command):
    assert orch(home, *command, "--help") == 0
    assert "Example:" in capsys.readouterr().out
