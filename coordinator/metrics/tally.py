"""What all metrics need of the ledger, kept up to date event by event.

One pass over the events in their order, and constant time for each: a state of frozen records
would be copied a hundred thousand times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from coordinator.ledger import (
    company_events,
    global_events,
    opportunity_events,
    outbox_events,
    pattern_events,
    push_events,
)
from coordinator.ledger.events import Event
from coordinator.metrics.copies import Copies, CopyFigures
from coordinator.metrics.effort import Effort, EffortFigures
from coordinator.metrics.proposals import APPROVAL_EVENTS, Proposals
from coordinator.metrics.sharing import Sharing, SharingFigures
from coordinator.metrics.suggestions import SuggestionFigures, Suggestions

OPPORTUNITY_EVENTS = (
    opportunity_events.SuggestionMade,
    opportunity_events.SuggestionAnswered,
    opportunity_events.SuggestionDismissed,
    opportunity_events.NeedClosed,
)


@dataclass(frozen=True)
class Figures:
    """What was tallied at the end of `day` (UTC): all that metrics are computed from."""

    day: date
    sharing: SharingFigures
    suggestions: SuggestionFigures
    effort: EffortFigures
    copies: CopyFigures


class Tally:
    """The ledger up to some event, as the metrics look at it."""

    def __init__(self) -> None:
        self._sharing = Sharing()
        self._suggestions = Suggestions()
        self._effort = Effort()
        self._copies = Copies()
        self._proposals = Proposals()
        self._patterns: set[str] = set()

    def add(self, event: Event) -> None:
        """Take in the next event of the ledger; one no metric needs changes nothing."""
        if isinstance(event.payload, APPROVAL_EVENTS):
            self._add_approval(event)
        elif isinstance(event.payload, OPPORTUNITY_EVENTS):
            self._suggestions.add(event)
        else:
            self._add_of_company(event)
            self._add_of_memory(event)
            self._add_of_patterns(event)
            self._add_published(event)

    def figures(self, day: date) -> Figures:
        """What was tallied until now, as it stands on `day`."""
        return Figures(
            day=day,
            sharing=self._sharing.figures(),
            suggestions=self._suggestions.figures(),
            effort=self._effort.figures(),
            copies=self._copies.figures(),
        )

    def _add_approval(self, event: Event) -> None:
        change = self._proposals.add(event)
        if change is not None:
            self._sharing.proposal_changed(change)
            self._suggestions.proposal_changed(change)
            self._effort.proposal_changed(change, event)

    def _add_of_company(self, event: Event) -> None:
        company = event.company or ""
        match event.payload:
            case company_events.TableCommitted() as committed:
                self._effort.table_committed(company, committed)
            case company_events.SyncCompleted() as completed:
                self._effort.sync_completed(company, completed)
            case company_events.CompanyRemoved():
                self._effort.company_removed(company)
                self._sharing.company_removed(company)

    def _add_of_memory(self, event: Event) -> None:
        match event.payload:
            case global_events.LearningPublished() as published:
                copy = self._copies.published(event, published)
                if copy is not None:
                    self._suggestions.copy_published(copy)
                    self._effort.work_done()
            case global_events.LearningSeen() as seen:
                sight = self._copies.seen(event, seen)
                if sight is not None:
                    self._suggestions.copy_seen(sight)
            case global_events.LearningSuperseded() as superseded:
                self._copies.superseded(event, superseded)
            case global_events.LearningRetracted() as retracted:
                self._copies.retracted(event, retracted)

    def _add_of_patterns(self, event: Event) -> None:
        match event.payload:
            case pattern_events.PatternFound() as found:
                if found.pattern not in self._patterns:
                    self._patterns.add(found.pattern)
                    self._sharing.pattern_found(found)
                    self._effort.work_done()
            case pattern_events.PatternChanged() as changed:
                self._sharing.pattern_changed(changed)
            case pattern_events.ComponentDrifted() as drifted:
                self._sharing.drifted(drifted)

    def _add_published(self, event: Event) -> None:
        match event.payload:
            case outbox_events.PublicationDone():
                self._effort.work_done()
            case push_events.PushDone() as done:
                self._effort.pushed(done)
