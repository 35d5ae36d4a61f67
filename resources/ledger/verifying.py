"""Holds everything a ledger has against everything else it has, inside one read transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from coordinator.errors import LedgerDamaged
from coordinator.ledger.chain import GENESIS, EventRow, verify_chain
from coordinator.ledger.named_texts import NamedTexts
from resources.ledger import kept_texts, rows, snapshots
from resources.ledger.damage import broken, cut_tail, damaged

if TYPE_CHECKING:
    from resources.ledger.databases import Database

_PAGE = 1_000
_BEFORE_ALL = -(2**63)  # a forged row may stand at position 0 or below


def verified(
    database: Database, connection: Connection, anchors: Mapping[int, str]
) -> tuple[int, str]:
    """Count and head of a ledger that is sound; LedgerDamaged names the first broken position."""
    if not database.check_schema(connection):
        raise damaged("the ledger's tables are missing")
    walk = walked(database, connection, anchors)
    kept_texts.check(connection, walk.named.expected)
    snapshots.check(connection)
    database.check_pages(connection)
    return walk.count, walk.head


def walked(database: Database, connection: Connection, anchors: Mapping[int, str]) -> Walk:
    """The walk over a ledger whose chain is whole and holds every anchor.

    Raises LedgerDamaged naming the first broken position.
    """
    if anchors.get(0, GENESIS) != GENESIS:
        raise broken(0)
    walk = Walk(database, connection, anchors)
    found = verify_chain(walk)
    if found is not None:
        raise broken(found)
    longest = max(anchors, default=0)
    if walk.count < longest:
        raise cut_tail(walk.count, longest)
    return walk


class Walk:
    """All rows in order, held against their anchors; remembers the last one and named texts."""

    def __init__(
        self, database: Database, connection: Connection, anchors: Mapping[int, str]
    ) -> None:
        self._database = database
        self._connection = connection
        self._anchors = anchors
        self.named = NamedTexts()
        self.count, self.head = 0, GENESIS

    def __iter__(self) -> Iterator[EventRow]:
        after = _BEFORE_ALL
        while page := self._page(after, _PAGE):
            for row in page:
                yield row  # whoever checks the chain stops here at a broken one
                self._take_names(row)
                after = row.position
                self.count, self.head = row.position, row.hash
                if self._anchors.get(row.position, row.hash) != row.hash:
                    raise broken(row.position)

    def _take_names(self, row: EventRow) -> None:
        try:
            self.named.take(row)
        except (ValueError, KeyError, TypeError):
            raise broken(row.position) from None

    def _page(self, after: int, size: int) -> list[EventRow]:
        try:
            # a savepoint: Postgres lets nothing more be read after an error
            with self._database.errors(), self._connection.begin_nested():
                return rows.rows(self._connection, rows.selected({}, after, size))
        except LedgerDamaged:
            # a page of the file cannot be read: go row by row, to name the first such row
            if size == 1:
                raise broken(self.count + 1) from None
            return self._page(after, 1)
