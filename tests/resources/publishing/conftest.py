"""A record in memory, and a place whose calls can be lost: for the outbox in virtual time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordinator.errors import OutcomeUnknown, SourceUnreachable
from coordinator.ledger.events import Event
from coordinator.ledger.payloads import Payload
from coordinator.publishing.records import Draft, Remote, Wanted
from coordinator.publishing.state import OUTBOX, OutboxState

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class MemoryRecord:
    """The events of one place, folded by the real reducer."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.events: list[Event] = []
        self.state = OutboxState()

    def claim(self, event: Payload, *, owner: str) -> bool:
        self.tell([event], owner=owner)
        return True

    def tell(self, events: Sequence[Payload], *, owner: str) -> None:
        for payload in events:
            version = len(self.events) + 1
            event = Event(
                position=version,
                event_id=f"e{version}",
                stream="outbox:jira",
                version=version,
                company=owner or None,
                feature=None,
                event_type=payload.event_type,
                workflow=None,
                phase=None,
                payload=payload,
                actor="test",
                causation_id=None,
                correlation_id=None,
                schema_version=1,
                occurred_at=self.clock(),
                recorded_at=self.clock(),
                prev_hash="",
                hash="",
            )
            self.events.append(event)
            self.state = OUTBOX.fold([event], self.state)

    def told(self) -> list[str]:
        return [event.event_type for event in self.events]


@dataclass
class Thing:
    """An object in the simulated place."""

    id: str
    key: str
    content: str
    seen_from: datetime
    state: str = "standing"
    version: int = 1


@dataclass
class Place:
    """A simulated project: searches run behind, calls get lost before, after, or come late.

    `faults` is the share of calls whose answer is lost; of those a third never arrive, a third are
    carried out at once, a third up to `late_s` later.
    """

    clock: Clock
    seed: int = 0
    faults: float = 0.0
    lag_s: float = 20.0
    longest_lag_s: float = 240.0
    late_s: float = 30.0
    within_s: float = 30.0
    things: dict[str, Thing] = field(default_factory=dict)
    coming: list[tuple[datetime, Thing]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    # -- what the coordinator sees ---------------------------------------------------------

    def draft(self, wanted: Wanted, parent: str | None) -> Draft:
        return Draft(wanted.key, wanted.title, {}, wanted.content, parent)

    def look(self, key: str, title: str | None, since: datetime | None) -> list[Remote]:
        self._called("look")
        self._lose_some(SourceUnreachable("no answer"))
        found = [
            one
            for one in self._standing(key)
            if one.seen_from <= self.clock() and one.state == "standing"
        ]
        return [self._remote(one) for one in sorted(found, key=lambda one: int(one.id))]

    def read(self, id: str) -> Remote | None:
        self._called("read")
        return self._remote(self.things[id]) if id in self.things else None

    def create(self, draft: Draft) -> Remote:
        self._called("create")
        lag = min(self.random.expovariate(1 / self.lag_s), self.longest_lag_s)
        thing = Thing("", draft.key, draft.content, self.clock() + timedelta(seconds=lag))
        self._happen(lambda: self._add(thing), thing)
        return self._remote(thing)

    def write(self, remote: Remote, draft: Draft) -> Remote:
        return self._changed("write", remote.id, content=draft.content)

    def withdraw(self, remote: Remote, key: str, content: str) -> Remote:
        return self._changed("withdraw", remote.id, content=content)

    def archive(self, remote: Remote) -> Remote:
        return self._changed("archive", remote.id, state="archived")

    def mark(self, id: str, key: str, content: str) -> None:
        self._called("mark")

    def close(self, id: str, key: str) -> None:
        self._called("close")
        self.things[id].state = "archived"

    # -- what really happens ---------------------------------------------------------------

    def standing(self) -> dict[str, list[Thing]]:
        """What stands there by key."""
        self._settle()
        found: dict[str, list[Thing]] = {}
        for one in self.things.values():
            if one.state == "standing":
                found.setdefault(one.key, []).append(one)
        return found

    def edit(self, id: str) -> None:
        """Somebody else changes it."""
        thing = self.things[id]
        thing.content, thing.version = "", thing.version + 1

    def _standing(self, key: str) -> list[Thing]:
        return [one for one in self.things.values() if one.key == key]

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        self._settle()

    def _lose_some(self, error: Exception) -> None:
        if self.random.random() < self.faults:
            raise error

    def _happen(self, change: Any, thing: Thing) -> None:
        if self.random.random() >= self.faults:
            change()
            return
        fate = self.random.random()
        if fate < 1 / 3:
            change()
        elif fate < 2 / 3:
            late = self.clock() + timedelta(seconds=self.random.uniform(0, self.late_s))
            self.coming.append((late, thing))
        raise OutcomeUnknown("the connection broke")

    def _changed(self, what: str, id: str, **values: Any) -> Remote:
        self._called(what)
        thing = self.things[id]
        after = replace(thing, version=thing.version + 1, **values)
        self._happen(lambda: self.things.update({id: after}), after)
        return self._remote(after)

    def _add(self, thing: Thing) -> None:
        thing.id = str(len(self.things) + 1)
        self.things[thing.id] = thing

    def _settle(self) -> None:
        now = self.clock()
        for when, thing in [one for one in self.coming if one[0] <= now]:
            self.coming.remove((when, thing))
            if not thing.id:
                self._add(thing)
                thing.seen_from = max(thing.seen_from, when)
            else:
                self.things[thing.id] = thing

    def _remote(self, one: Thing) -> Remote:
        state: Any = one.state
        return Remote(
            one.id, one.id, str(one.version), bool(one.content), one.content, one.key, state
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record(clock: Clock) -> MemoryRecord:
    return MemoryRecord(clock)


@pytest.fixture
def place(clock: Clock) -> Place:
    return Place(clock)


@pytest.fixture
def simulated() -> Any:
    """Makes a clock, a record and a place with faults, by seed."""

    def make(seed: int, **rules: Any) -> tuple[Clock, MemoryRecord, Place]:
        clock = Clock()
        return clock, MemoryRecord(clock), Place(clock, seed=seed, **rules)

    return make
