"""Rows of the ledger, by portable statements inside a transaction given from outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, func, select

from coordinator.errors import LedgerDamaged
from coordinator.ledger.chain import GENESIS, EventRow, event_hash, verify_chain
from resources.ledger.schema import events, texts
from resources.ledger.sqlite import errors

_PAGE = 1_000
_BEFORE_ALL = -(2**63)  # a forged row may stand at position 0 or below


def head(connection: Connection) -> tuple[int, str]:
    """Position and hash of the last row; (0, 64 zeros) of an empty ledger."""
    last = select(events.c.position, events.c.hash).order_by(events.c.position.desc()).limit(1)
    found = connection.execute(last).one_or_none()
    return (found.position, found.hash) if found else (0, GENESIS)


def selected(equal: Mapping[str, str | None], after: int, limit: int | None) -> Select[Any]:
    """The rows whose columns are those in `equal` (None: any), from behind position `after`."""
    statement = events.select().where(events.c.position > after)
    for column, value in equal.items():
        if value is not None:
            statement = statement.where(events.c[column] == value)
    return statement.order_by(events.c.position).limit(limit)


def rows(connection: Connection, statement: Select[Any]) -> list[EventRow]:
    return [EventRow(*row) for row in connection.execute(statement)]


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


def keep_texts(connection: Connection, contents: Mapping[tuple[str, str], str], now: str) -> None:
    """Keep `contents` (by owner and hash); those that are there already stay as they are."""
    for (owner, sha256), content in contents.items():
        if not owned_texts(connection, owner, [sha256]):
            row = {"owner": owner, "sha256": sha256, "content": content, "stored_at": now}
            connection.execute(texts.insert().values(row))


def keeps(connection: Connection, wanted: Iterable[tuple[str, str]]) -> bool:
    """Whether all these texts, by owner and hash, are kept."""
    return all(owned_texts(connection, owner, [sha256]) for owner, sha256 in wanted)


def purge_texts(connection: Connection, purged: Iterable[tuple[str, str]]) -> None:
    """Delete texts by owner and hash; the purging event must stand already."""
    for owner, sha256 in purged:
        one = (texts.c.owner == owner) & (texts.c.sha256 == sha256)
        connection.execute(texts.delete().where(one))


def owned_texts(connection: Connection, owner: str, hashes: Sequence[str]) -> dict[str, str]:
    """Of `hashes` those kept for `owner`, with their content."""
    found: dict[str, str] = {}
    for start in range(0, len(hashes), _PAGE):
        some = texts.c.sha256.in_(hashes[start : start + _PAGE])
        statement = select(texts.c.sha256, texts.c.content).where(texts.c.owner == owner, some)
        found |= {row.sha256: row.content for row in connection.execute(statement)}
    return found


def holds(connection: Connection, count: int, anchored_head: str) -> bool:
    """Whether the ledger is at least `count` rows long and that one has the anchored hash."""
    at = select(events.c.hash).where(events.c.position == count)
    found = connection.execute(at).scalar() if count else GENESIS
    return bool(found == anchored_head)


def verified(connection: Connection, anchors: Mapping[int, str]) -> tuple[int, str]:
    """Count and head of a ledger whose chain is whole and holds every anchor.

    Raises LedgerDamaged naming the first broken position.
    """
    if anchors.get(0, GENESIS) != GENESIS:
        raise broken(0)
    walk = _Walk(connection, anchors)
    found = verify_chain(walk)
    if found is not None:
        raise broken(found)
    longest = max(anchors, default=0)
    if walk.count < longest:
        raise cut_tail(walk.count, longest)
    return walk.count, walk.head


class _Walk:
    """All rows in order, held against their anchors; remembers the last one."""

    def __init__(self, connection: Connection, anchors: Mapping[int, str]) -> None:
        self._connection = connection
        self._anchors = anchors
        self.count, self.head = 0, GENESIS

    def __iter__(self) -> Iterator[EventRow]:
        after = _BEFORE_ALL
        while page := self._page(after, _PAGE):
            for row in page:
                yield row
                after = row.position
                self.count, self.head = row.position, row.hash
                if self._anchors.get(row.position, row.hash) != row.hash:
                    raise broken(row.position)

    def _page(self, after: int, size: int) -> list[EventRow]:
        try:
            with errors():
                return rows(self._connection, selected({}, after, size))
        except LedgerDamaged:
            # a page of the file cannot be read: go row by row, to name the first such row
            if size == 1:
                raise broken(self.count + 1) from None
            return self._page(after, 1)


def broken(position: int) -> LedgerDamaged:
    """The error for a row that is not the one that was written."""
    return LedgerDamaged(
        f"the ledger is damaged at position {position}: that event is not as it was recorded",
        position=position,
        hint="restore the ledger from a backup; the events before that position are sound",
    )


def cut_tail(length: int, anchored: int) -> LedgerDamaged:
    """The error for a ledger that is shorter than its anchors say."""
    return LedgerDamaged(
        f"the ledger ends at position {length}, its anchors know {anchored}: "
        f"{anchored - length} events are missing",
        position=length + 1,
        hint="restore the ledger from a backup",
    )
