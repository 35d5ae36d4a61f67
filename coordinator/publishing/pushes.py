"""Memories pushed to Supabase: what stands where, and whether it is to be pushed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from coordinator.ledger import push_events as events
from coordinator.ledger.events import Event
from coordinator.ledger.outbox_events import PlaceRefused
from coordinator.ledger.reducer import Reducer
from coordinator.publishing.state import Refusal, refusal_after
from coordinator.publishing.steps import comes_again

REDUCER_VERSION = 1
"""Goes up whenever the same events make another state."""
SWEEP = timedelta(days=1)
"""How long a push is trusted: others may change what stands there."""


@dataclass(frozen=True)
class Held:
    """What stands at one place: at most `rows` rows, with `content` (empty: nobody knows)."""

    rows: int = 0
    content: str = ""
    pushed_at: datetime | None = None


@dataclass(frozen=True)
class PushState:
    """Every place ever pushed to, by its digest; `refusal` is of the last pushes that failed."""

    version: int = 0
    places: Mapping[str, Held] = field(default_factory=dict)
    refusal: Refusal | None = None

    def held(self, place: str) -> Held:
        """What stands at `place`."""
        return self.places.get(place, Held())

    def left_behind(self, place: str) -> int:
        """Rows at places that settings named before `place`."""
        return sum(one.rows for key, one in self.places.items() if key != place)


def is_push_due(state: PushState, place: str, content: str, rows: int, now: datetime) -> bool:
    """Whether `rows` rows of `content` are to be pushed to `place` now."""
    if state.refusal is not None and now < comes_again(state.refusal):
        return False
    held = state.held(place)
    if not rows and not held.rows:
        return False
    trusted = held.pushed_at is not None and now < held.pushed_at + SWEEP
    return not trusted or held.content != content


def _began(state: PushState, began: events.PushBegan, _: Event) -> PushState:
    held = state.held(began.place)
    return _put(state, began.place, replace(held, rows=max(held.rows, began.rows), content=""))


def _done(state: PushState, done: events.PushDone, event: Event) -> PushState:
    stands = Held(rows=done.rows, content=done.content, pushed_at=event.occurred_at)
    return replace(_put(state, done.place, stands), refusal=None)


def _refused(state: PushState, refused: PlaceRefused, event: Event) -> PushState:
    return replace(state, refusal=refusal_after(state.refusal, refused, event))


def _put(state: PushState, place: str, held: Held) -> PushState:
    return replace(state, places={**state.places, place: held})


PUSHES: Reducer[PushState] = Reducer(
    name="pushes",
    version=REDUCER_VERSION,
    initial=PushState(),
    rules={
        events.PushBegan: _began,
        events.PushDone: _done,
        PlaceRefused: _refused,
    },
)
"""The reducer of the streams ``outbox:supabase…``."""
