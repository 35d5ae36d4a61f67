"""All that is particular to SQLite in the ledger: connections, guards, and its errors' meaning.

Three guards keep the table append-only. Triggers in the file refuse UPDATE, DELETE and any INSERT
that is not the next row: they bind every program that opens the file. An authorizer on our own
connections lets nothing through but reading and inserting. And the schema is compared with the
one recorded at its creation, because another program can drop a trigger.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from coordinator.errors import LedgerError, OrchError, StorageError
from resources.files import FILE_MODE, storage_errors, sync_folder
from resources.ledger.damage import damaged
from resources.ledger.migrations import recorded_version

BUSY_SECONDS = 30.0
_BUSY_MILLISECONDS = round(BUSY_SECONDS * 1_000)
_FORGETTING_MILLISECONDS = 1_000
_POLL_SECONDS = 0.01

_NEXT_EVENT_ONLY = """
CREATE TRIGGER events_append_only BEFORE INSERT ON events
WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM events)
  OR EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id)
  OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: this is not the next event'); END
"""

_PURGED_TEXTS_ONLY = """
CREATE TRIGGER texts_delete_purged BEFORE DELETE ON texts
WHEN NOT EXISTS (
  SELECT 1 FROM events
  WHERE event_type = 'texts_purged' AND company = OLD.owner AND instr(payload, OLD.sha256))
BEGIN SELECT RAISE(ABORT, 'the ledger keeps its texts: no event purged this one'); END
"""


def _refused(table: str, verb: str) -> str:
    return f"""
CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {verb} refused'); END
"""


TRIGGERS = (
    (
        _NEXT_EVENT_ONLY,
        *(
            _refused(table, verb)
            for table in ("events", "schema_migrations")
            for verb in ("UPDATE", "DELETE")
        ),
    ),
    (_PURGED_TEXTS_ONLY, _refused("texts", "UPDATE")),
)
"""The triggers each schema version added."""

# synchronous=NORMAL loses acknowledged commits at a power cut in WAL mode; without
# recursive_triggers INSERT OR REPLACE deletes rows past the DELETE trigger
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    # a purged text must not stay readable in the file's free pages
    "PRAGMA secure_delete=ON",
)

_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
}
_ALLOWED_WRITES = {
    (sqlite3.SQLITE_INSERT, "events"),
    (sqlite3.SQLITE_INSERT, "texts"),
    (sqlite3.SQLITE_DELETE, "texts"),
    (sqlite3.SQLITE_INSERT, "snapshots"),
    (sqlite3.SQLITE_DELETE, "snapshots"),
}
_ALLOWED_PRAGMAS = {
    ("integrity_check", "1"),
    ("wal_checkpoint", "TRUNCATE"),
    ("busy_timeout", str(_FORGETTING_MILLISECONDS)),
    ("busy_timeout", str(_BUSY_MILLISECONDS)),
    ("read_uncommitted", None),  # SQLAlchemy asks once
    ("synchronous", None),
    ("recursive_triggers", None),
}


def is_new(path: Path) -> bool:
    """Whether no ledger was ever made at `path`."""
    return not path.exists()


def make_ready(path: Path, anchored: int) -> None:
    """Make an empty file where there is none; LedgerDamaged when it held `anchored` events."""
    if anchored and not (path.exists() and path.stat().st_size):
        raise damaged(f"{path.name} is missing or empty, its anchors know {anchored} events")
    create_file(path)


def create_file(path: Path) -> None:
    """Make an empty file that only its owner reads; SQLite gives its companions the same mode."""
    with storage_errors(path.name):
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        except FileExistsError:
            return
        sync_folder(path.parent)


def engine(path: Path, *, guarded: bool = True) -> Engine:
    """Connections to the ledger at `path`; only an unguarded one can make the schema."""
    refuse_after_fork(path)
    made = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        # else an error quotes the texts it could not store, and event logs print causes
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(made, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see write()
        _use_wal(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if guarded:
            connection.set_authorizer(_authorize)
        _open.add((path, id(connection)))

    @event.listens_for(made, "close")
    def forget(connection: sqlite3.Connection, _: object) -> None:
        _open.discard((path, id(connection)))

    _engines.add(made)
    return made


# A child process inherits SQLite's belief in locks that only its parent holds; writing with that
# can lose the write-ahead log. So no connection may live through a fork: the idle ones are closed
# before it, and a child forked while one was at work may not touch that file.
_engines: WeakSet[Engine] = WeakSet()
_open: set[tuple[Path, int]] = set()
_at_work_at_fork: set[Path] = set()


def _before_fork() -> None:
    for made in list(_engines):
        made.dispose()
    _at_work_at_fork.update(path for path, _ in list(_open))


os.register_at_fork(before=_before_fork, after_in_parent=_at_work_at_fork.clear)


def refuse_after_fork(path: Path) -> None:
    """Raise LedgerError in a child that was forked while its parent was reading or writing."""
    if path in _at_work_at_fork:
        raise LedgerError(
            f"this process was forked while {path.name} was in use, and must not touch it",
            hint="start the process by spawn or forkserver instead of fork",
        )


def enter_child(made: Engine) -> None:
    """Go on in a forked child; LedgerError where that is not safe."""
    refuse_after_fork(Path(str(made.url.database)))


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait for others here, so this does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if (action, first) in _ALLOWED_WRITES:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and (first, second) in _ALLOWED_PRAGMAS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """A read transaction: one snapshot, whatever others write meanwhile."""
    with connected(engine) as connection:
        connection.exec_driver_sql("BEGIN")
        yield connection


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """A write transaction that has the ledger for itself from its first statement on."""
    with connected(engine) as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.commit()


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    pool = engine.pool
    with errors(), engine.connect() as connection:
        try:
            yield connection
        finally:
            connection.rollback()  # after a commit there is nothing left to roll back
            if engine.pool is not pool:
                connection.invalidate()  # it would stay open in the pool given up before a fork


def maker(path: Path) -> Engine:
    """Connections that may make tables."""
    return engine(path, guarded=False)


def guard(connection: Connection, version: int) -> None:
    """Make the triggers that schema version `version` adds."""
    for trigger in TRIGGERS[version - 1]:
        connection.execute(text(trigger.strip()))


def check_schema(connection: Connection) -> int:
    """The version of the ledger's schema, 0 without one; raises when it is not ours or changed."""
    names = {row[0] for row in _schema(connection)}
    if not names:
        return 0
    if not {"events", "schema_migrations"} <= names:
        raise LedgerError(
            "this SQLite file is no ledger of orch",
            hint="ORCH_HOME/ledger.db must be the file `orch init` made",
        )
    return recorded_version(connection, schema_digest(connection))


