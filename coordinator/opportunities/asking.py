"""Which opportunities people are asked about: above the bar, not too often, not twice."""

from __future__ import annotations

from collections import Counter, defaultdict
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

MOVED = 0.1
"""The most two texts may differ by to be one text that stands elsewhere now: nine bits of 64.
Two unrelated ones differ in so few once in a hundred million pairs."""


class Asked:
    """What people were asked before, found by what an opportunity asks now.

    `standing` are all opportunities there are: what still stands where it was did not move.
    """

    def __init__(
        self,
        state: OpportunitiesState,
        settings: OpportunitySettings,
        standing: Iterable[Opportunity] = (),
    ) -> None:
        self._state = state
        self._settings = settings
        self._there = {name for one in standing for name in (one.id, one.solution)}
        self._of_owner: dict[str, list[Suggestion]] = defaultdict(list)
        for one in state.suggestions.values():
            if one.outcome != "withdrawn":
                self._of_owner[one.owner].append(one)

    def before(self, one: Opportunity) -> Suggestion | None:
        """The suggestion whose answer counts for `one`, the latest first; None: nobody was asked.

        The one of the same id, unless it was closed and a text changed much since. Else one that
        asked the same people the same: else a need told twice, or a section that only moved,
        would bring back what was rejected.
        """
        same = self._state.suggestions.get(one.id)
        if same is not None and self._counts(one, same):
            return same
        others = [told for told in self._of_owner[one.owner] if self._asks_the_same(one, told)]
        return max(others, key=lambda told: (told.made_at, told.id), default=None)

    def standing(self, one: Opportunity) -> Standing:
        """Where it stands: what people said of it, else whether it is above the bar."""
        before = self.before(one)
        if before is not None:
            return before.outcome
        bar = bar_of(one.kind, self._state, self._settings)
        return "open" if one.score >= bar else "below the bar"

    def _counts(self, one: Opportunity, before: Suggestion) -> bool:
        if before.outcome == "withdrawn":
            return False
        return before.outcome not in CLOSED or not has_changed(one, before, self._settings)

    def _asks_the_same(self, one: Opportunity, told: Suggestion) -> bool:
        if told.id == one.id:
            return False
        if (told.kind == "solution") != (one.kind == "solution"):
            return False
        edited = changed(told.solution_sketch, one.solution_sketch)
        if told.outcome == "dismissed":
            # the operator did not want this need and this solution together
            need = changed(told.need_sketch, one.need_sketch)
            moved = told.id not in self._there and max(need, edited) < MOVED
            return moved and told.adopter == one.adopter
        if told.outcome not in CLOSED:
            return told.solution == one.solution and told.adopter == one.adopter
        if one.kind != "solution":
            same = told.solution == one.solution and edited < self._settings.changed_much
            return same and told.adopter == one.adopter
        # whether a learning may be shared is one question, whoever needs it
        moved = told.solution not in self._there and edited < MOVED
        return moved or (told.solution == one.solution and edited < self._settings.changed_much)


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
                # what a standing grant answers bothers nobody
                granted = {each.ask for each in one.decisions if each.grant is not None}
                self._asked.update(self._people([ask for ask in one.asks if ask not in granted]))

    def allows(self, asks: Sequence[Ask]) -> bool:
        """Whether everybody who may answer `asks` can be asked once more; nobody: no."""
        people = self._people(asks)
        return bool(people) and all(self._asked[one] < self._per_week for one in people)

    def take(self, asks: Sequence[Ask]) -> None:
        """Count one more question to everybody who may answer `asks`."""
        self._asked.update(self._people(asks))

    def _people(self, asks: Sequence[Ask]) -> set[str]:
        return {person for ask in asks for person in self._answerers(ask)}
