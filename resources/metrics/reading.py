"""Reads the metrics of a ledger: all its events, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from coordinator.ledger.events import Event
from coordinator.metrics import History, history
from coordinator.ports import Progress
from resources.ledger import Ledger


def read_history(ledger: Ledger, *, today: date, progress: Progress) -> History:
    """The metrics until now, and of every day since the first event; `today` is the day in UTC.

    LedgerDamaged names the first event that does not fit its own hash.
    """
    return history(_events(ledger, progress), today)


def _events(ledger: Ledger, progress: Progress) -> Iterator[Event]:
    end, _ = ledger.head()
    progress.start("events", end)
    for page in ledger.pages(until=end):
        yield from (Event.from_row(row) for row in page)
        progress.advance(len(page))
    progress.finish()
