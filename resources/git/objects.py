"""Reading objects of our own mirror by id, through GitPython's command object.

GitPython hands every process the whole environment of this one; `_clean_git` starts them through
``env -i`` instead, so that a GIT_OBJECT_DIRECTORY or GIT_CONFIG_COUNT of the caller cannot lead a
reader to another company's objects. GitPython also never closes its pipes: `ObjectReader.close`.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import IO, TYPE_CHECKING, Any

from coordinator.errors import GitError
from coordinator.git import Commit
from coordinator.git.text import ChangedPaths, parse_changed_paths, parse_commit
from resources.git.process import HARDENED, clean_environment

if TYPE_CHECKING:
    from git import Git

MAX_COMMIT_BYTES = 1024 * 1024
# A tree that names itself ten times on ten levels is small to store and huge to walk, and git
# keeps the walk in memory. This bound ends that process, not the machine. In kB, as ulimit wants.
MAX_WALK_KB = 4 * 1024 * 1024
# packs are mapped into memory: in windows that fit under the bound, whatever their size
WINDOWS = ("core.packedGitWindowSize=64m", "core.packedGitLimit=512m")


def _clean_git(path: Path, environ: Mapping[str, str]) -> Git:
    try:
        from git import Git
    except ImportError:
        raise GitError("git is not installed", hint="install git 2.39 or newer") from None

    assignments = [f"{k}={v}" for k, v in clean_environment(environ, path).items()]
    limited = ["sh", "-c", 'ulimit -v "$0" 2>/dev/null; exec "$@"', str(MAX_WALK_KB)]
    settings = [part for setting in (*HARDENED, *WINDOWS) for part in ("-c", setting)]

    class CleanGit(Git):
        def execute(self, command: Any, *args: Any, **kwargs: Any) -> Any:
            program, *rest = command
            clean = [*limited, "env", "-i", *assignments, program, *settings, *rest]
            return super().execute(clean, *args, **kwargs)

    return CleanGit(str(path))


class ObjectReader:
    """Persistent `cat-file` processes over one mirror. Not thread-safe by itself: it locks."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._git = _clean_git(path, environ)
        self._lock = threading.Lock()

    def header(self, sha: str) -> tuple[str, int] | None:
        """Kind and size of the object, None when this mirror does not hold it."""
        with self._lock:
            return self._header(sha)

    def _header(self, sha: str) -> tuple[str, int] | None:
        try:
            _, kind, size = self._git.get_object_header(sha)
        except (ValueError, OSError) as error:
            _check_missing(error)
            return None
        # GitPython says str and gives bytes
        return (kind.decode("ascii") if isinstance(kind, bytes) else kind), int(size)

    def data(self, sha: str, max_bytes: int) -> bytes | None:
        """The first `max_bytes` of the object, None when this mirror does not hold it."""
        with self._lock:
            try:
                _, _, _, stream = self._git.stream_object_data(sha)
            except (ValueError, OSError) as error:
                _check_missing(error)
                return None
            data = stream.read(max_bytes)
            # the next object's header follows in the same pipe
            while stream.read(1024 * 1024):
                pass
            return data

    def commits(self, ids: Sequence[str]) -> Iterator[Commit]:
        """The commits `ids`, in their order, each with the paths it changed."""
        with self._changed_paths(ids) as changes:
            read = 0
            for change in changes:
                raw = self.data(change.sha, MAX_COMMIT_BYTES)
                if raw is None:
                    raise _no_commit(change.sha)
                yield parse_commit(change.sha, raw, change.paths, change.total)
                read += 1
        if read != len(ids):
            raise _no_commit(ids[read])

    @contextmanager
    def _changed_paths(self, ids: Sequence[str]) -> Iterator[Iterator[ChangedPaths]]:
        # one process for all commits, fed from a file: a pipe fed by us could fill and lock both
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{sha}\n" for sha in ids).encode("ascii"))
            wanted.seek(0)
            process = self._git.diff_tree(
                "--stdin", "-r", "-z", "--raw", "--always", "--no-renames", "--root",
                istream=wanted, as_process=True,
            )  # fmt: skip
            try:
                yield parse_changed_paths(ids, _tokens(process.stdout))
            finally:
                _end(process)

    def tree(self, commit: str) -> Iterator[bytes]:
        """The records of `git ls-tree -r -t -z -l` for the whole tree of `commit`."""
        process = self._git.ls_tree(
            "-r", "-t", "-z", "-l", "--full-tree", commit, "--", istream=PIPE, as_process=True
        )
        try:
            yield from _tokens(process.stdout)
            if process.proc.wait() != 0:
                raise GitError(
                    f"the tree of commit {commit[:12]} cannot be read whole in this mirror",
                    hint="the source lacks folders of it (a clone with --filter=tree:0)",
                )
        finally:
            _end(process)

    def close(self) -> None:
        """End the processes. The reader starts new ones when it is asked again."""
        with self._lock:
            for process in (self._git.cat_file_all, self._git.cat_file_header):
                if process is not None:
                    _end(process)
            self._git.cat_file_all = self._git.cat_file_header = None


def _tokens(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read1(65_536):  # type: ignore[attr-defined]
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    if rest:
        yield rest


def _end(process: Any) -> None:
    popen = process.proc
    if popen is None:
        return
    for pipe in (popen.stdin, popen.stdout, popen.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    popen.kill()
    popen.wait()
    process.proc = None


def _check_missing(error: Exception) -> None:
    """Return when git says the object is missing; a git that died is an error, never "missing"."""
    if "missing" not in str(error):
        raise GitError(
            "git ended while it was reading the mirror", hint="run the sync again"
        ) from None


def _no_commit(sha: str) -> GitError:
    return GitError(
        f"commit {sha[:12]} or a folder of it cannot be read in this mirror",
        hint="the source may lack it; remove the mirror's folder to fetch it anew",
    )
