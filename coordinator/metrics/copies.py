"""The global memory folded one copy at a time, and its statistics.

`GLOBAL_MEMORY` copies the whole memory for every event. Here an event meets a memory of the copies
it can touch: the same rules, in a time that does not grow with the ledger.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from coordinator.global_memory import GLOBAL_MEMORY, Copy, GlobalState
from coordinator.ledger import global_events as events
from coordinator.ledger.events import Event
from coordinator.metrics.days import utc_day


@dataclass(frozen=True)
class Sight:
    """`viewer` was shown `copy` for the first time."""

    copy: Copy
    viewer: str


@dataclass(frozen=True)
class CopyFigures:
    """The global memory in numbers.

    `companies` have a copy that was not taken back, `seen` are standing copies another company was
    shown. `median_day` is the ordinal of the day standing copies were published.
    """

    standing: int
    superseded: int
    retracted: int
    companies: int
    seen: int
    sights: int
    median_day: float | None


class Copies:
    """Every copy by id, kept up to date event by event."""

    def __init__(self) -> None:
        self._copies: dict[str, Copy] = {}
        self._retracted: dict[str, Copy] = {}
        self._told_by: dict[str, set[str]] = {}
        self._published_on: dict[str, int] = {}
        self._sights = 0

    def published(self, event: Event, told: events.LearningPublished) -> Copy | None:
        """The new copy; None when the event makes none."""
        known = told.id in self._copies or told.id in self._retracted
        self._fold(event, told.id)
        copy = self._copies.get(told.id)
        if known or copy is None:
            return None
        self._published_on[copy.id] = utc_day(copy.published_at).toordinal()
        return copy

    def superseded(self, event: Event, told: events.LearningSuperseded) -> None:
        self._fold(event, told.id, told.by)
        copy = self._copies.get(told.id)
        if copy is not None and copy.superseded_by:
            self._told_by.setdefault(copy.superseded_by, set()).add(copy.id)

    def seen(self, event: Event, told: events.LearningSeen) -> Sight | None:
        """The first sight of a copy by a company; None when the event is none."""
        before = self._copies.get(told.id)
        self._fold(event, told.id)
        copy = self._copies.get(told.id)
        if copy is None or copy == before:
            return None
        self._sights += 1
        return Sight(copy, told.viewer)

    def retracted(self, event: Event, told: events.LearningRetracted) -> None:
        self._fold(event, told.id, *self._told_by.pop(told.id, ()))

    def figures(self) -> CopyFigures:
        """What stands at this moment."""
        standing = [one for one in self._copies.values() if not one.superseded_by]
        days = [self._published_on[one.id] for one in standing]
        return CopyFigures(
            standing=len(standing),
            superseded=len(self._copies) - len(standing),
            retracted=len(self._retracted),
            companies=len({one.company for one in self._copies.values()}),
            seen=sum(bool(one.seen_by) for one in standing),
            sights=self._sights,
            median_day=statistics.median(days) if days else None,
        )

    def _fold(self, event: Event, *ids: str) -> None:
        touched = GlobalState(
            copies={key: self._copies[key] for key in ids if key in self._copies},
            retracted={key: self._retracted[key] for key in ids if key in self._retracted},
        )
        after = GLOBAL_MEMORY.fold([event], touched)
        for key in touched.copies.keys() - after.copies.keys():
            del self._copies[key]
        self._copies.update(after.copies)
        self._retracted.update(after.retracted)
