"""The inbox folded one proposal at a time.

`INBOX` copies every proposal for every event. Here an event meets an inbox of the one proposal it
names and the standing grants: the same rules, in a time that does not grow with the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

from coordinator.approvals import INBOX, Inbox, Proposal
from coordinator.ledger import approval_events as events
from coordinator.ledger.events import Event

ANSWER_EVENTS = (
    events.ProposalMade,
    events.ProposalDecided,
    events.ProposalExpired,
    events.ProposalVoided,
    events.GrantGiven,
    events.GrantRevoked,
)
"""What decides whether an answer counts."""

APPROVAL_EVENTS = (*ANSWER_EVENTS, events.ProposalCarriedOut)
"""What decides whether a proposal is approved: carried out, it can be taken back no more."""


@dataclass(frozen=True)
class Change:
    """A proposal after an event, and as it was before; None when there was none."""

    before: Proposal | None
    after: Proposal

    @property
    def became_approved(self) -> bool:
        return self._is_approved(self.after) and not self._is_approved(self.before)

    @property
    def was_taken_back(self) -> bool:
        """Whether it was approved, and void before it was carried out."""
        return self._is_approved(self.before) and not self._is_approved(self.after)

    @property
    def was_carried_out(self) -> bool:
        return self.after.status == "done" and (self.before is None or self.before.status != "done")

    @property
    def was_answered(self) -> bool:
        """Whether the event was an answer that counts."""
        return self.before is not None and self.before.decisions != self.after.decisions

    @staticmethod
    def _is_approved(proposal: Proposal | None) -> bool:
        return proposal is not None and proposal.status in ("approved", "done")


class Proposals:
    """Every proposal by number, kept up to date event by event."""

    def __init__(self) -> None:
        self._known: dict[int, Proposal] = {}
        self._newest: Proposal | None = None
        self._grants = Inbox().grants

    def add(self, event: Event) -> Change | None:
        """What `event`, one of APPROVAL_EVENTS, changed; None when it changed no proposal."""
        payload = event.payload
        if isinstance(payload, events.GrantGiven | events.GrantRevoked):
            self._grants = INBOX.fold([event], Inbox(grants=self._grants)).grants
            return None
        if isinstance(payload, events.ProposalMade):
            before = self._newest  # a number is used once, so the highest one tells
        else:
            before = self._known.get(getattr(payload, "number", 0))
            if before is None:
                return None
        shown = (before,) if before is not None else ()
        after = INBOX.fold([event], Inbox(proposals=shown, grants=self._grants)).proposals[-1]
        if after == before:
            return None
        if isinstance(payload, events.ProposalMade):
            self._newest, before = after, None
        elif self._newest is not None and after.number == self._newest.number:
            self._newest = after
        self._known[after.number] = after
        return Change(before, after)
