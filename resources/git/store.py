"""The folder of a mirror: made whole or not at all, locked, swept after a crash, kept small.

One fetch at a time holds `orch.lock`. The git processes it starts inherit the lock, so a lock that
outlives its owner means: the owner was killed and its git still runs. Such a git is stopped before
anything it may be writing is swept away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from coordinator.errors import CompanyBusy, GitError, StorageError
from resources.git.process import stop_group

LOCK = "orch.lock"
ORPHAN_WAIT_S = 5.0

CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
"""


def make_repository(path: Path) -> None:
    """Make an empty bare repository at `path`, without hooks or templates.

    It is made beside and moved there, so that a killed process leaves no half of one.
    """
    if (path / "HEAD").is_file():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as beside:
            new = Path(beside) / "new"
            for folder in ("objects/info", "objects/pack", "refs/heads", "refs/orch"):
                (new / folder).mkdir(parents=True)
            new.chmod(0o700)
            (new / "config").write_text(CONFIG)
            (new / "HEAD").write_text("ref: refs/heads/none\n")
            new.rename(path)
    except OSError as error:
        if (path / "HEAD").is_file():
            return  # somebody else was faster
        raise StorageError(
            f"the mirror {path} could not be made: {error.strerror}",
            hint="the folder must not exist or be empty, and its parent be writable",
        ) from None


@dataclass(frozen=True)
class FetchLock:
    """The lock of a mirror, held; its file says by whom."""

    descriptor: int

    def note(self, group: int) -> None:
        """Write down the process group our git runs in, 0 for none."""
        os.pwrite(self.descriptor, f"{os.getpid():>10} {group:>10}\n".encode(), 0)


@contextmanager
def locked(path: Path) -> Iterator[FetchLock]:
    """Hold the lock of the mirror at `path`; CompanyBusy when a living process does."""
    try:
        descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"the mirror {path} is not writable: {error.strerror}") from None
    try:
        if not _take(descriptor):
            _stop_orphans(descriptor, path)
        lock = FetchLock(descriptor)
        lock.note(0)
        try:
            yield lock
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_orphans(descriptor: int, path: Path) -> None:
    words = os.pread(descriptor, 64, 0).split()
    owner, group = (int(words[0]), int(words[1])) if len(words) == 2 else (0, 0)
    busy = CompanyBusy(
        f"another fetch into {path.name} is running", hint="wait for it, or stop that process"
    )
    if not owner or _is_alive(owner):
        raise busy
    if group:
        stop_group(group)
    end = time.monotonic() + ORPHAN_WAIT_S
    while not _take(descriptor):
        if time.monotonic() > end:
            raise busy
        time.sleep(0.02)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # a killed process nobody has waited for yet is dead all the same
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def sweep(path: Path) -> None:
    """Remove what a killed git left: locks, unfinished packs and objects, keep marks.

    Only to be called while holding the lock: nothing of it belongs to a living process then.
    """
    objects = path / "objects"
    for found in (
        *path.glob("*.lock"),
        *(path / "refs").rglob("*.lock"),
        *objects.glob("info/**/*.lock"),
        *objects.glob("pack/tmp_*"),
        *objects.glob("pack/.tmp-*"),
        *objects.glob("pack/*.keep"),
        *objects.glob("??/tmp_obj_*"),
        *path.glob("orch-tmp-*"),
    ):
        if found.name != LOCK:
            found.unlink(missing_ok=True)
    for folder in (*objects.glob("tmp_objdir-*"), *objects.glob("incoming-*")):
        shutil.rmtree(folder, ignore_errors=True)


def folder_bytes(path: Path) -> int:
    """Bytes on disk of all files below `path`; files that vanish meanwhile count nothing."""
    total = 0
    waiting = [str(path)]
    while waiting:
        with suppress(FileNotFoundError), os.scandir(waiting.pop()) as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total


def packs(path: Path) -> list[Path]:
    """The pack files of the mirror."""
    return sorted((path / "objects" / "pack").glob("pack-*.pack"))


def remove_pack(pack: Path) -> None:
    """Remove a pack and its companions, the index last but one so that no index lacks its pack."""
    for suffix in (".rev", ".bitmap", ".idx", ".pack"):
        pack.with_suffix(suffix).unlink(missing_ok=True)


def source_objects(repository: Path) -> Path:
    """The objects folder of a repository on this disk, which may be bare or have a work tree.

    GitError when it borrows objects from elsewhere or holds a symbolic link: what lies behind
    one may belong to somebody else.
    """
    for objects in (repository / "objects", repository / ".git" / "objects"):
        if objects.is_dir():
            break
    else:
        raise GitError(
            f"{repository} lacks objects, and is of a form that can only be read when complete",
            hint="give the folder that holds its 'objects' folder",
        )
    if (objects / "info" / "alternates").exists():
        raise GitError(
            f"{repository} lacks objects and borrows from another repository",
            hint="run 'git repack -a -d' there and remove objects/info/alternates",
        )
    for folder in (repository, objects.parent, objects):
        if folder.is_symlink() and folder != repository:
            raise _linked(repository)
    waiting = [str(objects)]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for entry in found:
                if entry.is_symlink():
                    raise _linked(repository)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return objects


def _linked(repository: Path) -> GitError:
    return GitError(
        f"the objects of {repository} hold a symbolic link, which is not followed",
        hint="give a plain clone of it: git clone --bare --no-local",
    )
