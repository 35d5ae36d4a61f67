"""What the coordinator did for what it read, and what batches of answers saved people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coordinator.approvals.roles import folded
from coordinator.ledger import company_events, push_events
from coordinator.ledger.events import Event
from coordinator.metrics.proposals import Change
from coordinator.versions import SOURCE_ASSETS

MINUTES_SAVED_PER_ANSWER = 2
"""Assumed, not measured: leaving one's work, opening the inbox, finding the proposal, naming it and
going back. A batch does that once; reading what is proposed is not saved, it is read either way."""

_COPIED = "publish_learning"
"""The kind that is counted by the copy it makes."""


@dataclass(frozen=True)
class EffortFigures:
    """Changes read, things done, and answers people gave beside another one, in the same go."""

    changes: int
    work: int
    answers_beside_others: int


class Effort:
    """Changes that were read, work that was done, and answers that were given together."""

    def __init__(self) -> None:
        self._changes = 0
        self._work = 0
        self._answers_beside_others = 0
        self._written: dict[str, set[str]] = {}
        self._batch: tuple[str, datetime] | None = None

    def work_done(self) -> None:
        """Count one thing that was done: a copy, a publication, a pattern that was found."""
        self._work += 1

    def proposal_changed(self, change: Change, event: Event) -> None:
        """Take in what became of a proposal, of whatever kind."""
        if change.was_carried_out and change.after.kind != _COPIED:
            self._work += 1
        # a standing grant answers by itself: nobody sat there
        if not change.was_answered or change.after.decisions[-1].grant is not None:
            return
        batch = (folded(event.actor), event.occurred_at)
        if batch == self._batch:
            self._answers_beside_others += 1
        self._batch = batch

    def table_committed(self, company: str, committed: company_events.TableCommitted) -> None:
        if committed.inserted or committed.updated or committed.deleted:
            self._written.setdefault(company, set()).add(committed.table)

    def sync_completed(self, company: str, completed: company_events.SyncCompleted) -> None:
        """Count the sync when rows read from its sources changed since the one before."""
        read = {table for source in completed.sources for table in SOURCE_ASSETS[source]}
        written = self._written.get(company, set())
        self._changes += bool(written & read)
        self._written[company] = written - read

    def company_removed(self, company: str) -> None:
        self._written.pop(company, None)

    def pushed(self, done: push_events.PushDone) -> None:
        """Count a push that changed something; one that found all in place is no work."""
        if done.written or done.retracted:
            self._work += 1

    def figures(self) -> EffortFigures:
        """What was read and done until this moment."""
        return EffortFigures(self._changes, self._work, self._answers_beside_others)
