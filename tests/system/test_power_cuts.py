"""A power cut anywhere: what was acknowledged is there, the ledger verifies, the tables open.

The disk is one that forgets what was not forced onto it, see `fixtures/losing_disk.py`. One run of
a writer gives many cuts: at each, the disk as it would be found is put into a folder. Every other
cut loses all that was not forced; the others keep a part of it by chance.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from coordinator.errors import OrchError
from coordinator.ledger.events import NewEvent
from resources.ledger import Ledger
from resources.tables import Tables
from resources.tables.acknowledged import Acknowledged

FIXTURES = Path(__file__).with_name("fixtures")
COMPANY = "empresa-a"
STREAM = f"company:{COMPANY}"
SEED = 20_261_120
COMMITS, MEMORY = "git_commits", "private_memory"
SIZES = ("number", "rounds")
SIZE = [(12, 2), pytest.param(200, 10, marks=pytest.mark.figures)]
TEXTS = {COMMITS: "message", MEMORY: "title"}


@dataclass(frozen=True)
class Cut:
    """What a cut left in `folder`, and what the writer had said until then."""

    folder: Path
    said: list[dict[str, Any]]


@cache
def writers() -> ModuleType:
    """The module of the writers: what they know of the company's tables."""
    spec = importlib.util.spec_from_file_location("power_writers", FIXTURES / "power_writers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def losing_disk(mount: Path, orders: dict[str, Any]) -> Iterator[None]:
    mount.mkdir(exist_ok=True)
    command = [sys.executable, str(FIXTURES / "fuse.py"), str(mount), json.dumps(orders)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        if server.stdout.readline() != "mounted\n":
            pytest.skip("mounting a FUSE file system needs root and /dev/fuse")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", mount], check=True)


def run_until_off(mount: Path, writer: str, *control: str) -> str:
    """Run a writer until its disk is gone; what it complained about at the end."""
    command = [sys.executable, str(FIXTURES / "power_writers.py"), writer, str(mount), *control]
    done = subprocess.run(command, stderr=subprocess.PIPE, timeout=500, check=False, text=True)
    assert done.returncode != 0
    return done.stderr


def cuts(
    tmp_path: Path, writer: str, *control: str, number: int, every: int, rounds: int
) -> Iterator[Cut]:
    """`number` cuts about `every` changes of the disk apart, each folder gone after its look.

    Each round goes on from the last cut of the one before: what was found after a cut is cut again.
    """
    start, before = "", []
    for round_ in range(rounds):
        target = tmp_path / f"round-{round_}"
        orders = {"target": str(target), "cuts": number // rounds, "every": every}
        orders |= {"seed": SEED + round_, "start": start}
        with losing_disk(tmp_path / "mount", orders):
            complaint = run_until_off(tmp_path / "mount", writer, *control)
        folders = sorted(path for path in target.glob("*") if path.is_dir())
        assert len(folders) == number // rounds, complaint
        copy = tmp_path / f"start-{round_}"
        subprocess.run(["cp", "-r", folders[-1], copy], check=True)
        for folder in folders:
            lines = folder.with_suffix(".acknowledged").read_text().splitlines()
            yield Cut(folder, before + [json.loads(line) for line in lines])
        start, before = str(copy), before + [json.loads(line) for line in lines]


def lost(cut: Cut, look: Callable[[Cut], None]) -> str:
    """What is wrong after `cut`; empty when nothing."""
    try:
        look(cut)
    except (OrchError, AssertionError) as error:
        return f"{cut.folder.name}: {error}"
    return ""


# -- the ledger -----------------------------------------------------------------------------


def look_at_ledger(cut: Cut) -> None:
    done: list[str] = []
    kept: set[str] = set()
    purged: set[str] = set()
    under_way: dict[str, Any] = {}
    for said in cut.said:
        if "found" in said:  # after a cut: the purge that was under way may be done
            kept -= {*under_way.get("purged", ())}
        under_way = said if "will" in said else {}
        done = said.get("found", done) + said.get("done", [])
        if not under_way:
            kept = (kept | {*said["texts"]}) - {*said["purged"]}
            purged |= {*said["purged"].values()}
    assert not standing(cut.folder, purged)
    with Ledger.open(cut.folder / "ledger.db") as ledger:
        recorded = [event.event_id for event in ledger.read()]
        assert recorded[: len(done)] == done
        assert len(recorded) - len(done) in (0, under_way.get("will"))
        found = ledger.texts(COMPANY, sorted(kept))
        assert kept - found.keys() in (set(), set(under_way.get("purged", ())))
        assert ledger.verify().count == len(recorded)
        moved = NewEvent("cursor_moved", {"source": "git", "cursor": "on"})
        ledger.append(STREAM, [moved], expected_version=len(recorded))
        assert ledger.verify().count == len(recorded) + 1


def standing(folder: Path, words: set[str]) -> set[str]:
    """Those of `words` that stand in a file below `folder`."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return {one for one in words if any(one.encode() in content for content in files)}


@pytest.mark.parametrize(SIZES, SIZE)
def test_a_power_cut_loses_no_acknowledged_event(tmp_path: Path, number: int, rounds: int) -> None:
    some = cuts(tmp_path, "ledger", number=number, every=60, rounds=rounds)
    assert [lost(cut, look_at_ledger) for cut in some] == [""] * number


def test_a_ledger_that_does_not_force_its_commits_loses_some(tmp_path: Path) -> None:
    """Control for the test above: `synchronous=NORMAL`."""
    some = cuts(tmp_path, "ledger", "control", number=8, every=60, rounds=1)
    assert sum(bool(lost(cut, look_at_ledger)) for cut in some) > 4


# -- the tables -----------------------------------------------------------------------------


def look_at_tables(cut: Cut) -> None:
    done: dict[str, dict[str, str]] = {COMMITS: {}, MEMORY: {}}
    will = dict(done)
    for said in cut.said:
        will[said["table"]] = said["rows"]
        if not said.get("will"):
            done[said["table"]] = said["rows"]
    assert not standing(cut.folder, {said["gone"] for said in cut.said if "gone" in said})
    tables = Tables(cut.folder / "instances" / COMPANY / "tables")
    rows = {name: writers().rows_of(tables, name, text) for name, text in TEXTS.items()}
    assert rows[COMMITS] in (done[COMMITS], will[COMMITS])
    # the memory is filled in one step and taken from in another
    assert done[MEMORY].items() & will[MEMORY].items() <= rows[MEMORY].items()
    assert rows[MEMORY].items() <= done[MEMORY].items() | will[MEMORY].items()
    with Ledger.open(cut.folder / "ledger.db") as ledger:
        ledger.verify()
        for name, recorded in ledger.state(COMPANY).tables.items():
            assert tables.version(name) >= recorded.version


def go_on(cut: Cut) -> None:
    """The next writes after the cut make the tables what they should be."""
    with Ledger.open(cut.folder / "ledger.db") as ledger:
        recorded, memory = writers().company_in(cut.folder, ledger)
        new = writers().commits({"commit 1": "after the cut"})
        recorded.write(COMMITS, new, run="run", version="after")
        assert list(recorded.tables.read(COMMITS)["message"]) == ["after the cut"]
        memory.store(writers().memories.learnings("login", "retry"))
        assert len(memory.search("retry")) == 2


@pytest.mark.parametrize(SIZES, SIZE)
def test_a_power_cut_loses_no_acknowledged_row(tmp_path: Path, number: int, rounds: int) -> None:
    some = cuts(tmp_path, "tables", number=number, every=100, rounds=rounds)
    found = [lost(cut, look_at_tables) or lost(cut, go_on) for cut in some]
    assert found == [""] * number


def test_tables_that_are_not_forced_lose_rows(tmp_path: Path) -> None:
    """Control for the test above: no fsync after a commit."""
    some = cuts(tmp_path, "tables", "control", number=8, every=100, rounds=1)
    assert sum(bool(lost(cut, look_at_tables)) for cut in some) > 4


@pytest.mark.figures
def test_believing_a_commit_that_was_not_acknowledged_finds_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control for the test above: the newest commit is taken for the table in any case.

    About one cut in twenty; `tests/resources/test_acknowledged.py` makes one by hand.
    """
    monkeypatch.setattr(Acknowledged, "take_back", lambda self: None)
    some = cuts(tmp_path, "tables", number=200, every=20, rounds=1)
    assert any("is damaged" in lost(cut, look_at_tables) for cut in some)