def forget_deleted(engine: Engine) -> None:
    """Empty the write-ahead log, which still holds the pages deleted texts stood on.

    StorageError when somebody goes on reading: it is emptied when the last connection closes.
    """
    with connected(engine) as connection:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_FORGETTING_MILLISECONDS}")
        busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
    if busy:
        raise StorageError("another process reads the ledger")
    # SQLite does not force the cut: a power failure could bring the log back
    with suppress(FileNotFoundError), Path(f"{engine.url.database}-wal").open("rb") as log:
        os.fsync(log.fileno())


def _schema(connection: Connection) -> list[Any]:
    statement = "SELECT name, type, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    return list(connection.exec_driver_sql(f"{statement} ORDER BY type, name"))


def schema_digest(connection: Connection) -> str:
    """One hash of all tables, indexes and triggers."""
    listing = "\n".join("\t".join(map(str, row)) for row in _schema(connection))
    return hashlib.sha256(listing.encode("utf-8", "surrogatepass")).hexdigest()


def check_pages(connection: Connection) -> None:
    """Raise LedgerDamaged when pages are broken or an index disagrees with its table."""
    found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if found != "ok":
        raise damaged("the ledger's pages are damaged (SQLite's integrity check)")


@contextmanager
def errors() -> Iterator[None]:
    """Turn SQLite's errors into ours; those of this project pass."""
    try:
        yield
    except OrchError:
        raise
    except DBAPIError as error:
        raise _translated(error.orig) from error
    except SQLAlchemyError as error:  # one row was asked for, and a damaged index gave two
        raise damaged(f"the ledger's file is damaged ({type(error).__name__})") from error
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # Python cannot even decode SQLite's message when it quotes a damaged name
        raise _translated(error) from error


def _translated(error: BaseException | None) -> OrchError:
    code = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    # without a code Python could not read a value; and our statements are fixed: one that SQLite
    # does not understand means that the schema is not ours any more
    kind = sqlite3.SQLITE_CORRUPT if code is None else code & 0xFF
    if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH):
        return damaged(f"the ledger's file is damaged ({name})")
    if kind == sqlite3.SQLITE_NOTADB:
        return damaged("the ledger is not a SQLite database, or its first page is damaged")
    if kind in _MEANING:
        error_class, message, hint = _MEANING[kind]
        return error_class(f"{message} ({name})", hint=hint)
    return LedgerError(f"the ledger cannot be used ({name})", hint="run `orch events verify`")


_BUSY = (
    LedgerError,
    f"another process held the ledger for {BUSY_SECONDS:.0f} s: nothing was recorded",
    "look for a hung `orch` or an open SQLite shell, then try again",
)
_UNWRITABLE = (
    StorageError,
    "the ledger's file cannot be read or written: nothing was recorded",
    "check the disk, and the owner and mode of ORCH_HOME",
)
_MEANING: dict[int, tuple[type[OrchError], str, str]] = {
    sqlite3.SQLITE_FULL: (
        StorageError,
        "the disk is full: nothing was recorded",
        "free some space and try again",
    ),
    sqlite3.SQLITE_IOERR: _UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: _UNWRITABLE,
    sqlite3.SQLITE_READONLY: _UNWRITABLE,
    sqlite3.SQLITE_PERM: _UNWRITABLE,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CONSTRAINT: (
        LedgerError,
        "the ledger refused the event, its id may stand there already: nothing was recorded",
        "",
    ),
}
