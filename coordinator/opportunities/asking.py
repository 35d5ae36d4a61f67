"""Which opportunities people are asked about: above the bar, not too often, not twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from coordinator.approvals import Proposal
from coordinator.ledger.approval_events import Ask
from coordinator.opportunities.feedback import bar_of
from coordinator.opportunities.records import Opportunity
from coordinator.opportunities.sketch import changed
from coordinator.opportunities.state import OpportunitiesState, Suggestion
from coordinator.settings import OpportunitySettings

SUGGESTING = "orch:suggestions"
"""Who signs what is asked without being told to: no person, by the colon."""

WEEK = timedelta(days=7)

Standing = Literal[
    "below the bar", "open", "asked", "accepted", "rejected", "ignored", "withdrawn", "dismissed"
]
CLOSED = ("rejected", "ignored", "dismissed")


def standing(
    one: Opportunity, state: OpportunitiesState, settings: OpportunitySettings
) -> Standing:
    """Where an opportunity stands: what people said of it, while it is about the same texts."""
    before = state.suggestions.get(one.id)
    if before is not None and _counts(one, before, settings):
        return before.outcome
    return "open" if one.score >= bar_of(one.kind, state, settings) else "below the bar"


def _counts(one: Opportunity, before: Suggestion, settings: OpportunitySettings) -> bool:
    if before.outcome == "withdrawn":
        return False
    return before.outcome not in CLOSED or not has_changed(one, before, settings)


def has_changed(one: Opportunity, before: Suggestion, settings: OpportunitySettings) -> bool:
    """Whether either text changed so much that a no to the old ones does not count."""
    change = max(
        changed(before.need_sketch, one.need_sketch),
        changed(before.solution_sketch, one.solution_sketch),
    )
    return change >= settings.changed_much


class Budget:
    """How many questions each person may still be asked this week, without being told to ask."""

    def __init__(
        self,
        proposals: Iterable[Proposal],
        answerers: Callable[[Ask], Collection[str]],
        *,
        per_week: int,
        now: datetime,
    ) -> None:
        self._answerers = answerers
        self._per_week = per_week
        self._asked: Counter[str] = Counter()
        for one in proposals:
            if one.made_by == SUGGESTING and now - WEEK < one.made_at:
                self._asked.update(self._people(one.asks))

    def allows(self, asks: Sequence[Ask]) -> bool:
        """Whether everybody who may answer `asks` can be asked once more; nobody: no."""
        people = self._people(asks)
        return bool(people) and all(self._asked[one] < self._per_week for one in people)

    def take(self, asks: Sequence[Ask]) -> None:
        """Count one more question to everybody who may answer `asks`."""
        self._asked.update(self._people(asks))

    def _people(self, asks: Sequence[Ask]) -> set[str]:
        return {person for ask in asks for person in self._answerers(ask)}
