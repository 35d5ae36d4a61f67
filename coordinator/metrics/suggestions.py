"""Suggestions, and what the accepted ones led to: a copy, a closed need, a visit."""

from __future__ import annotations

from dataclasses import dataclass

from coordinator.global_memory import Copy
from coordinator.ledger import opportunity_events as events
from coordinator.ledger.events import Event
from coordinator.metrics.copies import Sight
from coordinator.metrics.proposals import Change
from coordinator.metrics.sharing import fact
from coordinator.opportunities.state import OPPORTUNITIES, OpportunitiesState, Suggestion

Key = tuple[str, int]
"""Opportunity and proposal: one opportunity asked about again is another suggestion."""


@dataclass(frozen=True)
class SuggestionFigures:
    """Suggestions in numbers; `copied`, `closed` and `visited` are among the accepted ones.

    `led` are those that were any of the three.
    """

    made: int
    accepted: int
    copied: int
    closed: int
    visited: int
    led: int


class Suggestions:
    """Every suggestion people were asked about, kept up to date event by event."""

    def __init__(self) -> None:
        self._latest: dict[str, Suggestion] = {}
        self._made: set[Key] = set()
        self._accepted: set[Key] = set()
        self._closed: set[Key] = set()
        self._visited: set[Key] = set()
        self._wanted: dict[tuple[str, str], set[Key]] = {}
        self._publishing: set[int] = set()
        self._imports: dict[str, set[int]] = {}

    def add(self, event: Event) -> None:
        """Take in an event of the stream ``opportunities``, by the rules of its state."""
        opportunity = getattr(event.payload, "opportunity", "")
        before = self._latest.get(opportunity)
        known = {opportunity: before} if before is not None else {}
        after = OPPORTUNITIES.fold([event], OpportunitiesState(suggestions=known))
        one = after.suggestions.get(opportunity)
        if one is None:
            return
        self._latest[opportunity] = one
        key = (one.id, one.proposal)
        if isinstance(event.payload, events.SuggestionMade):
            self._made.add(key)
            self._wanted.setdefault((one.adopter, one.solution), set()).add(key)
        if one.outcome == "accepted":
            self._accepted.add(key)
        if one.need_closed_at is not None:
            self._closed.add(key)

    def copy_published(self, copy: Copy) -> None:
        self._publishing.add(copy.proposal)

    def copy_seen(self, sight: Sight) -> None:
        """A sight counts for what was suggested to its viewer before."""
        solution = f"{sight.copy.company}/{sight.copy.learning}"
        self._visited |= self._wanted.get((sight.viewer, solution), set())

    def proposal_changed(self, change: Change) -> None:
        """Take in what became of a proposal, of whatever kind."""
        proposal = change.after
        if proposal.kind != "share_import":
            return
        opportunity = fact(proposal, "opportunity") or proposal.subject
        if change.became_approved:
            self._imports.setdefault(opportunity, set()).add(proposal.number)
        elif change.was_taken_back:
            self._imports[opportunity].discard(proposal.number)

    def figures(self) -> SuggestionFigures:
        """What was made of the suggestions until this moment."""
        copied = {
            (opportunity, proposal)
            for opportunity, proposal in self._accepted
            if proposal in self._publishing or self._imports.get(opportunity)
        }
        closed, visited = self._accepted & self._closed, self._accepted & self._visited
        return SuggestionFigures(
            made=len(self._made),
            accepted=len(self._accepted),
            copied=len(copied),
            closed=len(closed),
            visited=len(visited),
            led=len(copied | closed | visited),
        )
