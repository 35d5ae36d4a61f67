"""One LanceDB database: the tables of a company, or the coordinator's own.

Each change is one commit, made by one writer at a time, and on disk before it is acknowledged.
Open it in the process that uses it: LanceDB is not fork-safe (readers segfault in forked
children; spawn and forkserver are fine).
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coordinator.errors import MemoryUnavailable, OrchError, StorageError
from resources.files import storage_errors, write_text
from resources.tables import schemas as table_schemas
from resources.tables.acknowledged import Acknowledged
from resources.tables.arrow_rows import to_arrow, to_frame
from resources.tables.durability import Listing, listing, make_durable_folder, sync_changes
from resources.tables.schemas import ROW_HASH

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# LanceDB reads it once, when it is imported; its warnings are about its own future interfaces
os.environ.setdefault("LANCEDB_LOG", "error")

INDEX_CACHE_BYTES = 512 << 20  # the vectors of 300,000 rows
METADATA_CACHE_BYTES = 64 << 20
LOCK_TIMEOUT_S = 60.0
MAX_VERSIONS = 64
MAX_SMALL_FRAGMENTS = 32
KEEP_VERSIONS = timedelta(minutes=15)  # far longer than any read takes
NO_TIME = timedelta(milliseconds=1)  # LanceDB warns of none at all
KEEP_ALL = timedelta(days=36_500)

_DISK = {
    "No space left on device": "the disk is full",
    "Disk quota exceeded": "the disk quota is used up",
    "Read-only file system": "the file system is read-only",
    "Permission denied": "the folder is not writable",
}
_DISK_CODES = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}


@dataclass(frozen=True)
class Written:
    """What a change did; `version` and `rows` are the table's afterwards."""

    table: str
    inserted: int
    updated: int
    deleted: int
    version: int
    rows: int


