"""The ledger's anchors: a second file that remembers how long the ledger was, and its head.

A hash chain does not see a cut tail. Each line ``<count> <hash>`` says that the ledger had `count`
events and that the last of them had that hash; it is written after the events are durable, so the
ledger may be ahead of its anchors, never behind. A line cut off by a power failure can only be the
last one, and is tolerated there alone.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from coordinator.errors import LedgerDamaged, StorageError
from coordinator.ledger.chain import GENESIS
from resources.files import FILE_MODE, storage_errors, sync_folder

_LINE = re.compile(rb"(\d{1,15}) ([0-9a-f]{64})")
_TAIL_BYTES = 4_096
_LONGEST_LINE = 128


class Anchors:
    """The file of anchors at `path`; many processes may append to it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the file with the anchor of an empty ledger, durably; an existing one is kept."""
        with storage_errors(self.path.name):
            try:
                handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
            except FileExistsError:
                return
            try:
                os.write(handle, _line(0, GENESIS))
                os.fsync(handle)
            finally:
                os.close(handle)
            sync_folder(self.path.parent)

    def append(self, count: int, head: str) -> None:
        """Add one anchor and make it durable; OSError when the disk refuses.

        A line somebody's power cut left torn is cut off first: it must not end up in the middle.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            end = _whole_lines(handle)
            os.pwrite(handle, _line(count, head), end)
            fcntl.flock(handle, fcntl.LOCK_UN)
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> dict[int, str]:
        """Head hash by count; LedgerDamaged when the file is missing or a line is no anchor."""
        return self._parse(self._bytes(), complete=True)

    def latest(self) -> tuple[int, str]:
        """The anchor of the longest ledger among the last lines: cheap enough for each opening."""
        found = self._parse(self._bytes(last=_TAIL_BYTES), complete=False)
        return max(found.items(), default=(0, GENESIS))

    def _bytes(self, *, last: int | None = None) -> bytes:
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                start = max(0, size - last) if last is not None else 0
                file.seek(start)
                if start:
                    file.readline()
                return file.read()
        except FileNotFoundError:
            raise LedgerDamaged(
                f"{self.path.name} is missing beside the ledger: a cut tail would not show",
                position=0,
                hint="restore it from a backup; to go on without it, create it as an empty file",
            ) from None
        except OSError as error:
            raise StorageError(
                f"{self.path.name} cannot be read ({os.strerror(error.errno or 0)})",
                hint="check the disk, and the owner and mode of ORCH_HOME",
            ) from error

    def _parse(self, content: bytes, *, complete: bool) -> dict[int, str]:
        found: dict[int, str] = {}
        # what follows the last line end is a torn line or nothing
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            match = _LINE.fullmatch(line)
            count, head = (int(match[1]), match[2].decode()) if match else (-1, "")
            if not match or found.setdefault(count, head) != head:
                where = f"line {number} of {self.path.name}" if complete else self.path.name
                raise LedgerDamaged(
                    f"{where} is not as it was written",
                    position=0,
                    hint="restore the ledger and its anchors from a backup",
                )
        return found


def _line(count: int, head: str) -> bytes:
    return f"{count} {head}\n".encode("ascii")


def _whole_lines(handle: int) -> int:
    """Cut a torn last line off and return the length of what stays. The caller holds the lock."""
    size = os.fstat(handle).st_size
    if size == 0 or os.pread(handle, 1, size - 1) == b"\n":
        return size
    start = max(0, size - _LONGEST_LINE)
    last_end = os.pread(handle, size - start, start).rfind(b"\n")
    if last_end < 0 and start:
        return size  # no torn line of ours: `read` will name it
    os.ftruncate(handle, start + last_end + 1)
    return start + last_end + 1
