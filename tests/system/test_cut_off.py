"""A sync cut off anywhere ends, when run again, in the state of an undisturbed one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coordinator.settings import EmbeddingSettings
from orch_dagster.samples.build import build_repository
from resources.companies import settings_for
from resources.home import Home

COMPANY = "empresa-a"
TABLES = (
    "git_commits",
    "local_docs",
    "company_components",
    "learnings",
    "private_memory",
    "instance_context",
)


class KillAt:
    """A listener that kills its own process at the n-th report of progress."""

    def __init__(self, label: str, advances: int) -> None:
        self._label, self._left = label, advances
        self._here = False

    def start(self, label: str, total: int | None) -> None:
        self._here = label.startswith(self._label)
        self._count(0)

    def advance(self, amount: int = 1) -> None:
        self._count(amount)

    def _count(self, amount: int) -> None:
        if self._here:
            self._left -= amount
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def finish(self) -> None: ...


def sync(home: Path, label: str = "never", advances: int = 1) -> None:
    from orch_dagster.syncing import sync_companies

    with Home.open(home) as opened:
        results = sync_companies(
            opened, [COMPANY], progress=lambda _: KillAt(label, advances), force=False
        )
        assert [result.outcome for result in results] != ["failed"], results


@pytest.fixture(scope="module")
def processes() -> Iterator[multiprocessing.context.ForkServerContext]:
    # LanceDB must not be open in a process that forks; the server only imports
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["orch_dagster.definitions", "sentence_transformers"])
    yield context


def run(processes: multiprocessing.context.ForkServerContext, *arguments: object) -> int | None:
    process = processes.Process(target=sync, args=arguments)
    process.start()
    process.join(120)
    return process.exitcode


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("source") / "empresa-a.git"
    build_repository(COMPANY, target)
    return target


def new_home(folder: Path, repository: Path) -> Path:
    with Home.init(folder / "home", embedding=EmbeddingSettings()) as home:
        home.companies.create(settings_for(COMPANY, str(repository)))
    return folder / "home"


def final_state(home: Path) -> dict[str, object]:
    """All rows of all tables without their versions, and what the ledger says of the company."""
    with Home.open(home) as opened:
        tables = opened.companies.instance(COMPANY).tables()
        rows: dict[str, object] = {name: tables.ids(name) for name in TABLES}
        state = opened.ledger.state(COMPANY)
        opened.ledger.verify()
        memory = tables.read("private_memory", ["id", "vector"])
        rows["vectors"] = {row.id: row.vector.tobytes() for row in memory.itertuples()}
        rows["cursor"] = state.cursors["git"].cursor
        rows["recorded"] = {name: state.tables[name].rows for name in TABLES}
        rows["syncs"] = state.syncs
    return rows


@pytest.fixture(scope="module")
def undisturbed(
    processes: multiprocessing.context.ForkServerContext,
    repository: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, object]:
    home = new_home(tmp_path_factory.mktemp("undisturbed"), repository)
    assert run(processes, home) == 0
    return final_state(home)


@pytest.mark.parametrize(
    ("label", "advances"),
    [("Receiving", 1), ("reading commits", 20), ("embedding", 40)],
)
def test_killed_while_it_works(
    processes: multiprocessing.context.ForkServerContext,
    repository: Path,
    undisturbed: dict[str, object],
    tmp_path: Path,
    label: str,
    advances: int,
) -> None:
    home = new_home(tmp_path, repository)
    assert run(processes, home, label, advances) == -signal.SIGKILL
    assert run(processes, home) == 0
    assert final_state(home) == undisturbed


@pytest.mark.figures
@pytest.mark.parametrize("after", [0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("events", range(2, 17))
def test_killed_some_time_after_any_event(
    processes: multiprocessing.context.ForkServerContext,
    repository: Path,
    undisturbed: dict[str, object],
    tmp_path: Path,
    events: int,
    after: float,
) -> None:
    home = new_home(tmp_path, repository)
    process = processes.Process(target=sync, args=(home,))
    process.start()
    wait_for_events(home, events)
    process.join(after)
    process.kill()
    process.join()
    assert run(processes, home) == 0
    assert final_state(home) == undisturbed


@pytest.mark.parametrize("events", [4, 9, 12, 15])
def test_killed_right_after_an_event(
    processes: multiprocessing.context.ForkServerContext,
    repository: Path,
    undisturbed: dict[str, object],
    tmp_path: Path,
    events: int,
) -> None:
    home = new_home(tmp_path, repository)
    process = processes.Process(target=sync, args=(home,))
    process.start()
    wait_for_events(home, events)
    process.kill()
    process.join()
    assert run(processes, home) == 0
    assert final_state(home) == undisturbed


def wait_for_events(home: Path, count: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True) as ledger:
            (found,) = ledger.execute("SELECT count(*) FROM events").fetchone()
        ledger.close()
        if found >= count:
            return
        time.sleep(0.002)
    raise AssertionError(f"the ledger never had {count} events")
