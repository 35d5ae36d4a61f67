"""Folds a ledger again from its first event, to any position: what was known at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coordinator.errors import UsageError
from coordinator.ledger.events import Event
from coordinator.ledger.reducers import reducer_of
from coordinator.ports import Progress
from resources.ledger.damage import broken
from resources.ledger.ledger import Ledger


@dataclass(frozen=True)
class Replayed:
    """A stream as it was: `state` is plain data, `state_hash` the same on any machine."""

    stream: str
    version: int
    reducer: str
    reducer_version: int
    state_hash: str
    state: Any


def replay(
    ledger: Ledger, *, at: int | None, stream: str | None, progress: Progress
) -> tuple[int, list[Replayed]]:
    """The position replayed to and the state of each stream there, or of `stream` alone.

    Snapshots are not used. UsageError for a position the ledger does not have.
    """
    end, _ = ledger.head()
    position = end if at is None else at
    if position > end:
        raise UsageError(f"the ledger ends at position {end}", hint="name an earlier one with --at")
    if stream is not None:
        reducer_of(stream)
    states: dict[str, Any] = {}
    progress.start("events", position if stream is None else None)
    for page in ledger.pages(stream=stream, until=position):
        for row in page:
            reducer = reducer_of(row.stream)
            before = states.get(row.stream, reducer.initial)
            if row.version != before.version + 1:
                raise broken(row.position)
            states[row.stream] = reducer.fold([Event.from_row(row)], before)
        progress.advance(len(page))
    progress.finish()
    return position, [_replayed(name, state) for name, state in sorted(states.items())]


def _replayed(stream: str, state: Any) -> Replayed:
    reducer = reducer_of(stream)
    return Replayed(
        stream,
        state.version,
        reducer.name,
        reducer.version,
        reducer.hash(state),
        reducer.plain(state),
    )
