"""One incremental fetch into our mirror, from the lock to the last note."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from coordinator.errors import GitError, GitLimit
from coordinator.git.failures import git_failure, lacks_objects
from coordinator.git.text import is_object_id
from resources.git.process import Deadline, Finished, clean_environment, git_command, run_git
from resources.git.remote import Remote, RemoteHead
from resources.git.rescue import copy_incomplete, merge_packs, missing_objects
from resources.git.store import (
    FetchLock,
    folder_bytes,
    locked,
    make_repository,
    packs,
    remove_pack,
    sweep,
)

if TYPE_CHECKING:
    from coordinator.ports import Progress
    from coordinator.settings import GitSettings

NAMESPACE = "refs/orch/heads/"
MISSING_NOTE = "orch-missing"
MANY_PACKS = 50
UNDO_S = 30.0
PROGRESS = re.compile(rb"^(Receiving objects|Resolving deltas): +\d+% \((\d+)/(\d+)\)")


@dataclass(frozen=True)
class Fetched:
    """What a fetch found; the ids are empty where there is none.

    `forced`: the history before is no longer part of the new one. `branch_changed`: another
    branch is the watched one now. `missing_objects`: how many objects of the history the source
    itself does not hold. `notes`: sentences for the user.
    """

    branch: str
    head: str
    previous: str
    forced: bool
    branch_changed: bool
    missing_objects: int
    notes: tuple[str, ...]


def branch_ref(branch: str) -> str:
    """The ref a branch is kept under; quoted, so that ``a`` can follow ``a/b``."""
    return NAMESPACE + quote(branch, safe="")


def ref_branch(ref: str) -> str:
    """The branch kept under `ref`, empty when it is none of ours."""
    return unquote(ref.removeprefix(NAMESPACE)) if ref.startswith(NAMESPACE) else ""


class Fetch:
    """One fetch into the mirror at `path`. Use once."""

    def __init__(
        self,
        path: Path,
        settings: GitSettings,
        environ: Mapping[str, str],
        progress: Progress | None,
    ) -> None:
        self._path = path
        self._remote = Remote.of(settings, environ)
        self._deadline = Deadline(settings.timeout_s)
        self._limit = settings.max_mirror_mb * 1024 * 1024
        self._environment = clean_environment(environ, path)
        self._meter = _Meter(progress)
        self._lock: FetchLock | None = None

    def run(self) -> Fetched:
        """Fetch what is new. Errors: see coordinator.git.failures, and CompanyBusy."""
        make_repository(self._path)
        with locked(self._path) as lock:
            self._lock = lock
            sweep(self._path)
            before = self.current()
            wanted = self._remote.head(self._deadline)
            if not wanted.sha:
                return self._empty(wanted, before)
            if wanted == before:
                return self._found(before, before)
            held = packs(self._path)
            try:
                after = self._advance(wanted, before)
            except BaseException:
                self._undo(held, wanted, before)
                raise
            notes = self._merge_many_packs(after)
            found = self._found(before, after)
            return replace(found, notes=(*found.notes, *notes))

    def current(self) -> RemoteHead:
        """The branch and head the mirror stands at."""
        symbolic = self._git("symbolic-ref", "HEAD")
        branch = ref_branch(symbolic.stdout.decode("utf-8", "replace").strip())
        return RemoteHead(branch, self._resolve(branch_ref(branch)) if branch else "")

    def _resolve(self, ref: str) -> str:
        done = self._git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        sha = done.stdout.decode("ascii", "replace").strip()
        return sha if is_object_id(sha) else ""

    def _git(self, *arguments: str) -> Finished:
        done = run_git(
            git_command(*arguments), environment=self._environment, deadline=self._deadline
        )
        if done.stopped:
            self._remote.checked(done, self._deadline)
        return done

    def _empty(self, wanted: RemoteHead, before: RemoteHead) -> Fetched:
        if before.sha:
            raise GitError(
                f"{self._remote.address.shown} is empty now and was not before; nothing changed",
                hint="check git.url; remove the mirror's folder if the repository starts anew",
            )
        notes = ("The repository is empty: it has no commit yet.",)
        return Fetched(wanted.branch, "", "", False, False, 0, notes)

    def _advance(self, wanted: RemoteHead, before: RemoteHead) -> RemoteHead:
        ref = branch_ref(wanted.branch)
        done = self._fetch(wanted.branch, ref)
        if done.code and self._is_local() and lacks_objects(done.stderr) and not done.stopped:
            sweep(self._path)
            copy_incomplete(
                self._path,
                self._remote,
                wanted.sha,
                before.sha,
                deadline=self._deadline,
                lock=self._lock,
            )
            self._remote.checked(self._git("update-ref", ref, wanted.sha), self._deadline)
            self._note_missing(wanted.sha)
        else:
            self._remote.checked(done, self._deadline)
        self._check_size()
        after = RemoteHead(wanted.branch, self._resolve(ref))
        if after.sha in ("", before.sha):
            # git warns and ends well when it leaves a ref alone, as it does for shallow sources
            raise git_failure(done.stderr, self._remote.address.shown, self._remote.address.text)
        self._remote.checked(self._git("symbolic-ref", "HEAD", ref), self._deadline)
        if before.branch and before.branch != wanted.branch:
            self._git("update-ref", "-d", branch_ref(before.branch))
        return after

    def _undo(self, held: list[Path], wanted: RemoteHead, before: RemoteHead) -> None:
        """Put back ref and packs, else a mirror that grew too large would stay too large."""
        self._deadline = Deadline(UNDO_S)
        ref = branch_ref(wanted.branch)
        if before.sha and wanted.branch == before.branch:
            self._git("update-ref", ref, before.sha)
        else:
            self._git("update-ref", "-d", ref)
        for pack in packs(self._path):
            if pack not in held:
                remove_pack(pack)
        sweep(self._path)

    def _fetch(self, branch: str, ref: str) -> Finished:
        self._meter.start()
        try:
            return run_git(
                git_command(
                    *("fetch", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"),
                    *("--no-auto-maintenance", "--no-show-forced-updates", "--progress"),
                    *("--", self._remote.address.text, f"+refs/heads/{branch}:{ref}"),
                    protocol=self._remote.address.protocol,
                ),
                environment=self._environment | self._remote.environment(),
                deadline=self._deadline,
                too_large=self._is_too_large,
                on_stderr=self._meter.read,
                lock=self._lock,
            )
        finally:
            self._meter.finish()

    def _is_local(self) -> bool:
        return self._remote.address.protocol == "file"

    def _is_too_large(self) -> bool:
        return folder_bytes(self._path / "objects") > self._limit

    def _check_size(self) -> None:
        if self._is_too_large():
            self._remote.checked(Finished(1, b"", "", "size"), self._deadline)

    def _merge_many_packs(self, after: RemoteHead) -> list[str]:
        """Merge packs now and then; what was fetched stands whether or not that worked."""
        if len(packs(self._path)) <= MANY_PACKS:
            return []
        try:
            merge_packs(
                self._path, self._remote, after.sha, deadline=self._deadline, lock=self._lock
            )
        except GitLimit:
            sweep(self._path)
            return ["The mirror's packs could not be merged within the time and size allowed."]
        return []

    def _found(self, before: RemoteHead, after: RemoteHead) -> Fetched:
        forced = bool(before.sha) and before.sha != after.sha and not self._follows(before, after)
        renamed = bool(before.branch) and before.branch != after.branch
        missing = self._count_missing(after.sha)
        notes = []
        if renamed:
            notes.append(f"The watched branch is now '{after.branch}', was '{before.branch}'.")
        if forced:
            notes.append(
                f"The history was rewritten: {before.sha[:12]} is not part of {after.sha[:12]}."
            )
        if missing:
            notes.append(
                f"The source lacks {missing} objects of its own history; those files are not read. "
                "Once it is whole again, remove the mirror's folder to read them."
            )
        return Fetched(after.branch, after.sha, before.sha, forced, renamed, missing, tuple(notes))

    def _follows(self, before: RemoteHead, after: RemoteHead) -> bool:
        return self._git("merge-base", "--is-ancestor", before.sha, after.sha).code == 0

    def _note_missing(self, sha: str) -> int:
        """Count anew and write it down: counting walks the whole history."""
        count = missing_objects(self._path, self._remote, sha, deadline=self._deadline)
        new = self._path / f"orch-tmp-{MISSING_NOTE}"
        new.write_text(f"{sha} {count}\n")
        new.replace(self._path / MISSING_NOTE)
        return count

    def _count_missing(self, sha: str) -> int:
        """0 for a mirror that never had to do without; else the count for `sha`."""
        with suppress(FileNotFoundError, ValueError):
            counted, count = (self._path / MISSING_NOTE).read_text().split()
            return int(count) if counted == sha else self._note_missing(sha)
        return 0


class _Meter:
    """Turns git's progress lines into Progress calls; lines of the other side are not looked at."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._rest = b""
        self._label = b""
        self._done = 0

    def start(self) -> None:
        self._rest = self._label = b""

    def read(self, chunk: bytes) -> None:
        if self._progress is None:
            return
        *lines, self._rest = re.split(rb"[\r\n]", self._rest[-4096:] + chunk)
        for line in lines:
            if found := PROGRESS.match(line):
                self._show(self._progress, found[1], int(found[2]), int(found[3]))

    def _show(self, progress: Progress, label: bytes, done: int, total: int) -> None:
        if label != self._label:
            self.finish()
            self._label, self._done = label, 0
            progress.start(label.decode("ascii"), total)
        progress.advance(max(0, done - self._done))
        self._done = max(done, self._done)

    def finish(self) -> None:
        if self._progress is not None and self._label:
            self._progress.finish()
        self._label = b""
