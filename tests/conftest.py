"""What holds for all tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

from coordinator.settings import EmbeddingSettings
from resources.embedding import SentenceEmbedder

# the same examples every time, and no failure because the machine was busy
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


@dataclass
class Repository:
    """A company's repository as its people use it: a work tree with commits."""

    path: Path

    def commit(self, files: Mapping[str, str], message: str) -> str:
        """Write `files`, commit everything, return the sha; each commit is a day later."""
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        made = self.path / ".git"
        days = len(list(made.glob("objects/??/*"))) if made.exists() else 0
        when = f"{1_700_000_000 + 86_400 * days} +0000"
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            env=PEOPLE | {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


PEOPLE = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
}


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Repository]:
    """Makes a new, empty repository whose folder has that name."""

    def make(name: str) -> Repository:
        made = Repository(tmp_path_factory.mktemp("people") / name)
        made.path.mkdir()
        made.git("init", "--quiet", "--initial-branch=main")
        return made

    return make


@pytest.fixture(scope="session")
def embedder() -> SentenceEmbedder:
    """The embedded model, loaded once."""
    return SentenceEmbedder(EmbeddingSettings())


def load(path: Path) -> ModuleType:
    """The module in that file, whatever folder it is in."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def module_at() -> Callable[[Path], ModuleType]:
    """Loads a file of helpers that stands beside tests."""
    return load


@pytest.fixture(scope="session")
def fault_servers() -> ModuleType:
    """The module `resources/fault_server.py`: HTTP hosts that break in planned ways."""
    return load(Path(__file__).parent / "resources" / "fault_server.py")


@pytest.fixture
def fault_server(fault_servers: ModuleType) -> Iterator[Callable[..., Any]]:
    """Starts such hosts; they are stopped at the end of the test."""
    with ExitStack() as stack:
        yield lambda *given, **options: stack.enter_context(
            fault_servers.FaultServer(*given, **options)
        )


@pytest.fixture(scope="session")
def atlassian_contracts() -> ModuleType:
    """The module `atlassian_contracts.py` beside this file: what the products take and give."""
    return load(Path(__file__).with_name("atlassian_contracts.py"))


@pytest.fixture(scope="session")
def atlassian_tours() -> ModuleType:
    """The module `atlassian_tour.py` beside this file: a call of every operation."""
    return load(Path(__file__).with_name("atlassian_tour.py"))


@pytest.fixture
def stand_ins(atlassian_contracts: ModuleType) -> Iterator[Callable[..., Any]]:
    """Makes stand-ins for Atlassian; traffic against the contracts fails the test at its end."""
    from orch_dagster.samples.atlassian import StandIn

    checker, made = atlassian_contracts.Checker(), []

    def make(*given: Any, **options: Any) -> StandIn:
        made.append(StandIn(*given, **options))
        made[-1].on_exchange(checker)
        return made[-1]

    yield make
    unknown = [f"unknown: {row.method} {row.target}" for one in made for row in one.unexpected]
    problems = [*checker.violations, *unknown]
    assert not problems, "\n".join([f"{len(problems)} against the contracts", *problems[:20]])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker process counted to the one that reports."""
    if hasattr(session.config, "workeroutput") and "atlassian_contracts" in sys.modules:
        counted = sys.modules["atlassian_contracts"].COUNTS
        session.config.workeroutput["atlassian_contracts"] = dict(counted)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker process counted."""
    counted = getattr(node, "workeroutput", {}).get("atlassian_contracts")
    if counted:
        name = "atlassian_contracts"
        module = sys.modules.get(name) or load(Path(__file__).with_name(f"{name}.py"))
        module.COUNTS.update(counted)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much traffic with the stand-in for Atlassian was held against the contracts."""
    module = sys.modules.get("atlassian_contracts")
    if module is None or not module.COUNTS:
        return
    rows = module.counts()
    terminalreporter.write_line(
        f"contracts: {module.COUNTS.total():,} exchanges with Atlassian's stand-in,"
        f" {sum(1 for _, count in rows if count)} of {len(rows)} operations"
    )
    products: dict[str, list[str]] = {}
    for name, count in rows:
        product, _, operation = name.partition(": ")
        products.setdefault(product, []).append(f"{operation} {count}")
    for product, counts in products.items():
        terminalreporter.write_line(f"  {product}: {', '.join(counts)}")
