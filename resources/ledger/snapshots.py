"""Snapshots: states already folded, so that a long stream is not read from its first event again.

Nothing needs them. One is taken only when its own hash fits, the reducer is of the version that
made it, and the event it ends with stands where it stood. `Ledger.verify` folds them all again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, select

from coordinator.errors import LedgerError, UnknownEvent
from coordinator.ledger.chain import EventRow, canonical_json, is_intact
from coordinator.ledger.events import Event
from coordinator.ledger.reducer import Reducer, State
from resources.ledger.damage import forged_snapshot
from resources.ledger.schema import events, snapshots

WORTHWHILE = 200
"""Events that must have been read for a snapshot to pay: folding so many takes about 10 ms."""


def restored(connection: Connection, stream: str, reducer: Reducer[State]) -> State:
    """The state of `stream` as the snapshot has it; the initial one without a fitting snapshot."""
    found = connection.execute(
        snapshots.select().where(
            snapshots.c.stream == stream,
            snapshots.c.reducer == reducer.name,
            snapshots.c.reducer_version == reducer.version,
        )
    ).one_or_none()
    if found is None:
        return reducer.initial
    try:
        state = reducer.from_plain(json.loads(found.state))
        fits = reducer.hash(state) == found.state_hash
    except (LedgerError, ValidationError, ValueError, RecursionError):
        return reducer.initial
    last = event_at(connection, stream, state.version)
    stands = last is not None and last.hash == found.event_hash and is_intact(last)
    return state if fits and stands else reducer.initial


def keep(
    connection: Connection, stream: str, reducer: Reducer[State], state: State, event_hash: str
) -> None:
    """Keep `state`, which ends with the event of that hash, in the place of earlier snapshots."""
    plain, state_hash = reducer.plain(state), reducer.hash(state)
    if reducer.hash(reducer.from_plain(plain)) != state_hash:
        raise LedgerError(f"a state of the reducer {reducer.name} does not come back from its text")
    same = (snapshots.c.stream == stream) & (snapshots.c.reducer == reducer.name)
    connection.execute(snapshots.delete().where(same))
    connection.execute(
        snapshots.insert().values(
            stream=stream,
            reducer=reducer.name,
            reducer_version=reducer.version,
            version=state.version,
            event_hash=event_hash,
            state=canonical_json(plain),
            state_hash=state_hash,
        )
    )


def event_at(connection: Connection, stream: str, version: int) -> EventRow | None:
    """The row at a version of a stream."""
    at = (events.c.stream == stream) & (events.c.version == version)
    row = connection.execute(events.select().where(at)).one_or_none()
    return EventRow(*row) if row else None


def check(connection: Connection) -> None:
    """Raise LedgerDamaged when a snapshot that would be taken is not what its events make."""
    from coordinator.ledger.reducers import reducer_of  # knows every part of the house

    for stream in connection.execute(select(snapshots.c.stream).distinct()).scalars().all():
        try:
            reducer: Reducer[Any] = reducer_of(stream)
            kept = restored(connection, stream, reducer)
            made = reducer.fold(_events(connection, stream, kept.version))
        except UnknownEvent:
            continue  # a newer program made it, and this one cannot fold its events either
        if reducer.hash(made) != reducer.hash(kept):
            raise forged_snapshot(stream)


def _events(connection: Connection, stream: str, version: int) -> Iterator[Event]:
    until = (events.c.stream == stream) & (events.c.version <= version)
    for row in connection.execute(events.select().where(until).order_by(events.c.version)):
        yield Event.from_row(EventRow(*row))
