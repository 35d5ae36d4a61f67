"""Real git repositories for the tests of the catalog."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from coordinator.catalog import Discovered, KnownFingerprint, discover
from coordinator.git import Snapshot, TreeEntry
from coordinator.settings import CatalogSettings

GIT_SETTINGS = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def no_commits() -> pd.DataFrame:
    """The history of a repository whose commits nobody read."""
    return pd.DataFrame({"id": [], "committed_at": [], "paths": [], "path_count": []})


@dataclass
class Repository:
    """The tree of a real repository, and which paths were read of it."""

    snapshot: Snapshot
    contents: dict[str, bytes]
    reads: list[str] = field(default_factory=list)

    def read(self, path: str) -> bytes | None:
        self.reads.append(path)
        return self.contents.get(path)

    def discover(
        self,
        *,
        company: str = "shop",
        commits: pd.DataFrame | None = None,
        known: Mapping[str, KnownFingerprint] | None = None,
        globs: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        min_confidence: float = 0.5,
    ) -> Discovered:
        rules = CatalogSettings(globs=globs, exclude=exclude, min_confidence=min_confidence)
        history = no_commits() if commits is None else commits
        return discover(company, self.snapshot, self.read, rules, history, known or {})

    def paths(self, **settings: object) -> list[str]:
        return [*self.discover(**settings).components["path"]]  # type: ignore[arg-type]

    def only(self, **settings: object) -> pd.Series:
        """The single component there is."""
        components = self.discover(**settings).components  # type: ignore[arg-type]
        assert [*components["path"]] == [components["path"].iloc[0]]
        return components.iloc[0]

    def tree(self, path: str) -> str:
        """The sha of git's tree object of a folder."""
        return next(entry.sha for entry in self.snapshot.entries if entry.path == path)


MakeRepository = Callable[[Mapping[str, str | bytes]], Repository]


@pytest.fixture
def repository(tmp_path: Path) -> MakeRepository:
    """Commits files into a new git repository and gives its tree."""

    def make(files: Mapping[str, str | bytes]) -> Repository:
        contents = {
            path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()
        }
        place = tmp_path / f"repository-{len([*tmp_path.iterdir()])}.git"

        def git(*arguments: str, stdin: bytes = b"") -> bytes:
            return subprocess.run(
                ["git", f"--git-dir={place}", *arguments],
                input=stdin,
                capture_output=True,
                check=True,
                env=GIT_SETTINGS,
            ).stdout

        git("init", "--quiet", "--bare")
        stream = (
            b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 0\n"
        )
        for path, data in contents.items():
            shown = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
            stream += f"M 100644 inline {shown}\ndata {len(data)}\n".encode() + data + b"\n"
        git("fast-import", "--quiet", stdin=stream)
        entries = []
        for line in git("ls-tree", "-r", "-t", "-l", "-z", "main").split(b"\0")[:-1]:
            said, path = line.decode().split("\t", 1)
            mode, kind, sha, size = said.split()
            entries.append(TreeEntry(path, mode, kind, sha, None if size == "-" else int(size)))
        root = git("rev-parse", "main^{tree}").decode().strip()
        commit = git("rev-parse", "main").decode().strip()
        return Repository(Snapshot(commit, root, tuple(entries)), contents)

    return make
