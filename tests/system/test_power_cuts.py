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


@dataclass(frozen=True)
class Cut:
    """What a cut left in `folder`, and what the writer had said until then."""

    folder: Path
    said: list[dict[str, Any]]


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
    done = [event for said in cut.said for event in said.get("done", ())]
    kept = {said["text"] for said in cut.said if "done" in said}
    # a purge that was not acknowledged may have happened
    purged = {sha for said in cut.said for sha in said["purged"]}
    unsure = set() if not cut.said or "done" in cut.said[-1] else set(cut.said[-1]["purged"])
    with Ledger.open(cut.folder / "ledger.db") as ledger:
        recorded = [event.event_id for event in ledger.read()]
        assert [event for event in recorded if event in set(done)] == done
        assert len(recorded) - len(done) <= sum(said.get("will", 0) for said in cut.said)
        texts = ledger.texts(COMPANY, sorted(kept))
        assert kept - purged <= texts.keys() <= kept - (purged - unsure)
        assert ledger.verify().count == len(recorded)
        moved = NewEvent("cursor_moved", {"source": "git", "cursor": "on"})
        ledger.append(STREAM, [moved], expected_version=len(recorded))
        assert ledger.verify().count == len(recorded) + 1


def test_a_power_cut_loses_no_acknowledged_event(tmp_path: Path) -> None:
    found = [
        lost(cut, look_at_ledger) for cut in cuts(tmp_path, "ledger", number=16, every=60, rounds=2)
    ]
    assert found == [""] * 16


@pytest.mark.figures
def test_200_power_cuts_lose_no_acknowledged_event(tmp_path: Path) -> None:
    found = [
        lost(cut, look_at_ledger)
        for cut in cuts(tmp_path, "ledger", number=200, every=60, rounds=10)
    ]
    assert found == [""] * 200


def test_a_ledger_that_does_not_force_its_commits_loses_some(tmp_path: Path) -> None:
    """Control for the tests above: `synchronous=NORMAL`."""
    found = [
        lost(cut, look_at_ledger)
        for cut in cuts(tmp_path, "ledger", "control", number=16, every=60, rounds=1)
    ]
    assert sum(map(bool, found)) >= 8


# -- the tables -----------------------------------------------------------------------------


def look_at_tables(cut: Cut) -> None:
    tables = Tables(cut.folder / "instances" / COMPANY / "tables")
    for name, text in {COMMITS: "message", MEMORY: "title"}.items():
        done, will = (
            next((said["rows"] for said in reversed(cut.said) if said.get(kind) == name), {})
            for kind in ("done", "will")
        )
        rows: dict[str, str] = {}
        if tables.exists(name):
            read = tables.read(name, ["id", text])
            rows = dict(zip(read["id"], read[text], strict=True))
        if name == COMMITS:
            assert rows in (done, will)
        else:  # filled in steps, and taken from in another
            assert done.items() & will.items() <= rows.items() <= done.items() | will.items()
    with Ledger.open(cut.folder / "ledger.db") as ledger:
        ledger.verify()
        for name, recorded in ledger.state(COMPANY).tables.items():
            assert tables.version(name) >= recorded.version


@pytest.fixture(scope="module")
def writers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("power_writers", FIXTURES / "power_writers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def go_on(cut: Cut, writers: ModuleType) -> None:
    """The next writes after the cut make the tables what they should be."""
    with Ledger.open(cut.folder / "ledger.db") as ledger:
        recorded, memory = writers.company_in(cut.folder, ledger)
        rows = {"commit 1": "after the cut"}
        recorded.write(COMMITS, writers.commits(rows), run="run", version="after")
        assert list(recorded.tables.read(COMMITS)["message"]) == ["after the cut"]
        memory.store(writers.memories.learnings("login", "retry"))
        assert {found.title for found in memory.search("retry")} == {
            "Autenticação segura",
            "Retries",
        }


def look_and_go_on(writers: ModuleType) -> Callable[[Cut], None]:
    def look(cut: Cut) -> None:
        look_at_tables(cut)
        go_on(cut, writers)

    return look


def test_a_power_cut_loses_no_acknowledged_row(tmp_path: Path, writers: ModuleType) -> None:
    found = [
        lost(cut, look_and_go_on(writers))
        for cut in cuts(tmp_path, "tables", number=16, every=150, rounds=2)
    ]
    assert found == [""] * 16


@pytest.mark.figures
def test_200_power_cuts_lose_no_acknowledged_row(tmp_path: Path, writers: ModuleType) -> None:
    found = [
        lost(cut, look_and_go_on(writers))
        for cut in cuts(tmp_path, "tables", number=200, every=150, rounds=10)
    ]
    assert found == [""] * 200


def test_tables_that_are_not_forced_lose_rows(tmp_path: Path) -> None:
    """Control for the tests above: no fsync after a commit."""
    found = [
        lost(cut, look_at_tables)
        for cut in cuts(tmp_path, "tables", "control", number=16, every=150, rounds=1)
    ]
    assert sum(map(bool, found)) >= 8


def test_believing_a_commit_that_was_not_acknowledged_finds_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control for the tests above: the newest commit is taken for the table in any case."""
    monkeypatch.setattr(Acknowledged, "take_back", lambda self: None)
    found = [
        lost(cut, look_at_tables)
        for cut in cuts(tmp_path, "tables", number=16, every=150, rounds=1)
    ]
    assert any("is damaged" in problem for problem in found)
