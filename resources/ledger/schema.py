"""The ledger's tables, as SQLAlchemy Core knows them. Nothing here is particular to one database.

Times are stored as text (UTC, microseconds, ``Z``): they sort, read the same in every tool and
time zone, and are what the hash covers. `payload` is text holding canonical JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

events = Table(
    "events",
    metadata,
    # given by us inside the write transaction: positions have no gaps
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("event_id", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("company", Text),
    Column("feature", Text),
    Column("event_type", Text, nullable=False),
    Column("workflow", Text),
    Column("phase", Text),
    Column("payload", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("causation_id", Text),
    Column("correlation_id", Text),
    Column("schema_version", Integer, nullable=False),
    Column("occurred_at", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("stream", "version", name="events_stream_version"),
    UniqueConstraint("event_id", name="events_event_id"),
    Index("events_by_company", "company"),
    Index("events_by_event_type", "event_type"),
    Index("events_by_feature", "feature"),
    sqlite_strict=True,
)

schema_migrations = Table(
    "schema_migrations",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("applied_at", Text, nullable=False),
    # of everything the migration left in the schema: a dropped trigger shows at the next opening
    Column("schema_sha256", Text, nullable=False),
    sqlite_strict=True,
)

texts = Table(
    "texts",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("stored_at", Text, nullable=False),
    sqlite_strict=True,
)
"""Words that events name by hash. Kept apart so that they can be purged: an event never can."""

snapshots = Table(
    "snapshots",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("reducer", Text, primary_key=True),
    Column("reducer_version", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    # of the event the state ends with: a snapshot of another history is not taken
    Column("event_hash", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_hash", Text, nullable=False),
    sqlite_strict=True,
)
"""States already folded, so that a long stream is not read again. Losing them loses nothing."""

MIGRATIONS: tuple[tuple[str, tuple[Table, ...]], ...] = (
    ("events", (events, schema_migrations)),
    ("texts and snapshots", (texts, snapshots)),
)
"""What each schema version added, from version 1 on."""

SCHEMA_VERSION = len(MIGRATIONS)
