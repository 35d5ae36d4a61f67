"""All that is particular to Postgres in the ledger: connections, guards, and its errors' meaning.

The same functions as `resources.ledger.sqlite`, and the same guards where Postgres has them:

- Triggers refuse UPDATE, DELETE and TRUNCATE, any INSERT that is not the next row, and the
  deletion of a text no event purged. They are ENABLE ALWAYS: `session_replication_role` does not
  switch them off.
- SQLite's authorizer has no equal. Whoever owns the tables can drop them or their triggers, this
  program's connections too when they own them. So let one role make the tables and another, with
  SELECT and INSERT only (DELETE on `texts` and `snapshots` besides), use them: docs/operations.md.
  What an owner changed shows: the schema is compared with the one recorded at its creation, the
  rows are chained, and the anchors stand in ORCH_HOME, outside the database.
- There is no integrity check of pages and indexes here; the server's own checksums and `amcheck`
  are. A text purged leaves the table's files, but not the server's write-ahead log and backups.
- One writer at a time: an advisory lock of the transaction, so readers never wait.

No error carries the URL, which may hold a password, or the server's message, which quotes rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from coordinator.errors import LedgerDamaged, LedgerError, OrchError, StorageError
from resources.ledger.damage import damaged
from resources.ledger.migrations import recorded_version
from resources.ledger.schema import metadata

BUSY_SECONDS = 30.0
CONNECT_SECONDS = 10
_LOCK = 0x6F726368  # "orch": the number of the advisory lock that writers take

_TABLES = tuple(metadata.tables)

_NEXT_EVENT_ONLY = """
  IF NEW.position IS DISTINCT FROM (SELECT coalesce(max(position), 0) + 1 FROM events) THEN
    RAISE EXCEPTION 'the ledger is append-only: this is not the next event';
  END IF;
  RETURN NEW;
"""

_PURGED_TEXTS_ONLY = """
  IF NOT EXISTS (
    SELECT 1 FROM events
    WHERE event_type = 'texts_purged' AND company = OLD.owner AND strpos(payload, OLD.sha256) > 0)
  THEN
    RAISE EXCEPTION 'the ledger keeps its texts: no event purged this one';
  END IF;
  RETURN OLD;
"""

_REFUSED = """
  RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP;
"""


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN{body}END$$"


def _trigger(table: str, name: str, when: str, function: str) -> tuple[str, str]:
    return (
        f"CREATE TRIGGER {name} BEFORE {when} EXECUTE FUNCTION {function}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    )


def _append_only(table: str, verbs: str) -> tuple[str, str]:
    return _trigger(
        table, f"{table}_append_only", f"{verbs} ON {table} FOR EACH STATEMENT", "ledger_refuse"
    )


GUARDS = (
    (
        _function("ledger_refuse", _REFUSED),
        _function("ledger_next_event_only", _NEXT_EVENT_ONLY),
        *_trigger(
            "events", "events_next_only", "INSERT ON events FOR EACH ROW", "ledger_next_event_only"
        ),
        *_append_only("events", "UPDATE OR DELETE OR TRUNCATE"),
        *_append_only("schema_migrations", "UPDATE OR DELETE OR TRUNCATE"),
    ),
    (
        _function("ledger_purged_texts_only", _PURGED_TEXTS_ONLY),
        *_trigger(
            "texts",
            "texts_delete_purged",
            "DELETE ON texts FOR EACH ROW",
            "ledger_purged_texts_only",
        ),
        *_append_only("texts", "UPDATE OR TRUNCATE"),
    ),
)
"""The functions and triggers each schema version added."""

# a temporary table named `events` must not stand before ours in the eyes of a trigger
_FIX_SEARCH_PATH = """
DO $$
DECLARE made regprocedure;
BEGIN
  FOR made IN SELECT oid FROM pg_proc WHERE proname LIKE 'ledger\\_%'
    AND pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
  LOOP
    EXECUTE format(
      'ALTER FUNCTION %s SET search_path = %I, pg_temp', made, current_schema());
  END LOOP;
