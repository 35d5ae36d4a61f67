"""Writes a ledger out, one JSON document a line, every column as it is stored."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from coordinator.ports import Progress
from resources.files import FILE_MODE, storage_errors, sync_folder
from resources.ledger.ledger import Ledger


def export(ledger: Ledger, to: TextIO, *, after: int, progress: Progress) -> int:
    """Write the events behind position `after` to `to` and return how many they were.

    The texts that events name are not among them: they stay where they can be purged.
    """
    end, _ = ledger.head()
    written = 0
    progress.start("events", max(0, end - after))
    for page in ledger.pages(after=after, until=end):
        for row in page:
            to.write(json.dumps(vars(row), ensure_ascii=False) + "\n")
        written += len(page)
        progress.advance(len(page))
    progress.finish()
    return written


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A text file that only its owner reads, in the place of `path` once it is written whole."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.new")
    with storage_errors(path.name):
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
            sync_folder(path.parent)
        finally:
            scratch.unlink(missing_ok=True)
