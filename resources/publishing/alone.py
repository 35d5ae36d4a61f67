"""One process at a time delivers to a place, or makes what spans all companies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coordinator.errors import CompanyBusy
from resources.files import FILE_MODE, make_folder, storage_errors


@contextmanager
def alone(folder: Path, stream: str, whose: str) -> Iterator[None]:
    """Be the only one who works on `stream` (``outbox:jira``, ``insights``), which is of `whose`.

    CompanyBusy when somebody else does. `folder` keeps the lock, which goes with its process.
    """
    from filelock import FileLock, Timeout

    make_folder(folder)
    lock = FileLock(folder / f".{stream.replace(':', '-')}.lock", timeout=0, mode=FILE_MODE)
    try:
        with storage_errors("the lock of the outbox"):
            lock.acquire()
    except Timeout:
        kind, _, service = stream.partition(":")
        doing = f"publishing to {service.partition(':')[0]}" if service else f"looking for {kind}"
        raise CompanyBusy(
            f"another process is {doing} of {whose}",
            hint="wait for it to end, then try again",
        ) from None
    try:
        yield
    finally:
        lock.release()