END$$
"""

# of the catalogs only what stays the same from one version of Postgres to the next
_SCHEMA = """
WITH ours AS (
  SELECT oid, relname, relpersistence, relrowsecurity FROM pg_class
  WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND relkind IN ('r', 'p', 'v') AND relname = ANY(%(tables)s))
SELECT relname::text, 'table', relpersistence::text || relrowsecurity::text, '' FROM ours
UNION ALL
SELECT relname::text, 'column', attname::text, format_type(atttypid, atttypmod) || attnotnull::text
FROM pg_attribute JOIN ours ON ours.oid = attrelid WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT ours.relname::text, 'index', made.relname::text,
  concat_ws(' ', indisunique, indisprimary, indisvalid, indpred IS NULL, indexprs IS NULL,
    (SELECT string_agg(attname::text, ',' ORDER BY place)
     FROM unnest(indkey::int[]) WITH ORDINALITY AS key(number, place)
     JOIN pg_attribute ON attrelid = indrelid AND attnum = number))
FROM pg_index JOIN ours ON ours.oid = indrelid JOIN pg_class made ON made.oid = indexrelid
UNION ALL
SELECT relname::text, 'trigger', tgname::text,
  concat_ws(' ', tgenabled, tgtype, proname, prosrc, proconfig)
FROM pg_trigger JOIN ours ON ours.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE NOT tgisinternal
UNION ALL
SELECT tablename::text, 'rule', rulename::text, definition FROM pg_rules
WHERE schemaname = current_schema() AND tablename = ANY(%(tables)s)
"""


def place(url: str) -> URL:
    """`url` as SQLAlchemy takes it; LedgerError, which does not repeat it, when it is none."""
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        made = None
    if made is None or made.get_backend_name() not in ("postgresql", "postgres"):
        raise LedgerError(
            "ORCH_LEDGER_URL cannot be read",
            hint="postgresql://USER@HOST/DATABASE or sqlite:///PATH, special characters as %40",
        ) from None
    return made.set(drivername="postgresql+psycopg2")


def is_new(where: URL) -> bool:
    """Whether no event was ever recorded there."""
    made = engine(where)
    try:
        with read(made) as connection:
            names = {row[0] for row in _schema(connection)}
            if "events" not in names:
                return True
            return connection.exec_driver_sql("SELECT 1 FROM events LIMIT 1").first() is None
    finally:
        made.dispose()


def make_ready(where: URL, anchored: int) -> None:
    """Nothing: the database is there already, or nobody can connect to it."""


def engine(where: URL) -> Engine:
    """Connections to the ledger's database."""
    made = create_engine(
        where,
        poolclass=QueuePool,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was restarted must not cost the first append
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "orch"},
    )

    @event.listens_for(made, "connect")
    def prepare(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            # an acknowledged event survives a power cut, whatever the server's default is
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
            )
            cursor.execute("SET standard_conforming_strings = on")
        connection.commit()

    return made


def enter_child(made: Engine) -> None:
    """Go on in a forked child: its parent's connections are left to the parent, untouched."""
    made.dispose(close=False)


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """A read transaction: one snapshot, whatever others write meanwhile."""
    with connected(engine) as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield connection


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """A write transaction that has the ledger for itself from its first statement on."""
    with connected(engine) as connection:
        # READ COMMITTED: a snapshot taken before the wait for the lock would be an old one
        connection.exec_driver_sql(
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; "
            f"SET LOCAL lock_timeout = '{round(BUSY_SECONDS * 1_000)}ms'; "
            f"SELECT pg_advisory_xact_lock({_LOCK})"
        )
        yield connection
        connection.commit()


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    with errors(), engine.connect() as connection:
        try:
            yield connection
        finally:
            connection.rollback()  # after a commit there is nothing left to roll back


def maker(where: URL) -> Engine:
    """Connections that may make tables: on Postgres the role decides, not the connection."""
    return engine(where)


def guard(connection: Connection, version: int) -> None:
    """Make the functions and triggers that schema version `version` adds."""
    # without parameters a percent sign is one
    plainly = connection.execution_options(no_parameters=True)
    for statement in (*GUARDS[version - 1], _FIX_SEARCH_PATH):
        plainly.exec_driver_sql(statement)


