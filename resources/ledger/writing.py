"""Writes requests at the end of the chain, inside a write transaction given from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from coordinator.errors import LedgerError, VersionConflict
from coordinator.ledger.chain import EventRow
from coordinator.ledger.events import utc_text
from resources.ledger import kept_texts
from resources.ledger import rows as ledger_rows
from resources.ledger.appending import Append


class Writer:
    """Writes one request after the other; what only one does wrong does not stop the others.

    Rows go in together with the next ones, until `flush` or a request about texts needs them there.
    """

    def __init__(
        self, connection: Connection, now: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._connection = connection
        self._now = now
        self._new_id = new_id
        self._tail = ledger_rows.Tail(connection)
        self._waiting: list[EventRow] = []

    @property
    def head(self) -> tuple[int, str]:
        """Position and hash of the last row."""
        return self._tail.position, self._tail.hash

    def write(self, request: Append) -> list[EventRow] | LedgerError:
        """The rows of `request`, written with their texts, or what is wrong with it alone."""
        version = self._tail.version(request.stream)
        if request.expected_version not in (None, version):
            return VersionConflict(
                f"{request.stream} has {version} events, not {request.expected_version}",
                hint="read it again and decide anew",
            )
        if not kept_texts.keeps(self._connection, request.named - request.kept.keys()):
            return LedgerError(
                f"an event for {request.stream} names a text that is not kept",
                hint="give the text in `texts`, or leave the event out: the text may be purged",
            )
        recorded_at = utc_text(self._now())
        added = [
            self._tail.add(
                {
                    **columns,
                    "event_id": self._new_id(),
                    "occurred_at": columns["occurred_at"] or recorded_at,
                    "recorded_at": recorded_at,
                }
            )
            for columns in request.columns
        ]
        self._waiting += added
        if request.kept or request.purged:
            self.flush()
            kept_texts.keep_texts(self._connection, request.kept, recorded_at)
            kept_texts.purge_texts(self._connection, request.purged)
        return added

    def flush(self) -> None:
        """Put the rows in that wait."""
        if self._waiting:
            ledger_rows.insert(self._connection, self._waiting)
            self._waiting = []