class Tables:
    """The tables in `folder`, created on the first write."""

    def __init__(self, folder: Path, *, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        self.folder = folder
        self._lock_timeout_s = lock_timeout_s
        self._rewritten: set[str] = set()

    # -- reading ---------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The tables that exist, sorted."""
        found = self.folder.glob("*.lance/_versions/*.manifest")
        names = {path.parent.parent.name.removesuffix(".lance") for path in found}
        return sorted(name for name in names if self.exists(name))

    def exists(self, name: str) -> bool:
        """True when the table has at least one commit."""
        self._settle(name)
        return any((self.path(name) / "_versions").glob("*.manifest"))

    def path(self, name: str) -> Path:
        """The folder of one table."""
        return self.folder / f"{name}.lance"

    def read(
        self, name: str, columns: list[str] | None = None, *, schema: pa.Schema | None = None
    ) -> pd.DataFrame:
        """All rows, without `row_hash`; an empty frame with the right columns when missing."""
        if not self.exists(name):
            wanted = schema or table_schemas.known(name)
            if wanted is None:
                raise MemoryUnavailable(f"there is no table '{name}'")
            picked = columns or [one for one in wanted.names if one != ROW_HASH]
            return to_frame(wanted.empty_table().select(picked))
        with self._translated(name):
            table = self.open(name)
            picked = columns or [one for one in table.schema.names if one != ROW_HASH]
            found = table.search().select(picked).to_arrow()
        return to_frame(found.select(picked))

    def ids(self, name: str) -> dict[str, str]:
        """id → row_hash of every row; empty when the table is missing."""
        if not self.exists(name):
            return {}
        with self._translated(name):
            found = self.open(name).search().select(["id", ROW_HASH]).to_arrow()
        return dict(zip(found["id"].to_pylist(), found[ROW_HASH].to_pylist(), strict=True))

    def schema(self, name: str) -> pa.Schema | None:
        """The stored schema with its metadata; None when the table is missing."""
        if not self.exists(name):
            return None
        with self._translated(name):
            return self.open(name).schema

    def version(self, name: str) -> int:
        """The number of the newest commit; 0 when the table is missing."""
        if not self.exists(name):
            return 0
        with self._translated(name):
            return int(self.open(name).version)

    def rows(self, name: str) -> int:
        """The number of rows; 0 when the table is missing."""
        if not self.exists(name):
            return 0
        with self._translated(name):
            return int(self.open(name).count_rows())

    @contextmanager
    def reading(self, name: str) -> Iterator[Any]:
        """The LanceDB table itself, for queries; what they raise becomes our errors."""
        with self._translated(name):
            yield self.open(name)

    def bytes_on_disk(self, name: str) -> int:
        """The size of the table's files, older versions included; 0 when the table is missing."""
        return sum(size for size, _ in listing(self.path(name)).values())

    # -- writing ---------------------------------------------------------------------------

    def reconcile(
        self,
        name: str,
        frame: pd.DataFrame,
        *,
        schema: pa.Schema | None = None,
        delete_missing: bool = True,
    ) -> Written:
        """Make the table hold `frame`, in one commit; rows are compared by id and row_hash.

        Nothing to change means no commit and the same version. With `delete_missing` False, rows
        the frame lacks stay.
        """
        wanted = self._schema_for(name, schema)
        batch = to_arrow(frame, wanted)
        with self.writing(name):
            stored = self.schema(name)
            if stored is None or (delete_missing and not stored.equals(wanted)):
                return self._overwrite(name, batch, had=self.rows(name))
            return self._merge(name, batch, delete_missing=delete_missing)

    def upsert(self, name: str, frame: pd.DataFrame, *, schema: pa.Schema | None = None) -> Written:
        """Insert and update the rows of `frame`; the others stay."""
        return self.reconcile(name, frame, schema=schema, delete_missing=False)

    def delete(self, name: str, ids: Iterable[str]) -> Written:
        """Remove the rows with these ids; ids that are not there are no error."""
        from lancedb.expr import col

        with self.writing(name):
            have = self.ids(name)
            gone = sorted(set(ids) & have.keys())
            if not gone:
                return self._written(name)
            with self._translated(name):
                self.open(name).delete(col("id").isin(gone))
                self._tidy(name)
            return self._written(name, deleted=len(gone))

    def forget(self, name: str, ids: Iterable[str]) -> Written:
        """Remove the rows with these ids and every byte of them; ids not there are no error.

        A mark stands beside the table from before the first change until nothing older is left:
        what was killed half-way is finished by the next call, whichever ids it names.
        """
        unfinished = self.folder / f".{name}.forgetting"
        gone = set(ids) & self.ids(name).keys()
        if not gone and not unfinished.exists():
            return self._written(name)
        with storage_errors(f"the mark of table '{name}'"):
            write_text(unfinished, "")
        deleted = self.delete(name, gone).deleted
        self.erase_deleted(name)
        unfinished.unlink()
        return self._written(name, deleted=deleted)

    def replace(self, name: str, source: str) -> Written:
        """Put the rows and the schema of table `source` in the place of `name`, in one commit.

        Readers see the old rows or the new ones, never a mixture.
        """
        with self.writing(name):
            had = self.rows(name) if self._readable(name) else 0
            with self._translated(source):
                batch = self.open(source).search().to_arrow()
                wanted = self.open(source).schema
            return self._overwrite(name, batch.select(wanted.names).cast(wanted), had=had)

    def erase_deleted(self, name: str) -> None:
        """Leave no byte of rows that were deleted or updated: what stands is written anew.

        Older versions and their indexes go, so a search that is reading one of them fails, and the
        indexes must be made again. A crash half-way is healed by the next call.
        """
        if not self.exists(name):
            return
        with self.writing(name), self._translated(name):
            table = self.open(name)
            schema = table.schema
            batch = table.search().select(schema.names).to_arrow()
            self._overwrite(name, batch.select(schema.names).cast(schema), had=batch.num_rows)
        # in a block of its own: the new version is on disk before the older ones go
        with self.writing(name), self._translated(name):
            self._prune(name, NO_TIME, delete_unverified=True)

    def drop(self, name: str) -> None:
        """Remove the table and its files; a missing one is no error."""
        with self.writing(name), self._translated(name):
            self._clear(name)

    def optimize(self, name: str) -> None:
        """Join small parts and complete the indexes, for a caller that is `writing` already.

        Old versions go when the block ends: not before the new one is on disk, else a power cut
        could take both.
        """
        with self._translated(name):
            self.open(name).optimize(cleanup_older_than=KEEP_ALL)
            self._rewritten.add(name)

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Be the only writer of a table; what was written is on disk when the block ends.

        What a writer left behind that died in its block is taken back first. StorageError when
        another writer holds the table longer than the timeout.
        """
        acknowledged = Acknowledged(self.path(name))
        with self._locked(name):
            with self._translated(name):
                acknowledged.take_back()
                if not acknowledged.newest():
                    acknowledged.mark_none()
                # a table without a mark comes from elsewhere: then force all of it
                before = {} if acknowledged.marked() is None else listing(self.path(name))
            yield
            with self._translated(name):
                self._acknowledge(name, before)
                if name in self._rewritten:
                    self._prune(name, KEEP_VERSIONS)
                    self._rewritten.discard(name)

    def open(self, name: str) -> Any:
        """The LanceDB table itself, for queries and indexes."""
        self._settle(name)
        return self._database.open_table(name)

    # -- parts -----------------------------------------------------------------------------

    @cached_property
    def _database(self) -> Any:
        import lancedb

        return lancedb.connect(
            self.folder,
            # a reader without it never sees what another process commits
            read_consistency_interval=timedelta(0),
            # the default session may cache up to 6 + 1 GiB
            session=lancedb.Session(INDEX_CACHE_BYTES, METADATA_CACHE_BYTES),
        )

    def _schema_for(self, name: str, schema: pa.Schema | None) -> pa.Schema:
        wanted = schema or table_schemas.known(name)
        if wanted is None:
            raise ValueError(f"table '{name}' needs a schema")
        return wanted

    def _readable(self, name: str) -> bool:
        try:
            return self.exists(name) and self.rows(name) >= 0
        except MemoryUnavailable:
            return False

    def _overwrite(self, name: str, batch: pa.Table, *, had: int) -> Written:
        with self._translated(name):
            mode = "overwrite" if self._readable(name) else "create"
            if mode == "create":
                self._clear(name)
            self._database.create_table(name, data=batch, schema=batch.schema, mode=mode)
        return self._written(name, inserted=batch.num_rows, deleted=had)

    def _merge(self, name: str, batch: pa.Table, *, delete_missing: bool) -> Written:
        import pyarrow as pa
        from lancedb.expr import col

        have = self.ids(name)
        ids, hashes = batch["id"].to_pylist(), batch[ROW_HASH].to_pylist()
        differs = [have.get(key) != mine for key, mine in zip(ids, hashes, strict=True)]
        gone = sorted(have.keys() - set(ids)) if delete_missing else []
        if not any(differs) and not gone:
            return self._written(name)
        batch = batch.filter(pa.array(differs, pa.bool_()))
        with self._translated(name):
            merge = self.open(name).merge_insert("id")
            merge = merge.when_matched_update_all().when_not_matched_insert_all()
            if gone:
                merge = merge.when_not_matched_by_source_delete(col("id").isin(gone))
            merge.execute(batch)
            self._tidy(name)
        updated = sum(key in have for key in batch["id"].to_pylist())
        inserted = batch.num_rows - updated
        return self._written(name, inserted=inserted, updated=updated, deleted=len(gone))

    def _tidy(self, name: str) -> None:
        versions = sum(1 for _ in (self.path(name) / "_versions").glob("*.manifest"))
        table = self.open(name)
        small = table.stats()["fragment_stats"]["num_small_fragments"]
        if versions > MAX_VERSIONS or small > MAX_SMALL_FRAGMENTS:
            self.optimize(name)

    def _written(
        self, name: str, *, inserted: int = 0, updated: int = 0, deleted: int = 0
    ) -> Written:
        return Written(name, inserted, updated, deleted, self.version(name), self.rows(name))

    def _acknowledge(self, name: str, before: Listing) -> None:
        sync_changes(self.path(name), before)
        Acknowledged(self.path(name)).mark()

    def _prune(self, name: str, older_than: timedelta, *, delete_unverified: bool = False) -> None:
        """Remove old versions once the present one is acknowledged.

        LanceDB prunes only after joining parts and completing indexes. Where that makes a commit,
        the acknowledged version counts as old already, and a power cut could take both: so first
        those, until there is nothing to do.
        """
        optimize = self.open(name).optimize
        last = 0
        while last != self.version(name):
            last, before = self.version(name), listing(self.path(name))
            optimize(cleanup_older_than=KEEP_ALL)
            self._acknowledge(name, before)
        before = listing(self.path(name))
        optimize(cleanup_older_than=older_than, delete_unverified=delete_unverified)
        self._acknowledge(name, before)

    def _clear(self, name: str) -> None:
        if self.path(name).exists():
            Acknowledged(self.path(name)).mark_none()
            shutil.rmtree(self.path(name))

    def _settle(self, name: str) -> None:
        """Take back what a dead writer left; what a living one is about to acknowledge stays."""
        acknowledged = Acknowledged(self.path(name))
        if acknowledged.is_newest():
            return
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / f".{name}.lock", timeout=0)
        with suppress(Timeout, OSError), lock:  # who may not write here reads what there is
            acknowledged.take_back()

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        from filelock import FileLock, Timeout

        with self._translated(name):
            make_durable_folder(self.folder)
            lock = FileLock(self.folder / f".{name}.lock", timeout=self._lock_timeout_s)
            try:
                lock.acquire()
            except Timeout:
                raise StorageError(
                    f"table '{name}' in {self.folder} is being written by another process",
                    hint="wait for the other sync to end and try again",
                ) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        """Turn what LanceDB and the disk raise into our errors, without their texts."""
        try:
            yield
        except OrchError:
            raise
        except (OSError, RuntimeError, ValueError) as error:
            raise self._ours(name, error) from error

    def _ours(self, name: str, error: Exception) -> OrchError:
        where = f"table '{name}' in {self.folder}"
        trouble = next((said for sign, said in _DISK.items() if sign in str(error)), "")
        if trouble or getattr(error, "errno", None) in _DISK_CODES:
            return StorageError(
                f"{trouble or 'the disk refuses'}: {where} keeps its last version",
                hint="make room or fix the permissions, then run the same command again",
            )
        return MemoryUnavailable(f"{where} is damaged", hint="run: orch memory rebuild")