def check_schema(connection: Connection) -> int:
    """The version of the ledger's schema, 0 without one; raises when it is not ours or changed."""
    names = {row[0] for row in _schema(connection)}
    if not names:
        return 0
    if not {"events", "schema_migrations"} <= names:
        raise LedgerError(
            "this database holds tables of another program where the ledger's would be",
            hint="name a database or schema of its own in ORCH_LEDGER_URL",
        )
    return recorded_version(connection, schema_digest(connection))


def check_pages(connection: Connection) -> None:
    """Nothing: pages and indexes are the server's to check."""


def forget_deleted(engine: Engine) -> None:
    """Write the table of texts anew, without the rows that were deleted.

    StorageError when the role may not: Postgres then only warns.
    """
    which = "SELECT pg_relation_filenode('texts')"
    with errors(), engine.connect() as connection:
        outside = connection.execution_options(isolation_level="AUTOCOMMIT")
        before = outside.exec_driver_sql(which).scalar()
        outside.exec_driver_sql("VACUUM FULL texts")
        if outside.exec_driver_sql(which).scalar() == before:
            raise StorageError("the role may not VACUUM FULL the table texts")


def _schema(connection: Connection) -> list[Any]:
    return sorted(connection.exec_driver_sql(_SCHEMA, {"tables": list(_TABLES)}))


def schema_digest(connection: Connection) -> str:
    """One hash of our tables' columns, indexes, triggers and rules."""
    listing = "\n".join("\t".join(map(str, row)) for row in _schema(connection))
    return hashlib.sha256(listing.encode()).hexdigest()


@contextmanager
def errors() -> Iterator[None]:
    """Turn Postgres' errors into ours, without their text; those of this project pass."""
    try:
        yield
    except OrchError:
        raise
    except DBAPIError as error:
        raise _translated(getattr(error.orig, "pgcode", None)) from None
    except SQLAlchemyError as error:
        raise LedgerError(f"the ledger cannot be used ({type(error).__name__})") from None


def _translated(code: str | None) -> OrchError:
    for length in (5, 2):
        found = _MEANING.get((code or "08000")[:length])
        if found is not None:
            error_class, message, hint = found
            if error_class is LedgerDamaged:
                return damaged(f"{message} ({code})")
            return error_class(f"{message} ({code or 'no connection'})", hint=hint)
    return LedgerError(f"the ledger cannot be used ({code})", hint="run `orch events verify`")


_UNKNOWN_OUTCOME = (
    StorageError,
    "the ledger's database does not answer: an event being recorded may stand or not",
    "check that the server runs, ORCH_LEDGER_URL names it and the login is right; then read again",
)
_MEANING: dict[str, tuple[type[OrchError], str, str]] = {
    "08": _UNKNOWN_OUTCOME,
    "57": _UNKNOWN_OUTCOME,  # the server is shutting down, or somebody ended this connection
    "28": (LedgerError, "the ledger's database refused the login", "check ORCH_LEDGER_URL"),
    "3D": (LedgerError, "the ledger's database does not exist", "check ORCH_LEDGER_URL"),
    "53": (
        StorageError,
        "the ledger's database has no room or no connection left: nothing was recorded",
        "free some space or connections and try again",
    ),
    "55P03": (
        LedgerError,
        f"another process held the ledger for {BUSY_SECONDS:.0f} s: nothing was recorded",
        "look for a hung `orch` or an open transaction, then try again",
    ),
    "25006": (StorageError, "the ledger's database is read-only: nothing was recorded", ""),
    "42501": (
        LedgerError,
        "the role of ORCH_LEDGER_URL may not do that in the ledger's database",
        "docs/operations.md says what it needs",
    ),
    "42": (LedgerDamaged, "the ledger's tables are not as they were made", ""),
    "XX": (LedgerDamaged, "the ledger's database is damaged", ""),
    "25P02": (LedgerDamaged, "the ledger's rows cannot be read", ""),
    "22": (LedgerDamaged, "the ledger's rows cannot be read", ""),
    "23": (
        LedgerError,
        "the ledger refused the event, its id may stand there already: nothing was recorded",
        "",
    ),
    "P0": (LedgerError, "the ledger refused it: nothing was recorded", ""),
}
