"""Every pattern that was ever found, folded from the stream ``patterns``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from coordinator.ledger import pattern_events as events
from coordinator.ledger.events import Event
from coordinator.ledger.reducer import Reducer

REDUCER_VERSION = 1
"""Goes up whenever the same events make another state."""


@dataclass(frozen=True)
class KnownPattern:
    """A pattern by its id: who belongs to it (sorted), and what became of it.

    Of one that ended or was merged `members` are the last it had. `announced` are the members it
    had when people were asked about it.
    """

    id: str
    members: tuple[str, ...]
    found_at: datetime
    changed_at: datetime
    status: Literal["standing", "ended", "merged"] = "standing"
    split_from: str = ""
    merged_into: str = ""
    announced: tuple[str, ...] = ()
    announced_at: datetime | None = None


@dataclass(frozen=True)
class Calibration:
    """From which cosine two texts count as the same, and what that was made of."""

    model: str
    least: float
    mean: float
    deviation: float
    rows: int


@dataclass(frozen=True)
class PatternsState:
    """All patterns by id, and the calibration that counts.

    `drift` holds by component its last recorded likeness to its pattern's origin.
    """

    version: int = 0
    patterns: Mapping[str, KnownPattern] = field(default_factory=dict)
    calibration: Calibration | None = None
    drift: Mapping[str, float] = field(default_factory=dict)

    def standing(self) -> Iterator[KnownPattern]:
        """The patterns that are said by two companies or more now."""
        return (one for one in self.patterns.values() if one.status == "standing")

    def named(self, id: str) -> KnownPattern | None:
        """The pattern of that id, or the one it was merged into."""
        found = self.patterns.get(id)
        seen: set[str] = set()
        while found is not None and found.merged_into and found.id not in seen:
            seen.add(found.id)
            found = self.patterns.get(found.merged_into)
        return found


def _found(state: PatternsState, found: events.PatternFound, event: Event) -> PatternsState:
    if found.pattern in state.patterns:
        return state
    known = KnownPattern(
        id=found.pattern,
        members=tuple(sorted(set(found.members))),
        found_at=event.occurred_at,
        changed_at=event.occurred_at,
        split_from=found.split_from or "",
    )
    return _put(state, known)


def _changed(state: PatternsState, changed: events.PatternChanged, event: Event) -> PatternsState:
    known = state.patterns.get(changed.pattern)
    if known is None:
        return state
    members = {*known.members, *changed.joined} - {*changed.left}
    return _put(
        state,
        replace(
            known,
            members=tuple(sorted(members)),
            changed_at=event.occurred_at,
            status="standing",
            merged_into="",
        ),
    )


def _merged(state: PatternsState, merged: events.PatternMerged, event: Event) -> PatternsState:
    known = state.patterns.get(merged.pattern)
    if known is None or merged.into not in state.patterns or merged.into == merged.pattern:
        return state
    return _put(
        state,
        replace(known, status="merged", merged_into=merged.into, changed_at=event.occurred_at),
    )


def _ended(state: PatternsState, ended: events.PatternEnded, event: Event) -> PatternsState:
    known = state.patterns.get(ended.pattern)
    if known is None:
        return state
    return _put(state, replace(known, status="ended", changed_at=event.occurred_at))


def _announced(
    state: PatternsState, announced: events.PatternAnnounced, event: Event
) -> PatternsState:
    known = state.patterns.get(announced.pattern)
    if known is None:
        return state
    members = tuple(sorted({*known.announced, *announced.members}))
    return _put(state, replace(known, announced=members, announced_at=event.occurred_at))


def _calibrated(state: PatternsState, told: events.SimilarityCalibrated, _: Event) -> PatternsState:
    return replace(
        state, calibration=Calibration(told.model, told.least, told.mean, told.deviation, told.rows)
    )


def _drifted(state: PatternsState, drifted: events.ComponentDrifted, _: Event) -> PatternsState:
    return replace(state, drift={**state.drift, drifted.component: drifted.similarity})


def _put(state: PatternsState, known: KnownPattern) -> PatternsState:
    return replace(state, patterns={**state.patterns, known.id: known})


PATTERNS: Reducer[PatternsState] = Reducer(
    name="patterns",
    version=REDUCER_VERSION,
    initial=PatternsState(),
    rules={
        events.SimilarityCalibrated: _calibrated,
        events.PatternFound: _found,
        events.PatternChanged: _changed,
        events.PatternMerged: _merged,
        events.PatternEnded: _ended,
        events.PatternAnnounced: _announced,
        events.ComponentDrifted: _drifted,
    },
)
"""The reducer of the stream ``patterns``."""
