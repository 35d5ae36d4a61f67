"""The table `global_memory`: an index of the stream ``global``, one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from coordinator.errors import StorageError
from coordinator.ports import Progress
from resources.files import FILE_MODE, make_folder, storage_errors
from resources.global_memory.records import COPY_COLUMNS, GlobalRecords
from resources.memory.vector_table import MemoryWritten, Shape, VectorTable
from resources.tables import schemas as table_schemas

if TYPE_CHECKING:
    from resources.home import Home

TABLE = "global_memory"
WAIT_S = 60.0

SHAPE = Shape(
    table=TABLE,
    vector="embedding",
    columns=COPY_COLUMNS,
    hashed=COPY_COLUMNS,
    schema=table_schemas.global_memory,
    heal="orch memory rebuild",
)


class GlobalIndex:
    """The table of copies, made equal to what the ledger says."""

    def __init__(self, home: Home, records: GlobalRecords) -> None:
        self._home = home
        self._records = records

    @cached_property
    def table(self) -> VectorTable:
        return VectorTable(
            SHAPE,
            self._home.global_tables(),
            lambda: self._home.embedder,
            embedding=self._home.settings.embedding,
            whose="all companies",
        )

    def store(self, progress: Progress | None = None) -> MemoryWritten:
        """Make the table equal to the ledger; what equals it already is not written.

        A copy that no longer stands was taken back: it leaves with every byte of it, older
        versions and indexes included.
        """
        with self._alone():
            rows = self._records.rows(self._records.state())
            gone = self.table.tables.ids(TABLE).keys() - set(rows["id"])
            removed = self.table.forget(gone).removed
            return replace(self.table.store(rows, progress), removed=removed)

    def rebuild(self, progress: Progress | None = None) -> MemoryWritten:
        """Embed all copies anew with the model of the settings."""
        with self._alone():
            return self.table.rebuild(self._records.rows(self._records.state()), progress)

    def start_over(self) -> None:
        """Drop the table, which cannot be read, and make it again from the ledger."""
        with self._alone():
            for name in (SHAPE.next_table, TABLE):
                self.table.tables.drop(name)
            self.table.store(self._records.rows(self._records.state()))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one between reading the ledger and writing the table.

        Without it a slow writer could take out a copy that was published since it read.
        """
        from filelock import FileLock, Timeout

        make_folder(self._home.global_folder)
        lock = FileLock(self._home.global_folder / ".global.lock", timeout=WAIT_S, mode=FILE_MODE)
        try:
            with storage_errors("the lock of the global memory"):
                lock.acquire()
        except Timeout:
            raise StorageError(
                "another process is writing the global memory",
                hint="what is recorded is safe; try again in a while to make it searchable",
            ) from None
        try:
            yield
        finally:
            lock.release()
