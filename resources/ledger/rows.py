"""Rows of the ledger, by portable statements inside a transaction given from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, func, select

from coordinator.ledger.chain import GENESIS, EventRow, event_hash, is_intact
from resources.ledger.damage import broken
from resources.ledger.schema import events


def head(connection: Connection) -> tuple[int, str]:
    """Position and hash of the last row; (0, 64 zeros) of an empty ledger."""
    last = select(events.c.position, events.c.hash).order_by(events.c.position.desc()).limit(1)
    found = connection.execute(last).one_or_none()
    return (found.position, found.hash) if found else (0, GENESIS)


def selected(
    equal: Mapping[str, str | None], after: int, limit: int | None, *, until: int | None = None
) -> Select[Any]:
    """The rows whose columns are those in `equal` (None: any), from behind position `after`.

    Up to `until`, and not more than `limit`.
    """
    statement = events.select().where(events.c.position > after)
    if until is not None:
        statement = statement.where(events.c.position <= until)
    for column, value in equal.items():
        if value is not None:
            statement = statement.where(events.c[column] == value)
    return statement.order_by(events.c.position).limit(limit)


def rows(connection: Connection, statement: Select[Any]) -> list[EventRow]:
    return [EventRow(*row) for row in connection.execute(statement)]


def single(connection: Connection, which: int | str) -> EventRow | None:
    """The row at a position or with an event id."""
    column = events.c.position if isinstance(which, int) else events.c.event_id
    row = connection.execute(events.select().where(column == which)).one_or_none()
    return EventRow(*row) if row else None


def of_stream(connection: Connection, stream: str, *, after_version: int) -> list[EventRow]:
    """The rows of `stream` behind a version; LedgerDamaged when one is missing or was changed."""
    later = (events.c.stream == stream) & (events.c.version > after_version)
    found = rows(connection, events.select().where(later).order_by(events.c.version))
    for version, row in enumerate(found, start=after_version + 1):
        if row.version != version or not is_intact(row):
            raise broken(row.position)
    return found


class Tail:
    """The end of the chain inside a write transaction; it grows as rows are added."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._versions: dict[str, int] = {}
        self.position, self.hash = head(connection)

    def version(self, stream: str) -> int:
        """Number of events in `stream`, those added here included."""
        if stream not in self._versions:
            found = select(func.max(events.c.version)).where(events.c.stream == stream)
            self._versions[stream] = self._connection.execute(found).scalar() or 0
        return self._versions[stream]

    def add(self, columns: Mapping[str, Any]) -> EventRow:
        """The next row: `columns` and what the chain gives it."""
        version = self.version(columns["stream"]) + 1
        row = EventRow(
            **columns, position=self.position + 1, version=version, prev_hash=self.hash, hash=""
        )
        row = replace(row, hash=event_hash(self.hash, row))
        self.position, self.hash = row.position, row.hash
        self._versions[row.stream] = version
        return row


def insert(connection: Connection, added: Sequence[EventRow]) -> None:
    connection.execute(events.insert(), [vars(row) for row in added])


def holds(connection: Connection, count: int, anchored_head: str) -> bool:
    """Whether the ledger is at least `count` rows long and that one has the anchored hash."""
    at = select(events.c.hash).where(events.c.position == count)
    found = connection.execute(at).scalar() if count else GENESIS
    return bool(found == anchored_head)
