"""Small files of the home: written whole or not at all, readable by their owner only."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from coordinator.errors import SettingsError, StorageError
from coordinator.yaml_text import MAX_BYTES

FOLDER_MODE = 0o700
FILE_MODE = 0o600


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn a full or read-only disk into StorageError; other OSErrors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"the disk is full: {what} was not written",
                hint="free some space and run the command again; nothing was lost",
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise StorageError(
                f"{what} may not be written ({os.strerror(error.errno)})",
                hint="check the owner and mode of ORCH_HOME",
            ) from error
        raise


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents, closed to others."""
    with storage_errors(str(folder)):
        try:
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise StorageError(
                f"{folder} cannot be a folder: a file stands there or above it",
                hint="name another place, or move the file away",
            ) from None
        folder.chmod(FOLDER_MODE)


def write_text(path: Path, text: str) -> None:
    """Replace the file's content, in UTF-8, in one step that survives a power cut."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file's content in one step that survives a power cut."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.new")
    with storage_errors(path.name):
        try:
            with os.fdopen(_private(scratch), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
            sync_folder(path.parent)
        finally:
            scratch.unlink(missing_ok=True)


def read_settings_text(path: Path) -> str:
    """The text of a settings file; SettingsError when it is missing, too large or not UTF-8."""
    try:
        if path.exists() and not path.is_file():
            raise SettingsError("is not a file", file=str(path))
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise SettingsError("does not exist", file=str(path)) from None
    except OSError as error:
        why = os.strerror(error.errno or errno.EIO)
        raise SettingsError(f"cannot be read ({why})", file=str(path)) from None
    if len(content) > MAX_BYTES:
        raise SettingsError(f"larger than {MAX_BYTES // 1000} kB", file=str(path))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SettingsError("not UTF-8 text", file=str(path), line=line) from None


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def size_of(folder: Path) -> int:
    """Bytes of all regular files below `folder`, links not followed; 0 when it does not exist."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a sync may be writing there
                state = (Path(root) / name).lstat()
                total += state.st_size if stat.S_ISREG(state.st_mode) else 0
    return total


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
