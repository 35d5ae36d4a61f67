"""Every copy in the global memory, folded from the stream ``global``.

What counts is decided here and nowhere else: a second publication under one id, a sight of what
was seen before, a retraction of what is gone change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from coordinator.ledger import global_events as events
from coordinator.ledger.coordinator_events import TextsPurged
from coordinator.ledger.events import Event
from coordinator.ledger.reducer import Reducer

REDUCER_VERSION = 1
"""Goes up whenever the same events make another state."""


_PATTERN = re.compile(r"p-[0-9a-f]{12}")


def is_pattern(learning: str) -> bool:
    """Whether a copy is a company's part of a pattern: then it is filed under the pattern's id."""
    return _PATTERN.fullmatch(learning) is not None


@dataclass(frozen=True)
class Copy:
    """A published copy of one learning of `company`; `content` is the hash of its text.

    `superseded_by` names the copy that tells it since `superseded_at`, empty when none does.
    `seen_by` are the companies it was shown to.
    """

    id: str
    company: str
    learning: str
    category: str
    content: str
    proposal: int
    published_at: datetime
    superseded_by: str = ""
    superseded_at: datetime | None = None
    seen_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class GlobalState:
    """All copies by id: those that stand, and those that were taken back."""

    version: int = 0
    copies: Mapping[str, Copy] = field(default_factory=dict)
    retracted: Mapping[str, Copy] = field(default_factory=dict)

    def of_company(self, company: str) -> tuple[Copy, ...]:
        """The standing copies `company` published."""
        return tuple(one for one in self.copies.values() if one.company == company)

    def of_learning(self, company: str, learning: str) -> tuple[Copy, ...]:
        """The standing copies of one learning: the present one and those it superseded."""
        return tuple(one for one in self.of_company(company) if one.learning == learning)

    def seen_by(self, company: str, learning: str) -> tuple[str, ...]:
        """The companies that were shown a copy of that learning, standing or taken back."""
        copies = (*self.copies.values(), *self.retracted.values())
        viewers = {
            viewer
            for one in copies
            if (one.company, one.learning) == (company, learning)
            for viewer in one.seen_by
        }
        return tuple(sorted(viewers))

    def any_copy(self, id: str) -> Copy | None:
        """The copy of that id, standing or taken back."""
        return self.copies.get(id) or self.retracted.get(id)


def _published(
    state: GlobalState, published: events.LearningPublished, event: Event
) -> GlobalState:
    if event.company is None or state.any_copy(published.id) is not None:
        return state
    copy = Copy(
        id=published.id,
        company=event.company,
        learning=published.learning,
        category=published.category,
        content=published.content,
        proposal=published.proposal,
        published_at=event.occurred_at,
    )
    return replace(state, copies={**state.copies, copy.id: copy})


def _superseded(
    state: GlobalState, superseded: events.LearningSuperseded, event: Event
) -> GlobalState:
    copy = state.copies.get(superseded.id)
    if copy is None or copy.superseded_by or superseded.id == superseded.by:
        return state
    if superseded.by not in state.copies:
        return state
    told = replace(copy, superseded_by=superseded.by, superseded_at=event.occurred_at)
    return replace(state, copies={**state.copies, copy.id: told})


def _seen(state: GlobalState, seen: events.LearningSeen, _: Event) -> GlobalState:
    copy = state.copies.get(seen.id)
    if copy is None or seen.viewer == copy.company or seen.viewer in copy.seen_by:
        return state
    shown = replace(copy, seen_by=(*copy.seen_by, seen.viewer))
    return replace(state, copies={**state.copies, copy.id: shown})


def _retracted(state: GlobalState, retracted: events.LearningRetracted, _: Event) -> GlobalState:
    copy = state.copies.get(retracted.id)
    if copy is None:
        return state
    # what it told for others stands for itself again: they agreed to that copy, not to none
    standing = {
        key: replace(one, superseded_by="", superseded_at=None)
        if one.superseded_by == copy.id
        else one
        for key, one in state.copies.items()
        if key != copy.id
    }
    return replace(state, copies=standing, retracted={**state.retracted, copy.id: copy})


def _unchanged(state: GlobalState, _: TextsPurged, __: Event) -> GlobalState:
    return state


GLOBAL_MEMORY: Reducer[GlobalState] = Reducer(
    name="global_memory",
    version=REDUCER_VERSION,
    initial=GlobalState(),
    rules={
        events.LearningPublished: _published,
        events.LearningSuperseded: _superseded,
        events.LearningSeen: _seen,
        events.LearningRetracted: _retracted,
        TextsPurged: _unchanged,
    },
)
"""The reducer of the stream ``global``."""
