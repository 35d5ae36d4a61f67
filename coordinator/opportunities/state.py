"""Every suggestion people were asked about or that was dismissed, folded from ``opportunities``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from coordinator.ledger import opportunity_events as events
from coordinator.ledger.events import Event
from coordinator.ledger.reducer import Reducer

REDUCER_VERSION = 2
"""Goes up whenever the same events make another state."""

Outcome = Literal["asked", "accepted", "rejected", "ignored", "withdrawn", "dismissed"]


@dataclass(frozen=True)
class Suggestion:
    """An opportunity as people were last asked about it, and what they said.

    `need_sketch` and `solution_sketch` tell whether its texts have changed much since.
    `proposal` is 0 for one that was dismissed without being asked about.
    """

    id: str
    kind: events.Kind
    owner: str
    adopter: str
    need_sketch: str
    solution_sketch: str
    score: float
    features: Mapping[str, float]
    made_at: datetime
    outcome: Outcome = "asked"
    answered_at: datetime | None = None
    proposal: int = 0
    need: str = ""
    solution: str = ""
    need_closed_at: datetime | None = None


@dataclass(frozen=True)
class OpportunitiesState:
    """All suggestions by the opportunity's id."""

    version: int = 0
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)

    def of_proposal(self, number: int) -> Suggestion | None:
        """The suggestion that proposal asks about."""
        return next((one for one in self.suggestions.values() if one.proposal == number), None)


def _made(
    state: OpportunitiesState, made: events.SuggestionMade, event: Event
) -> OpportunitiesState:
    told = Suggestion(
        id=made.opportunity,
        kind=made.kind,
        owner=made.owner,
        adopter=made.adopter,
        need_sketch=made.need_sketch,
        solution_sketch=made.solution_sketch,
        score=made.score,
        features=made.features,
        made_at=event.occurred_at,
        proposal=made.proposal,
        need=made.need,
        solution=made.solution,
    )
    return _put(state, told)


def _answered(
    state: OpportunitiesState, answered: events.SuggestionAnswered, event: Event
) -> OpportunitiesState:
    """Asked, then answered; what the owner agreed to the adopter may still decline."""
    one = state.suggestions.get(answered.opportunity)
    if one is None or one.proposal != answered.proposal:
        return state
    if one.outcome != "asked" and (one.outcome, answered.outcome) not in _DECLINED:
        return state
    return _put(state, replace(one, outcome=answered.outcome, answered_at=event.occurred_at))


_DECLINED = {("accepted", outcome) for outcome in ("rejected", "ignored", "withdrawn")}


def _dismissed(
    state: OpportunitiesState, told: events.SuggestionDismissed, event: Event
) -> OpportunitiesState:
    before = state.suggestions.get(told.opportunity)
    one = Suggestion(
        id=told.opportunity,
        kind=told.kind,
        owner=told.owner,
        adopter=told.adopter,
        need_sketch=told.need_sketch,
        solution_sketch=told.solution_sketch,
        score=told.score,
        features=told.features,
        made_at=before.made_at if before else event.occurred_at,
        outcome="dismissed",
        answered_at=event.occurred_at,
        proposal=before.proposal if before else 0,
        need=before.need if before else "",
        solution=before.solution if before else "",
    )
    return _put(state, one)


def _closed(
    state: OpportunitiesState, closed: events.NeedClosed, event: Event
) -> OpportunitiesState:
    one = state.suggestions.get(closed.opportunity)
    if one is None or one.need_closed_at is not None:
        return state
    return _put(state, replace(one, need_closed_at=event.occurred_at))


def _put(state: OpportunitiesState, one: Suggestion) -> OpportunitiesState:
    return replace(state, suggestions={**state.suggestions, one.id: one})


OPPORTUNITIES: Reducer[OpportunitiesState] = Reducer(
    name="opportunities",
    version=REDUCER_VERSION,
    initial=OpportunitiesState(),
    rules={
        events.SuggestionMade: _made,
        events.SuggestionAnswered: _answered,
        events.SuggestionDismissed: _dismissed,
        events.NeedClosed: _closed,
    },
)
"""The reducer of the stream ``opportunities``."""
