"""How a ledger's schema is brought to this program's version, on any database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from coordinator.errors import LedgerError
from resources.ledger.damage import damaged
from resources.ledger.schema import MIGRATIONS, SCHEMA_VERSION, metadata, schema_migrations

if TYPE_CHECKING:
    from resources.ledger.databases import Database


def migrate(database: Database, maker: Engine, now: str) -> None:
    """Apply what is missing, one transaction a step with its record; `maker` may make tables."""
    try:
        for version, (name, tables) in enumerate(MIGRATIONS, start=1):
            with database.write(maker) as connection:
                if database.check_schema(connection) >= version:
                    continue  # done earlier, or another process was faster
                metadata.create_all(connection, tables=tables, checkfirst=False)
                database.guard(connection, version)
                recorded = {
                    "version": version,
                    "name": name,
                    "applied_at": now,
                    "schema_sha256": database.schema_digest(connection),
                }
                connection.execute(schema_migrations.insert().values(recorded))
    finally:
        maker.dispose()


def recorded_version(connection: Connection, digest: str) -> int:
    """The recorded version of a schema whose digest is `digest`; raises when it was changed."""
    table = schema_migrations
    recorded = connection.execute(table.select().order_by(table.c.version)).all()
    if recorded and recorded[-1].version > SCHEMA_VERSION:
        raise LedgerError(
            f"the ledger has schema version {recorded[-1].version}, this program knows "
            f"{SCHEMA_VERSION}",
            hint="a newer orch has written it: update this one",
        )
    if not recorded or recorded[-1].schema_sha256 != digest:
        raise damaged("the ledger's schema is not the one that was made: guards may be missing")
    return int(recorded[-1].version)
