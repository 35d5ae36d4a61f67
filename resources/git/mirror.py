"""A company's repository, as our own bare mirror of one branch of it.

`Mirror` is the only door to git: it fetches, never inside the company's work tree, and reads by
object id. The watched branch is kept as ``refs/orch/heads/<quoted branch>`` and the mirror's HEAD
points there. Commits of a rewritten history stay until the packs are merged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from coordinator.errors import GitError, GitLimit
from coordinator.git import Commit, Snapshot
from coordinator.git.text import is_object_id, parse_tree_entry
from resources.git.fast_import import fast_import
from resources.git.fetch import Fetch, Fetched, branch_ref, ref_branch
from resources.git.objects import ObjectReader
from resources.git.process import Deadline, Finished, clean_environment, git_command, run_git
from resources.git.remote import Remote, RemoteHead

if TYPE_CHECKING:
    from coordinator.ports import BlobReader, Progress
    from coordinator.settings import GitSettings

__all__ = ["Fetched", "Mirror", "RemoteHead", "fast_import"]

MAX_ENTRIES = 1_000_000


class Mirror:
    """Our bare mirror of a company's repository at `path`; nothing is made before `fetch`.

    `environ` is where the token, the ssh key's path and PATH are looked up, `os.environ` unless
    given. Reading needs no network. Not for use by several threads at once, but for `read`.
    """

    def __init__(
        self, path: Path, settings: GitSettings, *, environ: Mapping[str, str] | None = None
    ) -> None:
        self.path = path.absolute()
        self.settings = settings
        self._environ = os.environ if environ is None else environ
        self._reader: ObjectReader | None = None

    def __enter__(self) -> Mirror:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the git processes that read; a later read starts new ones."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def remote_head(self, *, timeout_s: float | None = None) -> RemoteHead:
        """Where the watched branch stands on the other side; nothing is written.

        `timeout_s` defaults to the settings'. Errors: see coordinator.git.failures.
        """
        remote = Remote.of(self.settings, self._environ)
        return remote.head(Deadline(timeout_s or self.settings.timeout_s))

    def fetch(self, progress: Progress | None = None) -> Fetched:
        """Bring what is new into the mirror. A killed or failed fetch leaves it as it was.

        Errors: GitUnreachable, GitUnauthorized, GitLimit, GitError, CompanyBusy, StorageError.
        """
        return Fetch(self.path, self.settings, self._environ, progress).run()

    def head(self) -> str:
        """The newest mirrored commit; empty before the first fetch and for an empty repository."""
        branch = self.branch()
        return self._resolve(branch_ref(branch)) if branch else ""

    def branch(self) -> str:
        """The mirrored branch; empty before the first fetch and for an empty repository."""
        if not (self.path / "HEAD").is_file():
            return ""
        return ref_branch(self._lines("symbolic-ref", "HEAD")[0])

    def commit_ids(self, head: str | None = None) -> list[str]:
        """All commits reachable from `head` (default: the mirror's), oldest first."""
        start = self.head() if head is None else self._commit_id(head)
        if not start:
            return []
        return self._lines("rev-list", "--reverse", "--date-order", start, "--")

    def commits(self, ids: Sequence[str]) -> Iterator[Commit]:
        """The records of the commits `ids`, in their order; GitError when one is not here."""
        checked = [self._commit_id(sha) for sha in ids]
        return self._objects().commits(checked) if checked else iter(())

    def snapshot(self, commit: str | None = None) -> Snapshot:
        """The whole tree of `commit` (default: the head), folders and submodules included.

        GitError before the first fetch; GitLimit over MAX_ENTRIES entries.
        """
        sha = self.head() if commit is None else self._commit_id(commit)
        if not sha:
            raise GitError(
                f"the mirror {self.path.name} holds no commit yet", hint="fetch it first"
            )
        tree = self._resolve(sha, "tree")
        entries = []
        for record in self._objects().tree(sha):
            entries.append(parse_tree_entry(record))
            if len(entries) > MAX_ENTRIES:
                raise GitLimit(
                    f"commit {sha[:12]} has more than {MAX_ENTRIES} files and folders",
                    hint="the repository is too large to be read, or made to look so",
                )
        return Snapshot(sha, tree, tuple(entries))

    def read(self, sha: str, *, max_bytes: int) -> bytes | None:
        """The content of a file by its object id; None when missing, no file or larger."""
        if not is_object_id(sha):
            return None
        header = self._objects().header(sha)
        if header is None or header[0] != "blob" or header[1] > max_bytes:
            return None
        return self._objects().data(sha, max_bytes)

    def reader(self, snapshot: Snapshot) -> BlobReader:
        """A function from path to content, within the settings' max_file_kb.

        None for paths that are no regular file of `snapshot`, too large or missing here.
        """
        limit = self.settings.max_file_kb * 1024
        files = {
            entry.path: entry.sha
            for entry in snapshot.entries
            if entry.kind == "blob"
            and entry.mode != "120000"  # a symbolic link's content is a path, not a text
            and entry.size is not None
            and entry.size <= limit
        }

        def read(path: str) -> bytes | None:
            sha = files.get(path)
            return None if sha is None else self.read(sha, max_bytes=limit)

        return read

    def _objects(self) -> ObjectReader:
        if self._reader is None:
            if not (self.path / "HEAD").is_file():
                raise GitError(f"there is no mirror at {self.path}", hint="fetch it first")
            self._reader = ObjectReader(self.path, self._environ)
        return self._reader

    def _commit_id(self, sha: str) -> str:
        if not is_object_id(sha):
            raise GitError(f"{sha[:40]!a} is not the id of a commit")
        return sha

    def _resolve(self, name: str, kind: str = "commit") -> str:
        done = self._git("rev-parse", "--verify", "--quiet", f"{name}^{{{kind}}}")
        sha = done.stdout.decode("ascii", "replace").strip()
        return sha if is_object_id(sha) else ""

    def _lines(self, *arguments: str) -> list[str]:
        done = self._git(*arguments)
        if done.code != 0 or done.stopped:
            raise GitError(
                f"the mirror {self.path} cannot be read ({arguments[0]})",
                hint="remove its folder: the next sync fetches it anew",
            )
        return done.stdout.decode("ascii", "replace").splitlines()

    def _git(self, *arguments: str) -> Finished:
        return run_git(
            git_command(*arguments),
            environment=clean_environment(self._environ, self.path),
            deadline=Deadline(self.settings.timeout_s),
        )
